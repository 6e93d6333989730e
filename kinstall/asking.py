"""A line to the person at the terminal, and an explicit yes from there."""

from __future__ import annotations

import asyncio
import sys

from kinstall.connecting import typed_line
from kinstall.streams import hardy


async def confirm(question: str) -> bool:
    """An explicit yes from the terminal."""
    while True:
        tell(f"{question} [y/N]: ")
        try:
            line = await typed_line(sys.stdin.fileno())
        except asyncio.CancelledError:
            tell("\n")  # what is told next is not told beside the question
            raise
        if (word := line.strip().lower()) in ("y", "yes"):
            return True
        if word in ("", "n", "no"):
            return False


def tell(text: str) -> None:
    """On stderr, if anybody reads it."""
    print(text, end="", file=hardy(sys.stderr), flush=True)
