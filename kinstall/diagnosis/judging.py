"""From evidence to ranked causes. Pure: no host, no clock.

Order: a root cause before what it explains, however many steps away (containerd before kubelet before kubeadm); what says why before
what may be harmless, and that before mere symptoms; what the failed command itself told before what other logs hold, and before mere
facts; the first in time before the last; the more specific before the more general.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

from kinstall.diagnosis.deriving import derived
from kinstall.diagnosis.evidence import CLUSTER_WIDE, FACTS, Evidence, timed, whose
from kinstall.diagnosis.table import FIELD, Entry, Mend, Signature, Table, table

SHOWN: Final = 5        # lines that a cause carries
_Key = tuple[str, str]  # a failure's id and its host
DIRECT: Final = frozenset({"output", "connection"})
CIRCUMSTANTIAL: Final = FACTS | {"kernel"}     # it may have nothing to do with the failure


@dataclass(frozen=True, slots=True)
class Seen:
    """A line that gave a failure away, where it was found, and when (None: nobody knows)."""

    place: str
    line: str
    at: float | None = None
    told: Mapping[str, str] = field(default_factory=dict, compare=False)    # the named groups of the signature


@dataclass(frozen=True, slots=True)
class Cause:
    """A failure recognised on a host, in words, with what mends it.

    `sure`: it has to do with the failure and will not go away by itself, so nobody needs to wait for a deadline. `because`: the ids of the
    causes that explain it.
    """

    id: str
    title: str
    host: str
    sentence: str
    mend: tuple[Mend, ...]
    seen: tuple[Seen, ...]
    symptom: bool = False
    sure: bool = False
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    entry: Entry
    host: str
    seen: tuple[Seen, ...]
    now: float | None

    @property
    def key(self) -> _Key:
        return self.entry.id, self.host

    @property
    def first(self) -> float | None:
        return min((seen.at for seen in self.seen if seen.at is not None), default=None)

    @property
    def last(self) -> float | None:
        return max((seen.at for seen in self.seen if seen.at is not None), default=None)

    @property
    def is_over(self) -> bool:
        """A passing thing that did not last, or has not been seen for as long; but what the failed command itself says is not over."""
        told = any(seen.at is None and seen.place in DIRECT for seen in self.seen)
        if told or not self.entry.passing or self.first is None or self.last is None:
            return False
        seldom = self.now is not None and self.now - self.last > self.entry.passing
        return seldom or self.last - self.first < self.entry.passing


def diagnose(evidence: Evidence, known: Table | None = None) -> tuple[Cause, ...]:
    """Every known cause that the evidence shows, the likeliest first. Nothing, when the failure is not known."""
    known = known or table()
    evidence = derived(evidence)
    hits = [hit for entry in known.entries.values() for hit in _hits(entry, evidence)]
    because = _explained(hits, known)
    ranked = sorted(hits, key=lambda hit: _rank(hit, because[hit.key]))
    order = {hit.key: n for n, hit in enumerate(ranked)}
    roots = {key: tuple(dict.fromkeys(id for id, _ in sorted(because[key], key=order.__getitem__))) for key in order}
    explains = frozenset[_Key]().union(*because.values())
    return tuple(_cause(hit, roots[hit.key], explains=hit.key in explains) for hit in ranked)


def _hits(entry: Entry, evidence: Evidence) -> Iterator[_Hit]:
    """This entry on every host that shows it."""
    by_host: dict[str, list[Seen]] = {}
    for host, place, lines in evidence.everywhere():
        for line, told in _matching(entry.signatures, place, lines):
            by_host.setdefault(whose(host, place, line), []).append(Seen(place, *_swapped(line), told))
    for host, found in by_host.items():
        also = [_also(signature, host, evidence) for signature in entry.also]
        hit = _Hit(entry, host, (*found, *(seen for seen in also if seen)), evidence.now(host))
        if all(also) and not hit.is_over:
            yield hit


def _matching(signatures: Sequence[Signature], place: str, lines: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    patterns = [signature.pattern for signature in signatures if place in signature.where]
    for line in lines if patterns else ():
        match = next(filter(None, (pattern.search(line) for pattern in patterns)), None)
        if match:
            yield line, {name: text for name, text in match.groupdict().items() if text}


def _also(signature: Signature, host: str, evidence: Evidence) -> Seen | None:
    """What must be seen as well: on the same host, or anywhere in what tells of the whole cluster."""
    for where, place, lines in evidence.everywhere():
        if where == host or place in CLUSTER_WIDE:
            for line, told in _matching((signature,), place, lines):
                return Seen(place, *_swapped(line), told)
    return None


def _swapped(line: str) -> tuple[str, float | None]:
    at, text = timed(line)
    return text, at


def _explained(hits: Sequence[_Hit], known: Table) -> Mapping[_Key, frozenset[_Key]]:
    """Every hit -> all hits that explain it, by way of others too: a root here, its symptom, what that breaks elsewhere."""
    direct = {
        hit.key: [
            root.key for root in hits
            if hit.entry.id in known.explains[root.entry.id] and (root.host == hit.host or root.entry.spans)
        ]
        for hit in hits
    }

    def reach(key: _Key) -> frozenset[_Key]:      # it ends: what explains never goes in circles
        return frozenset(direct[key]).union(*(reach(root) for root in direct[key]))

    return {hit.key: reach(hit.key) for hit in hits}


def _rank(hit: _Hit, because: frozenset[_Key]) -> tuple[int, int, int, float, int]:
    places = {seen.place for seen in hit.seen}
    distance = 0 if places & DIRECT else 2 if places <= FACTS else 1
    longest = max(len(re.sub(r"\\.|[^\w ]", "", signature.says)) for signature in hit.entry.signatures)
    return hit.entry.weight, len(because), distance, inf if hit.first is None else hit.first, -longest


def _cause(hit: _Hit, roots: tuple[str, ...], *, explains: bool) -> Cause:
    entry = hit.entry
    told: dict[str, str] = {}
    for seen in hit.seen:
        told = dict(seen.told) | told       # the first line that tells it
    mend = tuple(Mend(at=m.at, run=tuple(fill(command, told) for command in m.run), say=fill(m.say, told)) for m in entry.mend)
    in_time = sorted(hit.seen, key=lambda seen: inf if seen.at is None else seen.at)
    once = tuple({seen.line: seen for seen in reversed(in_time)}.values())[::-1][:SHOWN]
    lasted = not entry.passing or (hit.first != hit.last and not hit.is_over)
    telling = explains or not {seen.place for seen in hit.seen} <= CIRCUMSTANTIAL
    sure = lasted and telling and not entry.weight
    return Cause(entry.id, entry.title, hit.host, fill(entry.cause, told), mend, once, entry.symptom, sure, roots)


def fill(text: str, told: Mapping[str, str]) -> str:
    """A sentence or command with what the line told; `{name|other words}` where it may not have told it."""
    return FIELD.sub(lambda found: found[1] + told[found[2]] if found[2] in told else _untold(found[2], found[3]), text)


def _untold(name: str, words: str | None) -> str:
    return name.upper() if words is None else words
