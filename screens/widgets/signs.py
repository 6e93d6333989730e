"""The signs for statuses and levels, in UTF-8 or ASCII as the terminal can show. A sign always says it; colour only helps."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from kinstall.headless import signs

STATUS_STYLES: Final[Mapping[str, str]] = {
    "pending": "dim", "waiting": "yellow", "running": "bold blue", "done": "green", "already": "green", "failed": "bold red",
    "skipped": "dim",
}
LEVEL_STYLES: Final[Mapping[str, str]] = {"ok": "green", "handled": "cyan", "warning": "yellow", "blocking": "bold red", "asking": "dim"}
_LEVELS: Final = {"ok": "✓", "handled": "⚙", "warning": "!", "blocking": "✗", "asking": "…"}
_ASCII_LEVELS: Final = {"ok": "+", "handled": "*", "warning": "!", "blocking": "X", "asking": "."}
_ANSWERS: Final = {
    "connecting": "◌", "ready": "●", "unknown-key": "?", "changed-key": "‼", "refused": "✗", "unreachable": "✗", "": "·",
}
_ASCII_ANSWERS: Final = {
    "connecting": "o", "ready": "@", "unknown-key": "?", "changed-key": "!", "refused": "X", "unreachable": "X", "": ".",
}
ANSWER_STYLES: Final[Mapping[str, str]] = {
    "connecting": "yellow", "ready": "green", "unknown-key": "yellow", "changed-key": "bold red", "refused": "bold red",
    "unreachable": "bold red", "": "dim",
}


def utf8() -> bool:
    """Whether the terminal shows more than ASCII."""
    return (getattr(sys.__stdout__, "encoding", "") or "").lower().replace("-", "") == "utf8"


def status_sign(status: str) -> str:
    """`✓` for done, and so on: see headless.SIGNS."""
    assert sys.__stdout__ is not None  # noqa: S101  # a screen is shown on it
    return signs(sys.__stdout__)[status]


def level_sign(level: str) -> str:
    """Of a finding: ok, handled, warning, blocking; `asking` while nothing is known yet."""
    return (_LEVELS if utf8() else _ASCII_LEVELS)[level]


def answer_sign(answer: str) -> str:
    """The dot of a host: see desk.Answer; "" before anything was tried."""
    return (_ANSWERS if utf8() else _ASCII_ANSWERS)[answer]
