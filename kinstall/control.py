"""What a person says to a run while it runs: try again, leave that out, give it up, stop after what is running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from enum import Enum
from typing import Any, TypeVar

from kinstall.errors import Stopped

Made = TypeVar("Made")


class Decision(Enum):
    """What becomes of a step that failed."""

    RETRY = "retry"
    SKIP = "skip"
    GIVE_UP = "give up"


class Control:
    """One for a run. Without a person (`attended`), what failed is given up at once."""

    def __init__(self, *, attended: bool = False) -> None:
        self.attended = attended
        self._stop = asyncio.Event()
        self._open: dict[str, tuple[str, asyncio.Future[Decision]]] = {}

    @property
    def open(self) -> Mapping[str, str]:
        """The hosts that wait for a decision, each with the step that failed."""
        return {host: step for host, (step, _) in self._open.items()}

    @property
    def stopping(self) -> bool:
        """Whether somebody said stop."""
        return self._stop.is_set()

    def check(self) -> None:
        """Raises Stopped when nothing more is to be begun."""
        if self.stopping:
            raise Stopped("stopped by you", hint="Run kinstall again to go on from here.")

    async def unless_stopped(self, work: Coroutine[Any, Any, Made]) -> Made:
        """What this waits for, or Stopped as soon as somebody says so: only for what may be cancelled at any moment."""
        working, stop = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                self.check()
            return await working
        finally:
            for task in (working, stop):
                task.cancel()
            await asyncio.wait({working, stop})

    async def decide(self, host: str, step: str) -> Decision:
        """Wait until somebody says what becomes of this step on this host."""
        if not self.attended or self.stopping:
            return Decision.GIVE_UP
        self._open[host] = step, asyncio.get_running_loop().create_future()
        try:
            return await self._open[host][1]
        finally:
            del self._open[host]

    def answer(self, host: str, decision: Decision) -> bool:
        """Say it; whether anybody waited for it."""
        _, waiting = self._open.get(host, ("", None))
        if waiting is None or waiting.done():
            return False
        waiting.set_result(decision)
        return True

    def stop(self) -> None:
        """Let what is running come to its end, and begin nothing more: a host stops between two states, never between a state's commands.

        Who waits (for another host, for another try, for an add-on's proof) stops at once; what waits for a decision is given up.
        """
        self._stop.set()
        for host in tuple(self._open):
            self.answer(host, Decision.GIVE_UP)
