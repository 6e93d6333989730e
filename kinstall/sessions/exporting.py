"""A session in a form that can be shown: a cast, stills, or a journal without names. What it holds was cleaned when it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kinstall.errors import SessionError
from kinstall.events import encode
from kinstall.sessions.anonymize import anonymized
from kinstall.sessions.cast import SMALL, Size, cast
from kinstall.sessions.filming import film, still
from kinstall.sessions.reading import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be made, each in its file. `at`: seconds after the beginning for a still; None: the end."""

    cast: Path | None = None
    svg: Path | None = None
    html: Path | None = None
    journal: Path | None = None
    size: Size = SMALL
    at: float | None = None
    idle: float = 2.0
    speed: float = 1.0
    nameless: bool = False


def export(recording: Recording, wanted: Wanted) -> list[Path]:
    """Make all that is wanted; the files. They are for showing, so that everybody may read them (0644 with the usual umask)."""
    if wanted.nameless:
        recording = replace(recording, events=anonymized(recording.events), path=Path("session.jsonl"))  # a file's name has the cluster's
    return [_written(path, text) for path, text in _made(recording, wanted)]


def _made(recording: Recording, wanted: Wanted) -> Iterator[tuple[Path, str]]:
    title = f"kinstall: {recording.start.cluster}, {len(recording.start.hosts)} hosts"
    if wanted.cast:
        shown = film(recording, wanted.size, idle=wanted.idle, speed=wanted.speed)
        yield wanted.cast, "".join(f"{line}\n" for line in cast(shown.written, wanted.size, title=title, timestamp=recording.start.at))
    if wanted.svg or wanted.html:
        picture = still(recording, wanted.size, at=wanted.at)
        if wanted.svg:
            yield wanted.svg, picture.export_svg(title=title, clear=False)
        if wanted.html:
            yield wanted.html, picture.export_html(clear=False, inline_styles=True)
    if wanted.journal:
        yield wanted.journal, "".join(f"{encode(event).decode()}\n" for event in recording.events)


def _written(path: Path, text: str) -> Path:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SessionError(f"{path} cannot be written: {error.strerror}", hint="Name another file.") from error
    return path
