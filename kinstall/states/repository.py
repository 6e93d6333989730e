"""Other people's entries of a repository that is ours now: switched off where they stand, so that apt and dnf work again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from kinstall.states.file import EachEdited, Edited


def off_in_list(pattern: re.Pattern[str], text: str) -> str:
    """One-line entries of apt: commented."""
    return "".join(f"#kinstall# {line}" if _counts(line, pattern) else line for line in text.splitlines(keepends=True))


def off_in_sources(pattern: re.Pattern[str], text: str) -> str:
    """Stanzas of apt's deb822 files: `Enabled: no`."""
    return "".join(_switched(stanza, pattern, "Enabled: no", r"(?im)^enabled:.*$") for stanza in re.split(r"(\n\n+)", text))


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


PLACES = "/etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources /etc/yum.repos.d/*.repo"


WRITTEN = "written by kinstall"     # in the first line of each repository's file of ours


def no_other_entry(pattern: str, ours: str) -> EachEdited:
    """No other file has an enabled entry of this repository: a second one with another key makes every apt command fail, a dead one too.

    `pattern` is what the URL of such an entry has (for Python and for grep -E), `ours` the path of our own file: a file of that name that
    somebody else wrote counts as another one until ours is written. What else stands in such a file stays enabled; the file as it was
    is kept once beside it.
    """
    compiled = re.compile(pattern)
    return EachEdited(
        f"no other entry of {ours.rpartition('/')[2]}",
        f"grep -lsE '{pattern}' {PLACES} | grep -vxF \"$(grep -ls '{WRITTEN}' '{ours}')\"",
        lambda path: Edited(path, partial(OFF[path.rpartition(".")[2]], compiled)),
    )
