"""Who holds a claim on a host, in one line of text, and whether that process still lives, as far as this machine can tell."""

from __future__ import annotations

import getpass
import os
import re
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
ENDED: Final = "ended"


@dataclass(frozen=True, slots=True)
class Holder:
    """A run of kinstall: a word for it, its process where only its own machine can look, and a name for people."""

    id: str
    machine: str    # its start and its process namespace: where `pid` means something; "-" where nothing tells
    pid: str
    started: str    # the process, in the kernel's ticks: with its number, it is that process and no later one
    since: int      # seconds since the epoch
    name: str       # user@machine

    def __str__(self) -> str:
        return f"{self.id} {self.machine} {self.pid} {self.started} {self.since} {self.name}"

    @property
    def is_gone(self) -> bool:
        """Whether it was a process of this machine, and is no more."""
        if self.machine != here() or not self.pid.isdigit():
            return False
        try:
            os.kill(int(self.pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:     # somebody else's: its start may be hidden as well
            pass
        return started(int(self.pid)) not in ("", self.started)


def holder(line: str) -> Holder:
    """The holder that a line names; somebody, when it names none."""
    match line.split():
        case [word, machine, pid, ticks, since, name] if since.isdigit():
            return Holder(word, machine, pid, ticks, int(since), name)
        case _:
            return Holder(line.partition(" ")[0], "-", "?", "", 0, "somebody")


def ourselves() -> Holder:
    """This process, with a new word."""
    name = re.sub(r"[^A-Za-z0-9_.@-]", "_", f"{account()}@{socket.gethostname()}")
    return Holder(secrets.token_hex(8), here() or "-", str(os.getpid()), started(os.getpid()) or "-", int(time.time()), name)


def account() -> str:
    """Who runs this; a number where it has no name."""
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return str(os.getuid())


def here() -> str:
    """This machine since its last start, as far as process numbers mean the same; "" where there is no /proc to tell."""
    with suppress(OSError):
        return f"{BOOT_ID.read_text(encoding='ascii').strip()}/{Path('/proc/self/ns/pid').readlink()}"
    return ""


def started(pid: int) -> str:
    """When a process started; `ended` when it only waits to be buried, "" when that cannot be seen."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return ENDED if fields[0] in "ZX" else fields[19]
    return ""
