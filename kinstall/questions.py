"""Questions in lines: with questionary where the terminal can move its cursor, else one line printed and one line read."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import questionary

from kinstall.asking import tell

Judge = Callable[[str], bool | str]     # True, or what is wrong


class Stopped(Exception):
    """Ctrl-C, or the end of the input."""


def is_plain() -> bool:
    """Whether the terminal can only show lines."""
    return os.environ.get("TERM", "dumb") == "dumb"


def text(question: str, default: str = "", judge: Judge = lambda _: True) -> str:
    """A line, asked for again until it is right."""
    if not is_plain():
        return str(_asked(questionary.text(question, default=default, validate=judge))).strip()
    while True:
        typed = _line(f"{question} [{default}] " if default else f"{question} ") or default
        verdict = judge(typed)
        if verdict is True:
            return typed
        tell(f"  {verdict or 'that is needed'}\n")


def select(question: str, choices: Mapping[str, str], default: str = "") -> str:
    """One of these, words -> value; the value."""
    if not is_plain():
        shown = [questionary.Choice(words, value) for words, value in choices.items()]
        return str(_asked(questionary.select(question, shown, default=default or None)))
    words = list(choices)
    first = next((number for number, value in enumerate(choices.values(), 1) if value == default), 1)
    tell("\n".join([question, *(f"  {number} {word}" for number, word in enumerate(words, 1))]) + "\n")
    numbers = [str(number) for number in range(1, len(words) + 1)]
    chosen = text("Number:", str(first), lambda typed: typed in numbers or f"one of {', '.join(numbers)}")
    return choices[words[int(chosen) - 1]]


def confirm(question: str, *, default: bool) -> bool:
    """Yes or no."""
    if not is_plain():
        return bool(_asked(questionary.confirm(question, default=default)))
    words = {"y": True, "yes": True, "n": False, "no": False}
    return words[text(f"{question} (y/n)", "y" if default else "n", lambda typed: typed.lower() in words or "y or n").lower()]


def _asked(question: questionary.Question) -> Any:  # noqa: ANN401  # whatever the question is about
    answer = question.ask(kbi_msg="")
    if answer is None:
        raise Stopped
    return answer


def _line(question: str) -> str:
    tell(question)
    try:
        return input().strip()
    except (EOFError, KeyboardInterrupt):
        tell("\n")
        raise Stopped from None
