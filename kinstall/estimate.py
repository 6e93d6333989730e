"""How long an installation still takes: from the phases of earlier runs on this machine, or from a table that is only a guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

import msgspec

from kinstall.events import AnyEvent, decode
from kinstall.journal import sessions_folder
from kinstall.progress import Progress

# Seconds on small machines with a household's line, where nobody has measured yet.
GUESS: Final[Mapping[str, float]] = {
    "prepare": 20, "runtime": 60, "packages": 60, "control": 60, "join": 30, "network": 60, "addons": 120,
}
UNKNOWN: Final = 30.0       # seconds of a phase that is in no table
NEWEST: Final = 20          # journals that are looked at
ENOUGH: Final = 5           # runs that count
OVER: Final = ("done", "already", "skipped", "failed")
WANTED: Final = tuple(f'"type":"{kind}"'.encode() for kind in ("run-started", "planned", "step", "run-ended"))


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long each phase took, in seconds, on its slowest host. `runs`: of how many runs this is the mean; 0: it is a guess."""

    phases: Mapping[str, float]
    runs: int = 0

    def done(self, progress: Progress) -> float:
        """How much of the work is behind it, from 0 to 1."""
        whole = sum(self._weight(phase) for phase in progress.phases())
        if not whole:
            return 0.0
        return sum(self._weight(phase) * part for phase, part in behind(progress).items()) / whole

    def left(self, progress: Progress) -> float:
        """Seconds that are ahead of it."""
        return sum(self._weight(phase) * (1 - part) for phase, part in behind(progress).items())

    def told(self, progress: Progress) -> str:
        """`about 3 min left`; nothing before there is a plan, or when it has ended."""
        if not progress.steps or progress.ended:
            return ""
        seconds = self.left(progress)
        about = "about" if self.runs else "perhaps"
        return f"{about} {seconds / 60:.0f} min left" if seconds >= 90 else "a minute left" if seconds > 30 else "nearly there"

    def _weight(self, phase: str) -> float:
        return max(self.phases.get(phase, UNKNOWN), 1.0)


def behind(progress: Progress) -> dict[str, float]:
    """How much of each phase is over, from 0 to 1, all hosts together."""
    parts: dict[str, float] = {}
    for phase in progress.phases():
        ids = {step.id for step in progress.steps if step.phase == phase}
        cells = [cell for host in progress.hosts.values() for step, cell in host.cells.items() if step in ids]
        parts[phase] = sum(cell.status in OVER for cell in cells) / len(cells) if cells else 1.0
    return parts


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
