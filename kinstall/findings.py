"""What the checks found, as a table: the worst first, what it means, and the commands that mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinstall.events import Found, RunEnded
from kinstall.headless import AtTheEnd

LEVELS: Final[Mapping[str, tuple[str, str]]] = {
    "blocking": ("blocks", "bold red"), "warning": ("warning", "yellow"), "handled": ("handled", "cyan"), "ok": ("ok", "green"),
}


class Findings(AtTheEnd):
    """What the checks found."""

    def _print(self, console: Console, ended: RunEnded) -> None:
        found = sorted(self.progress.findings, key=lambda one: list(LEVELS).index(one.level))
        if found:
            console.print(drawn(found))
        hosts = len([host for host in self.progress.hosts.values() if host.connected])
        looked = f"{self.progress.checks} checks on {hosts} host{'s' * (hosts != 1)} in {ended.seconds:.1f} s"
        console.print(f"{looked}: {counted(found)}", markup=False)


def counted(found: Sequence[Found]) -> str:
    """`2 block, 1 warning, 7 handled by the installation`."""
    words = {"blocking": "in the way", "warning": "to know", "handled": "handled by the installation"}
    numbers = {level: sum(one.level == level for one in found) for level in words}
    return ", ".join(f"{number} {words[level]}" for level, number in numbers.items() if number) or "nothing stands in the way"


def drawn(found: Sequence[Found]) -> Table:
    """The findings as a table. What mends one stands below it."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for title in ("", "host", "check"):
        table.add_column(title, no_wrap=True)
    table.add_column("what it means", overflow="fold")
    for one in found:
        word, colour = LEVELS[one.level]
        table.add_row(Text(word, colour), Text(one.host or "all"), Text(one.check), Text(one.sentence))
        for line in mends(one):
            table.add_row("", "", "", Text(line, "dim"))
    return table


def mends(one: Found) -> list[str]:
    """What to do about a finding, line by line."""
    lines = [*(f"$ {command}" for command in one.mend), *filter(None, [one.advice])]
    if one.mend and one.fix:
        lines.append("(--fix does it)")
    return [*lines, *([f"or, knowingly: --allow {one.allow}"] if one.allow else [])]
