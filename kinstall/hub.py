"""Where events pass: numbered, timed, cleaned of every secret, then given to each sink. Nothing reaches a sink by another way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from kinstall.events import AnyEvent, texts
from kinstall.secrets import Redactor
from kinstall.transport import ESCAPES

Sink = Callable[[AnyEvent], None]
Clock = Callable[[], float]
Kind = TypeVar("Kind", bound=msgspec.Struct)


class Hub:
    """Emits events into sinks (the journal first, so that what a front end shows is on disk already).

    A sink that cannot write any more (its reader went away, its terminal was closed) is dropped: what runs on the hosts goes on.
    """

    def __init__(self, sinks: Sequence[Sink], redactor: Redactor, clock: Clock = time.time) -> None:
        self.redactor = redactor
        self._sinks, self._clock, self._seq = list(sinks), clock, 0

    def emit(self, event: AnyEvent) -> None:
        """Number it, time it, clean every text in it, hand it on."""
        self._seq += 1
        event = msgspec.structs.replace(self._struct(event), seq=self._seq, at=round(self._clock(), 3))
        for sink in tuple(self._sinks):
            try:
                sink(event)
            except OSError:
                self._sinks.remove(sink)

    def line(self, text: str) -> str:
        """One line as it may be shown: no secret, no escape sequence of a host's, nothing that is not UTF-8."""
        return self.redactor.clean(printable(text))

    def _struct(self, struct: Kind) -> Kind:
        free = texts(type(struct))
        fields = {name: getattr(struct, name) for name in struct.__struct_fields__}
        return msgspec.structs.replace(struct, **{name: self._clean(value, masked=name in free) for name, value in fields.items()})

    def _clean(self, value: Any, *, masked: bool) -> Any:  # noqa: ANN401  # whatever an event may hold
        if isinstance(value, str):
            return "\n".join(map(self.line if masked else printable, value.split("\n")))
        if isinstance(value, tuple):
            return tuple(self._clean(item, masked=masked) for item in value)
        return self._struct(value) if isinstance(value, msgspec.Struct) else value


def printable(text: str) -> str:
    """A text without a host's escape sequences and without what is not UTF-8."""
    return ESCAPES.sub("", text).encode(errors="replace").decode()
