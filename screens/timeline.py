"""What took how long: each step as a bar, on each machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from kinstall.progress import HostProgress, Progress
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign, utf8

NAME, SECONDS = 24, 9
SHORTEST = 0.05     # seconds; what took less has no bar


class TimelineScreen(ModalScreen[None]):
    """Over the result."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,t", "dismiss", "Close", key_display="Esc")]

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def compose(self) -> ComposeResult:
        """A part for each machine."""
        with VerticalScroll(id="help"):
            yield Static("", id="bars", markup=False)
        yield Footer(show_command_palette=False)

    def on_resize(self) -> None:
        """The bars take the room that is there."""
        width = max(self.query_one("#help").size.width - NAME - SECONDS - 4, 10)
        self.query_one("#bars", Static).update(Group(*timeline(self._progress, width)))

    async def action_dismiss(self, result: None = None) -> None:
        """Back."""
        self.dismiss(result)


def timeline(progress: Progress, width: int) -> Iterator[Text]:
    """The lines, with bars of at most this many cells: when each step ran, from the run's start to its end."""
    last = max((cell.since for host in progress.hosts.values() for cell in host.cells.values()), default=0.0)
    whole = max(last - progress.started, 1.0)
    phases = ", ".join(f"{phase} {seconds:.0f} s" for phase, seconds in progress.phase_seconds().items() if seconds)
    yield Text(f"{whole:.0f} s in all; {phases}" if phases else "Nothing had to be done.", "bold")
    for host in progress.hosts.values():
        yield Text()
        yield Text(host.line.name, "bold")
        yield from _host(progress, host, whole, width)


def _host(progress: Progress, host: HostProgress, whole: float, width: int) -> Iterator[Text]:
    full = "█" if utf8() else "="
    for step in progress.steps:
        cell = host.cells.get(step.id)
        if cell is None or cell.seconds < SHORTEST or cell.status == "already":
            continue
        begin = round(max(cell.since - cell.seconds - progress.started, 0) / whole * width)
        length = max(round(cell.seconds / whole * width), 1)
        bar = " " * min(begin, width - 1) + full * length
        yield Text.assemble(
            (f"{status_sign(cell.status)} ", STATUS_STYLES[cell.status]), f"{step.id[: NAME - 3]:{NAME - 2}}{cell.seconds:7.1f} s  ",
            (bar[:width], STATUS_STYLES[cell.status]))
