"""What happens during a run, as frozen events. Front ends, journal and recordings all live on these and on nothing else.

Every event has `seq` (1, 2, 3 ... within a run) and `at` (seconds since the epoch); the hub gives both. On the wire an event is one
line of JSON with its name under `type`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA = 1  # of the journal; grows when an event changes its meaning

Status = Literal["pending", "waiting", "running", "done", "already", "failed", "skipped"]
Level = Literal["info", "warning", "error"]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """The common part."""

    seq: int = 0
    at: float = 0.0


class HostLine(msgspec.Struct, frozen=True):
    """A host as the answers name it."""

    name: str
    address: str
    role: str


class StepLine(msgspec.Struct, frozen=True):
    """A step of the installation and the hosts it has something to say on."""

    id: str
    phase: str
    title: str
    hosts: tuple[str, ...] = ()


class RunStarted(Event, frozen=True, kw_only=True, tag="run-started"):
    """The first event of a run."""

    kinstall: str               # version
    cluster: str
    hosts: tuple[HostLine, ...]
    schema: int = SCHEMA


class Connected(Event, frozen=True, kw_only=True, tag="connected"):
    """A host answers, and the account can become root."""

    host: str
    seconds: float


class FactsRead(Event, frozen=True, kw_only=True, tag="facts-read"):
    """What a host is, in the words of a person."""

    host: str
    distribution: str
    kernel: str
    arch: str
    cpus: int
    memory: int                 # bytes
    cgroup: int
    address: str                # the node's address in the cluster


class Note(Event, frozen=True, kw_only=True, tag="note"):
    """Something worth knowing: a decision and its reason, a warning."""

    text: str
    level: Level = "info"
    host: str = ""
    step: str = ""


class Planned(Event, frozen=True, kw_only=True, tag="planned"):
    """What will be looked at, in order."""

    kubernetes: str
    network: str
    steps: tuple[StepLine, ...]


class Described(Event, frozen=True, kw_only=True, tag="described"):
    """The plan of one host against what it is now, line by line: what --plan shows."""

    host: str
    title: str
    lines: tuple[str, ...]


class StepChanged(Event, frozen=True, kw_only=True, tag="step"):
    """A step on a host has another status: waiting (`reason` says for whom), running, done, already, failed, skipped."""

    host: str
    step: str
    status: Status
    seconds: float = 0.0        # of the whole step, when it ended
    reason: str = ""


class CommandStarted(Event, frozen=True, kw_only=True, tag="command-started"):
    """A command begins. `attached`: it ran already, started by an earlier kinstall."""

    host: str
    step: str
    shell: str                  # as it may be shown
    unit: str = ""              # the transient unit it runs in
    attached: bool = False


class Output(Event, frozen=True, kw_only=True, tag="output"):
    """Whole lines that a host printed: one event per 50 ms at most."""

    host: str
    step: str
    lines: tuple[str, ...]


class CommandEnded(Event, frozen=True, kw_only=True, tag="command-ended"):
    """A command ended."""

    host: str
    step: str
    exit_status: int
    seconds: float


class ConnectionChanged(Event, frozen=True, kw_only=True, tag="connection"):
    """A connection broke, or is there again."""

    host: str
    lost: bool


class Failure(Event, frozen=True, kw_only=True, tag="failure"):
    """An error, as a person reads it: what, where, what to do. `tail`: the end of what the command printed."""

    message: str
    hint: str = ""
    host: str = ""
    step: str = ""
    tail: tuple[str, ...] = ()


class RunEnded(Event, frozen=True, kw_only=True, tag="run-ended"):
    """The last event of a run."""

    result: Literal["done", "failed", "cancelled"]
    exit_code: int
    seconds: float
    changed: int                # states that had to be changed


AnyEvent = (
    RunStarted | Connected | FactsRead | Note | Planned | Described | StepChanged | CommandStarted | Output | CommandEnded
    | ConnectionChanged | Failure | RunEnded
)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """One line of JSON, without its newline."""
    return _encoder.encode(event)


def decode(line: bytes | str) -> AnyEvent:
    """The event of one line. Raises msgspec.ValidationError or DecodeError when it is none of ours."""
    return _decoder.decode(line)
