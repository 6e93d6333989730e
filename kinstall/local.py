"""This very machine as a host: the same scripts over pipes instead of SSH."""

from __future__ import annotations

import os
import signal
from asyncio import create_subprocess_exec, subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from kinstall.errors import SudoRefused
from kinstall.model import Host
from kinstall.shell import Shell
from kinstall.transport import PATIENCE

CHUNK: Final = 1 << 15


async def connect_local(host: Host) -> LocalTransport:
    """A transport for `address: local`, root already or by sudo."""
    transport = LocalTransport(host.name)
    await transport.become_root(host.access.sudo_password or host.access.password)
    return transport


class LocalTransport(Shell):
    """A Transport whose commands are children of kinstall."""

    async def _start(self, command: str, *, tty: bool) -> LocalProcess:
        if tty:  # a terminal of our own is not worth it: kinstall runs in one, and that is what requiretty looks for
            raise SudoRefused("sudo wants a terminal", hint="run kinstall in one, or remove requiretty from sudoers", host=self.name)
        pipe = subprocess.PIPE
        return LocalProcess(await create_subprocess_exec("sh", "-c", command, stdin=pipe, stdout=pipe, stderr=pipe, process_group=0))

    @asynccontextmanager
    async def reach(self, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        """What this machine reaches, it reaches."""
        yield host, port

    async def reopen(self, patience: float = PATIENCE) -> None:
        """Nothing to do: the way to this machine does not break."""

    async def close(self) -> None:
        """Nothing to do: every command cleans up after itself."""


class LocalProcess:
    """A child of kinstall as a Process."""

    def __init__(self, process: subprocess.Process) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101  # they are pipes
        self._process, self._stdin, self._out, self._err = process, process.stdin, process.stdout, process.stderr

    def write(self, data: bytes) -> None:
        """See Process."""
        self._stdin.write(data)

    def end(self) -> None:
        """See Process."""
        self._stdin.write_eof()

    async def read(self) -> bytes:
        """See Process."""
        return await self._out.read(CHUNK)

    async def read_err(self) -> bytes:
        """See Process."""
        return await self._err.read(CHUNK)

    async def wait(self) -> int:
        """See Process."""
        status = await self._process.wait()
        return status if status >= 0 else 128 - status

    def kill(self) -> None:
        """See Process."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # what runs under sudo is root's; it ends when its pipes do
                os.killpg(self._process.pid, signal.SIGTERM)
        self._stdin.close()
