"""systemd services: enabled, active, and started after the newest of their configuration files."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from kinstall.states.base import Command, State


@dataclass(frozen=True)
class Service(State):
    """A service that is enabled and active with its present configuration.

    Because it counts as met only when it was started after the newest of `configs`, a crash between "file written" and
    "service restarted" heals by itself. Times are whole seconds: a start in the very second of the writing counts as before it.
    """

    name: str
    configs: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        return f"service {self.name}"

    def probe(self) -> str:
        files = " ".join(map(quote, self.configs))
        newest = f'stat -c %Y {files} | sort -n | tail -n 1' if files else "echo 0"
        return (
            f"systemctl is-enabled {self.name}; systemctl is-active {self.name}\n"
            f'date -d "$(systemctl show {self.name} -p ActiveEnterTimestamp | cut -d= -f2-)" +%s || echo 0\n'
            f"{newest}"
        )

    def met(self, seen: str) -> bool:
        words = seen.split()
        return words[:2] == ["enabled", "active"] and (not self.configs or (len(words) == 4 and int(words[2]) > int(words[3])))

    def commands(self, seen: str) -> tuple[Command, ...]:
        wait = "".join(
            # a file from the future (a machine without a clock) would never be older than the start
            f'[ "$(stat -c %Y {quote(path)} 2>/dev/null || echo 0)" -le "$(date +%s)" ] || touch {quote(path)}\n'
            f"n=0; while [ \"$(date +%s)\" -le \"$(stat -c %Y {quote(path)} 2>/dev/null || echo 0)\" ] && [ $n -lt 30 ]; "
            "do n=$((n + 1)); sleep 0.1; done\n"
            for path in self.configs
        )
        says = f"systemctl enable {self.name}; systemctl restart {self.name}"
        return (Command(f"systemctl daemon-reload\nsystemctl enable {self.name}\n{wait}systemctl restart {self.name}", says=says),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"systemctl disable --now {self.name}"),)


@dataclass(frozen=True)
class Enabled(State):
    """A service that starts at boot; whether it runs now is not our business (the kubelet, before it has a cluster)."""

    name: str

    @property
    def about(self) -> str:
        return f"service {self.name} at boot"

    def probe(self) -> str:
        return f"systemctl is-enabled {self.name}"

    def met(self, seen: str) -> bool:
        return seen.strip() == "enabled"

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"systemctl enable {self.name}"),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"systemctl disable --now {self.name}"),)


@dataclass(frozen=True)
class Disabled(State):
    """A service that neither runs nor starts at boot. Met where there is no such service."""

    name: str

    @property
    def about(self) -> str:
        return f"no service {self.name}"

    def probe(self) -> str:
        return f"systemctl is-enabled {self.name}; systemctl is-active {self.name}"

    def met(self, seen: str) -> bool:
        return not {"enabled", "active"} & set(seen.split())

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"systemctl disable --now {self.name}"),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"systemctl enable --now {self.name}"),)
