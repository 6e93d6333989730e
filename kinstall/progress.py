"""How far a run is: a pure fold over its events. Both front ends draw what this says, live and replayed alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kinstall.events import (
    AnyEvent,
    Checking,
    CommandEnded,
    CommandStarted,
    Connected,
    ConnectionChanged,
    Decided,
    Described,
    Examined,
    Fact,
    FactsRead,
    Failure,
    Found,
    HandedOver,
    HostLine,
    Looked,
    Note,
    Output,
    Planned,
    Proved,
    RunEnded,
    RunStarted,
    Status,
    StepChanged,
    StepLine,
)

OfHost = Connected | Looked | FactsRead | StepChanged | CommandStarted | Output | CommandEnded | ConnectionChanged
EMPTY: Mapping[str, Cell] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cell:
    """A step on a host."""

    status: Status = "pending"
    since: float = 0.0      # when it took this status
    seconds: float = 0.0    # how long it took, when it ended
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HostProgress:
    """A host: its line in the answers, what it is, and its steps in order."""

    line: HostLine
    facts: FactsRead | None = None
    connected: bool = False
    looked: bool = False            # every check of it alone was made
    lost: bool = False              # the connection is broken just now
    cells: Mapping[str, Cell] = field(default_factory=lambda: EMPTY)
    step: str = ""                  # the step it is at
    command: CommandStarted | None = None
    last_line: str = ""
    lines: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A run so far. `apply` makes the next one; it never changes this one."""

    cluster: str = ""
    kubernetes: str = ""
    network: str = ""
    started: float = 0.0
    at: float = 0.0                 # of the newest event
    seq: int = 0
    steps: tuple[StepLine, ...] = ()
    hosts: Mapping[str, HostProgress] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    failures: tuple[Failure, ...] = ()
    findings: tuple[Found, ...] = ()
    checks: int = 0                 # that were made on each host
    proofs: tuple[Proved, ...] = ()
    facts: tuple[Fact, ...] = ()    # what a person needs next
    ended: RunEnded | None = None

    def apply(self, event: AnyEvent) -> Progress:
        """The progress after this event."""
        after = replace(self, at=event.at, seq=event.seq)
        match event:
            case RunStarted():
                hosts = {line.name: HostProgress(line) for line in event.hosts}
                # anew, for a player that is wound back says it again
                return Progress(event.cluster, started=event.at, at=event.at, seq=event.seq, hosts=hosts)
            case Planned():
                return _planned(after, event)
            case Described() | Examined():
                return after
            case Note():
                return replace(after, notes=(*self.notes, event))
            case Checking() | Found() | Proved() | HandedOver():
                return _judged(after, event)
            case Decided():
                return _decided(after, event)
            case StepChanged(status="running"):     # an add-on is proved anew: what its last try has shown counts no more
                return _changed(replace(after, proofs=tuple(one for one in self.proofs if one.step != event.step)), event)
            case Failure():
                return _failed(replace(after, failures=(*self.failures, event)), event)
            case RunEnded():
                return replace(after, ended=event)
            case _:
                return _changed(after, event)

    def counts(self) -> dict[Status, int]:
        """How many cells have each status."""
        counted: dict[Status, int] = {}
        for host in self.hosts.values():
            for cell in host.cells.values():
                counted[cell.status] = counted.get(cell.status, 0) + 1
        return counted


    def phases(self) -> tuple[str, ...]:
        """The phases, in the order of their first steps."""
        return tuple(dict.fromkeys(step.phase for step in self.steps))

    def phase_seconds(self) -> dict[str, float]:
        """How long each phase took on its slowest host, waiting for others not counted."""
        return {phase: max(self._seconds(host, phase) for host in self.hosts.values()) for phase in self.phases()}

    def _seconds(self, host: HostProgress, phase: str) -> float:
        """The time in which at least one of the phase's steps was at work: add-ons work side by side."""
        cells = [host.cells[step.id] for step in self.steps if step.phase == phase and step.id in host.cells]
        busy, until = 0.0, 0.0
        for start, end in sorted((cell.since - cell.seconds, cell.since) for cell in cells if cell.seconds):
            busy, until = busy + max(end - max(start, until), 0.0), max(until, end)
        return busy


def _judged(after: Progress, event: Checking | Found | Proved | HandedOver) -> Progress:
    match event:
        case Checking():
            hosts = {name: replace(host, looked=False) for name, host in after.hosts.items()}
            return replace(after, findings=(), checks=event.checks, hosts=hosts)
        case Found():
            return replace(after, findings=_with(after.findings, event))
        case Proved():
            return replace(after, proofs=(*after.proofs, event))
        case HandedOver():
            return replace(after, facts=event.facts)


def _with(findings: tuple[Found, ...], event: Found) -> tuple[Found, ...]:
    """The findings with this one in the place of an earlier one of the same check on the same host."""
    same = [number for number, one in enumerate(findings) if (one.host, one.check) == (event.host, event.check)]
    return (*findings[: same[0]], event, *findings[same[0] + 1 :]) if same else (*findings, event)


def _decided(after: Progress, event: Decided) -> Progress:
    """The failure stays in the list of the run's, and is the host's no more; its step is open again, if the plan has it."""
    host = after.hosts.get(event.host)
    if host is None:
        return after
    planned = event.step in {step.id for step in after.steps}
    cells = {name: cell for name, cell in host.cells.items() if name != event.step or planned}
    if event.step in cells:
        cells[event.step] = Cell(since=event.at)
    return replace(after, hosts={**after.hosts, event.host: replace(host, failure=None, cells=cells)})


def _planned(after: Progress, event: Planned) -> Progress:
    hosts = {
        name: replace(host, cells={step.id: host.cells.get(step.id, Cell()) for step in event.steps if name in step.hosts})
        for name, host in after.hosts.items()
    }
    return replace(after, kubernetes=event.kubernetes, network=event.network, steps=event.steps, hosts=hosts)


def _failed(after: Progress, event: Failure) -> Progress:
    host = after.hosts.get(event.host)
    return replace(after, hosts={**after.hosts, event.host: replace(host, failure=event)}) if host else after


def _changed(after: Progress, event: OfHost) -> Progress:
    known = after.hosts.get(event.host)
    return replace(after, hosts={**after.hosts, event.host: _host(known, event)}) if known else after


def _host(host: HostProgress, event: OfHost) -> HostProgress:
    match event:
        case Looked():
            return replace(host, looked=True)
        case Connected():
            return replace(host, connected=True)
        case FactsRead():
            return replace(host, facts=event)
        case StepChanged():
            cell = Cell(event.status, event.at, event.seconds, event.reason)
            return replace(host, cells={**host.cells, event.step: cell}, step=event.step)
        case CommandStarted():
            return replace(host, command=event)
        case CommandEnded():
            return replace(host, command=None)
        case Output():
            return replace(host, last_line=event.lines[-1] if event.lines else host.last_line, lines=host.lines + len(event.lines))
        case ConnectionChanged():
            return replace(host, lost=event.lost)
