"""Machines to choose from: those that ssh_config names, those whose keys are known, and those that answer in a network one names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Input, Label, SelectionList, Static
from textual.widgets.selection_list import Selection

from kinstall.desk import Desk
from kinstall.discovery import configured, known


class ImportScreen(ModalScreen[str]):
    """What was chosen, as a text of addresses; "" for nothing."""

    CSS_PATH = "importing.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss('')", "Cancel"), Binding("ctrl+s", "take", "Take the chosen", priority=True),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._there: set[str] = set()

    def compose(self) -> ComposeResult:
        """What is known, and a network to look through."""
        with Vertical(id="box"):
            yield Label("Which machines? Space chooses, Ctrl-S takes them.")
            yield SelectionList[str](id="found")
            yield Input(placeholder="look through a network for SSH: 192.168.1.0/24", id="network")
            yield Static("", id="word", markup=False)
            yield Button("Take the chosen (Ctrl-S)", variant="primary", compact=True)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """What this machine knows."""
        self._offer(configured(), "in ~/.ssh/config")
        self._offer(known(), "in ~/.ssh/known_hosts")
        if not self._there:
            self._say("Neither ~/.ssh/config nor ~/.ssh/known_hosts names a machine.")
            self.query_one("#network", Input).focus()

    def _offer(self, names: Iterable[str], where: str) -> None:
        new = [name for name in names if name not in self._there]
        self._there.update(new)
        self.query_one(SelectionList).add_options(Selection(f"{name:24} {where}".replace("[", r"\["), name) for name in new)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: look through it."""
        if event.value.strip():
            self._scan(event.value)

    @work(exclusive=True)
    async def _scan(self, network: str) -> None:
        self._say(f"looking through {network} …")
        try:
            found = await self._desk.scan(network)
        except ValueError as error:
            self._say(str(error))
            return
        self._offer(found, f"answers in {network}")
        self._say(f"{len(found)} machine{'s' * (len(found) != 1)} with SSH in {network}")
        self.query_one(SelectionList).focus()

    def _say(self, text: str) -> None:
        self.query_one("#word", Static).update(text)

    def on_button_pressed(self, _: Button.Pressed) -> None:
        """Clicked."""
        self.action_take()

    def action_take(self) -> None:
        """Those that were chosen."""
        self.dismiss(" ".join(self.query_one(SelectionList).selected))
