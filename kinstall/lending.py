"""Connections that a greeting made are lent to whoever connects next: a check, a plan, an installation. They are given away, not shared."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass

from kinstall.connecting import Connector
from kinstall.errors import KinstallError
from kinstall.hostkeys import normal
from kinstall.model import Host
from kinstall.transport import Transport


@dataclass(frozen=True, slots=True)
class _Kept:
    """A connection, and the host as it was when it was made."""

    host: Host
    transport: Transport

    def serves(self, host: Host) -> bool:
        """Whether it is the connection that this host would get."""
        return (self.host.address, self.host.access) == (host.address, host.access)


class Lender(Connector):
    """A Connector that keeps what was brought to it, and knows which keys a person has said yes to."""

    def __init__(self) -> None:
        super().__init__(accept=False, ask=None)
        self._kept: dict[str, _Kept] = {}
        self._beside: dict[str, _Kept] = {}
        self._yes: defaultdict[str, set[str]] = defaultdict(set)

    def say_yes(self, host: str, fingerprint: str) -> None:
        """A person has compared this key of this host (or of a jump host on the way to it)."""
        self._yes[normal(fingerprint)].add(host)

    def rename(self, host: str, name: str) -> None:
        """A host is called otherwise: what is kept of it is found under its new name."""
        for shelf in (self._kept, self._beside):
            if kept := shelf.pop(host, None):
                kept.transport.name = name
                shelf[name] = kept
        for said in self._yes.values():
            if host in said:
                said.add(name)

    async def connect(self, host: Host) -> Transport:
        """The kept connection if it still works, else a new one; it is the caller's now."""
        return await self._take(self._kept, host) or await super().connect(host)

    async def keep(self, host: Host, transport: Transport) -> None:
        """Keep a connection for the next one who asks."""
        if old := self._kept.pop(host.name, None):
            await old.transport.close()
        self._kept[host.name] = _Kept(host, transport)

    async def beside(self, host: Host) -> Transport:
        """A second connection for a look or a shell while a run has the first. It stays ours."""
        transport = await self._take(self._beside, host) or await super().connect(host)
        self._beside[host.name] = _Kept(host, transport)
        return transport

    async def let_go(self) -> None:
        """Close everything that is kept."""
        for kept in (*self._kept.values(), *self._beside.values()):
            with suppress(KinstallError):
                await kept.transport.close()
        self._kept.clear()
        self._beside.clear()
        await self.close()

    async def accepts(self, host: str, fingerprint: str) -> bool:
        """Whether a person said yes to it. A jump host goes by the name of the hosts behind it."""
        said = self._yes.get(normal(fingerprint), set())
        return host in said or (bool(said) and host.startswith("jump host "))

    async def _take(self, shelf: dict[str, _Kept], host: Host) -> Transport | None:
        kept = shelf.pop(host.name, None)
        if kept is None:
            return None
        if kept.serves(host):
            with suppress(KinstallError):
                await kept.transport.user(":")
                return kept.transport
        await kept.transport.close()
        return None
