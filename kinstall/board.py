"""What hosts wait for: steps of the first control plane, and the ticket it makes when a worker asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from kinstall.errors import Blocked
from kinstall.model import Ticket

TICKET_AGE = 20 * 60  # seconds; it lives for 30 minutes, and joining takes a few


class Board:
    """One for a run. Steps are marked when they are through; whoever needs one waits here, and learns when it will never come."""

    def __init__(self, first: str, make_ticket: Callable[[], Awaitable[Ticket]]) -> None:
        self.first = first
        self._make_ticket = make_ticket
        self._ticket: tuple[float, Ticket] | None = None
        self._at_the_counter = asyncio.Lock()
        self._through: set[tuple[str, str]] = set()
        self._failed: dict[str, str] = {}
        self._asking = ""   # the step at which the first control plane failed, and somebody is asked what to do
        self._changed = asyncio.Condition()

    async def through(self, host: str, step: str) -> None:
        """This step is through on this host."""
        async with self._changed:
            self._through.add((host, step))
            self._changed.notify_all()

    async def failed(self, host: str, step: str) -> None:
        """This host has stopped at this step, and goes no further."""
        async with self._changed:
            self._failed[host] = step
            self._changed.notify_all()

    async def asking(self, host: str, step: str) -> None:
        """This host failed at this step, and somebody is asked whether it tries again; "": it was decided."""
        if host == self.first:
            async with self._changed:
                self._asking = step
                self._changed.notify_all()

    def is_through(self, step: str) -> bool:
        """Is this step through on the first control plane?"""
        return (self.first, step) in self._through

    async def wait(self, step: str, tell: Callable[[str], None]) -> None:
        """Until this step is through on the first control plane; `tell` learns what it waits for. Raises Blocked when it will not be."""
        told = ""
        async with self._changed:
            while not self.is_through(step):
                self._raise_if_blocked(step)
                if (reason := self._reason(step)) != told:
                    tell(told := reason)
                await self._changed.wait()

    def _reason(self, step: str) -> str:
        if not self._asking:
            return f"{self.first} {step}"
        at = "" if step == self._asking else f" at {self._asking}"
        return f"{self.first} {step}, which failed{at} and waits for you"

    def _raise_if_blocked(self, step: str) -> None:
        if self.first in self._failed:
            why = f"{self.first} failed at {self._failed[self.first]}, and this needs its {step}"
            raise Blocked(why, hint=f"Mend {self.first} and run kinstall again.")

    async def ticket(self) -> Ticket:
        """The join ticket: made by the first control plane when somebody asks, and anew when the last one has grown old."""
        async with self._at_the_counter:
            if self._ticket is None or time.monotonic() - self._ticket[0] > TICKET_AGE:
                self._ticket = (time.monotonic(), await self._make_ticket())
            return self._ticket[1]
