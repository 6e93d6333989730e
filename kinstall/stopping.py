"""How a run is stopped: Ctrl-C, SIGTERM, a closed terminal. The first one in good order, each further one with less patience."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

from kinstall.errors import CANCELLED

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AT_ONCE: Final = 3      # signals that end it as it is
TOGETHER: Final = 0.5   # seconds; a closed terminal's SIGHUP comes from the kernel and from the shell, and means one stop
SHOW_CURSOR: Final = b"\x1b[?25h"


def supervise(work: Awaitable[int]) -> int:
    """Run to the end, whichever that is; the exit code."""

    async def until_done() -> int:
        task = asyncio.ensure_future(work)
        stop = Stop(task)
        for sign in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(sign, stop)
        try:
            return await task
        except asyncio.CancelledError:
            return CANCELLED

    return asyncio.run(until_done())


class Stop:
    """The first signal stops the work in good order, the second cuts its cleaning up short, the third ends everything as it is."""

    def __init__(self, task: asyncio.Future[int]) -> None:
        self._task, self._times, self._last = task, 0, 0.0

    def __call__(self) -> None:
        """Another signal."""
        loop = asyncio.get_running_loop()
        if self._times and loop.time() - self._last < TOGETHER:
            return
        self._times, self._last = self._times + 1, loop.time()
        if self._task.done():  # only what cannot be called back is left, such as the thread of a download
            end_at_once()
        self._task.cancel()
        if self._times == AT_ONCE - 1:
            for sign in SIGNALS:  # the next one shall work even if nothing in here does any more
                loop.remove_signal_handler(sign)
                signal.signal(sign, end_at_once)


def end_at_once(_sign: int = 0, _frame: FrameType | None = None) -> NoReturn:
    """No cleaning up but the terminal's cursor, which a live table hides."""
    with suppress(OSError, ValueError):
        if sys.stdout.isatty():
            os.write(sys.stdout.fileno(), SHOW_CURSOR)
    os._exit(CANCELLED)
