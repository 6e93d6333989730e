"""docs/checks.md, written from the table: python -m kinstall.checks.reference > docs/checks.md"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from kinstall.checks import reach
from kinstall.checks.table import ALLOWED, CHECKS, FLEET_CHECKS

_HEAD: Final = """\
# Checks before anything is changed

<!-- Written by `python -m kinstall.checks.reference` from kinstall/checks. -->

Each host is asked once, by one script that only reads; then the hosts try whether they reach each other. A finding is one of

| | |
| --- | --- |
| ok | nothing to do |
| handled | the installation does something about it by itself |
| warning | the installation goes through, but somebody should know |
| blocking | the installation would fail, or make something that does not work: it does not begin |

Blocking findings of a check with a word in the last column can be overruled by that word in `allow` of the answers. The others never
block, or cannot be overruled: the installation itself refuses.
"""


def reference() -> str:
    """The whole document."""
    return "\n".join([_HEAD, *_table("On each host", _host_rows()), "", *_table("Over all hosts", _fleet_rows())]) + "\n"


def _table(title: str, rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    yield from (f"## {title}", "", "| Check | What is looked at | `allow` |", "| --- | --- | --- |")
    yield from (f"| {name} | {about} | {f'`{name}`' if name in ALLOWED else ''} |" for name, about in rows)


def _host_rows() -> Iterator[tuple[str, str]]:
    return ((check.id, f"{check.title}: {check.about}") for check in CHECKS)


def _fleet_rows() -> Iterator[tuple[str, str]]:
    yield from ((check.id, f"{check.title}: {check.about}") for check in FLEET_CHECKS)
    yield reach.ID, reach.ABOUT


if __name__ == "__main__":
    sys.stdout.write(reference())
