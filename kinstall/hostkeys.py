"""Which key a host may show: known_hosts, a pinned fingerprint, or the user's yes. There is no fourth way."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from asyncssh import SSHKey, SSHKnownHosts

from kinstall.errors import HostKeyChanged, HostKeyUnknown

Accept = Callable[[str, str], Awaitable[bool]]
"""Asked with (host, fingerprint) when a key is unknown. A changed key is never asked about."""

GLOBAL: Final = Path("/etc/ssh/ssh_known_hosts")
SSH_PORT: Final = 22


async def refuse(host: str, fingerprint: str) -> bool:
    """The default answer: no."""
    return False


def accepting(fingerprints: Collection[str]) -> Accept:
    """Say yes to these fingerprints, which somebody has compared already."""
    known = {normal(fingerprint) for fingerprint in fingerprints}

    async def answer(host: str, fingerprint: str) -> bool:
        return normal(fingerprint) in known

    return answer


def default_known_hosts() -> Path:
    """Where ssh keeps the keys of the hosts that the user knows."""
    return Path("~/.ssh/known_hosts").expanduser()


def remember(path: Path, host: str, port: int, key: str) -> None:
    """Append a host's key to known_hosts. What is in the file already is never touched."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        unfinished = size and os.pread(descriptor, 1, size - 1) != b"\n"
        file.write((b"\n" if unfinished else b"") + f"{written(host, port)} {key}\n".encode())


class HostKeyCheck:
    """The keys of one host, as one connection sees them: what was expected, and what the host showed."""

    def __init__(self, known: Iterable[SSHKnownHosts], pin: str) -> None:
        self._known, self._pin = tuple(known), normal(pin) if pin else ""
        self.name, self.port = "", SSH_PORT
        self.expected: list[SSHKey] = []
        self.authorities: list[SSHKey] = []
        self.shown: SSHKey | None = None

    def lookup(self, host: str, address: str, port: int | None) -> tuple[list[SSHKey], list[SSHKey], list[SSHKey]]:
        """Keys, authorities and revoked keys for a name, as asyncssh asks for them.

        Only the name that the user gave counts, as with OpenSSH: an entry for the address may be another machine's.
        Nor do keys of port 22 count for another port, where behind a router another machine answers.
        """
        self.name, self.port = host.lower(), port or SSH_PORT
        found = [known.match(written(self.name, self.port), "", None) for known in self._known]
        self.expected = [key for match in found for key in match[0]]
        self.authorities = [key for match in found for key in match[1]]
        revoked = [key for match in found for key in match[2]]
        if self._pin:
            self.expected = [key for key in self.expected if key.get_fingerprint() == self._pin]
            self.authorities = []
        return self.expected, self.authorities, revoked

    def allows(self, key: SSHKey) -> bool:
        """Whether a key that is not expected may be used all the same: it is the pinned one."""
        self.shown = key
        return bool(self._pin) and key.get_fingerprint() == self._pin

    @property
    def is_known(self) -> bool:
        """Whether anything says which key the host must show."""
        return bool(self._pin or self.expected)

    def changed(self, host: str) -> HostKeyChanged:
        """The host shows another key than it should."""
        expected = self._pin or ", ".join(map(describe, self.expected))
        shown = describe(self.shown) if self.shown else "none of its type"
        source = "the answers pin" if self._pin else "known_hosts has"
        mend = "correct host_key in the answers" if self._pin else f"ssh-keygen -R '{written(self.name, self.port)}'"
        return HostKeyChanged(
            f"its key is not the one expected: {source} {expected}; it shows {shown}", host=host,
            hint=f"somebody is in between, or it was installed anew. Compare on its console:\n{COMPARE}\nIf that is its key:  {mend}")

    def unknown(self, host: str) -> HostKeyUnknown:
        """Nobody has said yet whether this is the host's key."""
        assert self.shown  # noqa: S101  # it was shown, or there would be nothing unknown
        fingerprint = self.shown.get_fingerprint()
        return HostKeyUnknown(
            f"its key is not known: {describe(self.shown)}", fingerprint=fingerprint, key=public_line(self.shown), host=host,
            hint=f"compare it on the machine's console and accept it, or pin it as host_key: {fingerprint}\n{COMPARE}")


COMPARE: Final = "for k in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $k; done"


def written(host: str, port: int) -> str:
    """A host's name as known_hosts writes it."""
    return host if port == SSH_PORT else f"[{host}]:{port}"


def normal(fingerprint: str) -> str:
    """A fingerprint as ssh-keygen prints it, however it was pasted."""
    return "SHA256:" + fingerprint.strip().removeprefix("SHA256:").rstrip("=")


def describe(key: SSHKey) -> str:
    """`SHA256:... (ssh-ed25519)`."""
    return f"{key.get_fingerprint()} ({key.get_algorithm()})"


def public_line(key: SSHKey) -> str:
    """`ssh-ed25519 AAAA...`, without the comment."""
    return " ".join(key.export_public_key().decode().split()[:2])


def read_known_hosts(paths: Sequence[Path]) -> list[SSHKnownHosts]:
    """The files that exist and can be read."""
    found = []
    for path in dict.fromkeys(paths):
        try:
            stat = path.stat()
            found.append(parsed(path, stat.st_mtime_ns, stat.st_size))
        except OSError:
            continue
    return found


@lru_cache(maxsize=16)
def parsed(path: Path, changed_at: int, size: int) -> SSHKnownHosts:
    """One file, parsed once however many hosts ask. As with OpenSSH, a line that makes no sense spoils no other."""
    known = SSHKnownHosts()
    for line in path.read_text(errors="replace").splitlines():
        try:
            known.load(line)
        except ValueError:
            continue
    return known


def known_from(lines: Iterable[str]) -> SSHKnownHosts:
    """Lines of known_hosts that are in no file."""
    return SSHKnownHosts("\n".join(lines))
