"""What took how long: each phase as a bar, on each machine, and the steps in it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from kinstall.progress import Progress
from kinstall.screens.widgets.result_bars import timeline
from kinstall.screens.widgets.result_words import spent


class TimelineScreen(ModalScreen[None]):
    """Over the result."""

    CSS_PATH = "timeline.tcss"
    AUTO_FOCUS = "#bars"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,t", "dismiss", "Close", key_display="Esc"),
        Binding("s", "steps", "Steps", tooltip="the steps of each phase, or the phases alone"),
    ]

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._shows_steps = False

    def compose(self) -> ComposeResult:
        """What it is, the bars, the keys."""
        yield Static("", id="sum", markup=False)
        with VerticalScroll(id="bars"):
            yield Static("", id="lines", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """How long it was in all."""
        phases = ", ".join(f"{phase} {spent(seconds)}" for phase, seconds in self._progress.phase_seconds().items() if seconds >= 1)
        whole = self._progress.ended.seconds if self._progress.ended else self._progress.at - self._progress.started
        self.query_one("#sum", Static).update(Text.assemble((f"{spent(whole)} in all. ", "bold"), f"Slowest: {phases}." if phases else ""))

    def on_resize(self) -> None:
        """The bars take the room that is there."""
        self._draw()

    def _draw(self) -> None:
        width = self.query_one("#bars").size.width - 1      # the scroll bar may come
        self.query_one("#lines", Static).update(Text("\n").join(timeline(self._progress, width, steps=self._shows_steps)))

    def action_steps(self) -> None:
        """More of it, or less."""
        self._shows_steps = not self._shows_steps
        self._draw()

    async def action_dismiss(self, result: None = None) -> None:
        """Back."""
        self.dismiss(result)
