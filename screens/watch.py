"""What a run screen remembers of each host besides its progress: its last command and how that ended, and how long it is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kinstall.events import AnyEvent, CommandEnded, CommandStarted, Output, StepChanged
from kinstall.progress import HostProgress

SILENT: Final = 15.0        # seconds without a word, after which that is said
PEEK_EVERY: Final = 10.0    # seconds between two looks at a silent host


@dataclass(slots=True)
class Seen:
    """Of one host. `exit_status` None: the command runs, or was cut short."""

    command: CommandStarted | None = None
    exit_status: int | None = None
    spoke: float = 0.0
    peeked: float = 0.0
    peek: Sequence[str] = ()


class Watch:
    """Of all hosts."""

    def __init__(self) -> None:
        self._of: dict[str, Seen] = {}

    def of(self, host: str) -> Seen:
        """What is remembered of a host."""
        return self._of.setdefault(host, Seen())

    def clear(self) -> None:
        """Another run begins."""
        self._of.clear()

    def take(self, event: AnyEvent) -> None:
        """An event of the run."""
        match event:
            case CommandStarted():
                seen = self._speaks(event.host, event.at)
                seen.command, seen.exit_status = event, None
            case CommandEnded():
                self._speaks(event.host, event.at).exit_status = event.exit_status
            case Output() | StepChanged():
                self._speaks(event.host, event.at)

    def _speaks(self, host: str, at: float) -> Seen:
        """What was seen while it was silent is no longer what it does."""
        seen = self.of(host)
        seen.spoke, seen.peek = at, ()
        return seen

    def silent(self, host: HostProgress, now: float) -> float:
        """Seconds for which a host that is at work says nothing; 0 while it is not at work, or not for long."""
        if not any(cell.status == "running" for cell in host.cells.values()):
            return 0.0
        quiet = now - self.of(host.line.name).spoke
        return quiet if quiet >= SILENT else 0.0

    def wants_peek(self, host: HostProgress, now: float) -> bool:
        """Whether it is time to look at what a silent host does; says yes once."""
        seen = self.of(host.line.name)
        if not self.silent(host, now) or now - seen.peeked < PEEK_EVERY:
            return False
        seen.peeked = now
        return True
