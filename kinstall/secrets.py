"""Secrets never show: a Secret is masked wherever it is printed, and a Redactor cleans what hosts print before any sink sees it."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "********"

# What kubeadm prints by itself: bootstrap tokens (id.secret) and certificate keys beside their flag.
BOOTSTRAP_TOKEN: Final = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
CERTIFICATE_KEY: Final = re.compile(r"(--certificate-key[ =])[0-9a-f]{64}")


class Secret:
    """A text that must not be shown. `reveal()` is the only way to it, so that every use can be found by its name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself: for a stdin, never for an argv, a log or a message."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled")


class Redactor:
    """Masks every known secret, and what has the shape of a Kubernetes credential, in whole lines.

    It works on whole lines, since a secret cut in two by a chunk's end could not be recognised.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: Secret) -> None:
        """Mask this secret from now on. Each line of a secret with several lines is masked by itself."""
        self._known.update(part for part in secret.reveal().splitlines() if part.strip())
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def clean(self, line: str) -> str:
        """The line with every secret masked."""
        if self._pattern:
            line = self._pattern.sub(MASK, line)
        return CERTIFICATE_KEY.sub(rf"\1{MASK}", BOOTSTRAP_TOKEN.sub(MASK, line))
