"""The host's name and its accounts."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from kinstall.states.base import Command, State


@dataclass(frozen=True)
class Hostname(State):
    """The machine's own name, now and after a reboot."""

    name: str

    @property
    def about(self) -> str:
        return "hostname"

    def probe(self) -> str:
        return "cat /proc/sys/kernel/hostname /etc/hostname"

    def met(self, seen: str) -> bool:
        return seen.split() == [self.name, self.name]

    def commands(self, seen: str) -> tuple[Command, ...]:
        # hostnamectl wants a bus, which a minimal machine need not have
        return (Command(f"hostnamectl set-hostname {self.name} || {{ echo {self.name} > /etc/hostname; hostname {self.name}; }}"),)


@dataclass(frozen=True)
class Member(State):
    """An account that belongs to a group."""

    account: str
    group: str

    @property
    def about(self) -> str:
        return f"{self.account} in group {self.group}"

    def probe(self) -> str:
        return f"id -nG {quote(self.account)}"

    def met(self, seen: str) -> bool:
        return self.group in seen.split()

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"usermod -aG {self.group} {quote(self.account)}"),)
