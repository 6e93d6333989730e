"""Hosts that this machine knows of: those that ssh_config names, and those whose keys known_hosts has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

PATTERN = re.compile(r"[*?!]")


def configured(path: Path | None = None) -> list[str]:
    """The names after `Host` in ~/.ssh/config and in what it includes, without patterns."""
    path = path or Path("~/.ssh/config").expanduser()
    return list(dict.fromkeys(name for name in _names(path, path.parent, set()) if not PATTERN.search(name)))


def known(path: Path | None = None) -> list[str]:
    """The names and addresses in ~/.ssh/known_hosts that are not hashed, `address:port` where that is another port than 22."""
    names: list[str] = []
    for line in _lines(path or Path("~/.ssh/known_hosts").expanduser()):
        first = line.split()[0] if line.split() else ""
        if first and first[0] not in "#@|":
            names += [re.sub(r"^\[(.+)\]:([0-9]+)$", r"\1:\2", name) for name in first.split(",")]
    return list(dict.fromkeys(name for name in names if not PATTERN.search(name) and name.count(":") <= 1))


def _names(path: Path, folder: Path, read: set[Path]) -> Iterator[str]:
    """The words after `Host`, in the order in which ssh reads them. Relative files are in the folder of the first; none is read twice."""
    if path.resolve() in read:
        return
    read.add(path.resolve())
    for line in _lines(path):
        found = re.match(r"\s*(Host|Include)(?:\s*=\s*|\s+)(.+)", line, re.IGNORECASE)
        words = [word.strip('"') for word in found[2].split()] if found else []
        if found and found[1].lower() == "include":
            for word in words:
                where = folder / Path(word).expanduser()
                for file in sorted(Path(where.anchor).glob(str(where.relative_to(where.anchor)))):
                    yield from _names(file, folder, read)
        else:
            yield from words


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
