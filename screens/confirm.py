"""A question with what it is about: yes or no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static


class ConfirmScreen(ModalScreen[bool]):
    """True for yes. The safe answer has the focus."""

    CSS_PATH = "confirm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"), Binding("n,escape,ctrl+c", "answer(False)", "No", key_display="n"),
        Binding("left,right", "app.focus_next", show=False),
        Binding("up", "turn('up')", show=False), Binding("down", "turn('down')", show=False),
        Binding("pageup", "turn('page_up')", show=False), Binding("pagedown", "turn('page_down')", show=False),
    ]

    def __init__(self, question: str, lines: Sequence[str] = (), *, commands: Sequence[str] = (), yes: str = "Yes", no: str = "No") -> None:
        super().__init__()
        self._question, self._lines, self._commands, self._words = question, lines, commands, (yes, no)

    def compose(self) -> ComposeResult:
        """The question, what it means, the commands that would run."""
        with Vertical(id="box"):
            yield Label(self._question, markup=False)
            with VerticalScroll(can_focus=False):
                if self._lines:
                    yield Static("\n".join(self._lines), markup=False)
                if self._commands:
                    yield Static("\n".join(self._commands), markup=False, classes="commands")
            with Horizontal():
                yield Button(f"{self._words[0]} (y)", id="yes", variant="warning")
                yield Button(f"{self._words[1]} (n)", id="no", variant="primary")

    def on_mount(self) -> None:
        """Enter changes nothing."""
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Clicked, or Enter."""
        self.action_answer(event.button.id == "yes")

    def action_turn(self, way: str) -> None:
        """Through what is longer than the box."""
        getattr(self.query_one(VerticalScroll), f"scroll_{way}")(animate=False)

    def action_answer(self, answer: bool) -> None:
        """The answer."""
        self.dismiss(answer)
