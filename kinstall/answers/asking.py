"""One value at a time, for a front end that asks for it: what would be wrong with this text in that key."""

from __future__ import annotations

from pydantic import ValidationError

from kinstall.answers import translate
from kinstall.answers.model import Answers
from kinstall.answers.sections import Section
from kinstall.answers.walk import keys


def complaint(key: str, text: str) -> str:
    """What is wrong with `text` as the value of a key such as `hosts.address`, and how to mend it; nothing if it is right."""
    section, name = _home(key)
    try:
        section.model_validate({name: text})
    except ValidationError as error:
        found = [mistake for mistake in translate.mistakes(error) if mistake.loc[:1] == (name,)]
        return ": ".join(filter(None, (found[0].what, found[0].mend))) if found else ""
    return ""


def _home(key: str) -> tuple[type[Section], str]:
    """The group that a key is in, and its name there: which can have a point in it, as `docker.io` has."""
    groups = ((".".join(group.path) + ".", group.section) for group in keys() if group.section)
    found = [(path, section) for path, section in groups if key.startswith(path)]
    path, section = max(found, key=lambda pair: len(pair[0]), default=("", Answers))
    return section, key.removeprefix(path)
