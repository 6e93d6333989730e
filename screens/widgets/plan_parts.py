"""A machine's plan as it is described line by line, taken apart: its steps, their commands, and what is written into files. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

STEP: Final = "  "              # a step begins so: its id, padded, and its title
NAME: Final = 24                # where the title begins, after a space
COMMAND: Final = "      "       # a command; its further lines are indented by two more, what goes into a file by six more
INSIDE: Final = "            "
ALREADY: Final = "  (already so)"


@dataclass(slots=True)
class Part:
    """A command, or a file: and line by line what is written into it."""

    text: str
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Step:
    """A step; without a title it is a remark."""

    name: str
    title: str
    already: bool = False
    parts: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Described:
    """Of a machine, or of the cluster. `what` it is stands in brackets."""

    name: str
    what: str
    steps: list[Step] = field(default_factory=list)

    @property
    def counts(self) -> str:
        """`34 steps, 27 to do, 61 commands`; of the cluster, for which nobody has looked yet, `8 add-ons, 61 objects`."""
        todo, parts = sum(not step.already for step in self.steps), [part for step in self.steps for part in step.parts]
        commands = sum(part.text.startswith("$ ") for part in parts)
        if commands or todo < len(self.steps):
            return f"{_several(len(self.steps), 'step')}, {todo} to do, {_several(commands, 'command')}"
        named, objects = sum(bool(step.title) for step in self.steps), sum(part.text.startswith("apply ") for part in parts)
        return f"{_several(named, 'add-on')}, {_several(objects, 'object')}"


def _several(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def parse(title: str, lines: Sequence[str]) -> Described:
    """What plan.describe() and addons.steps.described() have put together."""
    name, _, what = title.partition(" (")
    plan = Described(name, what.removesuffix(")"))
    for line in lines:
        if not line.startswith(COMMAND):
            plan.steps.append(_step(line))
        elif plan.steps:
            _add(plan.steps[-1], line)
    return plan


def _step(line: str) -> Step:
    text = line.removesuffix(ALREADY)
    name, title = text[len(STEP) : NAME].rstrip(), text[NAME + 1 :]
    if not name or " " in name or not title or text[NAME] != " ":
        return Step(text.strip(), "")
    return Step(name, title, text != line)


def _add(step: Step, line: str) -> None:
    if line.startswith(INSIDE) and step.parts:
        step.parts[-1].lines.append(line.removeprefix(INSIDE))
    else:
        step.parts.append(Part(line.removeprefix(COMMAND)))
