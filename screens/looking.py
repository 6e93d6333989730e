"""A stage that lets the desk look at something: begun when it is entered, followed as it comes, kept for as long as the answers stay."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import Final

from textual import work

from kinstall.desk import Desk, Stream
from kinstall.draft import Draft
from kinstall.events import AnyEvent
from kinstall.progress import Progress
from kinstall.screens.stage import Stage

FRAME: Final = 0.08     # seconds: however many events come, it is drawn so often at most
BREATH: Final = 64      # events, after which a key is looked at


class LookingStage(Stage):
    """`progress` is what the newest look has told so far."""

    def __init__(self, draft: Draft, desk: Desk) -> None:
        super().__init__(draft, desk)
        self.progress = Progress()
        self.is_looking = False
        self._stream: Stream | None = None
        self._of: object = None         # the answers that were looked at
        self._is_due = False

    @abstractmethod
    def look(self) -> Stream:
        """Begin a look."""

    @abstractmethod
    def draw(self) -> None:
        """What is known now."""

    def took_up(self) -> None:
        """A look begins."""

    def took(self, event: AnyEvent) -> None:
        """An event of it; `progress` knows it already."""

    def entered(self) -> None:
        """Look, unless these very answers were looked at already."""
        if self._of != self._answers():
            self.begin(self.look)

    def forget(self) -> None:
        """The machines are not what they were."""
        self._of = None

    def action_again(self) -> None:
        """Look again, if no look is under way."""
        if self.is_looking:
            self.say("Still looking: wait a moment.")
        else:
            self.begin(self.look)

    def action_back(self) -> None:
        """Who goes back to put something right will want it looked at anew."""
        if self.progress.failures:
            self.forget()
        super().action_back()

    def begin(self, start: Callable[[], Stream]) -> None:
        """Follow this look. One that is still under way is of other answers: it is ended first."""
        self._of, self.is_looking = self._answers(), True
        self.say("")
        self._follow(start)

    def _answers(self) -> object:
        """A secret that was typed again counts, too: with it, a host may answer otherwise."""
        return repr(self.draft.data), dict(self.draft.secrets)

    @work(exclusive=True)
    async def _follow(self, start: Callable[[], Stream]) -> None:
        await self._end_last()
        self._stream = stream = start()
        self.took_up()
        self.progress = Progress()
        number = 0
        async for event in stream:
            self.progress = self.progress.apply(event)
            self.took(event)
            self._draw_soon()
            number += 1
            if not number % BREATH:
                await asyncio.sleep(0)
        self.is_looking = False
        self.draw()

    async def _end_last(self) -> None:
        if self._stream and self._stream.code is None:
            self._stream.detach()
            async for _ in self._stream:
                pass

    def _draw_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self.set_timer(FRAME, self._draw_due)

    def _draw_due(self) -> None:
        self._is_due = False
        self.draw()
