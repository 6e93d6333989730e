"""A recording in the Run screen: every key of the player, and what the screen says of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from kinstall.screens.theatre import PlayerLine, Theatre, TheatreScreen
from kinstall.sessions.player import Player
from kinstall.sessions.reading import load
from tests.screens.conftest import RECORDINGS


@asynccontextmanager
async def theatre(
    *, at: float = 0.0, playing: bool = False, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Theatre, Player, Pilot[int]]]:
    """The first cluster on the screen, standing still somewhere unless it is to be played."""
    app = Theatre(Player(load(RECORDINGS / "first.jsonl"), stays=True))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.1)
        app.player.deck.play(playing)
        app.player.wind(at)
        await pilot.pause(0.6)
        yield app, app.player, pilot


def seen(app: Theatre) -> list[str]:
    """The screen as text."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


async def test_the_screen_says_that_it_is_a_recording_and_where_it_is() -> None:
    async with theatre(at=30) as (app, _, _pilot):
        assert isinstance(app.screen, TheatreScreen)
        whole = "\n".join(seen(app))
        assert "RECORDED" in whole
        assert "paused  1x   00:30 / 01:" in whole
        assert "silences cut to 2 s" in whole


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_keys_stand_in_the_footer_whole(size: tuple[int, int]) -> None:
    async with theatre(size=size) as (app, _, _pilot):
        footer = seen(app)[-1]
        for key in ("p Play", "< > Speed", ", . 10 s", "[ ] Step", "q Quit"):
            assert key in footer, footer


async def test_p_plays_and_stands_still() -> None:
    async with theatre() as (_, player, pilot):
        await pilot.press("p")
        assert player.deck.playing
        await pilot.press("p")
        assert not player.deck.playing


async def test_angle_brackets_change_the_speed_within_its_bounds() -> None:
    async with theatre() as (app, player, pilot):
        for key, speed in ((">", 2), (">", 4), ("<", 2), ("<", 1), ("<", 0.5), ("<", 0.5)):
            await pilot.press(key)
            assert player.deck.speed == speed
        assert "0.5x" in "\n".join(seen(app))


async def test_comma_and_full_stop_wind_by_ten_seconds() -> None:
    async with theatre(at=30) as (_, player, pilot):
        await pilot.press(".")
        assert player.deck.position == 40
        await pilot.press(",", ",")
        assert player.deck.position == 20


async def test_brackets_go_from_step_to_step() -> None:
    async with theatre(at=30) as (_, player, pilot):
        await pilot.press("]")
        assert player.deck.position == player.timeline.next_mark(30)
        await pilot.press("[")
        assert player.deck.position <= 30
        assert player.deck.position in player.timeline.marks


async def test_wound_back_the_screen_forgets_what_comes_later() -> None:
    async with theatre(at=95) as (app, player, pilot):
        late = app.screen.progress  # type: ignore[attr-defined]
        player.wind(20)
        await pilot.pause(0.3)
        early = app.screen.progress  # type: ignore[attr-defined]
        assert early.seq < late.seq
        assert early.counts().get("done", 0) < late.counts()["done"]
        assert len(early.notes) <= len(late.notes)
        assert early.at <= player.now()


async def test_at_its_end_it_says_so_and_p_plays_it_again() -> None:
    async with theatre(at=9999) as (app, player, pilot):
        assert player.over.is_set()
        assert " end " in "\n".join(seen(app))
        await pilot.press("p")
        assert player.deck.playing
        assert player.deck.position < 5


async def test_played_it_goes_on_by_itself() -> None:
    async with theatre(playing=True) as (app, player, pilot):
        player.faster(5)
        await pilot.pause(1)
        assert player.deck.position > 20
        assert app.screen.progress.seq > 100  # type: ignore[attr-defined]
        app.screen.query_one(PlayerLine).draw()


async def test_q_leaves_it() -> None:
    app = Theatre(Player(load(RECORDINGS / "first.jsonl"), stays=True))
    async with app.run_test() as pilot:
        await pilot.press("q")
        await asyncio.sleep(0)
    assert app.return_code == 0


async def test_a_cut_recording_says_so_on_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_bytes((RECORDINGS / "first.jsonl").read_bytes()[:100_000])
    app = Theatre(Player(load(path), stays=True))
    async with app.run_test(size=(120, 40)) as pilot:
        app.player.wind(9999)
        await pilot.pause(0.3)
        assert "is cut off" in app.screen.progress.notes[-1].text  # type: ignore[attr-defined]
