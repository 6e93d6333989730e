"""What was proved, as a table: add-on, what was looked at, the figure that was seen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinstall.events import AnyEvent, Failure, Note, Proved, RunEnded
from kinstall.headless import error_lines, signs
from kinstall.progress import Progress
from kinstall.streams import hardy


class Proofs:
    """A sink: the table on stdout when all has been looked at; notes and failures on stderr as they come."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out, self.err, self.progress = hardy(out or sys.stdout), hardy(err or sys.stderr), Progress()

    def __call__(self, event: AnyEvent) -> None:
        """A sink."""
        self.progress = self.progress.apply(event)
        match event:
            case Note():
                print(event.text, file=self.err, flush=True)
            case Failure():
                print("\n".join(error_lines(event)), file=self.err, flush=True)
            case RunEnded() if self.progress.proofs:
                self._print()

    def _print(self) -> None:
        proofs = self.progress.proofs
        marks = signs(self.out)
        console = Console(file=self.out, highlight=False)
        console.print(drawn(proofs, marks["done"], marks["failed"]))
        bad = [proof for proof in proofs if not proof.holds]
        names = ", ".join(f"{proof.step} ({proof.what})" for proof in bad)
        console.print(f"{len(proofs) - len(bad)} of {len(proofs)} hold" + (f": not {names}" if bad else ""))


def drawn(proofs: Sequence[Proved], good: str, bad: str) -> Table:
    """The proofs as a table, an add-on named once."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for title in ("", "add-on", "proved", "figure"):
        table.add_column(title, overflow="fold")
    last = ""
    for proof in proofs:
        sign = Text(good, "green") if proof.holds else Text(bad, "bold red")
        table.add_row(sign, Text(proof.step if proof.step != last else ""), Text(proof.what), Text(proof.figure))
        last = proof.step
    return table
