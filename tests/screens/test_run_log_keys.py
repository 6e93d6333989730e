"""The keys of the log, on the Run screen."""

from __future__ import annotations

from textual.widgets import Input

from tests.screens import stagehand
from tests.screens.conftest import Tape
from tests.screens.stagehand import Live, begun, output, staged, step, text


async def test_slash_filters_and_escape_shows_all_again() -> None:
    events = [*begun(["a"]), step("a", "tools", "running"), output("a", "Reading lists", "E: not found", "l rw done")]
    async with staged(Tape(events, hangs=True)) as (app, pilot):
        await pilot.press("slash", *"l rw")       # letters that are keys elsewhere
        await pilot.pause(0.1)
        assert "l rw done" in text(app) and "Reading lists" not in text(app)
        assert "only 'l rw'" in text(app)
        await pilot.press("enter")
        assert not isinstance(app.focused, Input) and "Reading lists" not in text(app)
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert "Reading lists" in text(app) and not app.run_screen.query_one("#filter").display


async def test_space_stops_the_log_and_lets_it_go_on() -> None:
    tape = Live([*begun(["a"]), output("a", "first line")])
    async with staged(tape) as (app, pilot):
        await pilot.press("space")
        tape.later.put_nowait(output("a", "second line"))
        await pilot.pause(0.15)
        assert "PAUSED" in text(app) and "first line" in text(app) and "second line" not in text(app)
        await pilot.press("space")
        assert "PAUSED" not in text(app) and "second line" in text(app)


async def test_l_interleaves_all_hosts_with_their_names() -> None:
    async with staged(Tape([*begun(["a", "b"]), output("a", "from one"), output("b", "from the other")], hangs=True)) as (app, pilot):
        assert "from the other" not in text(app)
        await pilot.press("l")
        assert "a from one" in text(app) and "b from the other" in text(app) and "log of all hosts" in text(app)
        await pilot.press("l")
        assert "from the other" not in text(app)


async def test_w_folds_long_lines() -> None:
    async with staged(Tape([*begun(["a"]), output("a", "x" * 100 + "END")], hangs=True)) as (app, pilot):
        assert "END" not in text(app)
        await pilot.press("w")
        assert "END" in text(app)


async def test_the_log_follows_the_selected_host() -> None:
    async with staged(Tape([*begun(["a", "b"]), output("a", "from one"), output("b", "from the other")], hangs=True)) as (app, pilot):
        await pilot.press("down")
        await pilot.pause(0.1)
        assert "from the other" in text(app) and "from one" not in text(app) and "log b" in text(app)


async def test_pages_and_ends_of_the_log() -> None:
    async with staged(Tape([*begun(["a"]), output("a", *(f"line {number}." for number in range(200)))], hangs=True)) as (app, pilot):
        assert "line 199." in text(app)
        await pilot.press("pageup")
        assert "line 199." not in text(app) and "PAUSED" in text(app)
        await pilot.press("home")
        assert "line 0." in text(app)
        await pilot.press("pagedown")
        assert "line 0." not in text(app)
        await pilot.press("end")
        assert "line 199." in text(app) and "PAUSED" not in text(app)


async def test_y_copies_the_command_that_failed_and_shift_y_the_whole() -> None:
    async with staged(Tape(stagehand.failed(), hangs=True)) as (app, pilot):
        await pilot.press("y")
        assert "kubeadm" in app.clipboard and "API server" not in app.clipboard
        await pilot.press("Y")
        assert "Nothing comes back from the API server" in app.clipboard and "iptables -S" in app.clipboard


async def test_y_copies_what_is_seen_of_the_log_when_nothing_failed() -> None:
    async with staged(Tape([*begun(["a"]), output("a", *(f"line {number}." for number in range(200)))], hangs=True)) as (app, pilot):
        await pilot.press("y")
        copied = app.clipboard.splitlines()
        assert copied[-1] == "line 199." and 5 < len(copied) < 24


async def test_what_the_mouse_marks_is_copied_and_does_not_run_away() -> None:
    tape = Live([*begun(["a"]), output("a", *(f"line {number}." for number in range(200)))])
    async with staged(tape) as (app, pilot):
        await pilot.mouse_down("#log", offset=(9, 2))
        await pilot.hover("#log", offset=(30, 4))
        await pilot.mouse_up("#log", offset=(30, 4))
        await pilot.pause(0.1)
        assert not app.run_screen.log_box.pane.is_following
        await pilot.press("y")
        assert len(app.clipboard.splitlines()) == 3 and app.clipboard.startswith("line 1")
