"""What happens during a run, as frozen events. Front ends, journal and recordings all live on these and on nothing else.

Every event has `seq` (1, 2, 3 ... within a run) and `at` (seconds since the epoch); the hub gives both. On the wire an event is one
line of JSON with its name under `type`.

A str is either a `Name`, by which others look something up, or a `Text`, which a person reads. The hub masks secrets in texts only: a
password `done` must not rename a status. A plain `str` counts as a text, and tests/unit/test_secrets.py refuses it.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

SCHEMA = 1  # of the journal; grows when an event changes its meaning

Status = Literal["pending", "waiting", "running", "done", "already", "failed", "skipped"]
Level = Literal["info", "warning", "error"]

Name = Annotated[str, "name"]
Text = Annotated[str, "text"]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """The common part."""

    seq: int = 0
    at: float = 0.0


class HostLine(msgspec.Struct, frozen=True):
    """A host as the answers name it."""

    name: Name
    address: Name
    role: Name


class StepLine(msgspec.Struct, frozen=True):
    """A step of the installation and the hosts it has something to say on."""

    id: Name
    phase: Name
    title: Text
    hosts: tuple[Name, ...] = ()


class RunStarted(Event, frozen=True, kw_only=True, tag="run-started", omit_defaults=False):
    """The first event of a run. On the wire it always says its schema: a journal must not change it with the kinstall that reads it."""

    kinstall: Name              # version
    cluster: Name
    hosts: tuple[HostLine, ...]
    schema: int = SCHEMA


class Connected(Event, frozen=True, kw_only=True, tag="connected"):
    """A host answers, and the account can become root."""

    host: Name
    seconds: float


class FactsRead(Event, frozen=True, kw_only=True, tag="facts-read"):
    """What a host is, in the words of a person."""

    host: Name
    distribution: Text
    kernel: Text
    arch: Text
    cpus: int
    memory: int                 # bytes
    cgroup: int
    address: Name               # the node's address in the cluster


class Note(Event, frozen=True, kw_only=True, tag="note"):
    """Something worth knowing: a decision and its reason, a warning."""

    text: Text
    level: Level = "info"
    host: Name = ""
    step: Name = ""


class Planned(Event, frozen=True, kw_only=True, tag="planned"):
    """What will be looked at, in order."""

    kubernetes: Name
    network: Text
    steps: tuple[StepLine, ...]


class Described(Event, frozen=True, kw_only=True, tag="described"):
    """The plan of one host against what it is now, line by line: what --plan shows."""

    host: Name
    title: Text
    lines: tuple[Text, ...]


class StepChanged(Event, frozen=True, kw_only=True, tag="step"):
    """A step on a host has another status: waiting (`reason` says for whom), running, done, already, failed, skipped."""

    host: Name
    step: Name
    status: Status
    seconds: float = 0.0        # of the whole step, when it ended
    reason: Text = ""


class Decided(Event, frozen=True, kw_only=True, tag="decided"):
    """Somebody said what becomes of a step that failed: `retry`, or `skip`."""

    host: Name
    step: Name
    decision: Name


class CommandStarted(Event, frozen=True, kw_only=True, tag="command-started"):
    """A command begins. `attached`: it ran already, started by an earlier kinstall."""

    host: Name
    step: Name
    shell: Text                 # as it may be shown
    unit: Name = ""             # the transient unit it runs in
    attached: bool = False


class Output(Event, frozen=True, kw_only=True, tag="output"):
    """Whole lines that a host printed: one event per 50 ms at most."""

    host: Name
    step: Name
    lines: tuple[Text, ...]


class CommandEnded(Event, frozen=True, kw_only=True, tag="command-ended"):
    """A command ended."""

    host: Name
    step: Name
    exit_status: int
    seconds: float


class ConnectionChanged(Event, frozen=True, kw_only=True, tag="connection"):
    """A connection broke, or is there again."""

    host: Name
    lost: bool


class Proved(Event, frozen=True, kw_only=True, tag="proved"):
    """An add-on was looked at: what, the figure that was seen, and whether it is as it should be."""

    host: Name                  # the control plane it was asked through
    step: Name                  # the add-on
    what: Text
    figure: Text
    holds: bool = True


class Fact(msgspec.Struct, frozen=True):
    """A line of what a person needs next: `Grafana`, `http://192.168.96.32:30004`."""

    label: Text
    text: Text


class HandedOver(Event, frozen=True, kw_only=True, tag="handed-over"):
    """The cluster is there: where its pages are, who logs in, and the commands to try first."""

    facts: tuple[Fact, ...]


class Section(msgspec.Struct, frozen=True):
    """What a host told of itself in one place: `w1: kubelet`."""

    name: Text
    lines: tuple[Text, ...]


class Examined(Event, frozen=True, kw_only=True, tag="examined"):
    """Hosts were asked why a step fails or is silent: the evidence, for whoever wants to read all of it."""

    host: Name
    step: Name
    sections: tuple[Section, ...]


class Checking(Event, frozen=True, kw_only=True, tag="checking"):
    """The checks begin, so many on each host; what was found earlier counts no more."""

    checks: int


class Looked(Event, frozen=True, kw_only=True, tag="looked"):
    """Every check of this host by itself was made; those of the hosts together come when all were."""

    host: Name


class Found(Event, frozen=True, kw_only=True, tag="found"):
    """A check found something before anything was changed; the last word on a host and a check counts.

    `host` "": the hosts together. `fix`: kinstall may run the mend itself.
    """

    host: Name = ""
    check: Name
    title: Text
    level: Name                 # ok, handled, warning, blocking
    sentence: Text
    short: Text = ""            # the same in a word or two
    mend: tuple[Text, ...] = ()
    advice: Text = ""
    fix: bool = False
    allow: Name = ""            # the word for `allow` that overrules it


class Failure(Event, frozen=True, kw_only=True, tag="failure"):
    """An error, as a person reads it: what, where, why, what to do. `tail`: the end of what the command printed; `cause`: an id."""

    message: Text
    hint: Text = ""
    host: Name = ""
    step: Name = ""
    tail: tuple[Text, ...] = ()
    explained: tuple[Text, ...] = ()
    cause: Name = ""


class RunEnded(Event, frozen=True, kw_only=True, tag="run-ended"):
    """The last event of a run."""

    result: Literal["done", "failed", "cancelled"]
    exit_code: int
    seconds: float
    changed: int                # states that had to be changed


AnyEvent = (
    RunStarted | Connected | FactsRead | Note | Planned | Described | StepChanged | Decided | CommandStarted | Output | CommandEnded
    | ConnectionChanged | Proved | HandedOver | Checking | Looked | Found | Examined | Failure | RunEnded
)


@cache
def texts(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The fields of an event, or of a line in one, that may hold free text: all that are not known to be names or no text at all."""
    return frozenset(name for name, hint in get_type_hints(kind, include_extras=True).items() if not _is_plain(hint))


def _is_plain(hint: Any) -> bool:  # noqa: ANN401  # a type hint may be anything
    if get_origin(hint) is tuple:
        return _is_plain(get_args(hint)[0])
    return hint in (Name, int, float, bool) or get_origin(hint) is Literal


KINDS = frozenset(str(kind.__struct_config__.tag) for kind in get_args(AnyEvent))

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: AnyEvent) -> bytes:
    """One line of JSON, without its newline."""
    return _encoder.encode(event)


def decode(line: bytes | str) -> AnyEvent:
    """The event of one line. Raises msgspec.ValidationError or DecodeError when it is none of ours."""
    return _decoder.decode(line)
