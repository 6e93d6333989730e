"""The files that the answers name: keys and secrets on the admin's machine, and what can be wrong with them before any host is touched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from kinstall.answers.marks import Loc, Mistake
from kinstall.answers.view import View

_ENOUGH: Final = 1 << 20  # no key, secret or answers file is larger; what is read may be a device
_UNREADABLE: Final[tuple[tuple[type[OSError], str, str], ...]] = (
    (FileNotFoundError, "no such file", "mend the path"),
    (NotADirectoryError, "no such file", "mend the path"),
    (IsADirectoryError, "a directory, not a file", "name the file in it"),
    (PermissionError, "you may not read this file", "change its owner or its mode"),
    (OSError, "the file cannot be read", "try `cat` on it"),
)
_PUBLIC: Final = (b"ssh-", b"ecdsa-", b"sk-", b"---- BEGIN SSH2 PUBLIC", b"-----BEGIN PUBLIC", b"-----BEGIN RSA PUBLIC")
_PUTTY: Final = b"PuTTY-User-Key-File"


def located(path: Path, folder: Path, environ: Mapping[str, str]) -> Path:
    """The path with ~ expanded; a relative one starts from the folder of the answers."""
    text, home = str(path), environ.get("HOME")
    if home and (text == "~" or text.startswith("~/")):
        return Path(home, text[2:])
    try:
        return folder / path.expanduser()
    except RuntimeError:  # ~someone whom this machine does not know
        return path


def unreadable(error: OSError) -> tuple[str, str]:
    """Why a file cannot be read, and how to mend it."""
    return next((what, mend) for kind, what, mend in _UNREADABLE if isinstance(error, kind))


def contents(path: Path) -> bytes:
    """What the file holds, up to the size that anything here can have."""
    with path.open("rb") as file:
        return file.read(_ENOUGH)


def named(written: Path, path: Path) -> str:
    """The path for a message; but one word that is no file can be a secret that was written where its file should be."""
    return str(path) if "/" in str(written) or path.exists() else "this file"


def exposed(path: Path, mask: int) -> bool:
    """Whether a regular file is open to others; a pipe from the shell is not judged by its mode."""
    mode = path.stat().st_mode
    return stat.S_ISREG(mode) and bool(mode & mask)


def broken_keys(view: View) -> Iterator[Mistake]:
    """What is wrong with the private keys that the answers name."""
    places: list[tuple[Loc, Mapping[str, Any]]] = [(("access", "key"), view.access)]
    places += [(("hosts", index, "access", "key"), host.get("access", {})) for index, host in enumerate(view.hosts)]
    for loc, access in places:
        if "key" in access:
            written = Path(access["key"])
            path = located(written, view.marks.folder, os.environ)
            wrong = _key(path)
            yield from [Mistake(loc, f"{named(written, path)}: {wrong[0]}", wrong[1])] if wrong else []


def _key(path: Path) -> tuple[str, str] | None:
    try:
        start = contents(path)[:64].lstrip()
        open_to_others = exposed(path, stat.S_IRWXG | stat.S_IRWXO)  # as strict as ssh itself
    except OSError as error:
        return unreadable(error)
    if start.startswith(_PUBLIC):
        return "a public key", f"name the private one, {path.with_suffix('')}" if path.suffix == ".pub" else "name the private one"
    if start.startswith(_PUTTY):
        return "a key in PuTTY's format", f"convert it: puttygen {path} -O private-openssh -o {path.with_suffix('')}"
    if b"PRIVATE KEY-----" not in start:
        return "not a private key", "name the file that `ssh-keygen` wrote, such as ~/.ssh/id_ed25519"
    return ("a key that others may read, which ssh refuses too", f"chmod 600 {path}") if open_to_others else None
