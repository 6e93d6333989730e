"""A shell on a host in this very terminal, over a connection that is there already."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncssh

from kinstall.ssh import CHUNK, SshTransport, lost
from kinstall.transport import Transport

TERMINAL: Final = "xterm-256color"


async def visit(transport: Transport) -> None:
    """Until the shell ends. The account's own shell, not root's. Raises ConnectionLost."""
    if not isinstance(transport, SshTransport):
        shell = await asyncio.create_subprocess_exec(os.environ.get("SHELL", "/bin/sh"))
        await shell.wait()
        return
    with lost(transport.name):
        columns, rows = shutil.get_terminal_size()
        process: asyncssh.SSHClientProcess[bytes] = await transport.connection.create_process(
            term_type=os.environ.get("TERM", TERMINAL), term_size=(columns, rows), encoding=None,
            x11_forwarding=False, env=None, send_env=None)
        with _raw(sys.stdin.fileno()), _typed_into(process):
            while chunk := await process.stdout.read(CHUNK):
                _write(sys.stdout.fileno(), chunk)
            await process.wait_closed()


@contextmanager
def _raw(fd: int) -> Iterator[None]:
    """The terminal gives every key as it is pressed, Ctrl-C too."""
    before = termios.tcgetattr(fd)
    tty.setraw(fd)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def _typed_into(process: asyncssh.SSHClientProcess[bytes]) -> Iterator[None]:
    """Keys go there as they come, and so does a changed size of the window."""
    loop, fd = asyncio.get_running_loop(), sys.stdin.fileno()
    before = signal.getsignal(signal.SIGWINCH)
    loop.add_reader(fd, lambda: process.stdin.write(os.read(fd, CHUNK)))
    loop.add_signal_handler(signal.SIGWINCH, lambda: process.change_terminal_size(*shutil.get_terminal_size()))
    try:
        yield
    finally:
        loop.remove_reader(fd)
        loop.remove_signal_handler(signal.SIGWINCH)
        signal.signal(signal.SIGWINCH, before)


def _write(fd: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(fd, chunk):]
