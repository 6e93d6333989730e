"""Ctrl-C while something runs: three ways, and none of them leaves a host half done."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static

STOP, DETACH, STAY = "stop", "detach", "stay"
WAYS: Final = (
    (STAY, "Stay (Esc)", "Go on looking."),
    (STOP, "Stop (s)", "What runs just now comes to its end; nothing more is begun. Running kinstall again goes on from there."),
    (DETACH, "Detach (d)", "Leave at once. What runs just now goes on by itself on its host; the next kinstall follows it."),
)


class StopScreen(ModalScreen[str]):
    """`stop`, `detach` or `stay`."""

    CSS_PATH = "confirm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", f"dismiss('{STOP}')", "Stop"), Binding("d", f"dismiss('{DETACH}')", "Detach"),
        Binding("escape,ctrl+c", f"dismiss('{STAY}')", "Stay", key_display="Esc"), Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def compose(self) -> ComposeResult:
        """The three ways, each with what it means."""
        with Vertical(id="box"):
            yield Label("The installation is running.")
            for way, title, meaning in WAYS:
                yield Button(title, id=way, variant="primary" if way == STAY else "default", compact=True)
                yield Static(meaning, markup=False)

    def on_mount(self) -> None:
        """Enter changes nothing."""
        self.query_one(f"#{STAY}", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Clicked, or Enter."""
        self.dismiss(event.button.id or STAY)
