"""A recording as a Stream: it plays, pauses, goes faster and slower, and is wound to any place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from kinstall.errors import FAILED
from kinstall.events import AnyEvent
from kinstall.secrets import Secret
from kinstall.sessions.reading import Recording
from kinstall.sessions.timeline import Timeline

SPEEDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
IDLE: Final = 2.0
GRACE: Final = 1.0          # seconds in which one more "back to the step before" means the one before that


class Deck:
    """Where the player is, by a clock that somebody gives it. It stands still until it is played."""

    def __init__(self, length: float, clock: Callable[[], float], speed: float = 1.0) -> None:
        self.length, self.speed, self.playing = length, speed, False
        self._clock, self._position, self._since = clock, 0.0, 0.0

    @property
    def position(self) -> float:
        """Seconds since the start."""
        moved = (self._clock() - self._since) * self.speed if self.playing else 0.0
        return min(self._position + moved, self.length)

    def play(self, on: bool = True) -> None:
        """Go on, or stand still."""
        self._settle(self.position)
        self.playing = on

    def faster(self, steps: int) -> None:
        """So many speeds up, or down when negative."""
        self._settle(self.position)
        number = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[min(max(number, 0), len(SPEEDS) - 1)]

    def wind(self, position: float) -> None:
        """To this place, or the nearest that there is."""
        self._settle(min(max(position, 0.0), self.length))

    def wait(self, position: float) -> float | None:
        """How long by the clock until it is there; None: standing still, it never is."""
        return max(position - self.position, 0.0) / self.speed if self.playing else None

    def _settle(self, position: float) -> None:
        self._position, self._since = position, self._clock()


class Player:
    """A Stream of what was recorded. Wound back it begins anew, with RunStarted: whoever folds its events forgets all before that.

    `stays`: at its end it waits, to be wound back; otherwise it ends there, as a run does.
    """

    control: None = None
    shown: Sequence[tuple[str, Secret]] = ()

    def __init__(
        self, recording: Recording, *, idle: float = IDLE, speed: float = 1.0, stays: bool = False, clock: Callable[[], float] | None = None
    ) -> None:
        self.recording, self.events = recording, recording.played()
        self.timeline = Timeline(self.events, idle)
        self.deck = Deck(self.timeline.length, clock or _loop_time, speed)
        self.code: int | None = None
        self.journal = str(recording.path)
        self.idle, self._stays, self._given = idle, stays, 0
        self._news, self.over = asyncio.Event(), asyncio.Event()

    def now(self) -> float:
        """The recording's time."""
        return self.timeline.recorded(self.deck.position)

    def detach(self) -> None:
        """End it, wherever it is."""
        self._stays, self._given = False, len(self.events)
        self._news.set()

    @property
    def at_end(self) -> bool:
        """Everything was played."""
        return self.deck.position >= self.timeline.length

    def toggle(self) -> None:
        """Play, or stand still; at its end, play it again."""
        if self.deck.playing and not self.at_end:
            self.deck.play(False)
        else:
            if self.at_end:
                self.wind(0.0)
            self.deck.play()
        self._news.set()

    def faster(self, steps: int) -> None:
        """See Deck."""
        self.deck.faster(steps)
        self._news.set()

    def skip(self, seconds: float) -> None:
        """So many seconds forward, or back."""
        self.wind(self.deck.position + seconds)

    def step(self, forward: bool) -> None:
        """To where the next step begins or fails, or the one before."""
        position = self.deck.position
        grace = GRACE * self.deck.speed if self.deck.playing else 0.0
        self.wind(self.timeline.next_mark(position) if forward else self.timeline.previous_mark(position - grace))

    def wind(self, position: float) -> None:
        """To this place. Back means: all anew up to there."""
        self.deck.wind(position)
        if self._given and self.timeline.offsets[self._given - 1] > self.deck.position:
            self._given = 0
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[AnyEvent]:
        """The events, each in its time."""
        self._given = 0
        self.deck.play()
        while self._stays or self._given < len(self.events):
            self._news.clear()
            if self._given < len(self.events) and self.timeline.offsets[self._given] <= self.deck.position:
                self._given += 1
                yield self.events[self._given - 1]
            else:
                await self._until_due()
        self.code = self.recording.end.exit_code if self.recording.end else FAILED

    async def _until_due(self) -> None:
        """Until the next event is due, or somebody presses a key."""
        due = self.timeline.offsets[self._given] if self._given < len(self.events) else None
        if due is None:
            self.over.set()
        try:
            async with asyncio.timeout(None if due is None else self.deck.wait(due)):
                await self._news.wait()
        except TimeoutError:
            pass


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
