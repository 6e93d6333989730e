"""Time on the tape: how long silences are, where the player is, what is due. With a clock that this test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinstall.events import AnyEvent, RunStarted, StepChanged
from kinstall.progress import Progress
from kinstall.sessions.hurry import HurriedLoop
from kinstall.sessions.player import SPEEDS, Deck, Player
from kinstall.sessions.reading import Recording
from kinstall.sessions.timeline import Timeline
from tests.sessions.conftest import START, short


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


def test_a_long_silence_is_cut_to_two_seconds_and_the_rest_is_as_it_was() -> None:
    assert Timeline(short(), 2).offsets == (0, 1, 3, 4, 4.5, 5, 5, 6)


def test_idle_0_leaves_silences_as_they_were() -> None:
    assert Timeline(short(), 0).length == 34


def test_the_recordings_clock_runs_through_a_cut_silence_and_never_back() -> None:
    line = Timeline(short(), 2)
    assert line.recorded(2) == START + 16
    assert line.recorded(3) == START + 31
    assert line.recorded(-5) == START
    assert line.recorded(99) == START + 34


def test_marks_are_where_steps_begin_or_fail() -> None:
    line = Timeline(short(), 2)
    assert line.marks == (1, 4, 5)
    assert [line.next_mark(place) for place in (0, 1, 4.2, 5)] == [1, 4, 5, 6]
    assert [line.previous_mark(place) for place in (0, 1, 1.5, 5, 6)] == [0, 0, 1, 4, 5]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20), st.sampled_from([0, 0.5, 2.0]), st.floats(0, 500))
def test_whatever_the_hosts_clock_did_time_goes_forward(steps: list[float], idle: float, place: float) -> None:
    at, events = START, list[AnyEvent]()
    for step in steps:
        at += step
        events.append(StepChanged(at=at, host="a", step="b", status="running"))
    line = Timeline(events, idle)
    assert list(line.offsets) == sorted(line.offsets)
    assert line.recorded(place) <= line.recorded(place + 1)
    assert line.position(line.recorded(place)) <= line.length


def test_a_deck_stands_still_until_it_is_played() -> None:
    clock = Clock()
    deck = Deck(100, clock)
    clock.now += 10
    assert deck.position == 0
    deck.play()
    clock.now += 10
    assert deck.position == 10
    deck.play(False)
    clock.now += 10
    assert deck.position == 10


def test_speed_counts_from_where_it_was_changed() -> None:
    clock = Clock()
    deck = Deck(1000, clock)
    deck.play()
    clock.now += 10
    deck.faster(2)
    assert (deck.speed, deck.position) == (4, 10)
    clock.now += 10
    assert deck.position == 50
    assert deck.wait(90) == 10
    deck.faster(-99)
    assert deck.speed == SPEEDS[0]
    deck.faster(99)
    assert deck.speed == SPEEDS[-1]


@pytest.mark.parametrize(("to", "there"), [(-5, 0), (40, 40), (400, 100)])
def test_winding_stays_on_the_tape(to: float, there: float) -> None:
    deck = Deck(100, Clock())
    deck.wind(to)
    assert deck.position == there


def test_standing_still_nothing_is_ever_due() -> None:
    assert Deck(100, Clock()).wait(50) is None


def hurried(work: Coroutine[Any, Any, None]) -> float:
    """Run it in a loop in which waiting takes no time; how long it would have taken."""
    loop = HurriedLoop()
    try:
        loop.run_until_complete(work)
        return loop.time()
    finally:
        loop.close()


@pytest.mark.parametrize(("speed", "idle", "seconds"), [(1, 2, 6), (2, 2, 3), (0.5, 2, 12), (1, 0, 34), (32, 0, 34 / 32)])
def test_a_session_plays_in_its_time(recording: Recording, speed: float, idle: float, seconds: float) -> None:
    got: list[AnyEvent] = []

    async def play() -> None:
        player = Player(recording, speed=speed, idle=idle)
        got.extend([event async for event in player])
        assert player.code == 1

    assert hurried(play()) == pytest.approx(seconds, abs=0.01)
    assert got == short()


def test_each_event_comes_when_it_is_due_and_now_is_the_recordings_time(recording: Recording) -> None:
    async def play() -> None:
        player = Player(recording, idle=0)
        async for event in player:
            assert player.now() == pytest.approx(event.at, abs=0.01)
            assert asyncio.get_running_loop().time() == pytest.approx(event.at - START, abs=0.01)

    hurried(play())


def test_wound_back_it_begins_anew_and_folds_to_the_same(recording: Recording) -> None:
    async def play() -> None:
        player, progress, starts, wound = Player(recording), Progress(), 0, False
        async for event in player:
            starts += isinstance(event, RunStarted)
            progress = progress.apply(event)
            if isinstance(event, StepChanged) and event.status == "failed" and not wound:
                wound = True
                player.wind(0.5)
        assert starts == 2
        assert progress == folded(short())

    hurried(play())


def folded(events: list[AnyEvent]) -> Progress:
    progress = Progress()
    for event in events:
        progress = progress.apply(event)
    return progress


def test_wound_forward_nothing_is_left_out_and_nothing_comes_twice(recording: Recording) -> None:
    got: list[int] = []

    async def play() -> None:
        player = Player(recording, idle=0)
        async for event in player:
            got.append(event.seq)
            if event.seq == 2:
                player.skip(31)

    assert hurried(play()) < 5
    assert got == [event.seq for event in short()]


def test_paused_it_waits_for_a_key(recording: Recording) -> None:
    async def play() -> None:
        player = Player(recording)

        async def press() -> None:
            await asyncio.sleep(2)
            player.toggle()
            await asyncio.sleep(100)
            assert player.deck.position == 2
            player.toggle()

        pressing = asyncio.create_task(press())
        assert [event async for event in player] == short()
        await pressing

    assert hurried(play()) == pytest.approx(106, abs=0.01)


def test_at_its_end_it_stays_where_that_is_wanted_and_plays_again(recording: Recording) -> None:
    starts = 0

    async def play() -> None:
        nonlocal starts
        player = Player(recording, stays=True)

        async def again() -> None:
            await player.over.wait()
            await asyncio.sleep(10)
            assert player.at_end
            player.toggle()
            await asyncio.sleep(2)
            player.detach()

        task = asyncio.create_task(again())
        async for event in player:
            starts += isinstance(event, RunStarted)
        await task

    assert hurried(play()) == pytest.approx(18, abs=0.01)
    assert starts == 2


def test_steps_are_walked_both_ways(recording: Recording) -> None:
    async def walk() -> None:
        player = Player(recording)
        places = []
        for forward in (True, True, True, True, False, False, False, False):
            player.step(forward)
            places.append(player.deck.position)
        assert places == [1, 4, 5, 6, 5, 4, 1, 0]

    hurried(walk())
