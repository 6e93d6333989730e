"""Why a connection failed, in words: what was tried, what the host said, and what to do."""

from __future__ import annotations

import errno
import re
import socket
from typing import Final

import asyncssh

from kinstall.errors import ConnectError, LoginRefused, Unreachable
from kinstall.login import Client
from kinstall.model import Access

BOOTING: Final = re.compile(r"booting up|going down|nologin", re.IGNORECASE)
NUMBERS: Final = re.compile(r"\[Errno (\d+)\]")

REASONS: Final = {
    errno.ECONNREFUSED: ("the connection was refused", "is sshd running there, and on this port?"),
    errno.EHOSTUNREACH: ("there is no route to it", "is the machine on, and in a network that this one reaches?"),
    errno.ENETUNREACH: ("its network cannot be reached", "is this machine's network up?"),
    errno.ETIMEDOUT: ("it does not answer", "is the machine on, and is its firewall open for SSH?"),
}


class NotYet(LoginRefused):
    """The host lets nobody in because it is still starting."""


def explain(error: Exception, client: Client, name: str, settings: asyncssh.SSHClientConnectionOptions, access: Access) -> ConnectError:
    """The error for a person."""
    at = f"{settings.host}:{settings.port}"
    if BOOTING.search(client.banner):
        return NotYet(f"it lets nobody in yet: {client.banner.strip()}", host=name,
                      hint="wait until it has started; when this stays, remove /etc/nologin there")
    if client.verified and isinstance(error, asyncssh.DisconnectError):
        return refused(error, client, name, settings, access)
    if isinstance(error, asyncssh.ChannelOpenError):
        return Unreachable(f"the jump host cannot reach {at}: {error.reason}", host=name, hint="try it from there:  ssh -J JUMP HOST")
    if isinstance(error, asyncssh.DisconnectError) or (client.reached and isinstance(error, ConnectionError)):
        return no_handshake(error, client, name, at)
    return no_connection(error, client, name, at)


def refused(error: asyncssh.DisconnectError, client: Client, name: str, settings: asyncssh.SSHClientConnectionOptions,
            access: Access) -> LoginRefused:
    """The host key was right, and the credentials were not."""
    user = settings.username
    tried = "; ".join(client.tried) or "nothing, since there was no key and no password"
    message = f"it refuses {user}. Tried: {tried}. It accepts: {', '.join(client.methods) or 'no method that kinstall knows'}"
    if not isinstance(error, asyncssh.PermissionDenied):
        message += f". It said: {error.reason}"
    key = access.key or "~/.ssh/id_ed25519"
    port = f"-p {settings.port} " if settings.port != asyncssh.DEFAULT_PORT else ""
    hints = [f"let the key in:  ssh-copy-id -i {key} {port}{user}@{settings.host}"]
    if "password" in client.methods and not access.password:
        hints.append("or give kinstall the account's password")
    if client.methods == ["publickey"] and access.password:
        hints.append("sshd there takes no passwords (PasswordAuthentication no)")
    return LoginRefused(message, hint="\n".join(hints), host=name)


def no_handshake(error: Exception, client: Client, name: str, at: str) -> Unreachable:
    """There was a TCP connection, and it ended before anybody was asked to log in."""
    if not client.speaks_ssh:
        return Unreachable(f"something answers at {at}, but it is not SSH: {error}", hint="check address and port", host=name)
    return Unreachable(f"SSH at {at} broke off the handshake: {error}", host=name,
                       hint="sshd may have banned this machine (fail2ban, PerSourcePenalties) or be overloaded: see its journal")


def no_connection(error: Exception, client: Client, name: str, at: str) -> ConnectError:
    """There was no TCP connection, or nothing came over it."""
    if isinstance(error, socket.gaierror):
        return Unreachable(f"the name {at.rpartition(':')[0]} cannot be resolved: {error.strerror}", host=name,
                           hint="use its address, or correct DNS or /etc/hosts on this machine")
    if isinstance(error, TimeoutError) and not getattr(error, "errno", None):
        stage = "the login did not end" if client.verified else "no answer"
        return Unreachable(f"{stage} within the time limit at {at}", hint=REASONS[errno.ETIMEDOUT][1], host=name)
    if isinstance(error, OSError):
        numbers = [error.errno] if error.errno else [int(number) for number in NUMBERS.findall(str(error))]
        what, hint = next((REASONS[number] for number in numbers if number in REASONS), (str(error), "check address and port"))
        return Unreachable(f"no connection to {at}: {what}", hint=hint, host=name)
    return ConnectError(f"no connection to {at}: {error}", host=name, hint="ssh -v with the same address may tell more")
