"""From a file to Answers, or to every mistake in it at once, each with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from kinstall.answers import document, files, rules, translate
from kinstall.answers.marks import Loc, Marks, Mistake
from kinstall.answers.model import Answers
from kinstall.answers.view import view
from kinstall.errors import AnswersError, Problem


def load(path: Path) -> Answers:
    """The answers in this file. Everything wrong with it, and with the key files it names, is one AnswersError."""
    return _answers(document.read(_text(path), str(path)), with_keys=True)


def parse(text: str, file: str = "answers.yaml") -> Answers:
    """The answers in this text, without a look at the key files that it names."""
    return _answers(document.read(text, file), with_keys=False)


def made(data: object, file: str = "answers.yaml") -> Answers:
    """The answers in data that no file holds yet, such as a form's. Everything wrong with them is one AnswersError, without lines."""
    return _answers(document.Document(data, Marks(file, dict.fromkeys(_places(data, ()), 0))), with_keys=True)


def _places(data: object, loc: Loc) -> Iterator[Loc]:
    """What is written at all: no line is known of it, and yet it is no default."""
    yield loc
    pairs = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list | tuple) else ()
    for key, value in pairs:
        yield from _places(value, (*loc, key))


def check(answers: Answers) -> tuple[Problem, ...]:
    """What `load` finds beyond the model, for answers that were made another way: the rules between hosts, and the key files."""
    seen = view(answers.model_dump(mode="json", exclude_unset=True, exclude_none=True), (), answers.marks)
    return tuple(map(answers.marks.problem, [*rules.broken(seen), *files.broken_keys(seen)]))


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
    seen = view(found.data, [mistake.loc for mistake in everything], found.marks)
    everything += [*rules.broken(seen), *(files.broken_keys(seen) if with_keys else ())]
    if everything or answers is None:
        raise AnswersError([found.marks.problem(mistake) for mistake in everything])
    return answers.marked(found.marks)


def _validated(data: object) -> tuple[Answers | None, list[Mistake]]:
    try:
        return Answers.model_validate(data), []
    except ValidationError as error:
        return None, translate.mistakes(error)
