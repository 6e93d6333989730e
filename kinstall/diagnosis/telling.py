"""Causes as a person reads them: one sentence, where it was seen, the commands that mend it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from kinstall.diagnosis.evidence import PLACES, Evidence
from kinstall.diagnosis.informative import informative
from kinstall.diagnosis.judging import Cause, diagnose
from kinstall.diagnosis.table import AT

LONGEST: Final = 300    # characters of a line that is shown
UNKNOWN: Final = "kinstall does not know this failure. These lines say most about it:"


def explain(evidence: Evidence, *, most: int = 3) -> list[str]:
    """The likeliest cause with its mend, then others that stand for themselves; for an unknown failure its most informative lines."""
    causes = diagnose(evidence)
    if not causes:
        return [UNKNOWN, *(f"| {line}" for line in unknown(evidence))]
    first, *rest = causes
    others = [cause for cause in rest if not cause.because and not cause.symptom][: most - 1]
    return [*told(first), *(f"Also: {cause.sentence} ({cause.id}, {cause.host})" for cause in others)]


def told(cause: Cause) -> list[str]:
    """One cause, line by line."""
    return [f"{cause.host}: {cause.sentence} ({cause.id})", *_seen(cause), *_mends(cause)]


def _seen(cause: Cause) -> Iterator[str]:
    for seen in cause.seen[:2]:
        yield f"  {PLACES[seen.place]}: {seen.line.strip()[:LONGEST]}"


def _mends(cause: Cause) -> Iterator[str]:
    for mend in cause.mend:
        yield f"  {AT[mend.at].replace('this host', cause.host)}: {mend.say}".rstrip().rstrip(":") + ("" if mend.say else ":")
        yield from (f"    {command}" for command in mend.run)


def unknown(evidence: Evidence) -> list[str]:
    """The most informative lines of everything that is known, what the command printed before what else was found."""
    places: Sequence[str] = ("output", "connection", "containerd", "kubelet", "logs", "events", "pods", "kernel")
    by_place = [informative([line for host in evidence.hosts for line in evidence.lines(host, place)]) for place in places]
    lines = [line for lines, share in zip(by_place, (6, 4, 2, 2, 2, 2, 2, 1), strict=True) for line in lines[:share]]
    return [line[:LONGEST] for line in lines[:10]]
