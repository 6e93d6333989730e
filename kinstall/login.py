"""What kinstall shows a host to be let in: at most five keys, the one that was named first, and the password once."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

from asyncssh import Error as SshError
from asyncssh import (
    KeyEncryptionError,
    KeyImportError,
    SSHAgentClient,
    SSHClient,
    SSHClientConnection,
    SSHKey,
    SSHKeyPair,
    connect_agent,
    load_keypairs,
    read_public_key,
)

from kinstall.errors import LoginRefused
from kinstall.hostkeys import HostKeyCheck
from kinstall.model import Access
from kinstall.secrets import Secret

MOST_KEYS: Final = 5  # sshd hangs up after MaxAuthTries (6) refusals, and a password may come after the keys
DEFAULT_KEYS: Final = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa", "~/.ssh/id_ed25519_sk", "~/.ssh/id_ecdsa_sk")


@dataclass(frozen=True, slots=True)
class SshConfig:
    """What ssh_config says about the keys for a host."""

    identities: Sequence[str] = ()
    identities_only: bool = False
    agent: str | None = None  # a socket; None: SSH_AUTH_SOCK; "": no agent


@dataclass(slots=True)
class Keys:
    """Keys in the order in which they are offered, each with the name a person knows it by."""

    offers: list[tuple[str, SSHKeyPair]] = field(default_factory=list)
    agent: SSHAgentClient | None = None

    def add(self, label: str, pair: SSHKeyPair) -> None:
        """Offer this key as well, unless it is offered already or there are enough."""
        if len(self.offers) < MOST_KEYS and all(pair.public_data != other.public_data for _, other in self.offers):
            self.offers.append((f"{label} ({fingerprint(pair)})", pair))

    def close(self) -> None:
        """Let go of the agent."""
        if self.agent:
            self.agent.close()


async def gather_keys(access: Access, config: SshConfig, host: str) -> Keys:
    """The named key, else what ssh_config names, else the usual files; then the agent's."""
    keys = Keys()
    held = await agent_keys(keys, config) if access.agent else []
    if access.key:
        for pair in await named_key(home(access.key), access.passphrase, held, host):
            keys.add(str(access.key), pair)
    else:
        for name in config.identities or DEFAULT_KEYS:
            for pair in await usual_key(home(name), held):
                keys.add(name, pair)
    for pair in [] if config.identities_only else held:
        keys.add(f"agent: {pair.get_comment()}", pair)
    return keys


async def agent_keys(keys: Keys, config: SshConfig) -> Sequence[SSHKeyPair]:
    """The agent's keys; an agent that does not answer has none."""
    socket = os.environ.get("SSH_AUTH_SOCK", "") if config.agent in (None, "SSH_AUTH_SOCK") else config.agent
    if not socket:
        return []
    with suppress(OSError, ValueError, SshError):
        keys.agent = await connect_agent(str(home(socket)))
        return await keys.agent.get_keys()
    return []


async def named_key(path: Path, passphrase: Secret | None, held: Sequence[SSHKeyPair], host: str) -> Sequence[SSHKeyPair]:
    """The key that the answers name: it must work, or the user hears why not."""
    try:
        return await asyncio.to_thread(load_keypairs, str(path), passphrase.reveal() if passphrase else None)
    except OSError as error:
        raise LoginRefused(f"the key {path} cannot be read: {error.strerror}", host=host,
                           hint="check key: in the answers, and who owns the file") from None
    except KeyEncryptionError:
        raise LoginRefused(f"the passphrase does not open the key {path}", hint=f"try it:  ssh-keygen -y -f {path}", host=host) from None
    except KeyImportError as error:
        if "assphrase" not in str(error):
            raise LoginRefused(f"{path} is not a private key: {error}", hint="name the private key, not the .pub file", host=host) from None
        if pairs := held_by_agent(path, held):
            return pairs
        raise LoginRefused(f"the key {path} is encrypted, and there is no passphrase", host=host,
                           hint=f"give kinstall its passphrase, or unlock it once:  ssh-add {path}") from None


async def usual_key(path: Path, held: Sequence[SSHKeyPair]) -> Sequence[SSHKeyPair]:
    """A key that ssh would try by itself: used if it can be, left out if not."""
    try:
        return await asyncio.to_thread(load_keypairs, str(path))
    except (OSError, ValueError):
        return held_by_agent(path, held)


def held_by_agent(path: Path, held: Sequence[SSHKeyPair]) -> Sequence[SSHKeyPair]:
    """The agent's copy of a key file that is locked; which one, its .pub file tells."""
    for public in (f"{path}.pub", str(path)):
        with suppress(OSError, KeyImportError):
            wanted = read_public_key(public).public_data
            return [pair for pair in held if pair.public_data == wanted]
    return []


def home(path: str | Path) -> Path:
    """A path that may start with ~."""
    return Path(path).expanduser()


def fingerprint(pair: SSHKeyPair) -> str:
    """A key's fingerprint as ssh-add -l prints it."""
    return "SHA256:" + b64encode(sha256(pair.public_data).digest()).decode().rstrip("=")


class Client(SSHClient):
    """Answers asyncssh's questions during one handshake and remembers them, for the error that may come of it."""

    def __init__(self, check: HostKeyCheck, keys: Keys, password: Secret | None) -> None:
        self._check, self._offers, self._password = check, list(keys.offers), password
        self._connection: SSHClientConnection | None = None
        self.reached = self.speaks_ssh = self.verified = False
        self.banner = ""
        self.tried: list[str] = []
        self.methods: list[str] = []  # what the host would have accepted

    def connection_made(self, conn: SSHClientConnection) -> None:
        """There is a TCP connection."""
        self._connection, self.reached = conn, True

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over; did the other side ever say that it is SSH?"""
        self.speaks_ssh = bool(self._connection and self._connection.get_extra_info("server_version"))

    def validate_host_public_key(self, host: str, addr: str, port: int, key: SSHKey) -> bool:
        """A key that known_hosts does not have."""
        return self._check.allows(key)

    def begin_auth(self, username: str) -> None:
        """The host key was right."""
        self.verified = True

    def auth_banner_received(self, msg: str, lang: str) -> None:
        """pam_nologin tells here that the host is still booting."""
        self.banner += msg

    def public_key_auth_requested(self) -> SSHKeyPair | None:
        """The next key."""
        self._accepts("publickey")
        if not self._offers:
            return None
        label, pair = self._offers.pop(0)
        self.tried.append(label)
        return pair

    def password_auth_requested(self) -> str | None:
        """The password, once: a second refusal might lock the account."""
        self._accepts("password")
        return self._spend_password()

    def kbdint_auth_requested(self) -> str | None:
        """Whether to answer questions: when there is a password to answer with."""
        self._accepts("keyboard-interactive")
        return "" if self._password else None

    def kbdint_challenge_received(self, name: str, instructions: str, lang: str, prompts: Sequence[tuple[str, bool]]) -> list[str] | None:
        """One hidden question is the password, in whatever language it is asked."""
        if not prompts:
            return []
        if len(prompts) > 1 or prompts[0][1]:
            return None
        password = self._spend_password()
        return None if password is None else [password]

    def _accepts(self, method: str) -> None:
        if method not in self.methods:
            self.methods.append(method)

    def _spend_password(self) -> str | None:
        password, self._password = self._password, None
        if password is None:
            return None
        self.tried.append("the password")
        return password.reveal()
