"""`kinstall --plain`: the whole way in lines, for terminals that show no screens: questions, a look, a yes, the installation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kinstall.asking import tell
from kinstall.commands.init import asked, save
from kinstall.errors import BAD_ANSWERS, CANCELLED, CANNOT_CONNECT
from kinstall.questions import Stopped, confirm, text

NAME = "answers.yaml"


def plain(check: Callable[[Path], int], install: Callable[[Path], int], given: Path | None = None) -> int:
    """Ask, write the file (unless one is given), look, and install when that is wanted; the exit code. Each part can be had by itself."""
    try:
        path = given or _file()
        code = check(path)
        if code in (BAD_ANSWERS, CANNOT_CONNECT):
            tell(f"Mend it, then: kinstall --headless {path}\n")
            return code
        question = "Install now? Nothing was changed so far." if not code else "Something stands in the way: see above. Try all the same?"
        if not confirm(question, default=not code):
            tell(f"Later: kinstall --headless {path}\n")
            return code
    except Stopped:
        tell("Stopped; nothing was changed on any machine.\n")
        return CANCELLED
    return install(path)


def _file() -> Path:
    """The answers that are there, or those that are asked for now."""
    path = Path(NAME)
    if path.exists() and confirm(f"{NAME} is there already. Install what it says?", default=True):
        return path
    draft = asked()
    if path.exists():
        path = Path(text("Write the answers to:", "answers-2.yaml", lambda typed: not Path(typed).exists() or "that is there already"))
    save(draft, path)
    tell(f"{path} is written. Now a look at the machines.\n")
    return path
