"""Hosts that this machine knows of: those that ssh_config names, and those whose keys known_hosts has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path


def configured(path: Path | None = None) -> list[str]:
    """The names after `Host` in ~/.ssh/config, without patterns."""
    names = [name for line in _lines(path or Path("~/.ssh/config").expanduser()) for name in _after_host(line)]
    return list(dict.fromkeys(name for name in names if not re.search(r"[*?!]", name)))


def known(path: Path | None = None) -> list[str]:
    """The names and addresses in ~/.ssh/known_hosts that are not hashed, `address:port` where that is another port than 22."""
    names: list[str] = []
    for line in _lines(path or Path("~/.ssh/known_hosts").expanduser()):
        first = line.split()[0] if line.split() else ""
        if first and first[0] not in "#@|":
            names += [re.sub(r"^\[(.+)\]:([0-9]+)$", r"\1:\2", name) for name in first.split(",")]
    return list(dict.fromkeys(name for name in names if not re.search(r"[*?!]", name) and name.count(":") <= 1))


def _after_host(line: str) -> Iterator[str]:
    found = re.match(r"\s*Host(?:\s+|\s*=\s*)(.+)", line, re.IGNORECASE)
    if found:
        yield from (name.strip('"') for name in found[1].split())


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
