"""The lines that hosts print, in rings: the newest of each host, and the newest of all together. The journal has every one."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

KEPT: Final = 20_000        # lines of a host, and of all hosts together
TOTAL: Final = 200_000      # lines in all rings: with many hosts, each ring is shorter
LEAST: Final = 500          # lines of a host, however many hosts there are
LONGEST: Final = 2_000      # characters of a line

Kind = Literal["output", "command", "step", "note"]


class Line(msgspec.Struct, frozen=True, gc=False):
    """A line as it came, but for what a terminal would take for a command.

    `gc=False`: there are hundreds of thousands of them, and a garbage collector that visits each holds up a key for 0.1 s.
    """

    at: float
    host: str
    text: str
    kind: Kind = "output"


class Rings:
    """`all` is the ring of all hosts together."""

    def __init__(self, hosts: int = 1, kept: int = KEPT) -> None:
        mine = min(kept, max(TOTAL // max(hosts, 1), LEAST))
        self._of: defaultdict[str, deque[Line]] = defaultdict(lambda: deque(maxlen=mine))
        self.all = deque[Line](maxlen=kept)

    def add(self, host: str, lines: Sequence[Line]) -> None:
        """New lines of a host, in their order; of the run itself for ""."""
        self.all.extend(lines)
        if host:
            self._of[host].extend(lines)

    def of(self, host: str) -> deque[Line]:
        """A host's ring; of all hosts for ""."""
        return self._of[host] if host else self.all

    def __len__(self) -> int:
        return len(self.all) + sum(map(len, self._of.values()))


def clean(text: str) -> str:
    """What may be drawn of a line. The hub strips escapes; what else moves a cursor or turns text around must not reach a terminal."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    if text.isprintable():
        return text
    last = text.rstrip("\r").rpartition("\r")[2]    # a progress bar writes over itself
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else "" for sign in last.expandtabs(8))
