"""Where things are written: the line of every key of answers.yaml, and the way from a mistake to the Problem that a person reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kinstall.errors import Problem

Loc = tuple[str | int, ...]

# Below such a key nothing is quoted, not even another key: `password: {hunter2}` makes a key of the password.
SECRETIVE: Final = re.compile(r"pass|secret|token|credential", re.IGNORECASE)
REFERENCES: Final = frozenset({"env", "file", "prompt"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong at a place in the answers, and how to mend it. `line` only where the place is not enough.

    `unnamed`: the last key of the place is not to be shown.
    """

    loc: Loc
    what: str
    mend: str = ""
    line: int = 0
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class Marks:
    """The file and its lines. Where answers were written is no part of what they say, so all marks are equal."""

    file: str = field(default="answers.yaml", compare=False)
    lines: Mapping[Loc, int] = field(default_factory=dict, compare=False)

    @property
    def folder(self) -> Path:
        """What relative paths in the answers start from."""
        return Path(self.file).parent

    def line(self, loc: Loc) -> int:
        """The line of this place, or of the nearest one around it; 0 when the answers come from no file."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 0)

    def where(self, loc: Loc) -> str:
        """The place, for a sentence about another one."""
        line = self.line(loc)
        return f"line {line}" if line else dotted(loc)

    def problem(self, mistake: Mistake) -> Problem:
        """The mistake with its file, line and dotted key."""
        shown = mistake.loc[:-1] if mistake.unnamed else mistake.loc
        return Problem(self.file, mistake.line or self.line(mistake.loc), dotted(shown), mistake.what, mistake.mend)


def dotted(loc: Loc) -> str:
    """`("hosts", 1, "role")` as `hosts[1].role`; never more of a key than what is surely a key."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" for part in _public(loc)).removeprefix(".")


def _public(loc: Loc) -> Loc:
    for depth, part in enumerate(loc):
        if isinstance(part, str) and SECRETIVE.search(part):
            known = loc[depth + 1 : depth + 2]
            return loc[: depth + 2] if known and known[0] in REFERENCES else loc[: depth + 1]
    return loc


def _shown(key: str) -> str:
    """`{password:hunter2}`, without a space, is one key to YAML: only its first word is shown."""
    if re.fullmatch(r"[\w.-]{1,40}", key):
        return key
    first = re.match(r"[\w-]{1,40}", key)
    return f"{first[0] if first else ''}…"
