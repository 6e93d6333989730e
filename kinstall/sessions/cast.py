"""asciicast v3, the file that asciinema plays: a header, then what a terminal got, each with the seconds since the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

OUTPUT, EXIT = "o", "x"
FRAME: Final = 1 / 30       # what comes within one picture is one event


@dataclass(frozen=True, slots=True)
class Size:
    """Of a terminal, in characters."""

    columns: int
    rows: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """`80x24`. Raises ValueError."""
        columns, rows = map(int, text.lower().split("x"))
        if not (20 <= columns <= 500 and 10 <= rows <= 200):
            raise ValueError(text)
        return cls(columns, rows)

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"


SMALL: Final = Size(80, 24)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written to the terminal, and when."""

    at: float
    data: str


def cast(written: Iterable[Written], size: Size, *, title: str, timestamp: float, code: int = 0) -> Iterator[str]:
    """The lines of the file."""
    term = {"cols": size.columns, "rows": size.rows, "type": "xterm-256color"}
    yield json.dumps({"version": 3, "term": term, "timestamp": int(timestamp), "title": title})
    before = 0.0
    for frame in frames(written):
        yield json.dumps([round(frame.at - before, 3), OUTPUT, frame.data], ensure_ascii=False)
        before += round(frame.at - before, 3)   # what was rounded off here must not add up
    yield json.dumps([0.0, EXIT, str(code)])


def frames(written: Iterable[Written]) -> Iterator[Written]:
    """What was written in one picture's time put together."""
    at, parts = 0.0, list[str]()
    for one in written:
        if parts and one.at - at > FRAME:
            yield Written(at, "".join(parts))
            parts = []
        at = at if parts else one.at
        parts.append(one.data)
    if parts:
        yield Written(at, "".join(parts))
