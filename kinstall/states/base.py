"""What a state is: what must hold on a host, as frozen data with four pure parts."""

from __future__ import annotations

import base64
import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

SHOWN_LINES = 60  # a longer file is told by its size in a plan


@dataclass(frozen=True, slots=True)
class Command:
    """One piece of shell, run as root with `set -e`.

    `says` is what a plan, a log and a screen show instead of the shell: for shell that only carries data, or that holds a secret.
    `long` commands must not be killed halfway (apt, dnf, kubeadm, pulls): they run as transient systemd units on the host.
    `once`: a failure is final, whatever it printed. `waits`: it waits for something else, so it may be stopped when that will not come.
    """

    shell: str
    says: str = ""
    long: bool = False
    once: bool = False
    waits: bool = False

    @property
    def shown(self) -> str:
        return self.says or self.shell


class State(ABC):
    """What must hold on a host. Nothing here does I/O: the engine carries text to the host and back."""

    @property
    @abstractmethod
    def about(self) -> str:
        """What this is about, in two or three words: `/etc/fstab`, `package containerd.io`."""

    @abstractmethod
    def probe(self) -> str:
        """Shell that only reads; what it prints is the observation. It may fail: then it printed less."""

    @abstractmethod
    def met(self, seen: str) -> bool:
        """Does the observation satisfy this state?"""

    @abstractmethod
    def commands(self, seen: str) -> tuple[Command, ...]:
        """What makes it so, given the observation. Run in order; each may be run twice."""

    def undo(self, seen: str) -> tuple[Command, ...]:
        """What takes it back, given the observation. Nothing, where taking back would hurt more than leaving."""
        return ()


def batch(states: Sequence[State]) -> str:
    """One script for many probes: one line of base64 a state, so that nothing a host prints can break the framing."""
    return "".join(f"( {state.probe()}\n) 2>/dev/null </dev/null | base64 -w0; echo\n" for state in states)


def unbatch(out: str, count: int) -> list[str]:
    """The observations of `count` states out of what `batch` printed. Bytes that are not UTF-8 survive into what `write` writes."""
    lines = (out.splitlines() + [""] * count)[:count]
    return [base64.b64decode(line).decode(errors="surrogateescape") for line in lines]


def write(path: str, content: str, *, mode: str = "0644", owner: str = "root:root", before: str | None = None) -> Command:
    """Write a file whole, so that no reader ever sees half of it. The plan shows what changes against `before`."""
    data = base64.b64encode(content.encode(errors="surrogateescape")).decode()
    new = quote(f"{path}.kinstall-new")
    shell = (
        f"mkdir -p {quote(path.rpartition('/')[0])}\n"
        f"(umask 077; printf %s '{data}' | base64 -d > {new})\n"
        f"chmod {mode} {new}; chown {owner} {new}; mv -f {new} {quote(path)}"
    )
    return Command(shell, says=f"write {path} ({mode}, {owner})" + changes(before or "", content))


# a line of somebody's file that may hold a credential is told, not shown
MAY_BE_SECRET = re.compile(r"passw|token|auth|secret|://[^/\s]*@", re.IGNORECASE)


def changes(before: str, after: str) -> str:
    """The changed lines of a file, each on a line of its own: `+ added`, `- removed`."""
    lines = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:2] in ("+ ", "- ")]
    if len(lines) > SHOWN_LINES:
        return f"\n    {len(after.splitlines())} lines, {len(lines)} of them changed"
    return "".join(f"\n    {line[:2]}{harmless(line[2:])}" for line in lines)


def harmless(text: str) -> str:
    """Somebody's text with the lines hidden that may hold a credential."""
    return "\n".join("(a line that may hold a secret)" if MAY_BE_SECRET.search(line) else line for line in text.split("\n"))
