"""assets/failures.yaml: every failure that kinstall knows, read and checked. Pure but for reading the asset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Final, Literal

import msgspec
import yaml

from kinstall.diagnosis.evidence import PLACES

Kind = Literal["prevent", "diagnose", "both"]
Way = Literal["check", "diagnosis"]
At = Literal["host", "control-plane", "nodes", "here"]
AT: Final[Mapping[At, str]] = {
    "host": "on this host", "control-plane": "on the control plane", "nodes": "on every node", "here": "on the machine kinstall runs on",
}
ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
# {name}, {name|what to say when nobody told it}, { name|} with a space before what was told
FIELD: Final = re.compile(r"\{( ?)([a-z]+)(?:\|([^{}]*))?\}")


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the table: an unknown key is a mistake."""


class Signature(_Row, frozen=True):
    """A regular expression for one line, and the places where that line is found."""

    where: tuple[str, ...]
    says: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled."""
        return compiled(self.says)


class Mend(_Row, frozen=True):
    """Commands, and where to run them; or words, where no command can do it."""

    at: At = "host"
    run: tuple[str, ...] = ()
    say: str = ""


class Entry(_Row, frozen=True, dict=True):
    """One failure: how it is recognised, what causes it, what mends it.

    `also`: all of these must be seen too. `symptom`: it tells that something is wrong, not why. `mild`: it may be harmless.
    `spans`: what it breaks, breaks on other hosts as well. `passing`: for so many seconds it is nothing but a start; it counts when it
    is seen for longer, and was seen just now. `provoked`: on real hosts of the laboratory, named by a check before, by a diagnosis after.
    """

    id: str
    title: str
    kind: Kind
    cause: str
    signatures: tuple[Signature, ...]
    mend: tuple[Mend, ...]
    also: tuple[Signature, ...] = ()
    evidence: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    check: str = ""
    symptom: bool = False
    mild: bool = False
    spans: bool = False
    passing: int = 0
    provoked: tuple[Way, ...] = ()

    @property
    def weight(self) -> int:
        """0 for a cause, 1 for what may be one, 2 for a symptom."""
        return 2 if self.symptom else 1 if self.mild else 0

    @cached_property
    def places(self) -> tuple[str, ...]:
        """What to collect for it: where its signatures are found, and what helps to judge it."""
        found = (place for signature in (*self.signatures, *self.also) for place in signature.where)
        return tuple(dict.fromkeys((*found, *self.evidence)))


class Group(_Row, frozen=True):
    """Failures of one kind of thing, for readers."""

    title: str
    failures: tuple[Entry, ...]


class Table(_Row, frozen=True, dict=True):
    """The whole table."""

    groups: tuple[Group, ...]

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Every entry by its id, in the order of the file."""
        return {entry.id: entry for group in self.groups for entry in group.failures}

    @cached_property
    def explains(self) -> Mapping[str, frozenset[str]]:
        """Every id -> all that it explains, however many steps away."""
        return {id: frozenset(self._reach(id, set())) for id in self.entries}

    def _reach(self, id: str, seen: set[str]) -> set[str]:
        for implied in self.entries[id].implies:
            if implied not in seen:
                seen.add(implied)
                self._reach(implied, seen)
        return seen


@lru_cache(maxsize=512)
def compiled(expression: str) -> re.Pattern[str]:
    """The expression, compiled once."""
    return re.compile(expression)


@lru_cache(maxsize=1)
def table() -> Table:
    """The table that came with kinstall."""
    return read(files("kinstall.assets").joinpath("failures.yaml").read_text(encoding="utf-8"))


def read(text: str) -> Table:
    """A table out of its YAML. ValueError names every mistake in it."""
    try:
        result = msgspec.convert(yaml.safe_load(text), Table)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ValueError(f"failures.yaml: {error}") from error
    if mistakes := list(_mistakes(result)):
        raise ValueError("\n".join(f"failures.yaml: {mistake}" for mistake in mistakes))
    return result


def _mistakes(result: Table) -> Iterator[str]:
    ids = [entry.id for group in result.groups for entry in group.failures]
    yield from (f"{id}: there are two of them" for id in result.entries if ids.count(id) > 1)
    for entry in result.entries.values():
        yield from (f"{entry.id}: {mistake}" for mistake in _of_entry(entry, result.entries))
    yield from (f"{id}: it implies itself, by way of others" for id in _in_circles(result))


def _of_entry(entry: Entry, entries: Mapping[str, Entry]) -> Iterator[str]:
    if not ID.fullmatch(entry.id) or (entry.check and not ID.fullmatch(entry.check)):
        yield "an id is small letters, digits and single hyphens"
    if not entry.signatures or not entry.mend or not entry.cause.endswith("."):
        yield "it needs signatures, a mend, and a cause that ends with a full stop"
    yield from (f"a mend needs `run` or `say`: {mend}" for mend in entry.mend if not (mend.run or mend.say))
    yield from (f"`implies` names no entry: {id}" for id in entry.implies if id not in entries)
    yield from (f"there is no place called {place}" for place in entry.places if place not in PLACES)
    if any(id in entries and entries[id].weight < entry.weight for id in entry.implies):
        yield "a symptom cannot imply what is none, nor what is mild what is not"
    yield from _of_patterns(entry)


def _of_patterns(entry: Entry) -> Iterator[str]:
    known: set[str] = set()
    for signature in (*entry.signatures, *entry.also):
        try:
            known |= set(signature.pattern.groupindex)
        except re.error as error:
            yield f"{signature.says}: {error}"
    texts: Sequence[str] = (entry.cause, *(text for mend in entry.mend for text in (mend.say, *mend.run)))
    yield from (f"no signature has a group {name}" for text in texts for _, name, _ in FIELD.findall(text) if name not in known)


def _in_circles(result: Table) -> Iterator[str]:
    return (id for id in result.entries if id in result.explains[id]) if _implied_exist(result) else iter(())


def _implied_exist(result: Table) -> bool:
    return all(id in result.entries for entry in result.entries.values() for id in entry.implies)
