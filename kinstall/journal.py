"""The journal of a run: JSON Lines, 0600, one event a line, in the platform's state directory.

It tells what happened; it decides nothing.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO

import msgspec
from platformdirs import user_state_path

from kinstall.errors import SessionError
from kinstall.events import KINDS, SCHEMA, AnyEvent, RunStarted, decode, encode


def sessions_folder() -> Path:
    """Where journals are kept: ~/.local/state/kinstall/sessions, or what XDG_STATE_HOME says."""
    return user_state_path("kinstall") / "sessions"


class Journal:
    """Writes a run's events, each at once: what happened before a crash can be read after it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broken: OSError | None = None
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file: IO[bytes] = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)

    def __call__(self, event: AnyEvent) -> None:
        """A sink: one line. A full disk here must not stop what runs on the hosts: it is told at the end."""
        try:
            if self.broken is None:
                self._file.write(encode(event) + b"\n")
        except OSError as error:
            self.broken = error

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()


def new(cluster: str, folder: Path | None = None) -> Journal:
    """A journal named after the time and the cluster. A second run in the same second gets a number."""
    folder = folder or sessions_folder()
    name = f"{time.strftime('%Y-%m-%dT%H%M%S')}-{re.sub(r'[^A-Za-z0-9.-]', '_', cluster)}"
    for number in range(1, 1000):
        try:
            return Journal(folder / (f"{name}.jsonl" if number == 1 else f"{name}-{number}.jsonl"))
        except FileExistsError:
            continue
        except OSError as error:
            hint = "Make it writable, or name another one in XDG_STATE_HOME."
            raise SessionError(f"no journal can be written in {folder}: {error.strerror}", hint=hint) from error
    raise SessionError(f"no journal could be made in {folder}", hint="Is it full of sessions of this very second?")


def read(path: Path) -> Iterator[AnyEvent]:
    """The events of a journal, without those of a kind that is not known here: a newer kinstall may add some.

    Raises SessionError at the first line that is none, with how far it could be read.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                event = decode(line)
            except (msgspec.ValidationError, msgspec.DecodeError) as error:
                if is_of_another_kind(line):
                    continue
                raise SessionError(f"{path}:{number}: {error}", hint=f"The {number - 1} events before it are good.") from error
            if isinstance(event, RunStarted) and event.schema > SCHEMA:
                newer = f"{path}: written by a newer kinstall (schema {event.schema}; this one knows {SCHEMA})"
                raise SessionError(newer, hint="Update kinstall.")
            yield event


class _Kind(msgspec.Struct):
    type: str


def is_of_another_kind(line: bytes) -> bool:
    """Whether it is an event, and one that this kinstall does not know."""
    try:
        return msgspec.json.decode(line, type=_Kind).type not in KINDS
    except (msgspec.ValidationError, msgspec.DecodeError):
        return False
