"""When kinstall itself has a bug: a file that a person may send, with no secret in it, instead of a traceback over the terminal."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path
from typing import Final

from platformdirs import user_state_path

from kinstall import __version__, private
from kinstall.secrets import Redactor

PACKAGES: Final = ("textual", "asyncssh", "kubernetes", "pydantic", "msgspec", "rich")


def write(error: BaseException, redactor: Redactor, *, journal: str = "", folder: Path | None = None) -> Path:
    """Write a report (0600) about this error; its path."""
    folder = folder or user_state_path("kinstall") / "reports"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{time.strftime('%Y-%m-%dT%H%M%S')}.txt"
    lines = [*_about(journal), "", *"".join(traceback.format_exception(error)).splitlines()]
    private.write(path, "\n".join(map(redactor.clean, lines)) + "\n")
    return path


def _about(journal: str) -> list[str]:
    """What somebody needs who looks for the cause."""
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    terminal = " ".join(f"{name}={os.environ[name]}" for name in ("TERM", "COLORTERM", "LANG", "NO_COLOR") if name in os.environ)
    return [
        f"kinstall {__version__}, Python {platform.python_version()}, {platform.platform()}", versions,
        f"command: {' '.join(map(str, [Path(sys.argv[0]).name, *sys.argv[1:]]))}", f"terminal: {terminal}", f"journal: {journal or 'none'}",
    ]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"


def told(error: BaseException, path: Path) -> list[str]:
    """What the person at the terminal reads."""
    return [
        f"kinstall has a bug: {type(error).__name__} at {_place(error)}.",
        "What runs on the hosts goes on there, and what you typed is kept: start kinstall again to go on.",
        f"The report, without secrets: {path}",
    ]


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "kinstall" in frame.filename or "screens" in frame.filename] or list(frames)
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "an unknown place"
