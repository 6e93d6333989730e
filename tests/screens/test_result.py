"""The Result screen: of runs as the lab recorded them, good and bad, and of a look at a cluster that exists; every key."""

from __future__ import annotations

import io
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from textual.app import App
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.widgets import Input

from kinstall.draft import Draft
from kinstall.events import AnyEvent, Failure, Proved, RunEnded, StepChanged
from kinstall.progress import Progress
from kinstall.screens.help import HelpScreen
from kinstall.screens.result import ResultScreen
from kinstall.screens.timeline import TimelineScreen
from kinstall.screens.widgets.result_bars import Scale, joined, timeline
from kinstall.screens.widgets.result_page import TwoColumns, fitted
from kinstall.screens.widgets.result_words import counted, failure_lines, head, left_failures, spent, todo
from kinstall.secrets import Secret
from tests.screens.conftest import Tape, recorded

PASSWORD = "kX3-horse-staple"
HOSTS = {"hosts": [{"name": "cp1", "address": "10.77.0.11", "role": "control-plane"}]}


def folded(events: Sequence[AnyEvent]) -> Progress:
    progress = Progress()
    for event in events:
        progress = progress.apply(event)
    return progress


class Alone(App[None]):
    """The one screen, and what it posted."""

    def __init__(self, progress: Progress, stream: Tape | None, draft: Draft | None) -> None:
        super().__init__()
        self.given = progress, stream, draft
        self.posted: list[object] = []
        self.copied = ""

    def on_mount(self) -> None:
        progress, stream, draft = self.given
        self.push_screen(ResultScreen(progress, stream, draft=draft))

    def on_result_screen_export(self, event: ResultScreen.Export) -> None:
        self.posted.append(("export", event.journal))

    def on_result_screen_verify(self, _: ResultScreen.Verify) -> None:
        self.posted.append("verify")

    def on_result_screen_again(self, _: ResultScreen.Again) -> None:
        self.posted.append("again")

    def copy_to_clipboard(self, text: str) -> None:
        self.copied = text


@asynccontextmanager
async def shown(
    events: str | Sequence[AnyEvent] = "first", *, secret: str = "", drafted: bool = True, streamed: bool = True,
    size: tuple[int, int] = (80, 24),
) -> AsyncIterator[tuple[Alone, Pilot[None]]]:
    found = recorded(events) if isinstance(events, str) else events
    tape = Tape(found, shown=[("password of admin in Grafana", Secret(secret))] if secret else ()) if streamed else None
    app = Alone(folded(found), tape, Draft(dict(HOSTS)) if drafted else None)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def seen(app: App[Any]) -> str:
    """The screen as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


# ---- what is on the page ----
async def test_a_new_cluster_is_ready_with_all_that_matters_at_first_sight() -> None:
    async with shown(secret=PASSWORD) as (app, _):
        whole = seen(app)
        assert "✓ lab is ready: 3 nodes, Kubernetes 1.37.2, 129 changes, in 1 min 49 s" in whole
        for words in (
            "Grafana      http://10.77.0.21:30004", "Prometheus   http://10.77.0.21:30090", "account    admin", "p shows it",
            "kubectl get nodes -o wide", "kubectl      works on systemv@10.77.0.11", "Add-ons: 14 of 14 proofs hold",
        ):
            assert words in whole, words
        rows = [line.split() for line in whole.splitlines() if "2 cores" in line]
        assert [(row[0], row[1], row[-2]) for row in rows] == [("✓", "cp1", "23.5"), ("✓", "w1", "23.5"), ("✓", "w2", "23.5")]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_keys_stand_in_the_footer_whole(size: tuple[int, int]) -> None:
    async with shown(secret=PASSWORD, size=size) as (app, _):
        footer = seen(app).splitlines()[-1]
        for key in ("f1 Help", "p Password", "a Save", "t Timeline", "x Export", "v Verify", "esc Plan", "q Quit"):
            assert key in footer, footer


async def test_every_proof_has_its_figure() -> None:
    async with shown(size=(120, 60)) as (app, _):
        whole = " ".join(seen(app).split())
        for proof in folded(recorded("first")).proofs:
            assert proof.step in whole
            assert f"{proof.what}: {proof.figure}" in whole, proof
        assert "w1: CentOS Linux 8 has had no free updates" in whole
        assert "journal /home/admin" in whole


async def test_a_link_is_one_for_the_terminal() -> None:
    async with shown() as (app, _):
        link = next(one for one in app.screen.query(TwoColumns) if "30004" in str(one._right))
        console = Console(file=io.StringIO(), force_terminal=True, legacy_windows=False)
        console.print(link._right)
        written = console.file.getvalue()   # type: ignore[attr-defined]
        assert "\x1b]8;" in written
        assert ";http://10.77.0.21:30004\x1b\\" in written
        styles = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip if "30004" in segment.text]
        assert [style.link for style in styles if style] == ["http://10.77.0.21:30004"]


async def test_a_failure_says_what_why_and_what_to_do_before_anything_else() -> None:
    async with shown("worker-fails") as (app, _):
        whole = " ".join(seen(app).split())
        assert "✗ lab: failed after 1 min 2 s on w1" in whole
        assert "Esc goes back to the plan: what is done already is not done again" in whole
        assert "w1, join: Nothing comes back from the API server" in whole
        assert "why: it waited for what will not come" in whole
        assert "iptables -S; nft list ruleset" in whole


async def test_of_what_the_command_printed_the_end_is_shown() -> None:
    async with shown("worker-fails", size=(120, 60)) as (app, _):
        whole = seen(app)
        printed = [line for line in whole.splitlines() if line.strip().startswith("| ")]
        assert len(printed) == 6
        assert "lines more are in the journal" in printed[0]
        assert "✗ w1" in whole
        assert "failed at join" in whole


async def test_checks_that_stand_in_the_way_are_all_told() -> None:
    async with shown("fix") as (app, _):
        whole = seen(app)
        assert "cp1, cni-interfaces: An earlier cluster" in whole
        assert "cp1, cni-config: /etc/cni/net.d" in whole
        assert "ip link delete cni0" in whole


async def test_a_look_at_a_cluster_that_exists() -> None:
    async with shown("verify", drafted=False, streamed=False) as (app, _):
        whole = seen(app)
        assert "✓ lab works: 17 of 17 proofs hold, in 22 s" in whole
        assert "✓ nodes              every host is a node: 3/3 Ready, Kubernetes 1.37.2" in whole
        footer = whole.splitlines()[-1]
        assert "q Quit" in footer
        assert not any(key in footer for key in ("Password", "Save", "Timeline", "Export", "Verify", "Plan"))


async def test_what_does_not_hold_stands_first() -> None:
    events = [replace_proof(event, holds=event.what != "targets") if isinstance(event, Proved) else event for event in recorded("verify")]
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    events[-1] = RunEnded(seq=ended.seq, at=ended.at, result="failed", exit_code=1, seconds=ended.seconds, changed=0)
    async with shown(events) as (app, _):
        lines = seen(app).splitlines()
        assert "✗ lab: prometheus: not as it should be: 16 of 17 proofs hold, in 22 s" in lines[1]
        first = next(number for number, line in enumerate(lines) if line.startswith(" Add-ons"))
        assert lines[first + 1].startswith(" ✗ prometheus         targets: 14/14 up; rules")


def replace_proof(proof: Proved, *, holds: bool) -> Proved:
    return Proved(seq=proof.seq, at=proof.at, host=proof.host, step=proof.step, what=proof.what, figure=proof.figure, holds=holds)


async def test_nothing_of_what_hosts_say_is_taken_for_markup() -> None:
    events = [*recorded("verify")[:-1], Proved(host="cp1", step="grafana", what="[red]x[/]", figure="[b]7[/b]"), recorded("verify")[-1]]
    async with shown(events, size=(120, 40)) as (app, _):
        assert "[red]x[/]: [b]7[/b]" in seen(app)


@pytest.mark.parametrize("name", ["first", "again", "verify", "worker-fails", "fix", "cut-cable", "long-output", "check-good", "plan"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_no_line_is_wider_than_the_terminal(name: str, size: tuple[int, int]) -> None:
    async with shown(name, secret=PASSWORD, size=size) as (app, _):
        assert app.screen.query_one("#page").max_scroll_x == 0
        assert len(seen(app).splitlines()) == size[1]


# ---- the password ----
async def test_p_shows_the_password_and_hides_it() -> None:
    async with shown(secret=PASSWORD) as (app, pilot):
        assert PASSWORD not in seen(app)
        await pilot.press("p")
        await pilot.pause()
        assert f"password of admin in Grafana   {PASSWORD}   p hides it" in seen(app)
        await pilot.press("p")
        await pilot.pause()
        assert PASSWORD not in seen(app)


async def test_the_password_is_covered_when_one_leaves_the_screen() -> None:
    async with shown(secret=PASSWORD) as (app, pilot):
        await pilot.press("p", "t")
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, ResultScreen)
        assert PASSWORD not in seen(app)
        assert PASSWORD not in repr(app.screen.page.secrets)


async def test_without_a_password_there_is_no_key_for_it() -> None:
    async with shown() as (app, pilot):
        await pilot.press("p")
        assert "Password" not in seen(app).splitlines()[-1]
        assert "shown once" not in seen(app)


# ---- the other keys ----
async def test_a_saves_the_answers_for_nobody_else_to_read_and_asks_before_it_writes_over(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    async with shown() as (app, pilot):
        await pilot.press("a")
        await pilot.pause()
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter")
        await pilot.pause()
        assert "cp1" in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.write_text("mine")
        await pilot.press("a")
        await pilot.pause()
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter", "n", "escape")
        await pilot.pause()
        assert path.read_text() == "mine"
        assert isinstance(app.screen, ResultScreen)


async def test_x_exports_this_session() -> None:
    async with shown() as (app, pilot):
        await pilot.press("x")
        assert app.posted == [("export", Tape(()).journal)]


async def test_v_looks_again_and_what_is_seen_then_counts() -> None:
    async with shown() as (app, pilot):
        screen = app.screen
        assert isinstance(screen, ResultScreen)
        await pilot.press("v", "v")
        await pilot.pause()
        assert app.posted == ["verify"]
        assert "looking again whether everything works" in seen(app)
        screen.verified(folded(recorded("verify")))
        await pilot.pause()
        whole = seen(app)
        assert "lab is ready: 3 nodes" in whole             # what was known stays
        assert "Grafana      http://10.77.0.21:30004" in whole
        assert "lab works: 17 of 17 proofs hold, in 22 s" in whole
        await pilot.press("v")
        assert app.posted == ["verify", "verify"]


async def test_a_look_that_fails_says_why() -> None:
    events = [
        recorded("verify")[0], Failure(at=1.0, message="no route to host", hint="Is it on?", host="cp1", step="connect"),
        RunEnded(at=2.0, result="failed", exit_code=3, seconds=2, changed=0)]
    async with shown() as (app, pilot):
        screen = app.screen
        assert isinstance(screen, ResultScreen)
        screen.verified(folded(events))
        await pilot.pause()
        assert "no route to host" in seen(app)
        assert "Is it on?" in seen(app)


async def test_escape_goes_back_to_the_plan() -> None:
    async with shown("worker-fails") as (app, pilot):
        await pilot.press("escape")
        assert app.posted == ["again"]


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_it_is_left(key: str) -> None:
    async with shown() as (app, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert not app.is_running or app._exit


async def test_what_is_marked_is_copied_and_nothing_is_left() -> None:
    async with shown() as (app, pilot):
        link = next(one for one in app.screen.query("TwoColumns .right") if "30004" in str(one.render()))
        app.screen.selections = {link: Selection(Offset(0, 0), Offset(23, 0))}
        await pilot.press("ctrl+c")
        assert app.copied == "http://10.77.0.21:30004"
        assert not app._exit


async def test_f1_has_the_keys() -> None:
    async with shown() as (app, pilot):
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("end")
        await pilot.pause()
        assert "look again whether everything works" in " ".join(seen(app).split())


# ---- the timeline ----
async def test_t_shows_when_each_phase_ran_on_each_machine() -> None:
    async with shown() as (app, pilot):
        await pilot.press("t")
        await pilot.pause()
        assert isinstance(app.screen, TimelineScreen)
        lines = seen(app).splitlines()
        assert "1 min 49 s in all." in lines[0]
        assert "0:00" in lines[2] and "1:30" in lines[2]
        first = lines[4:10]
        starts = [line.index("█") for line in first]
        assert [line.split()[1] for line in first] == ["prepare", "runtime", "packages", "control", "network", "addons"]
        assert starts == sorted(starts)
        assert "init" not in seen(app)
        await pilot.press("s")
        await pilot.pause()
        assert "init" in seen(app)
        await pilot.press("s", "t")
        await pilot.pause()
        assert isinstance(app.screen, ResultScreen)


async def test_without_steps_there_is_no_timeline() -> None:
    async with shown("verify") as (app, pilot):
        await pilot.press("t")
        assert isinstance(app.screen, ResultScreen)


def test_all_machines_of_a_run_are_in_the_timeline_and_no_line_is_too_long() -> None:
    progress = folded(recorded("first"))
    for width in (50, 78, 118):
        lines = [line.plain for line in timeline(progress, width, steps=True)]
        assert all(len(line) <= width for line in lines)
        assert [line for line in lines if line in progress.hosts] == ["cp1", "w1", "w2"]
    steps = {line.split()[1] for line in lines if "█" in line}
    for name, host in progress.hosts.items():
        for step, cell in host.cells.items():
            assert cell.seconds < 1 or any(one.startswith(step[:18]) for one in steps), (name, step)


def test_a_bar_is_where_the_time_was() -> None:
    scale = Scale(100.0, 60.0, 30)
    assert scale.bar([(100.0, 110.0)]) == "█" * 5
    assert scale.bar([(130.0, 160.0)]) == " " * 15 + "█" * 14
    assert scale.bar([(159.99, 160.0)]) == " " * 29 + "█"
    assert scale.bar([(110.0, 110.01), (150.0, 160.0)]) == " " * 5 + "█" + " " * 19 + "█" * 4
    assert scale.marks().split() == ["0:00", "0:30"]


def test_steps_that_work_side_by_side_count_once() -> None:
    assert joined([(0, 4), (1, 2), (3, 6), (8, 9)]) == [(0, 6), (8, 9)]
    assert joined([(0, 4), (4.3, 6)], 0.5) == [(0, 6)]


# ---- in words ----
@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (22.2, "22 s"), (59.7, "1 min 0 s"), (372, "6 min 12 s"), (3900, "1 h 5 min")])
def test_time_in_words(seconds: float, words: str) -> None:
    assert spent(seconds) == words


@pytest.mark.parametrize(("name", "sign", "words"), [
    ("first", "done", "lab is ready: 3 nodes, Kubernetes 1.37.2, 129 changes, in 1 min 49 s"),
    ("again", "done", "lab is ready: 3 nodes, Kubernetes 1.37.2, nothing to change, in 26 s"),
    ("verify", "done", "lab works: 17 of 17 proofs hold, in 22 s"),
    ("worker-fails", "failed", "lab: failed after 1 min 2 s on w1"),
])
def test_the_first_line(name: str, sign: str, words: str) -> None:
    assert head(folded(recorded(name))) == (sign, words)


def test_a_run_that_was_stopped_or_cut_off_says_how_to_go_on() -> None:
    events = recorded("first")[:400]
    cut = folded(events)
    assert head(cut) == ("failed", "lab: it did not come to its end")
    assert "goes on from there" in todo(cut, can_go_back=True)
    stopped = cut.apply(RunEnded(at=cut.at, result="cancelled", exit_code=130, seconds=61, changed=9))
    assert head(stopped) == ("skipped", "lab: stopped after 1 min 1 s")
    assert todo(stopped, can_go_back=True) == "To go on from here: Esc goes back to the plan."
    assert todo(stopped, can_go_back=False) == "To go on from here: run kinstall again."


def test_what_was_left_out_by_a_person_is_told() -> None:
    progress = folded([*recorded("first")[:-1], StepChanged(host="w1", step="dns", status="skipped"), recorded("first")[-1]])
    assert "is ready without dns on w1, as you said" in head(progress)[1]


def test_a_failure_that_was_mended_on_the_way_is_not_told() -> None:
    progress = folded(recorded("worker-fails"))
    assert [failure.step for failure in left_failures(progress)] == ["join"]
    host = progress.hosts["w1"]
    mended = replace(progress, hosts={**progress.hosts, "w1": replace(host, failure=None)})
    assert left_failures(mended) == []


def test_the_last_word_on_a_proof_counts() -> None:
    first = Proved(host="cp1", step="dns", what="answers", figure="0/3", holds=False)
    proofs = [first, Proved(host="cp1", step="dns", what="answers", figure="3/3")]
    assert counted(proofs) == "1 of 1 proof holds"


def test_a_failure_names_its_host_once() -> None:
    lines = [line for line, _ in failure_lines(Failure(message="w1: no space left", host="w1", step="images", tail=("a", "b")))]
    assert lines == ["w1, images: no space left", "a", "b"]


def test_machines_fit_into_any_width() -> None:
    from kinstall.screens.widgets.result_page import _machine

    rows = [_machine(host) for host in folded(recorded("first")).hosts.values()]
    assert "6.18" in next(iter(fitted(rows, 118))).plain
    for width in (60, 78, 118):
        assert all(line.cell_len <= width for line in fitted(rows, width))
    assert all(isinstance(line.plain, str) and "cores" in line.plain for line in fitted(rows, 78))
