"""What a phase is on a host, out of its steps there: pure, and the order in which hosts are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinstall.events import Status
from kinstall.progress import Cell, HostProgress, Progress

CURRENT: Final[Sequence[Status]] = ("failed", "running", "waiting")     # what a phase is at, the worst first
LOOK: Final = "look"        # a failure before the first step; any other that is in no phase comes after the last (the proof)


@dataclass(frozen=True, slots=True)
class PhaseCell:
    """A phase on a host: its status, and the step that gives it. `step` "" between two steps."""

    status: Status
    step: str
    cell: Cell
    seconds: float = 0.0    # of its steps that are over


class Phases:
    """The steps of each phase, in order."""

    def __init__(self, progress: Progress) -> None:
        self.names = progress.phases()
        self.steps: Mapping[str, Sequence[str]] = {
            name: tuple(step.id for step in progress.steps if step.phase == name) for name in self.names}
        self.of: Mapping[str, str] = {step.id: step.phase for step in progress.steps}

    def steps_of(self, host: HostProgress, phase: str) -> list[str]:
        """The steps of this phase that the host has, and those of no phase that are shown with it."""
        mine = [step for step in self.steps[phase] if step in host.cells]
        strays = [step for step in host.cells if step not in self.of and self.place(host, step) == phase]
        return mine + strays

    def place(self, host: HostProgress, step: str) -> str:
        """The phase in which a step of this host is shown."""
        if step in self.of or not self.names:
            return self.of.get(step, "")
        if step == LOOK:
            return self.names[0]
        return next((name for name in reversed(self.names) if any(known in host.cells for known in self.steps[name])), self.names[-1])

    def cell(self, host: HostProgress, phase: str, *, over: bool = False) -> PhaseCell | None:
        """What the phase is on this host; None where it has no step there. `over`: the run has ended."""
        cells = [(step, host.cells[step]) for step in self.steps_of(host, phase)]
        if not cells:
            return None
        seconds = sum(cell.seconds for _, cell in cells)
        for status in CURRENT:
            for step, cell in cells:
                if cell.status == status:
                    return PhaseCell(status, step, cell, seconds)
        open_steps = [(step, cell) for step, cell in cells if cell.status == "pending"]
        if open_steps:
            step, cell = open_steps[0]
            return PhaseCell("pending" if over or len(open_steps) == len(cells) else "running", step, cell, seconds)
        return _over(cells, seconds)


def _over(cells: Sequence[tuple[str, Cell]], seconds: float) -> PhaseCell:
    """Nothing is at work, nothing is to come: left out, or done, or all was so already."""
    for status in ("skipped", "done"):
        for step, cell in cells:
            if cell.status == status:
                return PhaseCell(cell.status, step, cell, seconds)
    return PhaseCell(cells[0][1].status, *cells[0], seconds)


def rank(host: HostProgress) -> int:
    """Problems first, then what runs, then what waits, then the rest."""
    statuses = {cell.status for cell in host.cells.values()}
    if host.failure or host.lost or "failed" in statuses:
        return 0
    return 1 if "running" in statuses else 2 if "waiting" in statuses else 3


class Order:
    """The hosts, problems first. Of hosts that have not changed since, nothing is looked at again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[HostProgress, int]] = {}

    def of(self, progress: Progress) -> list[str]:
        """Their names; those of the same rank as the answers have them."""
        for name, host in progress.hosts.items():
            known = self._known.get(name)
            if known is None or known[0] is not host:
                self._known[name] = host, rank(host)
        return sorted(progress.hosts, key=lambda name: self._known[name][1])
