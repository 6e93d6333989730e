"""How long an installation still takes: from the phases of earlier runs on this machine, or from a table that is only a guess."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

import msgspec

from kinstall.events import AnyEvent, decode
from kinstall.journal import sessions_folder
from kinstall.progress import Cell, Progress

# Seconds on small machines with a household's line, where nobody has measured yet.
GUESS: Final[Mapping[str, float]] = {
    "prepare": 20, "runtime": 60, "packages": 60, "control": 60, "join": 30, "network": 60, "addons": 120,
}
UNKNOWN: Final = 30.0       # seconds of a phase that is in no table
NEWEST: Final = 20          # journals that are looked at
ENOUGH: Final = 5           # runs that count
LATE: Final = 1.5           # times the whole, after which it is said that it takes longer
NEARLY: Final = 0.9         # the most that a step counts while it is at work
OVER: Final = ("done", "already", "skipped", "failed")
WANTED: Final = tuple(f'"type":"{kind}"'.encode() for kind in ("run-started", "planned", "step", "run-ended"))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an estimate says of a run: the `part` of the work that is over, from 0 to 1; the seconds that are `left`; how it is `told`."""

    part: float
    left: float
    told: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long each phase took, in seconds, on its slowest host. `runs`: of how many runs this is the mean; 0: it is a guess."""

    phases: Mapping[str, float]
    runs: int = 0

    def outlook(self, progress: Progress, now: float) -> Outlook:
        """Where it is. Nothing is told before there is a plan, or when it has ended."""
        parts = {phase: self._parts(cells, phase, now) for phase, cells in by_phase(progress).items()}
        whole = sum(map(self._weight, parts)) or 1.0
        part = sum(self._weight(phase) * fmean(hosts or [1.0]) for phase, hosts in parts.items()) / whole
        left = sum(self._weight(phase) * (1 - min(hosts, default=1.0)) for phase, hosts in parts.items())
        return Outlook(part, left, self._told(progress, left, whole, now))

    def _told(self, progress: Progress, left: float, whole: float, now: float) -> str:
        """`about 3 min left`: whole minutes, no fake precision; a guess says that it is one."""
        if not progress.steps or progress.ended:
            return ""
        if now - progress.started > whole * LATE:
            return "longer than usual" if self.runs else "still at work"
        minutes = f"{left / 60:.0f} min" if left >= 90 else "a minute" if left >= 30 else ""
        return f"{'about' if self.runs else 'perhaps'} {minutes} left" if minutes else "nearly there"

    def _parts(self, hosts: Iterable[Sequence[Cell]], phase: str, now: float) -> list[float]:
        """How much of the phase is over, on each host that has a part in it."""
        return [sum(self._part(cell, phase, len(cells), now) for cell in cells) / len(cells) for cells in hosts if cells]

    def _part(self, cell: Cell, phase: str, steps: int, now: float) -> float:
        """A step that is at work counts by its seconds, and never as a whole one: nobody knows that it ends."""
        if cell.status in OVER:
            return 1.0
        if cell.status != "running":
            return 0.0
        return min(max(now - cell.since, 0.0) * steps / self._weight(phase), NEARLY)

    def _weight(self, phase: str) -> float:
        return max(self.phases.get(phase, UNKNOWN), 1.0)


def by_phase(progress: Progress) -> dict[str, list[list[Cell]]]:
    """The cells of each phase, host by host."""
    phase_of = {step.id: step.phase for step in progress.steps}
    found: dict[str, list[list[Cell]]] = {phase: [] for phase in progress.phases()}
    for host in progress.hosts.values():
        mine: defaultdict[str, list[Cell]] = defaultdict(list)
        for step, cell in host.cells.items():
            if step in phase_of:
                mine[phase_of[step]].append(cell)
        for phase, cells in mine.items():
            found[phase].append(cells)
    return found


def estimate(folder: Path | None = None) -> Estimate:
    """From the newest successful runs that changed something; a guess when there were none. Reads files: not for the event loop."""
    folder = folder or sessions_folder()
    found: list[Mapping[str, float]] = []
    for path in sorted(folder.glob("*.jsonl"), reverse=True)[:NEWEST]:
        phases = measured(_events(path))
        if phases and len(found) < ENOUGH:
            found.append(phases)
    if not found:
        return Estimate(GUESS)
    names = {phase for phases in found for phase in phases}
    return Estimate({name: fmean(phases[name] for phases in found if name in phases) for name in names}, len(found))


def measured(events: Iterable[AnyEvent]) -> Mapping[str, float]:
    """How long each phase took in a run that went well and had everything to do; nothing for any other run."""
    progress = Progress()
    for event in events:
        progress = progress.apply(event)
    counted = progress.counts()
    fresh = counted.get("done", 0) > counted.get("already", 0)
    if not (progress.ended and progress.ended.result == "done" and fresh):
        return {}
    return {phase: seconds for phase, seconds in progress.phase_seconds().items() if seconds}


def _events(path: Path) -> Iterator[AnyEvent]:
    """Those that say how long something took; output is skipped unread. What is damaged is skipped as well."""
    try:
        with path.open("rb") as file:
            for line in file:
                if any(kind in line[:60] for kind in WANTED):
                    yield decode(line)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError):
        return
