"""From a file to Answers, or to every mistake in it at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from kinstall.answers import document, files, rules, translate
from kinstall.answers.marks import Loc, Marks, Mistake
from kinstall.answers.model import Answers, Network
from kinstall.answers.shorthand import expand
from kinstall.errors import AnswersError, Problem

_NETWORKS: Final = {name: str(Network.model_fields[name].default) for name in ("pods", "services")}


def load(path: Path) -> Answers:
    """The answers in this file. Everything wrong with it, and with the key files it names, is one AnswersError."""
    return _answers(document.read(_text(path), str(path)), with_keys=True)


def parse(text: str, file: str = "answers.yaml") -> Answers:
    """The answers in this text, without a look at the key files that it names."""
    return _answers(document.read(text, file), with_keys=False)


def check(answers: Answers) -> tuple[Problem, ...]:
    """What `load` finds beyond the model, for answers that were made another way: the rules between hosts, and the key files."""
    view = _view(answers.model_dump(mode="json", exclude_unset=True, exclude_none=True), (), answers.marks)
    return tuple(map(answers.marks.problem, [*rules.broken(view), *files.broken_keys(view)]))


def _text(path: Path) -> str:
    try:
        raw = files.contents(path)
        return raw.decode()
    except OSError as error:
        raise AnswersError([Problem(str(path), 0, "", *files.unreadable(error))]) from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise AnswersError([Problem(str(path), line, "", "not UTF-8", "save the file as UTF-8")]) from None


def _answers(found: document.Document, *, with_keys: bool) -> Answers:
    answers, mistakes = _validated(found.data)
    refused = {mistake.loc for mistake in found.mistakes}
    everything = [*found.mistakes, *(mistake for mistake in mistakes if mistake.loc not in refused)]
    view = _view(found.data, [mistake.loc for mistake in everything], found.marks)
    everything += [*rules.broken(view), *(files.broken_keys(view) if with_keys else ())]
    if everything or answers is None:
        raise AnswersError([found.marks.problem(mistake) for mistake in everything])
    return answers.marked(found.marks)


def _validated(data: object) -> tuple[Answers | None, list[Mistake]]:
    try:
        return Answers.model_validate(data), []
    except ValidationError as error:
        return None, translate.mistakes(error)


def _view(data: object, bad: Iterable[Loc], marks: Marks) -> rules.View:
    """What the rules look at: the data with its defaults, and without what is wrong by itself."""
    bad = tuple(bad)
    hosts = _at(data, "hosts")
    return rules.View(
        hosts=tuple(_host(host, ("hosts", index), bad) for index, host in enumerate(hosts if isinstance(hosts, list) else [])),
        network=_sound(_NETWORKS | {key: text for key, text in _group(data, "network").items() if key in _NETWORKS}, ("network",), bad),
        access=_sound(_group(data, "access"), ("access",), bad),
        sources=_sound(_group(data, "sources"), ("sources",), bad),
        marks=marks,
    )


def _host(raw: object, loc: Loc, bad: tuple[Loc, ...]) -> Mapping[str, Any]:
    try:
        host = expand(raw)
    except PydanticCustomError:
        return {}
    sound = _sound({"role": "worker", **_filled(host)}, loc, bad)
    return {**sound, "access": _sound(_group(host, "access"), (*loc, "access"), bad)}


def _sound(group: Mapping[str, Any], loc: Loc, bad: tuple[Loc, ...]) -> dict[str, Any]:
    """The group without the keys at or below which something is wrong; nothing of it, if it is wrong as a whole."""
    if loc in bad:
        return {}
    return {key: value for key, value in group.items() if not any(place[: len(loc) + 1] == (*loc, key) for place in bad)}


def _group(data: object, key: str) -> dict[str, Any]:
    return _filled(_at(data, key))


def _at(data: object, key: str) -> object:
    return data.get(key) if isinstance(data, Mapping) else None


def _filled(group: object) -> dict[str, Any]:
    return {key: value for key, value in group.items() if value is not None} if isinstance(group, Mapping) else {}
