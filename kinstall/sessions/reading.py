"""A journal read back, as far as it can be: damaged, cut off, of an older schema, or with events that a newer kinstall has invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from kinstall.errors import SessionError
from kinstall.events import SCHEMA, AnyEvent, Note, RunEnded, RunStarted, decode
from kinstall.journal import is_of_another_kind
from kinstall.sessions.migrations import migrated

FIRST_SCHEMA: Final = 1     # of journals whose first line does not say it
LIST_THEM: Final = "`kinstall sessions` lists those that there are; `kinstall demo` plays one that came with kinstall."
UNFINISHED: Final = "This session has no end: kinstall was ended before the run, or is still at it."


class NewerSession(SessionError):
    """Written by a newer kinstall: what its events mean is not known here."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The events of a journal, up to where it is whole."""

    path: Path
    events: tuple[AnyEvent, ...]
    damage: str = ""            # why it cannot be read on from here
    schema: int = SCHEMA
    unknown: int = 0            # events of a kind that is not known here

    @property
    def start(self) -> RunStarted:
        """Its first event."""
        first = self.events[0]
        assert isinstance(first, RunStarted)  # noqa: S101  # load() takes no other
        return first

    @property
    def end(self) -> RunEnded | None:
        """Its last event, if it got that far."""
        last = self.events[-1]
        return last if isinstance(last, RunEnded) else None

    def played(self) -> tuple[AnyEvent, ...]:
        """The events as they are played: with a word at the end about what is missing there."""
        why = self.damage or ("" if self.end else UNFINISHED)
        last = self.events[-1]
        return (*self.events, Note(seq=last.seq + 1, at=last.at, text=why, level="warning")) if why else self.events


@dataclass
class _Reader:
    path: Path
    schema: int = FIRST_SCHEMA
    unknown: int = 0
    events: list[AnyEvent] = field(default_factory=list)

    def take(self, line: bytes) -> None:
        """One line. Raises what msgspec raises for one that is no event, and NewerSession."""
        if not self.events:
            self._first(msgspec.json.decode(line))
        try:
            event = decode(line) if self.schema == SCHEMA else self._older(line)
        except msgspec.ValidationError:
            if not is_of_another_kind(line):
                raise
            self.unknown += 1
        else:
            self.events.append(event)

    def _older(self, line: bytes) -> AnyEvent:
        event: AnyEvent = msgspec.convert(migrated(msgspec.json.decode(line), self.schema, SCHEMA), AnyEvent)
        return event

    def _first(self, line: Any) -> None:  # noqa: ANN401  # whatever a file begins with
        if not isinstance(line, dict) or line.get("type") != "run-started":
            raise msgspec.ValidationError("the first line is not the beginning of a run")
        self.schema = int(line.get("schema", FIRST_SCHEMA))
        if self.schema > SCHEMA:
            newer = f"{self.path}: written by a newer kinstall (schema {self.schema}; this one knows {SCHEMA})"
            raise NewerSession(newer, hint="Update kinstall.")


def load(path: Path) -> Recording:
    """A journal up to its damage, if it has any. Raises SessionError when there is nothing to play, or a newer kinstall wrote it."""
    reader, damage = _Reader(path), ""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if damage := _read(reader, line, number):
                    break
    except OSError as error:
        raise SessionError(f"{path}: {error.strerror}", hint=LIST_THEM) from error
    if not reader.events:
        raise SessionError(f"{path} is no session of kinstall: {damage or 'it is empty'}", hint=LIST_THEM)
    return Recording(path, tuple(reader.events), damage, reader.schema, reader.unknown)


def _read(reader: _Reader, line: bytes, number: int) -> str:
    """Take one line; what is wrong with it, if something is."""
    try:
        reader.take(line)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        cut = not line.endswith(b"\n")
        return f"This session ends here: line {number} of its journal is {'cut off' if cut else 'damaged'} ({error})."
    return ""
