"""The Run screen: what it shows of a real run, and each of its keys."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.widgets import Markdown

from kinstall.control import Decision
from kinstall.errors import CANCELLED
from kinstall.events import CommandEnded, CommandStarted, Failure
from kinstall.runner import MEND
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.explain import ExplainScreen
from kinstall.screens.help import HelpScreen
from kinstall.screens.steps import StepsScreen
from kinstall.screens.stopping import StopScreen
from tests.screens import stagehand
from tests.screens.conftest import RecordedDesk, Tape, recorded
from tests.screens.stagehand import T0, Live, begun, output, row, staged, step, text

SCREENS = [(80, 24), (120, 40), (200, 60)]


@pytest.fixture(autouse=True)
def journals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No run of this machine is the measure."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


# ---- what it shows ----
@pytest.mark.parametrize("size", SCREENS)
async def test_a_run_in_the_middle_shows_where_each_host_is(size: tuple[int, int]) -> None:
    async with staged(Tape(recorded("first")[:400], hangs=True), size=size) as (app, _):
        lines = text(app).splitlines()
        assert "lab" in lines[1] and "Kubernetes 1.37.2" in lines[1] and "00:23" in lines[1] and "left" in lines[1] and " %" in lines[1]
        assert lines[2].split() == ["prepare", "runtime", "packages", "control", "join", "network", "add-ons"]
        assert "▶ 6 s" in row(app, " w1")
        assert "▶" in row(app, ">cp1")
        assert "Stop" in lines[-1] and "Explain" in lines[-1]


@pytest.mark.parametrize("size", SCREENS)
async def test_a_failed_host_says_what_failed_why_and_what_to_try(size: tuple[int, int]) -> None:
    tape = Tape(stagehand.failed(), hangs=True)
    await stagehand.waiting(tape)
    async with staged(tape, size=size) as (app, pilot):
        await pilot.pause(0.3)      # the footer is made anew when keys come to it
        whole = " ".join(text(app).split())
        assert row(app, ">w1").split()[-2:] == ["s", "·"] and "✗ 9 s" in row(app, ">w1")
        assert "✗ w1 Join the cluster failed after 9 s" in whole
        assert "Nothing comes back from the API server at 10.77.0.11:6443" in whole
        assert "w1 waits for you: r retry s skip ! shell e explain" in whole
        assert "Retry" in text(app).splitlines()[-1] and "Skip" in text(app).splitlines()[-1]
        if size != (80, 24):
            assert "iptables -S; nft list ruleset" in whole and "press r: it goes on from here" in whole


async def test_at_80x24_the_rest_of_the_cause_is_reached_by_scrolling() -> None:
    async with staged(Tape(stagehand.failed(), hangs=True)) as (app, pilot):
        await pilot.press("tab", "end")
        await pilot.pause(0.6)
        assert "Mend the cause" in text(app)


def test_the_hint_of_an_unattended_run_is_known_to_the_pane() -> None:
    from kinstall.screens.widgets.failure import AGAIN
    assert f"and {AGAIN}" in MEND


async def test_a_failed_command_shows_itself_its_exit_code_and_its_last_lines() -> None:
    events = [
        *begun(["w2"]), step("w2", "containerd", "running"),
        CommandStarted(at=T0, host="w2", step="containerd", shell="export A=1\napt-get install -y containerd.io"),
        CommandEnded(at=T0 + 41, host="w2", step="containerd", exit_status=100, seconds=41),
        Failure(at=T0 + 41, host="w2", step="containerd", message="`apt-get install` ended with exit code 100",
                tail=("E: 404 \x1b[1A Not Found",), explained=("the package list is older than the repository",),
                hint=MEND, cause="stale-lists"),
        step("w2", "containerd", "failed", at=41, seconds=41),
    ]
    async with staged(Tape(events, hangs=True)) as (app, _):
        lines = text(app)
        assert "w2  Install containerd  failed after 41 s, exit 100" in lines
        assert "$ apt-get install -y containerd.io" in lines
        assert "Cause  the package list is older than the repository" in lines
        assert "Last   E: 404" in lines
        assert "\x1b" not in lines


async def test_a_failure_of_no_host_is_shown_as_well() -> None:
    events = [*begun(["a"]), Failure(at=T0, message="the answers name no control plane", hint="roles")]
    async with staged(Tape(events, hangs=True)) as (app, _):
        assert "the answers name no control plane" in text(app)


async def test_before_there_is_a_plan_hosts_say_what_they_are() -> None:
    async with staged(Tape(recorded("first")[:4], hangs=True)) as (app, _):
        assert "connect" in row(app, ">cp1")
    async with staged(Tape(recorded("first")[:10], hangs=True)) as (app, _):
        assert "cores" in row(app, ">cp1")


async def test_markup_of_a_host_is_text() -> None:
    events = [*begun(["a"]), step("a", "tools", "running", reason="[red]no[/]"), output("a", "[bold]x[/bold] [/nope]")]
    async with staged(Tape(events, hangs=True)) as (app, _):
        assert "[bold]x[/bold] [/nope]" in text(app)


async def test_a_recording_says_so_and_takes_no_orders() -> None:
    tape = Tape(stagehand.failed(), hangs=True, control=None)
    async with staged(tape, None, label="RECORDED") as (app, pilot):
        assert "RECORDED" in text(app).splitlines()[1]
        await pilot.press("r", "s", "!")
        assert app.screen is app.run_screen
        footer = text(app).splitlines()[-1]
        assert all(word not in footer for word in ("Retry", "Skip", "Shell"))


# ---- decisions ----
async def test_r_tries_again() -> None:
    tape = Tape(stagehand.failed(), hangs=True)
    await stagehand.waiting(tape)
    async with staged(tape) as (_, pilot):
        await pilot.press("r")
        assert await stagehand.DECISIONS[-1] is Decision.RETRY


async def test_s_says_first_what_depends_on_it() -> None:
    tape = Tape(stagehand.failed(), hangs=True)
    await stagehand.waiting(tape, "w1", "init")
    async with staged(tape) as (app, pilot):
        await pilot.press("s")
        assert isinstance(app.screen, ConfirmScreen)
        assert "Join the cluster" in text(app)          # needs the control plane
        await pilot.press("escape")
        assert not stagehand.DECISIONS[-1].done()
        await pilot.press("s", "y")
        assert await stagehand.DECISIONS[-1] is Decision.SKIP


async def test_no_decision_is_made_for_a_host_that_asks_nothing() -> None:
    tape = Tape(stagehand.failed(), hangs=True)
    await stagehand.waiting(tape)
    async with staged(tape) as (app, pilot):
        await pilot.press("down", "r", "s")
        assert app.screen is app.run_screen and app.run_screen.matrix.host == "cp1"
        assert not stagehand.DECISIONS[-1].done()


# ---- looking closer ----
async def test_e_explains_the_step_under_the_cursor() -> None:
    async with staged(Tape(stagehand.failed(), hangs=True)) as (app, pilot):
        await pilot.press("e")
        await pilot.pause(0.3)
        shown = app.screen
        assert isinstance(shown, ExplainScreen)
        assert "Join the cluster" in text(app)
        await pilot.press("escape")
        assert not shown.is_current and app.run_screen.is_current


async def test_enter_opens_the_steps_of_a_cell() -> None:
    async with staged(Tape(stagehand.failed(), hangs=True)) as (app, pilot):
        await pilot.press("left", "left", "left", "left", "enter")
        await pilot.pause(0.2)
        assert isinstance(app.screen, StepsScreen)
        whole = text(app)
        assert "w1: prepare" in whole and "Turn swap off" in whole and "done" in whole


async def test_f1_names_the_keys() -> None:
    tape = Tape(stagehand.failed(), hangs=True)
    await stagehand.waiting(tape)
    async with staged(tape) as (app, pilot):
        await pilot.press("f1")
        await pilot.pause(0.5)
        assert isinstance(app.screen, HelpScreen)
        page = app.screen.query_one(Markdown).source
        for word in ("Skip", "Filter", "Pause", "All logs", "Wrap", "Copy", "Page up", "Start", "Stop", "Explain"):
            assert f"| {word}: " in page, page


# ---- a silent step ----
async def test_a_silent_step_says_so_and_shows_what_the_host_does(desk: RecordedDesk) -> None:
    desk.peeks = ["kubelet: waiting for the CNI"]
    tape = Live([*begun(["a", "b"]), step("a", "tools", "running"), step("b", "tools", "running", at=12)])
    async with staged(tape, desk) as (app, pilot):
        assert "silent" not in text(app)
        tape.at = T0 + 20
        await pilot.pause(1.2)
        assert "silent for 20 s; this is what it does:" in text(app)
        assert "kubelet: waiting for the CNI" in text(app)
        assert desk.asked == [("peek", "a")]            # not again within ten seconds, and not the host that speaks
        tape.at = T0 + 31
        await pilot.pause(1.2)
        assert desk.asked.count(("peek", "a")) == 2
        tape.later.put_nowait(output("a", "at last", at=32))
        await pilot.pause(1.2)
        assert "silent" not in text(app) and "waiting for the CNI" not in text(app)


# ---- ways out ----
async def test_ctrl_c_stops_after_what_runs() -> None:
    tape = Live(stagehand.failed())
    async with staged(tape) as (app, pilot):
        await pilot.press("ctrl+c")
        assert isinstance(app.screen, StopScreen)
        await pilot.press("s")
        await pilot.pause(0.15)
        assert tape.control is not None and tape.control.stopping
        assert "Stopping: what runs comes to its end" in text(app)
        assert app.is_running


async def test_ctrl_c_detaches_and_leaves() -> None:
    tape = Live(stagehand.failed())
    async with staged(tape) as (app, pilot):
        await pilot.press("ctrl+c", "d")
        await pilot.pause(0.2)
        assert tape.detached
        assert tape.control is not None and not tape.control.stopping
        assert app.return_value == CANCELLED


async def test_ctrl_c_and_enter_stays() -> None:
    tape = Live(stagehand.failed())
    async with staged(tape) as (app, pilot):
        await pilot.press("ctrl+c", "enter")
        assert app.screen is app.run_screen
        assert tape.control is not None and not tape.control.stopping and not tape.detached


# ---- the end ----
async def test_a_good_end_goes_on_by_itself() -> None:
    tape = Tape(recorded("first"))
    async with staged(tape) as (app, pilot):
        await pilot.pause(0.5)
        assert len(app.ended) == 1
        assert app.ended[0].stream is tape and app.ended[0].progress.ended is not None
        assert "100 %" in text(app) and "lab is ready: 3 nodes" in text(app)


async def test_a_bad_end_says_what_is_left_and_waits_for_enter() -> None:
    tape = Live(recorded("worker-fails"))
    async with staged(tape) as (app, pilot):
        tape.end(1)
        await pilot.pause(0.2)
        assert "lab: failed after 62 s on w1, 3 steps are left.   Enter: the result" in text(app)
        assert not app.ended
        await pilot.press("enter")
        assert len(app.ended) == 1


async def test_a_recording_that_ends_waits_for_enter() -> None:
    async with staged(Tape(recorded("first"), control=None), label="RECORDED") as (app, pilot):
        await pilot.pause(0.5)
        assert not app.ended
        await pilot.press("ctrl+n")
        assert len(app.ended) == 1


async def test_steps_can_be_looked_at_when_all_is_over() -> None:
    tape = Live(recorded("worker-fails"))
    async with staged(tape) as (app, pilot):
        tape.end(1)
        await pilot.pause(0.2)
        await pilot.press("o")
        assert isinstance(app.screen, StepsScreen)


# ---- streams ----
async def test_the_screen_gets_keys_while_events_never_pause() -> None:
    """A stream that always has another event must not shut out the keys."""
    tape = Live([*begun(["a"]), *(output("a", f"{number}") for number in range(20_000))])
    async with asyncio.timeout(30), staged(tape) as (app, pilot):
        await pilot.press("l")
        assert app.run_screen.log_box.is_of_all


async def test_an_end_without_a_last_word_is_no_crash() -> None:
    tape = Live(stagehand.failed())
    async with staged(tape) as (app, pilot):
        tape.end(1)
        await pilot.pause(0.2)
        assert "It ended without a last word" in text(app)


async def test_a_recording_wound_back_begins_again() -> None:
    tape = Live([*recorded("first")], control=None)
    async with staged(tape, label="RECORDED") as (app, pilot):
        for event in recorded("first")[:5]:
            tape.later.put_nowait(event)
        await pilot.pause(0.3)
        assert app.run_screen.progress.ended is None
        assert "  0 %" in text(app).splitlines()[1]


async def test_the_bar_does_not_go_back_when_a_step_is_tried_again() -> None:
    def part() -> int:
        return int(text(app).splitlines()[1].split()[-2])

    tape = Live([*begun(["a"]), *(step("a", name, "done") for name in ("tools", "swap", "containerd")), step("a", "images", "failed")])
    async with staged(tape) as (app, pilot):
        before = part()
        assert before > 0
        tape.later.put_nowait(step("a", "images", "running", at=1))
        await pilot.pause(0.2)
        assert "running" in text(app) and part() == before


async def test_what_a_run_says_of_itself_is_in_the_log_of_all() -> None:
    async with staged(Tape(recorded("first")[:40], hangs=True), size=(120, 40)) as (app, pilot):
        await pilot.press("l")
        assert "- Kubernetes 1.37.2, the newest that all hosts can run" in text(app)
