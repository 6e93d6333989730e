"""Firewalls that stay on: the ports that a node's role needs, and its pods' and services' networks."""

from __future__ import annotations

from dataclasses import dataclass

from kinstall.states.base import Command, State


@dataclass(frozen=True)
class Firewalld(State):
    """firewalld lets these ports in, trusts these sources, and masquerades: now and after a reload. Met where it does not run."""

    ports: tuple[str, ...]      # 6443/tcp, 30000-32767/tcp
    sources: tuple[str, ...]    # CIDRs for zone trusted

    @property
    def about(self) -> str:
        return "firewalld"

    def probe(self) -> str:
        asks = "; ".join(
            f"echo {kept or 'now'}: $(firewall-cmd {kept} --list-ports) $(firewall-cmd {kept} --zone=trusted --list-sources) "
            f"$(firewall-cmd {kept} --query-masquerade)"
            for kept in ("--permanent", "")
        )
        return f'[ "$(firewall-cmd --state 2>&1)" = running ] && {{ {asks}; }}'

    def _missing(self, line: str) -> list[str]:
        words = line.split()
        rules = [(port, f"--add-port={port}") for port in self.ports]
        rules += [(source, f"--zone=trusted --add-source={source}") for source in self.sources]
        return [rule for has, rule in [*rules, ("yes", "--add-masquerade")] if has not in words]

    def met(self, seen: str) -> bool:
        return not any(map(self._missing, seen.splitlines()))

    def commands(self, seen: str) -> tuple[Command, ...]:
        # both worlds one by one: a --reload would drop what a CNI or kube-proxy has put in meanwhile
        return tuple(
            Command(f"firewall-cmd -q {kept} {rule}".replace("  ", " "))
            for kept, line in zip(("--permanent", ""), seen.splitlines(), strict=False)
            for rule in self._missing(line)
        )

    def undo(self, seen: str) -> tuple[Command, ...]:
        rules = [f"--remove-port={port}" for port in self.ports] + [f"--zone=trusted --remove-source={source}" for source in self.sources]
        return tuple(Command(f"firewall-cmd -q {kept} {rule}".replace("  ", " ")) for kept in ("--permanent", "") for rule in rules if seen)


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
