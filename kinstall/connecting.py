"""How a run reaches its hosts: by SSH or as this very machine, and who says yes to a host key that nobody has seen before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from kinstall.dial import Jumps
from kinstall.local import connect_local
from kinstall.model import LOCAL, Host
from kinstall.ssh import connect
from kinstall.transport import Transport

Ask = Callable[[str], Awaitable[bool]]


class Connector:
    """Connects hosts. `accept`: say yes to every new key (never to a changed one). `ask`: else ask a person, one question at a time."""

    def __init__(self, *, accept: bool, ask: Ask | None) -> None:
        self._accept, self._ask = accept, ask
        self._turn = asyncio.Lock()
        self._jumps = Jumps()

    async def connect(self, host: Host) -> Transport:
        """A transport to the host, its account able to become root. Raises ConnectError."""
        if host.address == LOCAL:
            return await connect_local(host)
        return await connect(host, accept=self.accepts, jumps=self._jumps)

    async def close(self) -> None:
        """Let go of the jump hosts."""
        await self._jumps.close()

    async def accepts(self, host: str, fingerprint: str) -> bool:
        """Whether somebody says yes to this key, which nobody has seen before."""
        if self._accept or self._ask is None:
            return self._accept
        async with self._turn:
            return await self._ask(f"The key of {host} is not known yet: {fingerprint}. Is it right?")


async def typed_line(fd: int) -> str:
    """A line from a terminal, with its newline; "" at its end. Cancelling lets go at once, and leaves the terminal as it was.

    A thread in input() could not be called back: Ctrl-C would do nothing until Enter.
    """
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(fd, ready.set)
    try:
        await ready.wait()
        return os.read(fd, 4096).decode(errors="replace")   # a terminal gives one line, however many were typed
    except OSError:  # it was closed
        return ""
    finally:
        loop.remove_reader(fd)
