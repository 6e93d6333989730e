"""Opens one SSH connection: ssh_config, jump hosts, host keys, credentials."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncssh

from kinstall.errors import ConnectError, HostKeyChanged
from kinstall.excuses import explain
from kinstall.hostkeys import (
    GLOBAL,
    Accept,
    HostKeyCheck,
    default_known_hosts,
    known_from,
    public_line,
    read_known_hosts,
    refuse,
    remember,
    written,
)
from kinstall.login import Client, Keys, SshConfig, gather_keys
from kinstall.model import Access, Host

TIMEOUT: Final = 15.0
KEEPALIVE: Final = {"keepalive_interval": 5, "keepalive_count_max": 3}  # a dead host is noticed after 20 s
# No certificates: without a known authority they prove nothing, and hide the key.
KEY_TYPES: Final = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256")
Dial = Callable[[], Awaitable[asyncssh.SSHClientConnection]]


class Jumps:
    """Connections to jump hosts, shared by all hosts behind them: sshd drops newcomers when many log in at once (MaxStartups)."""

    def __init__(self) -> None:
        self._open: dict[str, asyncssh.SSHClientConnection] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, way: str, dial: Dial) -> asyncssh.SSHClientConnection:
        """The open connection for this way, or a new one."""
        async with self._locks[way]:
            if way not in self._open or self._open[way].is_closed():
                self._open[way] = await dial()
            return self._open[way]

    async def close(self) -> None:
        """Close them all, the farthest first."""
        for connection in reversed(self._open.values()):
            connection.abort()
            await connection.wait_closed()
        self._open.clear()


@dataclass(frozen=True, slots=True)
class Target:
    """Where one connection goes: a host, or a jump host on the way to it."""

    name: str
    address: str
    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialer:
    """What all connections of a run have in common."""

    known_hosts: Path | None = None
    accept: Accept = refuse
    jump: Host | None = None
    jumps: Jumps = field(default_factory=Jumps)
    timeout: float = TIMEOUT
    accepted: dict[str, str] = field(default_factory=dict)  # lines of known_hosts that the user said yes to in this run

    async def dial(self, host: Host) -> asyncssh.SSHClientConnection:
        """A connection to a host, logged in and with its key verified."""
        target = Target(host.name, host.address, host.access)
        tunnel = await self._tunnel(target)
        return await self._open(target, tunnel)

    async def _tunnel(self, target: Target) -> asyncssh.SSHClientConnection | None:
        """The last connection of the chain of jump hosts, if there is one."""
        hops = [Target(f"jump host {self.jump.name}", self.jump.address, self.jump.access)] if self.jump else \
            [hop(part.strip(), target.access) for part in (target.access.jump or proxy_jump(target)).split(",") if part.strip()]
        way, tunnel = "", None
        for jump in hops:
            way += f"{jump.access.user}@{jump.address}:{jump.access.port},"
            tunnel = await self.jumps.get(way, partial(self._open, jump, tunnel))
        return tunnel

    async def _open(self, target: Target, tunnel: asyncssh.SSHClientConnection | None) -> asyncssh.SSHClientConnection:
        settings = resolve(target)
        keys = await gather_keys(target.access, ssh_config(settings), target.name)
        try:
            return await Handshake(self, target, settings, tunnel, keys).succeed()
        finally:
            keys.close()

    def known(self, settings: asyncssh.SSHClientConnectionOptions) -> list[asyncssh.SSHKnownHosts]:
        """Every key that is known. `UserKnownHostsFile none` does not turn this off."""
        named = settings.config.get("UserKnownHostsFile") or []
        paths = [Path(path).expanduser() for path in named if isinstance(path, str)] if isinstance(named, list) else []
        return [*read_known_hosts([self.known_hosts or default_known_hosts(), *paths, GLOBAL]), known_from(self.accepted.values())]

    def learn(self, check: HostKeyCheck, host: str) -> None:
        """The user said yes: write it down, so that nobody is asked again."""
        assert check.shown  # noqa: S101  # that is what the yes was about
        line = public_line(check.shown)
        self.accepted[f"{written(check.name, check.port)} {check.shown.get_algorithm()}"] = f"{written(check.name, check.port)} {line}"
        path = self.known_hosts or default_known_hosts()
        try:
            remember(path, check.name, check.port, line)
        except OSError as error:
            raise ConnectError(f"the accepted key cannot be written to {path}: {error.strerror}", host=host,
                               hint="pin the key in the answers (host_key), or make the file writable") from None


class Handshake:
    """One connection, with as many attempts as it takes to learn which keys the host has."""

    def __init__(self, dialer: Dialer, target: Target, settings: asyncssh.SSHClientConnectionOptions,
                 tunnel: asyncssh.SSHClientConnection | None, keys: Keys) -> None:
        self._dialer, self._target, self._settings, self._tunnel, self._keys = dialer, target, settings, tunnel, keys
        self._refused: list[asyncssh.SSHKey] = []

    async def succeed(self) -> asyncssh.SSHClientConnection:
        """The connection, or the error that says why there is none."""
        algorithms = self._first_algorithms()
        while True:
            check = self._check()
            client = Client(check, self._keys, self._target.access.password)
            try:
                return await self._attempt(client, check, algorithms)
            except (OSError, asyncssh.Error, TimeoutError, ValueError) as error:
                algorithms = await self._another(algorithms, check, client, error)

    def _check(self) -> HostKeyCheck:
        return HostKeyCheck(self._dialer.known(self._settings), self._target.access.host_key)

    def _first_algorithms(self) -> Sequence[str]:
        """Where a key or an authority is known asyncssh asks for keys of that type only, so that a new type cannot collide with it."""
        check = self._check()
        settings = self._settings
        check.lookup(settings.host_key_alias or settings.host, "", settings.port)
        return () if check.expected or check.authorities else KEY_TYPES

    async def _attempt(self, client: Client, check: HostKeyCheck, algorithms: Sequence[str]) -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(**parameters(self._target), client_factory=lambda: client, known_hosts=check.lookup,
                                      server_host_key_algs=algorithms, tunnel=self._tunnel, connect_timeout=self._dialer.timeout,
                                      login_timeout=self._dialer.timeout, preferred_auth=preferred(self._target.access))

    async def _another(self, algorithms: Sequence[str], check: HostKeyCheck, client: Client, error: Exception) -> Sequence[str]:
        """Which key types to ask for in the next attempt; raises when there is nothing more to try."""
        if client.verified:
            raise explain(error, client, self._target.name, self._settings, self._target.access) from error
        if check.shown is None:
            return self._without_a_key(algorithms, check, client, error)
        if self._target.access.host_key:  # a pin does not tell its type: the host may have the pinned key as well
            self._refused.append(check.shown)
            other_types = [kind for kind in algorithms if kind.encode() not in check.shown.sig_algorithms]
            if other_types:
                return other_types
        if check.is_known:
            raise check.changed(self._target.name)
        if not await self._dialer.accept(self._target.name, check.shown.get_fingerprint()):
            raise check.unknown(self._target.name)
        self._dialer.learn(check, self._target.name)
        return ()

    def _without_a_key(self, algorithms: Sequence[str], check: HostKeyCheck, client: Client, error: Exception) -> Sequence[str]:
        """The attempt ended before a key was shown."""
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            raise HostKeyChanged(f"its key must not be used: {error.reason}", host=self._target.name,
                                 hint="known_hosts says so: it revokes the key, or the certificate is not a valid one of its authority")
        if self._refused and client.speaks_ssh:
            check.shown = self._refused[0]
            raise check.changed(self._target.name)
        if not algorithms and client.speaks_ssh:
            return KEY_TYPES  # it has no key of the known types any more: learn which it has, for the message
        raise explain(error, client, self._target.name, self._settings, self._target.access) from error


def parameters(target: Target) -> dict[str, Any]:
    """What asyncssh needs to resolve an alias. What the answers say wins over ssh_config, and what kinstall does not use is off."""
    config = Path("~/.ssh/config").expanduser()
    return {
        "host": target.address, "port": target.access.port or (), "username": target.access.user or (),
        "config": [config] if os.access(config, os.R_OK) else None,
        "client_keys": None, "agent_path": None, "agent_forwarding": False, "gss_kex": False, "gss_auth": False, "host_based_auth": False,
        "public_key_auth": True, "password_auth": True, "kbdint_auth": True, **KEEPALIVE,
    }


def resolve(target: Target) -> asyncssh.SSHClientConnectionOptions:
    """The alias, looked up in ssh_config."""
    try:
        return asyncssh.SSHClientConnectionOptions(**parameters(target), known_hosts=b"")
    except (ValueError, OSError, asyncssh.Error) as error:
        raise ConnectError(f"ssh_config cannot be used: {error}", hint="correct ~/.ssh/config", host=target.name) from None


def ssh_config(settings: asyncssh.SSHClientConnectionOptions) -> SshConfig:
    """What ssh_config says about keys."""
    identities, agent = settings.config.get("IdentityFile") or [], settings.config.get("IdentityAgent", ...)
    return SshConfig(identities=[str(path) for path in identities] if isinstance(identities, list) else [],
                     identities_only=bool(settings.config.get("IdentitiesOnly")), agent=None if agent is ... else str(agent or ""))


def proxy_jump(target: Target) -> str:
    """The jump hosts that ssh_config names; they are dialled here, since asyncssh would not verify their keys as strictly."""
    jump = resolve(target).tunnel
    return jump if isinstance(jump, str) else ""


def preferred(access: Access) -> list[str]:
    """What was given on purpose comes first, before the keys that happen to be around use up the host's patience."""
    by_password = ["password", "keyboard-interactive"]
    return [*by_password, "publickey"] if access.password and not access.key else ["publickey", *by_password]


def hop(written_as: str, access: Access) -> Target:
    """A jump host as `user@host:port` or alias. It is shown the same keys, but never the password of the host behind it."""
    user, _, address = written_as.removeprefix("ssh://").rpartition("@")
    port = 0
    if address.startswith("[") or address.count(":") == 1:
        address, _, number = address.rpartition(":") if not address.endswith("]") else (address, "", "")
        address, port = address.strip("[]"), int(number) if number.isdigit() else 0
    return Target(f"jump host {written_as}", address, replace(access, user=user, port=port, password=None, host_key="", jump=""))
