"""What the selected host is at. When it failed: the command, how it ended, the cause, what to try, its last lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from kinstall.events import CommandStarted, Failure
from kinstall.progress import HostProgress, Progress
from kinstall.screens.watch import Seen
from kinstall.screens.widgets.rings import clean
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign

TAIL: Final = 3             # lines of the output; the log has the rest
AGAIN: Final = "run kinstall again"     # what an unattended run says; here a key does it
KEYS: Final = "r retry   s skip   ! shell   e explain"

Row = tuple[str, Text]


@dataclass(frozen=True, slots=True)
class Situation:
    """Of a host at a moment. `asks`: it waits for a decision; `silent`: seconds since it said something."""

    progress: Progress
    host: HostProgress
    seen: Seen
    now: float
    asks: bool = False
    silent: float = 0.0

    def title(self, step: str) -> str:
        """A step in the words of the plan."""
        return next((line.title for line in self.progress.steps if line.id == step), step)


class FailurePane(Vertical):
    """Of the selected host; scrolls, but for the line that says what is asked."""

    DEFAULT_CSS = """
    FailurePane {
        height: auto;
        max-height: 50%;
        border-top: solid $panel;
    }
    FailurePane VerticalScroll {
        height: auto;
        max-height: 100%;
        scrollbar-size-vertical: 1;
    }
    FailurePane #failure {
        height: auto;
        padding: 0 1;
    }
    FailurePane #asks {
        height: 1;
        padding: 0 1;
        text-style: bold;
        color: $text-warning;
        dock: bottom;
        display: none;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="why")
        self._drawn: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """What it is at, and what is asked."""
        with VerticalScroll(id="what"):
            yield Static("", id="failure", markup=False)
        yield Static("", id="asks", markup=False)

    def show(self, situation: Situation | None) -> None:
        """What there is to say of this host."""
        head, rows = told(situation) if situation else (Text(), [])
        drawn = (head.plain, *(label + text.plain for label, text in rows), str(situation and situation.asks))
        if drawn == self._drawn:
            return
        is_higher, self._drawn = len(drawn) != len(self._drawn), drawn
        self.query_one("#failure", Static).update(Group(head, _table(rows)) if rows else head, layout=is_higher or len(rows) > 0)
        asks = self.query_one("#asks", Static)
        asks.display = situation is not None and situation.asks
        if situation:
            asks.update(f"{situation.host.line.name} waits for you:  {KEYS}   (the others go on)", layout=False)


def _table(rows: Sequence[Row]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(width=6, style="bold")
    table.add_column(ratio=1)
    for label, text in rows:
        table.add_row(label, text)
    return table


def told(at: Situation) -> tuple[Text, list[Row]]:
    """A head line, and rows with a label each."""
    failure = at.host.failure
    if failure is None:
        failure = next((one for one in reversed(at.progress.failures) if one.host not in at.progress.hosts), None)
    return (_failed_head(at, failure), list(_failed(at, failure))) if failure else (_working_head(at), list(_working(at)))


def _failed_head(at: Situation, failure: Failure) -> Text:
    cell, status = at.host.cells.get(failure.step), at.seen.exit_status
    after = f"  failed after {cell.seconds:.0f} s" if cell and cell.seconds else "  failed"
    code = f", exit {status}" if status and _is_of(at.seen.command, failure) else ""
    name = failure.host or "this run"
    return Text.assemble((f"{status_sign('failed')} {name}  {at.title(failure.step)}", STATUS_STYLES["failed"]), after + code)


def _failed(at: Situation, failure: Failure) -> Iterator[Row]:
    """In as few lines as tell it."""
    command = at.seen.command
    if command is not None and command.shell and _is_of(command, failure):
        *more, last = command.shell.strip().splitlines() or [""]     # the last line is what it comes to; before it, files are made
        yield "", _line(f"$ {last.strip()}" + (f"  (the last of {len(more) + 1} lines)" if more else ""), "bold")
    yield "What", Text(failure.message.removeprefix(f"{failure.host}: "))
    yield from _labelled("Cause", failure.explained)
    hint = failure.hint.replace(f"and {AGAIN}", "and press r").replace(AGAIN.capitalize(), "Press r") if at.asks else failure.hint
    yield from _labelled("Try", hint.splitlines())
    yield from (("Last" if number == 0 else "", _line(clean(line), "dim")) for number, line in enumerate(failure.tail[-TAIL:]))


def _is_of(command: CommandStarted | None, failure: Failure) -> bool:
    return command is not None and (command.host, command.step) == (failure.host, failure.step)


def _labelled(label: str, lines: Sequence[str]) -> Iterator[Row]:
    for number, line in enumerate(lines):
        yield label if number == 0 else "", Text(line)


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _working_head(at: Situation) -> Text:
    """A host at work, or waiting, or through."""
    host = at.host
    running = [step for step, cell in host.cells.items() if cell.status == "running"]
    step = host.step if host.step in running or not running else running[0]
    cell = host.cells.get(step)
    if cell is None:
        return Text(f"{host.line.name}  {'connected' if host.connected else 'connecting'}", "dim")
    seconds = f"  {at.now - cell.since:.0f} s" if cell.status == "running" else ""
    why = f" for {cell.reason}" if cell.status == "waiting" else f": {cell.reason}" if cell.reason else ""
    more = f", and {len(running) - 1} more steps" if len(running) > 1 else ""
    status = cell.status + why + seconds + more
    return Text.assemble((f"{status_sign(cell.status)} {host.line.name}  {at.title(step)}", STATUS_STYLES[cell.status]), f"  {status}")


def _working(at: Situation) -> Iterator[Row]:
    if at.silent:
        yield "", Text(f"silent for {at.silent:.0f} s" + ("; this is what it does:" if at.seen.peek else ""), "yellow")
        yield from (("", _line(clean(line), "dim")) for line in at.seen.peek)
