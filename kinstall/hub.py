"""Where events pass: numbered, timed, cleaned of every secret, then given to each sink. Nothing reaches a sink by another way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from kinstall.events import AnyEvent
from kinstall.secrets import Redactor
from kinstall.transport import ESCAPES

Sink = Callable[[AnyEvent], None]
Clock = Callable[[], float]


class Hub:
    """Emits events into sinks (the journal first, so that what a front end shows is on disk already)."""

    def __init__(self, sinks: Sequence[Sink], redactor: Redactor, clock: Clock = time.time) -> None:
        self.redactor = redactor
        self._sinks, self._clock, self._seq = tuple(sinks), clock, 0

    def emit(self, event: AnyEvent) -> None:
        """Number it, time it, clean every text in it, hand it on."""
        self._seq += 1
        clean = {name: self._clean(value) for name in event.__struct_fields__ if isinstance(value := getattr(event, name), str | tuple)}
        event = msgspec.structs.replace(event, seq=self._seq, at=round(self._clock(), 3), **clean)
        for sink in self._sinks:
            sink(event)

    def _clean(self, value: str | tuple[object, ...]) -> object:
        if isinstance(value, str):
            return "\n".join(map(self.line, value.split("\n")))
        return tuple(self._clean(item) if isinstance(item, str | tuple) else item for item in value)

    def line(self, text: str) -> str:
        """One line as it may be shown: no secret, no escape sequence of a host's, nothing that is not UTF-8."""
        return self.redactor.clean(ESCAPES.sub("", text).encode(errors="replace").decode())
