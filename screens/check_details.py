"""A finding in full, over the Check screen: for what does not fit below the table, and to copy the commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Static


class DetailsScreen(ModalScreen[str]):
    """Its result is the action of the Check screen that was chosen; "" for none."""

    CSS_PATH = "check_details.tcss"
    AUTO_FOCUS: ClassVar[str | None] = "#details"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "leave('')", "Close", key_display="Esc"),
        Binding("f", "leave('mend')", "Mend"), Binding("o", "leave('allow')", "Overrule"),
        Binding("y", "copy", "Copy", tooltip="the commands, to the clipboard"),
    ]

    def __init__(self, text: Text, commands: Sequence[str]) -> None:
        super().__init__()
        self._text, self._commands = text, commands

    def compose(self) -> ComposeResult:
        """The text, to be scrolled."""
        with VerticalScroll(id="details"):
            yield Static(self._text)
        yield Footer(show_command_palette=False)

    def action_copy(self) -> None:
        """The commands as they are, one a line."""
        copy(self, self._commands)

    def action_leave(self, action: str) -> None:
        """Back, and on with this."""
        self.dismiss(action)


def copy(screen: Screen[Any], commands: Sequence[str]) -> None:
    """To the clipboard of whoever sits at the terminal."""
    if commands:
        screen.app.copy_to_clipboard("\n".join(commands) + "\n")
    lines = f"{len(commands)} line{'s' * (len(commands) != 1)} copied"
    screen.notify(lines if commands else "There is no command to copy.", markup=False)
