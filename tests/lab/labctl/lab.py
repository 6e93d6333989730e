"""The laboratory as tests see it."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import commands, control, mirror_control, power
from .machines import Machine, machine, machines
from .process import Arg, Done, LabError


@dataclass(frozen=True)
class Entry:
    """One line of the mirror's access log: who fetched what."""

    at: float
    client: str
    scheme: str
    method: str
    host: str
    path: str
    status: int
    ms: int
    agent: str

    @property
    def url(self) -> str:
        """host/path, as the regular expressions of mirror_fail see it."""
        return f"{self.host}{self.path}"


class Lab:
    """Hosts, their cables, their power and their internet. Every method returns when it is done; hosts then answer ssh."""

    def up(self, **hosts: str) -> list[Machine]:
        """These hosts (name=distribution) and no others; those that are there already keep their disks."""
        strangers = [m.name for m in machines() if hosts.get(m.name) != m.distro]
        if strangers:
            commands.down(*strangers)
        return commands.up(hosts)

    def fresh(self, **hosts: str) -> list[Machine]:
        """These hosts and no others, each on a fresh disk."""
        before = {m.name for m in machines()}
        up = self.up(**hosts)
        if old := [m.name for m in up if m.name in before]:
            commands.reset(*old)
        return up

    def down(self) -> None:
        """Everything away."""
        commands.down()

    def hosts(self) -> list[Machine]:
        """All hosts, by address."""
        return machines()

    def host(self, name: str) -> Machine:
        """One host: name, ip, distro, host_key."""
        return machine(name)

    def reset(self, *names: str) -> None:
        """Back to fresh machines, all at once; without names, every host. Host keys stay."""
        commands.reset(*names)

    def kill(self, *names: str) -> None:
        """Pulls the plug."""
        commands.kill(*names)

    def start(self, *names: str) -> None:
        """Boots again, with the disk as it was."""
        commands.start(*names)

    def cut(self, name: str) -> None:
        """Pulls the network cable."""
        commands.cut(name)

    def mend(self, name: str) -> None:
        """Plugs the network cable in."""
        commands.mend(name)

    def slow(self, name: str, kbit: int) -> None:
        """Limits the host's line; 0 lifts the limit."""
        commands.slow(name, kbit)

    def mirror_fail(self, regex: str, code: int | str, times: int = 1 << 30) -> None:
        """The mirror answers what matches (host/path) with a status, or with "drop" or "hang", so many times."""
        mirror_control.say("fail", regex=regex, code=code, times=times)

    def mirror_slow(self, kbit: int) -> None:
        """Limits the mirror's file downloads; 0 lifts the limit."""
        mirror_control.say("slow", kbit=kbit)

    def mirror_clear(self) -> None:
        """The mirror is well again."""
        mirror_control.say("clear")

    def heal(self) -> None:
        """Every cable plugged in and the mirror well, for the next test."""
        if mirror_control.pid():
            self.mirror_clear()
        for host in machines():
            if power.is_on(host):
                self.mend(host.name)

    def access_log(self) -> list[Entry]:
        """What was fetched since the log was last truncated."""
        return [Entry(**json.loads(line)) for line in mirror_control.LOG.read_text().splitlines()]

    def truncate_log(self) -> None:
        """Starts the access log over."""
        mirror_control.LOG.write_text("")

    def run(self, *cmd: Arg, env: Mapping[str, str] | None = None, **options: Any) -> Done:
        """Runs cmd on the control side, in the laboratory's network; options are subprocess.run's."""
        settings: dict[str, Any] = {"capture_output": True, "text": True} | options
        done: Done = subprocess.run(control.command(*cmd), env=control.environment() | dict(env or {}), **settings)
        return done

    def popen(self, *cmd: Arg, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
        """Starts cmd on the control side; options are subprocess.Popen's. The process is cmd's own: it may be signalled."""
        settings: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} | options
        return subprocess.Popen(control.command(*cmd), env=control.environment() | dict(env or {}), **settings)

    def ssh(self, name: str, script: str, *, root: bool = True) -> str:
        """What the script prints on the host, run by root (or by keyuser); it must succeed."""
        done = control.script(name, script, *(("sudo",) if root else ()), "bash", "-s")
        if done.returncode:
            raise LabError(f"on {name}, exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout
