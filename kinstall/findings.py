"""What the checks found, as a table: the worst first, what it means, and the commands that mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from kinstall.events import Found, RunEnded
from kinstall.headless import AtTheEnd

LEVELS: Final[Mapping[str, tuple[str, str]]] = {
    "blocking": ("blocks", "bold red"), "warning": ("warning", "yellow"), "handled": ("handled", "cyan"), "ok": ("ok", "green"),
}
WIDEST: Final = 12      # of the names of hosts; more of them go below each other
NAMED: Final = 6        # so many hosts are named


class Findings(AtTheEnd):
    """What the checks found."""

    def _print(self, console: Console, ended: RunEnded) -> None:
        for part in drawn(rows(self.progress.findings)):
            console.print(part, soft_wrap=isinstance(part, Text))
        hosts = len([host for host in self.progress.hosts.values() if host.connected])
        looked = f"{self.progress.checks} checks on {hosts} host{'s' * (hosts != 1)} in {ended.seconds:.1f} s"
        console.print(f"{looked}: {counted(self.progress.findings)}", markup=False)
        if able := sum(bool(one.fix and one.mend) for one in self.progress.findings):
            console.print(f"--fix mends {able} of them without asking", markup=False)


def counted(found: Sequence[Found]) -> str:
    """`2 in the way, 1 to know, 7 handled by the installation`."""
    words = {"blocking": "in the way", "warning": "to know", "handled": "handled by the installation"}
    numbers = {level: sum(one.level == level for one in found) for level in words}
    return ", ".join(f"{number} {words[level]}" for level, number in numbers.items() if number) or "nothing stands in the way"


@dataclass(frozen=True, slots=True)
class Row:
    """A finding, and the hosts that it was made on."""

    found: Found
    hosts: tuple[str, ...]

    @property
    def named(self) -> str:
        """The hosts, of many only the first ones."""
        more = f" and {len(self.hosts) - NAMED} more" if len(self.hosts) > NAMED else ""
        return ", ".join(host or "all" for host in self.hosts[:NAMED]) + more


def rows(found: Sequence[Found]) -> list[Row]:
    """The worst first; what is so on several hosts, and is mended alike, once."""
    def same(one: Found) -> tuple[int, str, str, tuple[str, ...]]:
        return list(LEVELS).index(one.level), one.check, one.sentence, one.mend

    first = {same(one): number for number, one in reversed(list(enumerate(found)))}
    ordered = sorted(found, key=lambda one: (same(one)[0], first[same(one)]))
    groups = [list(group) for _, group in groupby(ordered, key=same)]
    return [Row(group[0], tuple(one.host for one in group)) for group in groups]


def drawn(shown: Sequence[Row]) -> Iterator[RenderableType]:
    """The findings as a table, piece by piece. Commands have lines of their own that nothing folds: they are there to be copied."""
    titles = "", "host", "check"
    widths = [max(map(len, words)) for words in zip(titles, *(_cells(row) for row in shown), strict=True)]
    if shown:
        yield _line(widths, (*titles, "what it means"), "bold")
    for row in shown:
        level, _, check = _cells(row)
        yield _line(widths, (level, row.named, check, row.found.sentence), "", LEVELS[row.found.level][1])
        for text, is_command in mends(row):
            yield Text(f"  {text}", "bold") if is_command else _line(widths, ("", "", "", text), "dim")


def _cells(row: Row) -> tuple[str, str, str]:
    return LEVELS[row.found.level][0], row.named[:WIDEST], row.found.check


def _line(widths: Sequence[int], cells: Sequence[str], style: str, first: str = "") -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0), pad_edge=False)
    for width in widths:
        grid.add_column(width=width, overflow="fold")
    grid.add_column(overflow="fold")
    grid.add_row(*(Text(cell, first or style if number == 0 else style) for number, cell in enumerate(cells)))
    return grid


def mends(row: Row) -> Iterator[tuple[str, bool]]:
    """What to do about a finding, line by line, and whether that is a command."""
    one = row.found
    if one.mend:
        where = f"On {row.named}" if len(row.hosts) == 1 else "On each"
        yield f"{where}, as root{' (or --fix)' * one.fix}:", False
        yield from ((line, True) for command in one.mend for line in command.splitlines())
    if one.advice:
        yield one.advice, False
    if one.allow:
        yield f"Or, knowingly: --allow {one.allow}", False
