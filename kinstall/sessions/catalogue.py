"""Which sessions there are: those of this machine, and those that came with kinstall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from kinstall.errors import SessionError
from kinstall.events import AnyEvent, Described, Proved, StepChanged
from kinstall.journal import sessions_folder
from kinstall.sessions.reading import LIST_THEM, Recording, load

DEMO: Final = "demo"
# What a run was for, by the first of these kinds of event that is in it.
PURPOSES: Final[tuple[tuple[type[AnyEvent], str], ...]] = ((StepChanged, "install"), (Described, "plan"), (Proved, "verify"))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A session in a line. `result`: done, failed, cancelled, unfinished, damaged, or unreadable (`note` says why)."""

    id: str
    path: str
    started: float = 0.0
    cluster: str = ""
    hosts: tuple[str, ...] = ()
    purpose: str = ""
    result: str
    seconds: float = 0.0
    changed: int = 0
    note: str = ""
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with journals."""

    folder: Path
    shipped: bool = False

    def paths(self) -> list[Path]:
        """Its journals: the newest of this machine first, the shipped ones in their order."""
        return sorted(self.folder.glob("*.jsonl"), reverse=not self.shipped)


def places() -> tuple[Place, Place]:
    """Where sessions are looked for."""
    return Place(sessions_folder()), Place(Path(str(files("kinstall.assets") / "sessions")), shipped=True)


def entries() -> Iterator[Entry]:
    """Every session, those of this machine first."""
    for place in places():
        for path in place.paths():
            yield entry(path, shipped=place.shipped)


def entry(path: Path, *, shipped: bool = False) -> Entry:
    """What a journal is about. One that cannot be read is an entry as well: whoever looks for it must find it."""
    try:
        recording = load(path)
    except SessionError as error:
        return Entry(id=path.stem, path=str(path), result="unreadable", note=error.message, shipped=shipped)
    start, end = recording.start, recording.end
    return Entry(
        id=path.stem, path=str(path), started=start.at, cluster=start.cluster, hosts=tuple(host.name for host in start.hosts),
        purpose=_purpose(recording), result="damaged" if recording.damage else end.result if end else "unfinished",
        seconds=end.seconds if end else round(recording.events[-1].at - start.at, 3), changed=end.changed if end else 0,
        note=recording.damage, shipped=shipped)


def _purpose(recording: Recording) -> str:
    kinds = {type(event) for event in recording.events}
    return next((purpose for kind, purpose in PURPOSES if kind in kinds), "check")


def find(word: str) -> Path:
    """The journal that a person means: `demo`, a file, or the beginning of an id. Raises SessionError when it is none, or several."""
    if word == DEMO:
        return shipped()[0]
    if Path(word).is_file():
        return Path(word)
    known = [path for place in places() for path in place.paths()]
    found = [path for path in known if path.stem == word] or [path for path in known if path.stem.startswith(word)]
    if not found:
        raise SessionError(f"there is no session {word}", hint=LIST_THEM)
    if len(found) > 1:
        several = f"{len(found)} sessions begin with {word}: {', '.join(path.stem for path in found[:5])}{' ...' if len(found) > 5 else ''}"
        raise SessionError(several, hint="Say more of its id.")
    return found[0]


def shipped() -> list[Path]:
    """The sessions that came with kinstall. Raises SessionError when its package is not whole."""
    if not (paths := places()[1].paths()):
        raise SessionError("this kinstall came without its recorded sessions", hint="Install it again, from the wheel or the repository.")
    return paths
