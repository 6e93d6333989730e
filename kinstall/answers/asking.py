"""One value at a time, for a front end that asks for it: what would be wrong with this text in that key."""

from __future__ import annotations

from pydantic import ValidationError

from kinstall.answers import translate
from kinstall.answers.model import Answers
from kinstall.answers.sections import Section
from kinstall.answers.walk import keys


def complaint(key: str, text: str) -> str:
    """What is wrong with `text` as the value of a key such as `hosts.address`, and how to mend it; nothing if it is right."""
    *around, name = key.split(".")
    try:
        _section(tuple(around)).model_validate({name: text})
    except ValidationError as error:
        found = [mistake for mistake in translate.mistakes(error) if mistake.loc[:1] == (name,)]
        return ": ".join(filter(None, (found[0].what, found[0].mend))) if found else ""
    return ""


def _section(path: tuple[str, ...]) -> type[Section]:
    return next((key.section for key in keys() if key.path == path and key.section), Answers)
