"""What a front end with screens asks of the engine, and what it gets: greetings, streams of events. It knows neither SSH nor Textual."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kinstall.control import Control
from kinstall.draft import Draft
from kinstall.events import AnyEvent, Found
from kinstall.secrets import Secret


class Answer(StrEnum):
    """How a host answers to its address and account."""

    CONNECTING = "connecting"
    READY = "ready"                 # logged in, able to become root, and looked at
    UNKNOWN_KEY = "unknown-key"     # nobody has said yet whether this is its key
    CHANGED_KEY = "changed-key"     # another key than the one known: never waved through
    REFUSED = "refused"             # the account, its credentials or sudo
    UNREACHABLE = "unreachable"     # no connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What came back from a host. `fingerprint` is the key it showed (`SHA256:...`); sizes in bytes."""

    host: str
    answer: Answer
    distribution: str = ""          # Debian GNU/Linux 13
    hostname: str = ""
    kernel: str = ""
    arch: str = ""
    cpus: int = 0
    memory: int = 0
    fingerprint: str = ""
    message: str = ""               # what is wrong, in a sentence
    hint: str = ""                  # what to do about it, may have several lines
    needs: str = ""                 # the key of the answers that would help: `password`, `sudo_password`, `key_passphrase`, `user`


class Stream(Protocol):
    """A run as its events come. Iterating ends when the run has ended."""

    @property
    def control(self) -> Control | None:
        """What a person may say to it; None when it is a recording."""

    @property
    def code(self) -> int | None:
        """Its exit code, when it has ended."""

    @property
    def shown(self) -> Sequence[tuple[str, Secret]]:
        """Secrets that were made by it (`password of admin in Grafana`), to be shown once."""

    @property
    def journal(self) -> str:
        """Where its journal is."""

    def now(self) -> float:
        """The time that its events are told in: seconds since the epoch, of the wall or of the recording."""

    def detach(self) -> None:
        """End it here; what runs on the hosts as a unit goes on there."""

    def __aiter__(self) -> AsyncIterator[AnyEvent]:
        """The events, in order."""


class Desk(Protocol):
    """The engine's counter. Connections that a greeting made are used again by what comes after it.

    `greetings`: what each host answered the last time, by its name.
    """

    greetings: dict[str, Greeting]

    async def greet(self, draft: Draft, host: str) -> Greeting:
        """Connect to the host of this name, look at it, and keep the connection. Never raises but for bugs and cancelling."""

    def rename(self, host: str, name: str) -> None:
        """The host is called so now; what is known of it stays."""

    def accept(self, host: str, fingerprint: str) -> None:
        """A person has compared this key of this host, and says yes: the next greeting writes it to known_hosts."""

    def check(self, draft: Draft) -> Stream:
        """The preflight checks of all hosts."""

    def mend(self, draft: Draft, findings: Sequence[Found]) -> Stream:
        """Run the mends of these findings (each was said yes to), then check again."""

    def plan(self, draft: Draft) -> Stream:
        """What would be done, as Described events; nothing is changed."""

    def install(self, draft: Draft) -> Stream:
        """The installation, attended: a step that fails waits for a decision."""

    def verify(self, draft: Draft) -> Stream:
        """Every add-on proved again; nothing is installed."""

    async def peek(self, host: str) -> Sequence[str]:
        """What the host is doing just now, in a few lines: the running unit, load, network, kubelet's last lines."""

    async def shell(self, host: str) -> str:
        """An interactive shell on the host in this very terminal, until it ends; why there was none, if there was none."""

    async def scan(self, network: str) -> Mapping[str, str]:
        """The addresses of a network (`192.168.1.0/24`) on which SSH answers, each with its banner."""

    async def close(self) -> None:
        """Let go of every connection."""
