"""What every way to a host can do: run a script as root, follow its lines as they come, come back after a drop."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

PATIENCE: Final = 120.0  # seconds that reopen() waits for a host
LONGEST_LINE: Final = 1 << 20  # bytes; what is beyond is dropped, so that a runaway line cannot fill the memory

ESCAPES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and cursor moves (CSI)
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles (OSC)
    r"|\x1b[ -/]+[0-~]|\x1b[0-~]"  # character sets and other short ones
    r"|[\x00-\x08\x0a-\x1f\x7f-\x9f]"  # every other control character but tab
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a script left behind."""

    exit_status: int
    out: str
    err: str


class Transport(Protocol):
    """One host. Every method raises ConnectionLost when the way to the host breaks."""

    name: str

    async def root(self, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        """Run a POSIX sh script as root. It travels on stdin; its commands read /dev/null. `check`: CommandFailed unless 0."""
        ...

    def follow(self, script: str) -> AsyncGenerator[str, None]:
        """Run a script as root and yield its lines, both streams merged, as they come. aclosing ends it early."""
        ...

    async def user(self, script: str) -> Result:
        """Run a script as the account itself, without sudo."""
        ...

    def reach(self, host: str, port: int) -> AbstractAsyncContextManager[tuple[str, int]]:
        """A way to a TCP port that this host can reach: the address and the port on this machine that lead there."""
        ...

    async def reopen(self, patience: float = PATIENCE) -> None:
        """Connect again after a ConnectionLost; try for `patience` seconds."""
        ...

    async def close(self) -> None:
        """Let go of the host. What runs there in a unit goes on."""
        ...


class LineFolder:
    r"""Makes lines of chunks: progress redrawn with \r folded into its last state, escapes removed, undecodable bytes replaced.

    Every line that ends on the host is one line here, so that a line number counted here is one that `tail -n +N` understands.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that this chunk completes."""
        first, *others = chunk.split(b"\n")
        self._keep(first)
        lines = []
        for part in others:
            lines.append(clean(self._rest))
            self._rest = b""
            self._keep(part)
        return lines

    def end(self) -> list[str]:
        """The last line, when it came without a newline."""
        rest, self._rest = self._rest, b""
        return [clean(rest)] if rest else []

    def _keep(self, part: bytes) -> None:
        self._rest = (self._rest + part)[:LONGEST_LINE] if len(self._rest) < LONGEST_LINE else self._rest
        if b"\r" in part:  # a progress bar may redraw for minutes without a newline: keep its last state only
            self._rest = self._rest[self._rest.rstrip(b"\r").rfind(b"\r") + 1:]


def clean(raw: bytes) -> str:
    """One line as a person would have seen it in the end."""
    return ESCAPES.sub("", raw.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace"))


# sbin is missing in the PATH of a Debian user's ssh session, /usr/local in sudo's secure_path on EL: both are added behind what is there.
PROLOGUE: Final = """\
LC_ALL=C; PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export LC_ALL PATH
umask 022; cd /
"""
CALL: Final = "kinstall_script </dev/null; exit $?"
MERGED: Final = b"exec 2>&1\n"  # before a framed script: its syntax errors are to be seen as well


def framed(script: str, call: str = CALL) -> bytes:
    """The script as `sh -s` reads it from stdin.

    As a function it runs only when it has arrived whole, and none of its commands can eat the rest of it from stdin.
    """
    return f"{PROLOGUE}kinstall_script() {{\n:\n{script}\n\n}}\n{call}\n".encode(errors="surrogateescape")
