"""An event loop in which waiting takes no time: when nothing else is to be done, its clock jumps to what is due next.

An hour is played in a few seconds with it, and each time the same way: no machine is too slow for it.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

Result = TypeVar("Result")


class _Leaping(selectors.DefaultSelector):
    """A selector that waits only for what really comes from outside."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; with nothing ready, the time until the next timer is over at once."""
        ready = super().select(timeout and 0)
        if timeout and not ready:
            self.passed += timeout
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, which begins at 0."""

    def __init__(self) -> None:
        self._leaping: Final = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """Seconds since the loop was made, by its own clock."""
        return self._leaping.passed


def hurried(make: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run it to its end in such a loop. Not from within another loop."""
    _let_textual_follow()
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(make())


def _let_textual_follow() -> None:
    """Textual's timers look at the monotonic clock, which is what every other loop has as its own: so they may as well ask the loop."""
    from textual import _time

    def loop_time() -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return _time.time()

    _time.get_time = loop_time
