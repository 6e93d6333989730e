"""Progress is a pure fold: what the journal kept makes the same progress as what was seen live."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kinstall import journal
from kinstall.errors import SessionError
from kinstall.events import (
    AnyEvent,
    Checking,
    CommandStarted,
    Connected,
    ConnectionChanged,
    Decided,
    Failure,
    Found,
    HostLine,
    Looked,
    Note,
    Output,
    Planned,
    Proved,
    RunEnded,
    RunStarted,
    StepChanged,
    StepLine,
)
from kinstall.headless import Events, Lines
from kinstall.hub import Hub
from kinstall.progress import Progress
from kinstall.secrets import Redactor

STEPS = (StepLine("swap", "prepare", "Swap", ("a", "b")), StepLine("init", "control", "Init", ("a",)))
RUN: tuple[AnyEvent, ...] = (
    RunStarted(kinstall="0", cluster="homelab", hosts=(HostLine("a", "10.0.0.1", "control-plane"), HostLine("b", "10.0.0.2", "worker"))),
    Connected(host="a", seconds=0.2),
    Note(text="something", host="a"),
    Planned(kubernetes="1.37.2", network="calico 3.32.1", steps=STEPS),
    StepChanged(host="a", step="swap", status="running"),
    CommandStarted(host="a", step="swap", shell="swapoff -a"),
    Output(host="a", step="swap", lines=("one", "two")),
    StepChanged(host="a", step="swap", status="done", seconds=1.5),
    StepChanged(host="b", step="swap", status="already", seconds=0.1),
    ConnectionChanged(host="b", lost=True),
    Failure(message="it broke", host="a", step="init", hint="mend it", tail=("last words",)),
    StepChanged(host="a", step="init", status="failed", seconds=2.0, reason="it broke"),
    RunEnded(result="failed", exit_code=1, seconds=4.2, changed=1),
)


def emitted(tmp_path: Path, *extra: object) -> tuple[Path, Progress]:
    """Run these events through a hub; the journal's path and the progress folded live."""
    live = Progress()

    def fold(event: AnyEvent) -> None:
        nonlocal live
        live = live.apply(event)

    with journal.new("home lab/1", tmp_path) as written:
        hub = Hub([written, fold, *extra], Redactor())  # type: ignore[list-item]
        for event in RUN:
            hub.emit(event)
    return written.path, live


def test_the_journal_makes_the_same_progress(tmp_path: Path) -> None:
    path, live = emitted(tmp_path)
    replayed = Progress()
    for event in journal.read(path):
        replayed = replayed.apply(event)
    assert replayed == live
    assert live.hosts["a"].cells["swap"].status == "done"
    assert live.hosts["a"].last_line == "two"
    assert live.hosts["b"].lost
    assert live.counts() == {"done": 1, "already": 1, "failed": 1}


def test_the_journal_is_private_and_never_overwritten(tmp_path: Path) -> None:
    first, _ = emitted(tmp_path)
    second, _ = emitted(tmp_path)
    assert first != second
    assert first.stat().st_mode & 0o777 == 0o600
    assert "/" not in first.name.removesuffix(".jsonl")


def test_a_damaged_journal_is_good_up_to_the_damage(tmp_path: Path) -> None:
    path, _ = emitted(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]) + lines[5][:20])
    read = []
    with pytest.raises(SessionError) as error:
        for event in journal.read(path):
            read.append(event)
    assert len(read) == 5
    assert f"{path.name}:6" in error.value.message
    assert "5 events" in error.value.hint


def test_events_of_a_newer_kinstall_are_passed_over(tmp_path: Path) -> None:
    path, _ = emitted(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], b'{"type":"sung","song":"a"}\n', *lines[4:]]))
    assert [event.seq for event in journal.read(path)] == list(range(1, len(RUN) + 1))
    for damage in (b'{"type":"connected","host":1}\n', b'{"song":"a"}\n', b"[]\n"):
        path.write_bytes(b"".join([*lines[:4], damage, *lines[4:]]))
        with pytest.raises(SessionError, match=":5: "):
            list(journal.read(path))


def folded(*events: AnyEvent) -> Progress:
    progress = Progress()
    for event in (*RUN[:4], *events):
        progress = progress.apply(event)
    return progress


FAILED = (RUN[-3], RUN[-2])


@pytest.mark.parametrize("decision", ["retry", "skip"])
def test_a_decision_opens_the_step_again(decision: str) -> None:
    assert folded(*FAILED).hosts["a"].failure
    after = folded(*FAILED, Decided(at=7, host="a", step="init", decision=decision))
    assert after.hosts["a"].failure is None and len(after.failures) == 1
    assert (after.hosts["a"].cells["init"].status, after.hosts["a"].cells["init"].since) == ("pending", 7)
    assert "failed" not in after.counts()


def test_a_decision_about_what_is_no_step_of_the_plan_leaves_no_cell() -> None:
    proof = StepChanged(host="a", step="proof", status="failed")
    assert "proof" in folded(proof).hosts["a"].cells
    assert folded(proof, Decided(host="a", step="proof", decision="retry")).hosts["a"].cells == folded().hosts["a"].cells


def test_the_last_word_on_a_host_and_a_check_counts() -> None:
    first = Found(host="a", check="memory", title="Memory", level="warning", sentence="little")
    other = Found(host="b", check="memory", title="Memory", level="ok", sentence="enough", short="4 G")
    last = Found(host="a", check="memory", title="Memory", level="ok", sentence="enough", short="2 G")
    progress = folded(Checking(checks=9), first, Looked(host="a"), other, last)
    assert progress.findings == (last, other)
    assert [host.looked for host in progress.hosts.values()] == [True, False]
    again = progress.apply(Checking(checks=9))
    assert again.findings == () and not any(host.looked for host in again.hosts.values())


def test_an_add_on_that_is_tried_again_is_proved_anew() -> None:
    bad, good = (Proved(host="a", step="x", what="targets", figure=figure, holds=figure == "9 of 9") for figure in ("8 of 9", "9 of 9"))
    kept = Proved(host="a", step="y", what="health", figure="ok")
    again = StepChanged(host="a", step="x", status="running")
    assert folded(bad, kept, again, good).proofs == (kept, good)


def test_lines_tell_what_was_decided() -> None:
    out = io.StringIO()
    lines = Lines(out, io.StringIO())
    for event in (*RUN[:4], *FAILED, Decided(host="a", step="init", decision="retry")):
        lines(event)
    assert out.getvalue().endswith("retry, as you said\n")


def test_lines_tell_a_run_to_a_log(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    emitted(tmp_path, Lines(out, err))
    told = out.getvalue()
    assert "done    1.5 s" in told
    assert "homelab: failed after 4 s on a" in told
    assert "a, init: it broke\n      | last words\n    mend it" in err.getvalue()
    assert "swapoff" not in told + err.getvalue()


def test_verbose_lines_have_commands_and_output(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    emitted(tmp_path, Lines(out, err, verbose=True))
    assert "$ swapoff -a" in err.getvalue()
    assert "| two" in err.getvalue()


def test_json_is_one_event_a_line_and_nothing_else(tmp_path: Path) -> None:
    from kinstall.events import decode

    out, err = io.StringIO(), io.StringIO()
    emitted(tmp_path, Events(out, err))
    assert [decode(line).seq for line in out.getvalue().splitlines()] == list(range(1, len(RUN) + 1))
    assert err.getvalue().startswith("a, init: it broke")


def test_a_sink_that_cannot_write_is_dropped_and_the_others_go_on() -> None:
    tries: list[AnyEvent] = []
    got: list[AnyEvent] = []

    def broken(event: AnyEvent) -> None:
        tries.append(event)
        raise BrokenPipeError

    hub = Hub([broken, got.append], Redactor())
    for event in RUN[:3]:
        hub.emit(event)
    assert (len(tries), len(got)) == (1, 3)


def test_add_ons_that_work_side_by_side_count_once() -> None:
    steps = tuple(StepLine(name, "addons", name, ("a",)) for name in ("x", "y", "z"))
    progress = Progress()
    for event in (
        RunStarted(kinstall="0", cluster="c", hosts=(HostLine("a", "10.0.0.1", "control-plane"),)),
        Planned(kubernetes="1.37.2", network="", steps=steps),
        StepChanged(at=110, host="a", step="x", status="done", seconds=10),
        StepChanged(at=125, host="a", step="y", status="done", seconds=20),
        StepChanged(at=140, host="a", step="z", status="done", seconds=5),
    ):
        progress = progress.apply(event)
    assert progress.phase_seconds() == {"addons": 30}
