"""A run as a Stream: its work is a task of its own, and its events wait in a queue until a screen takes them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack

from kinstall import journal
from kinstall.control import Control
from kinstall.errors import CANCELLED
from kinstall.events import AnyEvent
from kinstall.hub import Hub, Sink
from kinstall.secrets import Redactor, Secret

Work = Callable[[Hub], Awaitable[int]]


class Running:
    """Begins at once. `keep`: it has a journal on disk; raises SessionError when none can be written.

    `shown`: where the work puts secrets that are to be shown once.
    """

    def __init__(self, cluster: str, redactor: Redactor, work: Work, *, control: Control | None = None, keep: bool = False) -> None:
        self.control, self.code = control, None
        self.shown: list[tuple[str, Secret]] = []
        self.journal = ""
        self._events = deque[AnyEvent]()
        self._news = asyncio.Event()
        sinks: list[Sink] = [self._take]
        stack = ExitStack()
        if keep:
            written = stack.enter_context(journal.new(cluster))
            self.journal = str(written.path)
            sinks.insert(0, written)
        self._task = asyncio.ensure_future(self._run(Hub(sinks, redactor), work, stack))
        self._task.add_done_callback(lambda _: self._news.set())

    code: int | None
    shown: Sequence[tuple[str, Secret]]

    def now(self) -> float:
        """The wall's time."""
        return time.time()

    def detach(self) -> None:
        """See Stream."""
        self._task.cancel()

    async def __aiter__(self) -> AsyncIterator[AnyEvent]:
        """The events from the first on; a bug in the work is raised after the last."""
        while not self._task.done() or self._events:
            self._news.clear()
            while self._events:
                yield self._events.popleft()
            if not self._task.done():
                await self._news.wait()
        self.code = CANCELLED if self._task.cancelled() else self._task.result()

    async def ended(self) -> None:
        """Until it has ended, however."""
        await asyncio.wait({self._task})

    async def _run(self, hub: Hub, work: Work, stack: ExitStack) -> int:
        with stack:
            return await work(hub)

    def _take(self, event: AnyEvent) -> None:
        self._events.append(event)
        self._news.set()
