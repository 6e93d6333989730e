"""Why a host stands still: the command, the end of what it printed, the cause, and what to do. Or, while it works, what it is at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group
from rich.text import Text
from textual.widgets import Static

from kinstall.events import Failure
from kinstall.progress import HostProgress, Progress
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign

TAIL: Final = 4         # lines of the output; the log has the rest
SILENT: Final = 15.0    # seconds without a line, after which that is said


class FailurePane(Static):
    """Of the selected host."""

    DEFAULT_CSS = """
    FailurePane {
        height: auto;
        padding: 0 1;
    }
    """

    def __init__(self) -> None:
        super().__init__("", id="failure", markup=False)

    def show(self, progress: Progress, host: str, now: float, *, asks: bool, silent: float, peeked: Sequence[str]) -> None:
        """What there is to say of this host. `asks`: it waits for a decision; `silent`: seconds since it said something."""
        seen = progress.hosts.get(host)
        if seen is None:
            self.update("")
        elif seen.failure:
            self.update(Group(*failure_lines(seen, seen.failure, asks=asks)))
        else:
            self.update(Group(*working_lines(progress, seen, now, silent, peeked)))


def failure_lines(host: HostProgress, failure: Failure, *, asks: bool) -> Iterator[Text]:
    """A failure in as few lines as tell it."""
    cell = host.cells.get(failure.step)
    after = f"  after {cell.seconds:.0f} s" if cell and cell.seconds else ""
    yield Text.assemble((f"{status_sign('failed')} {host.line.name}  {failure.step}", STATUS_STYLES["failed"]), after)
    yield Text(f"  {failure.message.removeprefix(f'{host.line.name}: ')}")
    for number, line in enumerate(failure.explained):
        yield Text.assemble(("Cause   " if number == 0 else "        ", "bold"), line)
    for number, line in enumerate(failure.hint.splitlines()):
        yield Text.assemble(("Try     " if number == 0 else "        ", "bold"), line)
    if asks:
        yield Text.assemble(("Keys    ", "bold"), "r try again   s skip   ! shell on it   e explain; the other hosts go on")
    yield from (Text(f"  {line}", "dim", no_wrap=True, overflow="ellipsis") for line in failure.tail[-TAIL:])


def working_lines(progress: Progress, host: HostProgress, now: float, silent: float, peeked: Sequence[str]) -> Iterator[Text]:
    """A host at work, or waiting, or through."""
    cell = host.cells.get(host.step)
    titles = {step.id: step.title for step in progress.steps}
    if cell is None:
        yield Text(f"{host.line.name}  {'connected' if host.connected else 'connecting'}", "dim")
        return
    seconds = f"  {now - cell.since:.0f} s" if cell.status == "running" else ""
    why = f" for {cell.reason}" if cell.status == "waiting" else f": {cell.reason}" if cell.reason else ""
    title = titles.get(host.step, host.step)
    sign = f"{status_sign(cell.status)} {host.line.name}", STATUS_STYLES[cell.status]
    yield Text.assemble(sign, f"  {title}", (f"  {cell.status}{why}{seconds}", "dim"))
    if cell.status == "running" and silent >= SILENT:
        yield Text.assemble((f"  silent for {silent:.0f} s", "yellow"), (": it is doing this" if peeked else "", "dim"))
        yield from (Text(f"  {line}", "dim", no_wrap=True, overflow="ellipsis") for line in peeked)
