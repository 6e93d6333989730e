"""What the wizard's stages share: a header that says where one is, a line for what is in the way, a footer, help, next and back."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual._path import CSSPathType
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Static

from kinstall.desk import Desk
from kinstall.draft import Draft
from kinstall.pasting import own_name
from kinstall.screens.help import HelpScreen
from kinstall.screens.widgets.steps import Steps


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What is in the way of the next stage, and the widget where it can be put right."""

    sentence: str
    widget: Widget | None = None


class Stage(Screen[None]):
    """One stage of the wizard, over a draft that it reads when it is entered and writes as one types."""

    STEP: ClassVar[str] = ""
    HELP_TEXT: ClassVar[str] = ""
    CSS_PATH: ClassVar[CSSPathType | None] = "stage.tcss"
    AUTO_FOCUS: ClassVar[str | None] = None
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", priority=True),
        Binding("escape", "back", "Back"),
        Binding("ctrl+n", "next", "Next", priority=True),
        Binding("ctrl+c", "app.quit", "Leave", priority=True, show=False, tooltip="what you typed is kept"),
    ]

    @dataclass
    class Left(Message):
        """One leaves this stage: forward, or back."""

        stage: str
        forward: bool

    class Changed(Message):
        """The draft was changed: it is to be kept."""

    def __init__(self, draft: Draft, desk: Desk) -> None:
        super().__init__(name=self.STEP)
        self.draft, self.desk = draft, desk

    @abstractmethod
    def body(self) -> Iterable[Widget]:
        """The widgets between header and footer."""

    def compose(self) -> ComposeResult:
        """Header, body, the line for an obstacle, footer."""
        yield Steps(self.STEP, str(self.draft.get("cluster", "name", default="")))
        yield from self.body()
        yield Static("", id="obstacle", markup=False)
        yield Footer(show_command_palette=False)

    def entered(self) -> None:
        """The stage is shown: the draft may have changed since. Called each time."""

    def forget(self) -> None:
        """What was found out may not be so any more."""

    def obstacle(self) -> Obstacle | None:
        """What is in the way of the next stage."""
        return None

    def on_screen_resume(self) -> None:
        """Shown, for the first time or again; the first time, this comes before its widgets are there."""
        self.call_after_refresh(self.entered)

    def adopt(self, name: str) -> str:
        """A machine answered: it keeps the name that it has, unless somebody chose another one. Its name from now on."""
        seen = self.desk.greetings.get(name)
        hosts = self.draft.get("hosts", default=[])
        host = next((one for one in hosts if one["name"] == name), None)
        if seen is None or host is None or not seen.hostname:
            return name
        new = own_name(host, seen.hostname, [one["name"] for one in hosts if one is not host])
        if new != name:
            host["name"] = new
            self.desk.rename(name, new)
            self.post_message(self.Changed())
        return new

    def say(self, sentence: str) -> None:
        """Show what is in the way; "" takes it away."""
        line = self.query_one("#obstacle", Static)
        line.update(sentence)
        line.display = bool(sentence)

    def action_next(self) -> None:
        """Go on, or to the first thing that is in the way: Next is never a dead end."""
        found = self.obstacle()
        self.say(found.sentence if found else "")
        if found and found.widget:
            self.set_focus(found.widget)    # at once: what is typed next belongs there
        if not found:
            self.post_message(self.Left(self.STEP, forward=True))

    def action_back(self) -> None:
        """To the stage before."""
        self.post_message(self.Left(self.STEP, forward=False))

    def action_help(self) -> None:
        """The keys of this screen, and what it is for."""
        self.app.push_screen(HelpScreen.of(self, self.HELP_TEXT))
