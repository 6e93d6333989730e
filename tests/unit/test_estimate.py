"""How long a run still takes: measured where there is something to measure, and told as a guess where not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kinstall.estimate import ENOUGH, GUESS, Estimate, estimate, measured
from kinstall.events import AnyEvent, HostLine, Planned, RunEnded, RunStarted, Status, StepChanged, StepLine, encode
from kinstall.install import INSTALL
from kinstall.journal import read
from kinstall.progress import Progress

RECORDINGS = Path(__file__).parents[1] / "screens" / "recordings"
STEPS = (
    StepLine("tools", "prepare", "Tools", ("a", "b")), StepLine("swap", "prepare", "Swap", ("a", "b")),
    StepLine("init", "control", "Init", ("a",)),
)


def run(*events: AnyEvent, steps: Sequence[StepLine] = STEPS) -> Progress:
    """A run of the hosts a and b that began at 100."""
    hosts = (HostLine("a", "10.0.0.1", "control-plane"), HostLine("b", "10.0.0.2", "worker"))
    progress = Progress()
    planned = Planned(at=100, kubernetes="1", network="n", steps=tuple(steps))
    for event in (RunStarted(at=100, kinstall="1", cluster="c", hosts=hosts), planned, *events):
        progress = progress.apply(event)
    return progress


def step(host: str, name: str, status: Status, at: float = 110) -> StepChanged:
    return StepChanged(at=at, host=host, step=name, status=status)


SECONDS = {"prepare": 60.0, "control": 240.0}


def test_nothing_is_behind_a_run_that_begins() -> None:
    outlook = Estimate(SECONDS, runs=3).outlook(run(), 100)
    assert (outlook.part, outlook.left, outlook.told) == (0, 300, "about 5 min left")


def test_a_phase_counts_by_its_weight_and_ends_with_its_slowest_host() -> None:
    outlook = Estimate(SECONDS, runs=3).outlook(run(step("a", "tools", "done"), step("a", "swap", "already")), 110)
    assert outlook.part == pytest.approx(60 * 0.5 / 300)
    assert outlook.left == 300      # b has not begun


def test_a_step_at_work_counts_by_its_seconds_and_never_as_done() -> None:
    begun = run(step("a", "init", "running", at=110))
    parts = [Estimate(SECONDS).outlook(begun, now).part * 300 / 240 for now in (110, 170, 10_000)]
    assert parts == pytest.approx([0, 60 / 240, 0.9])


@pytest.mark.parametrize(("left", "told"), [
    (20, "nearly there"), (45, "about a minute left"), (80, "about a minute left"), (100, "about 2 min left"), (600, "about 10 min left"),
])
def test_what_is_told_has_no_more_precision_than_there_is(left: float, told: str) -> None:
    assert Estimate({"prepare": left / 2, "control": left / 2}, runs=1).outlook(run(), 100).told == told


def test_a_guess_says_that_it_is_one() -> None:
    assert Estimate(SECONDS).outlook(run(), 100).told == "perhaps 5 min left"


def test_what_takes_longer_than_ever_is_not_told_to_be_nearly_there() -> None:
    late = run(step("a", "tools", "done"))
    assert Estimate(SECONDS, runs=2).outlook(late, 100 + 460).told == "longer than usual"
    assert Estimate(SECONDS).outlook(late, 100 + 460).told == "still at work"


def test_nothing_is_told_before_the_plan_or_after_the_end() -> None:
    assert Estimate(SECONDS).outlook(Progress(), 100).told == ""
    assert Estimate(SECONDS).outlook(run(RunEnded(at=400, result="done", exit_code=0, seconds=300, changed=3)), 400).told == ""


def test_the_shipped_table_knows_every_phase() -> None:
    assert {line.phase for line in INSTALL} <= set(GUESS)


def test_a_recorded_run_is_measured_by_its_phases() -> None:
    events = list(read(RECORDINGS / "first.jsonl"))
    seconds = measured(events)
    assert set(seconds) == {"prepare", "runtime", "packages", "control", "join", "network", "addons"}
    assert 0 < sum(seconds.values()) < events[-1].at - events[0].at + 30


@pytest.mark.parametrize("name", ["again", "worker-fails", "plan"])
def test_runs_that_failed_or_changed_nothing_are_no_measure(name: str) -> None:
    assert measured(read(RECORDINGS / f"{name}.jsonl")) == {}


def write(folder: Path, name: str, recording: str, scale: float = 1.0) -> None:
    """A recording as a journal, `scale` times as slow."""
    events = list(read(RECORDINGS / f"{recording}.jsonl"))
    first = events[0].at
    slow = []
    for event in events:
        fields = {"at": first + (event.at - first) * scale} | ({"seconds": event.seconds * scale} if isinstance(event, StepChanged) else {})
        slow.append(type(event)(**{one: getattr(event, one) for one in event.__struct_fields__} | fields))
    (folder / f"{name}.jsonl").write_bytes(b"".join(encode(event) + b"\n" for event in slow))


def test_without_journals_it_is_a_guess(tmp_path: Path) -> None:
    assert estimate(tmp_path) == Estimate(GUESS)


def test_journals_of_this_machine_are_the_measure_and_the_newest_count(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-01T000000-old", "first", scale=50)     # the oldest of ENOUGH + 1
    for number in range(ENOUGH):
        write(tmp_path, f"2026-02-0{number + 1}T000000-new", "first", scale=2)
    write(tmp_path, "2026-03-01T000000-failed", "worker-fails", scale=90)
    (tmp_path / "2026-04-01T000000-broken.jsonl").write_bytes(b'{"type":"run-started"\n\xff\n')
    found = estimate(tmp_path)
    once = measured(read(RECORDINGS / "first.jsonl"))
    assert found.runs == ENOUGH
    assert found.phases == {phase: pytest.approx(seconds * 2, rel=0.01) for phase, seconds in once.items()}


def test_the_bar_never_exceeds_the_whole() -> None:
    events = list(read(RECORDINGS / "first.jsonl"))
    progress, parts = Progress(), []
    for event in events:
        progress = progress.apply(event)
        parts.append(Estimate(GUESS).outlook(progress, event.at).part)
    assert max(parts) == pytest.approx(1.0)
    assert min(parts) == 0
    assert Estimate(GUESS).outlook(replace(progress, ended=None), events[-1].at).left == pytest.approx(0)
