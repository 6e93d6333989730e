"""The steps of a phase on a host: what each is at, and the page that explains it."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Footer, Label, OptionList
from textual.widgets.option_list import Option

from kinstall.progress import Progress
from kinstall.screens.explain import ExplainScreen
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign


class StepsScreen(ModalScreen[None]):
    """Opened by Enter on a cell of the matrix."""

    CSS_PATH = "steps.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Close", key_display="Esc"),
        Binding("e", "explain", "Explain", tooltip="what the step does, and why"),
    ]

    def __init__(self, progress: Progress, host: str, phase: str) -> None:
        super().__init__()
        self._progress, self._host, self._phase = progress, host, phase

    def compose(self) -> ComposeResult:
        """A line for each step."""
        cells = self._progress.hosts[self._host].cells
        steps = [step for step in self._progress.steps if step.phase == self._phase and step.id in cells]
        with Vertical(id="box"):
            yield Label(f"{self._host}: {self._phase}", markup=False)
            yield OptionList(*(Option(self._line(step.id, step.title), id=step.id) for step in steps))
        yield Footer(show_command_palette=False)

    def _line(self, step: str, title: str) -> Text:
        cell = self._progress.hosts[self._host].cells[step]
        took = f"{cell.seconds:.1f} s" if cell.seconds else ""
        why = f"  {cell.reason}" if cell.reason and cell.status in ("waiting", "skipped", "failed") else ""
        sign = f"{status_sign(cell.status)} {cell.status:8}", STATUS_STYLES[cell.status]
        return Text.assemble(sign, f"{took:>8}  {title}", (why, "dim"))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on a step."""
        self.app.push_screen(ExplainScreen(str(event.option.id)))

    def action_explain(self) -> None:
        """The page of the highlighted step."""
        steps = self.query_one(OptionList)
        if steps.highlighted is not None:
            self.app.push_screen(ExplainScreen(str(steps.get_option_at_index(steps.highlighted).id)))

    async def action_dismiss(self, result: None = None) -> None:
        """Back."""
        self.dismiss(result)
