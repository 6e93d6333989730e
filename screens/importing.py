"""Machines to choose from: those that ssh_config names, those whose keys are known, and those that answer in a network one names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Button, Footer, Input, Label, SelectionList, Static
from textual.widgets.selection_list import Selection

from kinstall.desk import Desk
from kinstall.discovery import configured, known
from kinstall.screens.widgets.host_field import Field

NETWORK: Final = "write a network with its size, such as 192.168.1.0/24"


class Choices(SelectionList[str]):
    """A list to choose from, in which what is chosen does not differ by its colour alone."""

    def render_line(self, y: int) -> Strip:
        """`[x]` or `[ ]` before each."""
        segments = list(super().render_line(y))
        index = y + int(self.scroll_offset.y)
        if index < self.option_count:
            box, text = segments[1].style or Style(), segments[3].style or Style()
            is_chosen = self.get_option_at_index(index).value in self.selected
            segments[:3] = [Segment("[x]" if is_chosen else "[ ]", text + Style(meta=box.meta))]
        return Strip(segments)


class ImportScreen(ModalScreen[str]):
    """What was chosen, as a text of addresses; "" for nothing. Hosts that are `there` already are not offered."""

    CSS_PATH = "importing.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss('')", "Cancel"), Binding("ctrl+s", "take", "Take the chosen", priority=True),
    ]

    def __init__(self, desk: Desk, there: Collection[str] = ()) -> None:
        super().__init__()
        self._desk = desk
        self._there = set(there)

    def compose(self) -> ComposeResult:
        """What is known, and a network to look through."""
        with Vertical(id="box"):
            yield Label("Which machines? Space chooses, Ctrl-S takes what is chosen.")
            yield Choices(id="found", compact=True)
            yield Field(id="network", hint="or look through a network for SSH: 192.168.1.0/24, then Enter")
            yield Static("", id="word", markup=False)
            yield Button("Take the chosen (Ctrl-S)", variant="primary", compact=True)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """What this machine knows."""
        found = self._offer(dict.fromkeys(configured(), "in ~/.ssh/config"))
        found += self._offer(dict.fromkeys(known(), "in ~/.ssh/known_hosts"))
        if found:
            self._choose(0)
        else:
            self._say("Neither ~/.ssh/config nor ~/.ssh/known_hosts names another machine. Name a network to look through.")
            self.query_one("#network").focus()

    def _offer(self, hosts: Mapping[str, str]) -> int:
        """Offer these, each with where it comes from; how many of them are new."""
        new = {name: where for name, where in hosts.items() if name not in self._there}
        self._there.update(new)
        room = 66   # a line each
        self.query_one(Choices).add_options(Selection(Text(f"{name:28} {where}"[:room]), name) for name, where in new.items())
        return len(new)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: look through it."""
        if network := event.value.strip():
            self._scan(network)
        else:
            self._say(f"Which network? {NETWORK.capitalize()}.")

    @work(exclusive=True)
    async def _scan(self, network: str) -> None:
        self._say(f"Looking through {network} for machines that answer to SSH …")
        try:
            found = await self._desk.scan(network)
        except ValueError as error:
            self._say(f"{error}: {NETWORK}")
            return
        before = self.query_one(Choices).option_count
        new = self._offer(found)
        already = f", {len(found) - new} of them in the list already" if new < len(found) else ""
        self._say(f"{len(found)} machine{'s' * (len(found) != 1)} with SSH in {network}{already}.")
        if new:
            self._choose(before)

    def _choose(self, first: int) -> None:
        """The list has the focus, at this line."""
        self.query_one(Choices).highlighted = first
        self.query_one(Choices).focus()

    def _say(self, text: str) -> None:
        self.query_one("#word", Static).update(text)

    def on_button_pressed(self, _: Button.Pressed) -> None:
        """Clicked."""
        self.action_take()

    def action_take(self) -> None:
        """Those that were chosen."""
        chosen = self.query_one(Choices).selected
        if chosen:
            self.dismiss(" ".join(chosen))
        else:
            self._say("Nothing is chosen yet: the arrows go through the list, Space chooses. Esc leaves without any.")
