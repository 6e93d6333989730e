"""F1: what a screen is for, and its keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Markdown


class HelpScreen(ModalScreen[None]):
    """A page over the screen that it explains."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q,enter", "dismiss", "Close", key_display="Esc")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    @classmethod
    def of(cls, screen: Screen[object] | Screen[None], text: str) -> HelpScreen:
        """Help for a screen: its text, then its keys as they are bound just now."""
        keys = {}
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.description and enabled and not binding.system:
                keys[binding.description] = (screen.app.get_key_display(binding), tooltip)
        rows = "\n".join(f"| {key} | {description}{f': {more}' if more else ''} |" for description, (key, more) in keys.items())
        return cls(f"{text.strip()}\n\n| key | does |\n|---|---|\n{rows}\n")

    def compose(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="help"):
            yield Markdown(self._text)
        yield Footer(show_command_palette=False)

    async def action_dismiss(self, result: None = None) -> None:
        """Back to the screen."""
        self.dismiss(result)
