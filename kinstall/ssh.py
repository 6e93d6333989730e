"""A host over SSH: connect, run, follow, and come back after a drop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import asyncssh

from kinstall.dial import TIMEOUT, Dialer, Jumps
from kinstall.errors import ClusterError, ConnectionLost, Unreachable
from kinstall.excuses import NotYet
from kinstall.hostkeys import Accept, refuse
from kinstall.model import Host
from kinstall.shell import Shell
from kinstall.transport import PATIENCE

CHUNK: Final = 1 << 15
SESSIONS: Final = 8  # at once on one connection; sshd's MaxSessions is 10
PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 0)  # between attempts to open a session
SLOWEST_RETRY: Final = 5.0
PING: Final = 5.0


async def connect(host: Host, *, jump: Host | None = None, known_hosts: Path | None = None, accept: Accept = refuse,
                  jumps: Jumps | None = None, timeout: float = TIMEOUT) -> SshTransport:
    """Log in to a host and find out how its account becomes root.

    `jump` overrides what the host's access and ssh_config say. `jumps` is shared by hosts behind a jump host; who made it closes it.
    """
    dialer = Dialer(known_hosts=known_hosts, accept=accept, jump=jump, jumps=jumps or Jumps(), timeout=timeout)
    transport = SshTransport(host, dialer, owns_jumps=jumps is None)
    await transport.open()
    return transport


class SshTransport(Shell):
    """A Transport over one SSH connection."""

    def __init__(self, host: Host, dialer: Dialer, *, owns_jumps: bool) -> None:
        super().__init__(host.name)
        self._host, self._dialer, self._owns_jumps = host, dialer, owns_jumps
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sessions = asyncio.Semaphore(SESSIONS)
        self._reopening = asyncio.Lock()

    @property
    def connection(self) -> asyncssh.SSHClientConnection:
        """The open connection, for forwarding ports over it."""
        if self._connection is None or self._connection.is_closed():
            raise ConnectionLost("the connection is not open", host=self.name)
        return self._connection

    async def open(self) -> None:
        """Connect for the first time."""
        try:
            self._connection = await self._dialer.dial(self._host)
            await self.become_root(self._host.access.sudo_password or self._host.access.password)
        except BaseException:
            await self.close()
            raise

    @asynccontextmanager
    async def reach(self, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        """A port on this machine's loopback that leads there, while this connection holds."""
        with lost(self.name):
            await self._try_reach(host, port)
            listener = await self.connection.forward_local_port("127.0.0.1", 0, host, port)
        try:
            yield "127.0.0.1", listener.get_port()
        finally:
            listener.close()

    async def _try_reach(self, host: str, port: int) -> None:
        """Once by itself: through a forwarded port, a refusal would only look like a connection that ends."""
        try:
            _, writer = await self.connection.open_connection(host, port)
        except asyncssh.ChannelOpenError as error:
            if error.code != asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
                raise ConnectionRefusedError(f"{host}:{port}: {error.reason}") from None
            hint = "kinstall reaches the API server through SSH: allow it in sshd_config (AllowTcpForwarding local), and reload sshd."
            raise ClusterError("sshd does not allow connections to be forwarded", hint=hint, host=self.name) from None
        writer.close()

    async def reopen(self, patience: float = PATIENCE) -> None:
        """Connect again, trying for `patience` seconds. One of several callers does it, the others wait for it."""
        async with self._reopening:
            if not await self._alive():
                self._connection = await self._retry(patience)

    async def _alive(self) -> bool:
        """Whether the connection works. One whose cable was cut looks open for 20 seconds."""
        try:
            async with asyncio.timeout(PING):
                await self.user(":")
        except (ConnectionLost, TimeoutError):
            if self._connection is not None:
                self._connection.abort()
            return False
        return True

    async def _retry(self, patience: float) -> asyncssh.SSHClientConnection:
        clock, pause = asyncio.get_running_loop().time, 0.25
        deadline = clock() + patience
        while True:
            try:
                return await self._dialer.dial(self._host)
            except (Unreachable, NotYet) as error:
                if clock() + pause > deadline:
                    message = f"it did not come back within {patience:g} seconds: {error.message}"
                    raise ConnectionLost(message, hint=error.hint, host=self.name) from None
            await asyncio.sleep(pause)
            pause = min(pause * 2, SLOWEST_RETRY)

    async def close(self) -> None:
        """Close the connection; units on the host go on."""
        if self._connection is not None:
            self._connection.abort()
            await self._connection.wait_closed()
        if self._owns_jumps:
            await self._dialer.jumps.close()

    async def _start(self, command: str, *, tty: bool) -> SshProcess:
        await self._sessions.acquire()
        try:
            with lost(self.name):
                return SshProcess(await self._session(command, tty=tty), self.name, self._sessions)
        except BaseException:
            self._sessions.release()
            raise

    async def _session(self, command: str, *, tty: bool) -> asyncssh.SSHClientProcess[bytes]:
        """A new session. sshd counts an ended one until its process is gone: when it has no more to give, that may change in a moment."""
        for pause in PAUSES:
            try:
                return await self.connection.create_process(
                    command, encoding=None, request_pty="force" if tty else False, term_type="dumb" if tty else None,
                    x11_forwarding=False, env=None, send_env=None)  # said here, or ssh_config would have a say
            except asyncssh.ChannelOpenError:
                if self.connection.is_closed() or not pause:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")


class SshProcess:
    """A command over SSH as a Process."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes], host: str, sessions: asyncio.Semaphore) -> None:
        self._process, self._host, self._sessions = process, host, sessions

    def write(self, data: bytes) -> None:
        """See Process."""
        with lost(self._host), suppress(BrokenPipeError):  # it ended before it was told: reading it will tell how
            self._process.stdin.write(data)

    def end(self) -> None:
        """See Process."""
        with lost(self._host), suppress(BrokenPipeError):
            self._process.stdin.write_eof()

    async def read(self) -> bytes:
        """See Process."""
        with lost(self._host):
            return await self._process.stdout.read(CHUNK)

    async def read_err(self) -> bytes:
        """See Process."""
        with lost(self._host):
            return await self._process.stderr.read(CHUNK)

    async def wait(self) -> int:
        """See Process."""
        with lost(self._host):
            await self._process.wait_closed()
        status = self._process.returncode
        if status is None:  # a session that ends by itself says how it ended
            raise ConnectionLost("the connection broke", host=self._host)
        return status if status >= 0 else 128 - status

    def kill(self) -> None:
        """See Process."""
        self._process.close()
        self._sessions.release()


@contextmanager
def lost(host: str) -> Iterator[None]:
    """Whatever asyncssh says about a broken connection, it is a ConnectionLost."""
    try:
        yield
    except (OSError, asyncssh.Error) as error:
        raise ConnectionLost(f"the connection broke: {error}", host=host) from error
