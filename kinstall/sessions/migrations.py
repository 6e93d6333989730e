"""What an older schema wrote, as the present one would have written it: one entry for each schema that was left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Line = dict[str, Any]

# What schema 0 called a status. No release ever wrote schema 0: it keeps the road open and tested on which the next one will come.
_STATUSES: Final = {"ok": "done", "unchanged": "already"}


def _from_0(line: Line) -> Line:
    """Schema 0: other words for two statuses, and the output of a command as one text."""
    match line.get("type"):
        case "step":
            return {**line, "status": _STATUSES.get(line["status"], line["status"])}
        case "output" if "text" in line:
            return {**{key: value for key, value in line.items() if key != "text"}, "lines": line["text"].splitlines()}
        case "run-started":
            return {**line, "schema": 1}
    return line


MIGRATIONS: Final[Mapping[int, Callable[[Line], Line]]] = {0: _from_0}


def migrated(line: Line, schema: int, newest: int) -> Line:
    """A line that was written in this schema, step by step up to the newest."""
    for older in range(schema, newest):
        line = MIGRATIONS[older](line)
    return line
