"""`kinstall` by itself: the wizard where a terminal can show it, and why not where it cannot."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kinstall import draft
from kinstall.answers import load

NO_SCREEN = """\
{why}, so the wizard cannot be shown. kinstall works from a file as well:

    hosts:
      - {{name: kmaster, address: 192.168.96.31, role: control-plane}}
      - {{name: knode, address: 192.168.96.32}}

Save this as answers.yaml with your own machines, then

    kinstall check answers.yaml                  looks at them, and changes nothing
    kinstall --headless answers.yaml --plan      shows every command and file, and changes nothing
    kinstall --headless answers.yaml             installs
    kinstall verify answers.yaml                 looks whether everything works

`kinstall --help` has the rest; docs/answers.md has every key."""


def has_person() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def hindrance() -> str:
    """Why this terminal cannot show the wizard; "" when it can."""
    if not has_person():
        return "This is no terminal"
    if os.environ.get("TERM", "dumb") == "dumb":
        return "This terminal says that it can show lines only (TERM=dumb)"
    return ""


def wizard(answers: Path | None = None) -> int:
    """The wizard, with these answers or with what was typed the last time; the exit code. Raises AnswersError for a file that is wrong."""
    from kinstall.reception import Reception
    from kinstall.screens.wizard import show

    if answers:
        return show(drafted(answers), Reception(), asks=False)
    return show(draft.load() or draft.Draft(), Reception())


def drafted(path: Path) -> draft.Draft:
    """A draft of what a file says."""
    return draft.Draft(load(path).model_dump(mode="json", exclude_unset=True, exclude_none=True))
