"""Other people's entries of a repository that is ours now: switched off where they stand, so that apt and dnf work again."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from kinstall.states.base import Command, State
from kinstall.states.file import Edited


def off_in_list(pattern: re.Pattern[str], text: str) -> str:
    """One-line entries of apt: commented."""
    return "".join(f"#kinstall# {line}" if _counts(line, pattern) else line for line in text.splitlines(keepends=True))


def off_in_sources(pattern: re.Pattern[str], text: str) -> str:
    """Stanzas of apt's deb822 files: `Enabled: no`."""
    return "\n\n".join(_switched(stanza, pattern, "Enabled: no", r"(?im)^enabled:.*$") for stanza in re.split(r"\n\n+", text))


def off_in_repo(pattern: re.Pattern[str], text: str) -> str:
    """Sections of dnf's files: `enabled=0`."""
    return "".join(_switched(section, pattern, "enabled=0", r"(?m)^enabled\s*=.*$") for section in re.split(r"(?m)^(?=\[)", text))


OFF: Mapping[str, Callable[[re.Pattern[str], str], str]] = {"list": off_in_list, "sources": off_in_sources, "repo": off_in_repo}


def _counts(line: str, pattern: re.Pattern[str]) -> bool:
    return not line.lstrip().startswith("#") and bool(pattern.search(line))


def _switched(part: str, pattern: re.Pattern[str], off: str, switch: str) -> str:
    if not any(_counts(line, pattern) for line in part.splitlines()):
        return part
    if re.search(switch, part):
        return re.sub(switch, off, part)
    body = part.rstrip("\n")
    return f"{body}\n{off}{part[len(body):]}"


@dataclass(frozen=True)
class NoOtherEntry(State):
    """No other file has an enabled entry of this repository: a second one with another key makes every apt command fail, a dead one too.

    What else stands in such a file stays enabled; the file as it was is kept once beside it.
    """

    pattern: str    # what the URL of such an entry has; a regular expression for Python and for grep -E
    ours: str       # the path of our own file

    @property
    def about(self) -> str:
        return f"no other entry of {self.ours.rpartition('/')[2]}"

    def probe(self) -> str:
        places = "/etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources /etc/yum.repos.d/*.repo"
        return (
            f"grep -lsE '{self.pattern}' {places} | grep -vxF '{self.ours}' | "
            'while IFS= read -r file; do echo "$(base64 -w0 "$file") $file"; done'
        )

    def _edits(self, seen: str) -> list[tuple[Edited, str]]:
        """The edit of each file found, and the file's text."""
        found = (line.partition(" ") for line in seen.splitlines() if " " in line)
        return [(self._edit(path), base64.b64decode(data).decode(errors="surrogateescape")) for data, _, path in found]

    def _edit(self, path: str) -> Edited:
        return Edited(path, partial(OFF[path.rpartition(".")[2]], re.compile(self.pattern)))

    def met(self, seen: str) -> bool:
        return all(edit.met(text) for edit, text in self._edits(seen))

    def commands(self, seen: str) -> tuple[Command, ...]:
        return tuple(command for edit, text in self._edits(seen) if not edit.met(text) for command in edit.commands(text))
