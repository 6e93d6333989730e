"""Firewalls that stay on: the ports that a node's role needs, and its pods' and services' networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kinstall.states.base import Command, State


@dataclass(frozen=True)
class Firewalld(State):
    """firewalld lets these ports in, trusts these sources, and masquerades: now and after a reload. Met where it does not run.

    The ports are opened in the zone of the node's network card, which need not be the default one.
    """

    interface: str
    ports: tuple[str, ...]      # 6443/tcp, 30000-32767/tcp
    sources: tuple[str, ...]    # CIDRs for zone trusted

    @property
    def about(self) -> str:
        return "firewalld"

    def probe(self) -> str:
        asks = "; ".join(
            f"echo {kept or 'now'}: $(firewall-cmd {kept} --zone=$zone --list-ports) "
            f"$(firewall-cmd {kept} --zone=trusted --list-sources) $(firewall-cmd {kept} --zone=$zone --query-masquerade)"
            for kept in KEPT
        )
        find = f"zone=$(firewall-cmd --get-zone-of-interface={self.interface} || firewall-cmd --get-default-zone)"
        return f'[ "$(firewall-cmd --state 2>&1)" = running ] && {{ {find}; echo $zone; {asks}; }}'

    def _missing(self, zone: str, line: str) -> list[str]:
        words = line.split()
        rules = [f"--zone={zone} --add-port={port}" for port in self.ports if not is_open(port, words)]
        rules += [f"--zone=trusted --add-source={source}" for source in self.sources if source not in words]
        return [*rules, *([f"--zone={zone} --add-masquerade"] if "yes" not in words else [])]

    def _rules(self, seen: str) -> list[str]:
        """What is missing, in the permanent world first and then in the present one."""
        zone, *worlds = seen.splitlines() or [""]
        return [
            " ".join(filter(None, (kept, rule)))
            for kept, line in zip(KEPT, worlds, strict=False)
            for rule in self._missing(zone.strip(), line)
        ]

    def met(self, seen: str) -> bool:
        return not self._rules(seen)

    def commands(self, seen: str) -> tuple[Command, ...]:
        # both worlds one by one: a --reload would drop what a CNI or kube-proxy has put in meanwhile
        return tuple(Command(f"firewall-cmd -q {rule}") for rule in self._rules(seen))

    def undo(self, seen: str) -> tuple[Command, ...]:
        """The cluster's networks are trusted no more; ports and masquerading may be somebody else's by now, and stay."""
        drop = [f"--zone=trusted --remove-source={source}" for source in self.sources if source in seen.split()]
        return tuple(Command(f"firewall-cmd -q {kept} {rule}".replace("  ", " ")) for kept in KEPT for rule in drop)


KEPT = ("--permanent", "")


def is_open(port: str, listed: Sequence[str]) -> bool:
    """Is a port or range (30000-32767/tcp) within one that is listed? firewalld joins ranges that touch."""
    first, last, protocol = _range(port)
    return any(p == protocol and a <= first and last <= b for a, b, p in map(_range, filter(_is_port, listed)))


def _is_port(word: str) -> bool:
    return word.partition("/")[0].replace("-", "", 1).isdigit() and "/" in word


def _range(port: str) -> tuple[int, int, str]:
    numbers, _, protocol = port.partition("/")
    first, _, last = numbers.partition("-")
    return int(first), int(last or first), protocol


@dataclass(frozen=True)
class Ufw(State):
    """ufw lets these ports in and forwards these sources. Met where it is not active."""

    ports: tuple[str, ...]      # 6443/tcp, 30000:32767/tcp
    sources: tuple[str, ...]

    @property
    def about(self) -> str:
        return "ufw"

    def probe(self) -> str:
        return "command -v ufw && ufw status | grep -q '^Status: active' && ufw show added"

    def _rules(self) -> list[str]:
        return [
            *(f"allow {port}" for port in self.ports),
            *(f"allow from {source}" for source in self.sources),
            *(f"route allow from {source}" for source in self.sources),
            *(f"route allow to {source}" for source in self.sources),
        ]

    def _missing(self, seen: str) -> list[str]:
        added = {line.strip() for line in seen.splitlines()}
        return [rule for rule in self._rules() if f"ufw {rule}" not in added] if seen.strip() else []

    def met(self, seen: str) -> bool:
        return not self._missing(seen)

    def commands(self, seen: str) -> tuple[Command, ...]:
        return tuple(Command(f"ufw {rule}") for rule in self._missing(seen))

    def undo(self, seen: str) -> tuple[Command, ...]:
        return tuple(Command(f"ufw {rule.replace('allow', 'delete allow', 1)}") for rule in self._rules() if f"ufw {rule}" in seen)
