"""The page of the result: what came of it, links and accounts, machines, proofs. Lines of two columns, so that what is long stays apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static

from kinstall.events import Fact, Proved
from kinstall.headless import GIB, clock
from kinstall.progress import HostProgress, Progress
from kinstall.screens.widgets.result_words import counted, failure_lines, head, left_failures, newest, state, todo
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign, utf8

GAP: Final = 2
DISTRIBUTION, KERNEL = 4, 7     # columns of a machine that may be cut, or left out


class TwoColumns(Horizontal):
    """A label, and what may be longer than the line."""

    DEFAULT_CSS = """
    TwoColumns { height: auto; }
    TwoColumns .left { width: 13; margin-left: 2; }
    TwoColumns.proof .left { width: 21; margin-left: 0; }
    TwoColumns .right { width: 1fr; height: auto; }
    """

    def __init__(self, left: Text, right: Text, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self._left, self._right = left, right

    def compose(self) -> ComposeResult:
        """Side by side."""
        yield Static(self._left, classes="left")
        yield Static(self._right, classes="right")


class Machines(Static):
    """A line for each machine; where the terminal is narrow, without what matters least."""

    def __init__(self, hosts: Sequence[HostProgress]) -> None:
        super().__init__(markup=False)
        self._rows = [_machine(host) for host in hosts]

    def on_resize(self) -> None:
        """As wide as there is room."""
        self.update(Text("\n").join(fitted(self._rows, self.size.width)))


class ResultPage(VerticalScroll):
    """All of it. `look`: a later look at the same cluster, whose proofs count."""

    def __init__(self, progress: Progress, *, journal: str = "", can_go_back: bool = False) -> None:
        super().__init__(id="page")
        self.progress, self.journal, self.can_go_back = progress, journal, can_go_back
        self.look: Progress | None = None
        self.is_looking = False
        self.secrets: Sequence[tuple[str, str]] = ()     # what it is, and the secret itself while it is shown

    def compose(self) -> ComposeResult:
        """From what matters most."""
        yield from self._head()
        yield from (_secret(what, secret) for what, secret in self.secrets)
        yield from (_fact(fact) for fact in self.progress.facts)
        known = [host for host in self.progress.hosts.values() if host.facts]
        if known:
            yield Static("Machines", classes="title")
            yield Machines(known)
        yield from self._proved()
        yield from self._notes()
        if self.journal:
            yield TwoColumns(Text("journal", "dim"), Text(self.journal, "dim"), classes="last")

    def _head(self) -> Iterator[Widget]:
        sign, words = head(self.progress)
        yield Static(Text.assemble((f"{status_sign(sign)} ", STATUS_STYLES[sign]), (words, "bold")), id="head")
        if what := todo(self.progress, can_go_back=self.can_go_back):
            yield Static(Text(what), id="todo")
        yield from _failures(self.progress)
        if self.is_looking:
            yield Static(Text(f"{status_sign('running')} looking again whether everything works …", STATUS_STYLES["running"]), id="again")
        elif self.look:
            sign, words = head(self.look)
            at = self.look.ended.at if self.look.ended else self.look.at
            yield Static(Text.assemble((f"{status_sign(sign)} ", STATUS_STYLES[sign]), f"at {clock(at)}  {words}"), id="again")
            yield from _failures(self.look)

    def _proved(self) -> Iterator[Widget]:
        """An add-on a line, those that do not hold first."""
        proofs = newest((self.look or self.progress).proofs)
        if proofs:
            yield Static(f"Add-ons: {counted(proofs)}", classes="title", markup=False)
        together = [list(those) for _, those in groupby(sorted(proofs, key=lambda one: one.step), key=lambda one: one.step)]
        order = [one.step for one in proofs]
        together.sort(key=lambda those: (all(one.holds for one in those), order.index(those[0].step)))
        yield from (_proof(those) for those in together)

    def _notes(self) -> Iterator[Widget]:
        """What was worth knowing on the way, and still is."""
        notes = [note for note in self.progress.notes if note.level != "info"]
        told = dict.fromkeys(f"{note.host}: {note.text}" if note.host else note.text for note in notes)
        if told:
            yield Static("Worth knowing", classes="title")
        yield from (Static(Text(line), classes="note") for line in told)


def _failures(progress: Progress) -> Iterator[Widget]:
    for failure in left_failures(progress):
        yield Vertical(*(_failure_line(*line) for line in failure_lines(failure)), classes="failure")


def _failure_line(line: str, is_printed: bool) -> Widget:
    """What goes on in the next line stays below where it began."""
    if is_printed:
        return Static(Text(f"| {line}", "dim"), classes="printed")
    said = Static(Text(line.lstrip()))
    said.styles.margin = 0, 0, 0, len(line) - len(line.lstrip())
    return said


def _fact(fact: Fact) -> Widget:
    is_link = fact.text.startswith(("http://", "https://"))
    style = Style(link=fact.text, underline=True) if is_link else ""
    return TwoColumns(Text(fact.label, "bold" if is_link else ""), Text(fact.text, style))


def _secret(what: str, secret: str) -> Widget:
    """Hidden, or there: never anywhere else."""
    covered = "●" * 8 if utf8() else "*" * 8
    shown = Text.assemble((f" {secret} ", "bold reverse"), "  p hides it") if secret else Text.assemble(covered, ("  p shows it", "bold"))
    return TwoColumns(Text("shown once", "bold"), Text.assemble(f"{what}  ", shown), classes="secret")


def _proof(proofs: Sequence[Proved]) -> Widget:
    sign = "done" if all(one.holds for one in proofs) else "failed"
    bad = [one for one in proofs if not one.holds]
    good = [one for one in proofs if one.holds]
    figures = Text("; ").join(Text(f"{one.what}: {one.figure}", "bold" if one in bad else "") for one in (*bad, *good))
    left = Text.assemble((f"{status_sign(sign)} ", STATUS_STYLES[sign]), proofs[0].step)
    return TwoColumns(left, figures, classes="proof")


def _machine(host: HostProgress) -> list[Text]:
    has, (sign, words) = host.facts, state(host)
    assert has is not None  # noqa: S101  # the caller has looked
    role = "control plane" if host.line.role == "control-plane" else "worker"
    mark = Text(status_sign(sign) if sign else " ", STATUS_STYLES.get(sign, ""))
    cells = [host.line.name, role, has.address, has.distribution.partition(" (")[0], f"{has.cpus} cores", f"{has.memory / GIB:.1f} G"]
    return [mark, *map(Text, cells), Text(has.kernel), Text(words)]


def fitted(rows: Sequence[Sequence[Text]], width: int) -> Iterator[Text]:
    """The rows as lines of columns: without the kernel, and then with a shorter distribution, where that is too much."""
    widths = [max(row[column].cell_len for row in rows) for column in range(len(rows[0]))]
    def whole() -> int:
        return sum(size + GAP for size in widths if size) - 1

    if whole() > width:
        widths[KERNEL] = 0
    if whole() > width:
        widths[DISTRIBUTION] = max(widths[DISTRIBUTION] - (whole() - width), 6)
    for row in rows:
        line = Text(no_wrap=True, overflow="ellipsis")
        for number, (cell, size) in enumerate(zip(row, widths, strict=True)):
            if size:
                part = cell.copy()
                part.truncate(size, overflow="ellipsis", pad=True)
                line.append_text(part).append(" " * (GAP - (number == 0)))
        line.rstrip()
        yield line
