"""What was proved, as a table: add-on, what was looked at, the figure that was seen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinstall.events import Proved, RunEnded
from kinstall.headless import AtTheEnd, signs


class Proofs(AtTheEnd):
    """What was proved."""

    def _print(self, console: Console, ended: RunEnded) -> None:
        proofs, marks = self.progress.proofs, signs(self.out)
        if not proofs:
            return
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
