"""Every key that answers.yaml can have, read off the model: for the nearest key in an error, and for the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from pydantic.fields import FieldInfo

from kinstall.answers.marks import Loc
from kinstall.answers.model import Answers
from kinstall.answers.sections import SecretRef, Section


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its place without indices, its field, and the group it opens, if it opens one."""

    path: tuple[str, ...]
    field: FieldInfo
    section: type[Section] | None


def keys(section: type[Section] = Answers, path: tuple[str, ...] = ()) -> Iterator[Key]:
    """The keys of a group, each followed by what is in it."""
    for name, field in section.written():
        inner = next(_sections(field.annotation), None)
        yield Key((*path, name), field, inner)
        if inner:
            yield from keys(inner, (*path, name))


def siblings(loc: Loc) -> list[str]:
    """The keys that the group at this place can have."""
    path = tuple(part for part in loc if isinstance(part, str))
    return [key.path[-1] for key in keys() if key.path[:-1] == path]


def homes(name: str) -> list[str]:
    """The groups in which a key of this name is known."""
    return [".".join(key.path[:-1]) for key in keys() if key.path[-1] == name and len(key.path) > 1]


def _sections(annotation: object) -> Iterator[type[Section]]:
    """The group in a type such as `tuple[HostEntry, ...]`. A reference to a secret counts as one value."""
    if isinstance(annotation, type) and issubclass(annotation, Section) and annotation is not SecretRef:
        yield annotation
    for argument in get_args(annotation):
        yield from _sections(argument)
