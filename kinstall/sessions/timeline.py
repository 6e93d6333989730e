"""When each event of a recording is played: long silences are cut short. Pure arithmetic; it knows no clock."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from kinstall.events import AnyEvent, StepChanged

MARKED = ("running", "failed")


class Timeline:
    """Two times: the recording's (`at`, seconds since the epoch) and the player's (seconds since its start).

    A silence of more than `idle` seconds is played in `idle` seconds, the recording's clock running faster there; 0: as long as it was.
    """

    def __init__(self, events: Sequence[AnyEvent], idle: float) -> None:
        self.times = tuple(accumulate((event.at for event in events), max))  # a clock that was set back does not stop the player
        gaps = (later - earlier for earlier, later in pairwise(self.times))
        self.offsets = tuple(accumulate((min(gap, idle) if idle else gap for gap in gaps), initial=0.0))
        self.length = self.offsets[-1]
        steps = (place for place, event in zip(self.offsets, events, strict=True) if _is_marked(event))
        self.marks = tuple(dict.fromkeys(steps))

    def recorded(self, position: float) -> float:
        """What the recording's clock says at this position of the player."""
        return _between(position, self.offsets, self.times)

    def position(self, recorded: float) -> float:
        """The player's position at this time of the recording."""
        return _between(recorded, self.times, self.offsets)

    def next_mark(self, position: float) -> float:
        """Where the next step begins or fails; the end, when none does."""
        number = bisect_right(self.marks, position)
        return self.marks[number] if number < len(self.marks) else self.length

    def previous_mark(self, position: float) -> float:
        """Where the last step before it began or failed; the start, when none did."""
        number = bisect_left(self.marks, position)
        return self.marks[number - 1] if number else 0.0


def _is_marked(event: AnyEvent) -> bool:
    return isinstance(event, StepChanged) and event.status in MARKED


def _between(value: float, froms: Sequence[float], tos: Sequence[float]) -> float:
    number = bisect_right(froms, value)
    if number == 0:
        return tos[0]
    if number == len(froms):
        return tos[-1]
    start, end = froms[number - 1], froms[number]
    return tos[number - 1] + (value - start) / (end - start) * (tos[number] - tos[number - 1])
