"""The matrix: what a phase is out of its steps, many hosts, and a cursor that stays where it was put."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kinstall.events import AnyEvent, ConnectionChanged, Failure, Status
from kinstall.progress import Progress
from kinstall.screens.widgets.phases import Order, Phases
from kinstall.screens.widgets.steps import Steps
from tests.screens.conftest import Tape
from tests.screens.stagehand import T0, Live, begun, row, staged, step, text

MANY = [f"node-{number:03}" for number in range(200)]


def folded(events: Sequence[AnyEvent]) -> Progress:
    progress = Progress()
    for event in events:
        progress = progress.apply(event)
    return progress


@pytest.mark.parametrize(("tools", "swap", "expected"), [
    ("pending", "pending", "pending"), ("done", "pending", "running"), ("already", "running", "running"), ("done", "failed", "failed"),
    ("failed", "running", "failed"), ("waiting", "pending", "waiting"), ("done", "already", "done"), ("already", "already", "already"),
    ("done", "skipped", "skipped"), ("skipped", "pending", "running"),
])
def test_a_phase_is_what_its_steps_are(tools: Status, swap: Status, expected: Status) -> None:
    progress = folded([*begun(["a"]), step("a", "tools", tools), step("a", "swap", swap)])
    cell = Phases(progress).cell(progress.hosts["a"], "prepare")
    assert cell is not None and cell.status == expected


def test_nothing_runs_any_more_when_the_run_has_ended() -> None:
    progress = folded([*begun(["a"]), step("a", "tools", "done")])
    cell = Phases(progress).cell(progress.hosts["a"], "prepare", over=True)
    assert cell is not None and cell.status == "pending"


def test_a_phase_without_steps_on_a_host_is_nothing() -> None:
    progress = folded(begun(["a"], steps=()))
    assert Phases(progress).names == ()


@pytest.mark.parametrize(("stray", "phase"), [("look", "prepare"), ("proof", "addons")])
def test_a_failure_outside_the_steps_is_seen_in_the_first_or_the_last_phase(stray: str, phase: str) -> None:
    progress = folded([*begun(["a"]), step("a", stray, "failed")])
    phases = Phases(progress)
    assert [name for name in phases.names if (cell := phases.cell(progress.hosts["a"], name)) and cell.status == "failed"] == [phase]


def test_problems_come_first_then_what_runs_then_what_waits() -> None:
    events = [*begun(["idle", "waits", "runs", "lost", "failed"]), step("waits", "join", "waiting"), step("runs", "tools", "running"),
              ConnectionChanged(host="lost", lost=True), step("failed", "tools", "failed")]
    assert Order().of(folded(events)) == ["lost", "failed", "runs", "waits", "idle"]


async def test_two_hundred_hosts_scroll_with_the_problem_on_top() -> None:
    events = [*begun(MANY), *(step(name, "tools", "running") for name in MANY[:50]), step("node-180", "tools", "failed"),
              Failure(at=T0, host="node-180", step="tools", message="no")]
    async with staged(Tape(events, hangs=True)) as (app, pilot):
        lines = text(app).splitlines()
        assert lines[3].startswith(">node-180") and "✗" in lines[3]
        assert lines[4].startswith(" node-000") and "▶" in lines[4]
        await pilot.press(*["down"] * 30)
        await pilot.pause(0.1)
        assert row(app, ">node-029")
        assert text(app).splitlines()[2].split()[0] == "prepare"       # the head stays
        await pilot.press(*["shift+down"] * 20)
        await pilot.pause(0.1)
        assert row(app, ">node-199")


async def test_the_chosen_host_stays_chosen_and_seen_when_rows_change_places() -> None:
    tape = Live([*begun(MANY)])
    async with staged(tape) as (app, pilot):
        await pilot.press("down", "down", "down")
        for name in MANY[100:150]:
            tape.later.put_nowait(step(name, "tools", "running", at=1))
        tape.later.put_nowait(Failure(at=T0 + 2, host="node-190", step="tools", message="no"))
        await pilot.pause(0.3)
        assert app.run_screen.matrix.host == "node-003"
        assert row(app, ">node-003")


async def test_until_somebody_chooses_the_cursor_goes_to_the_problem() -> None:
    tape = Live([*begun(["a", "b"]), step("a", "tools", "running")])
    async with staged(tape) as (app, pilot):
        assert row(app, ">a")
        tape.later.put_nowait(Failure(at=T0 + 2, host="b", step="tools", message="no room"))
        tape.later.put_nowait(step("b", "tools", "failed", at=2))
        await pilot.pause(0.2)
        assert row(app, ">b") and "no room" in text(app) and "log b" in text(app)


async def test_cells_say_how_long_for_whom_and_what_was_left_out() -> None:
    events = [*begun(["a", "b", "c"]), step("a", "tools", "running"), step("b", "tools", "waiting", reason="cp1 init"),
              step("c", "tools", "skipped"), step("c", "swap", "skipped")]
    tape = Tape(events, hangs=True)
    async with staged(tape) as (app, pilot):
        tape.at = T0 + 12
        await pilot.pause(1.2)
        assert "▶ 12 s" in row(app, ">a") and "… cp1" in row(app, " b") and "–" in row(app, " c")


async def test_a_lost_connection_is_told_where_the_host_is_at_work() -> None:
    async with staged(Tape([*begun(["a"]), step("a", "tools", "running"), ConnectionChanged(host="a", lost=True)], hangs=True)) as (app, _):
        assert "! lost" in row(app, ">a")


@pytest.mark.parametrize(("size", "whole"), [((80, 24), False), ((200, 60), True)])
async def test_long_names_get_what_the_phases_do_not_need(size: tuple[int, int], whole: bool) -> None:
    name = "control-plane-1.rack-7.example.net"
    async with staged(Tape(begun([name]), hangs=True), size=size) as (app, _):
        assert (name in row(app, ">")) == whole
        assert all(phase in text(app) for phase in ("prepare", "runtime", "packages", "control", "join", "network", "add-ons"))
        assert all(len(line) <= size[0] for line in text(app).splitlines())


async def test_a_click_chooses_and_a_second_one_opens() -> None:
    async with staged(Tape(begun(["a", "b"]), hangs=True)) as (app, pilot):
        await pilot.click("#matrix", offset=(5, 2))
        assert app.run_screen.matrix.host == "b" and app.screen is app.run_screen
        await pilot.click("#matrix", offset=(5, 2))
        await pilot.pause(0.1)
        assert app.screen is not app.run_screen and "b: prepare" in text(app)


async def test_the_header_names_the_stage() -> None:
    async with staged(Tape(begun(["a"]), hangs=True)) as (app, _):
        assert app.run_screen.query_one(Steps)
        assert "kinstall: home" in text(app).splitlines()[0] and " 6 Run " in text(app).splitlines()[0]
