"""A screen with a log: the keys that filter, stop, fold and scroll it. What else is on the screen belongs to who inherits from it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Input

from kinstall.screens.widgets.logbox import LogBox


class LogScreen(Screen[None]):
    """`log_box` is to be composed somewhere on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", show=False, tooltip="only lines of the log that hold a text"),
        Binding("space", "pause", "Pause", show=False, tooltip="the log stands still, or follows again"),
        Binding("l", "all", "All logs", show=False, tooltip="the log of all hosts, interleaved, or of this one"),
        Binding("w", "wrap", "Wrap", show=False, tooltip="long lines of the log are folded, or cut"),
        Binding("pageup", "pages(-1)", "Page up", show=False, tooltip="the log, a page up"),
        Binding("pagedown", "pages(1)", "Page down", show=False, tooltip="the log, a page down"),
        Binding("home", "far(False)", "Start", show=False, tooltip="the oldest line of the log that is kept"),
        Binding("end", "far(True)", "End", show=False, tooltip="the newest line of the log, and on with it"),
        Binding("escape", "leave_filter", "All lines", show=False, tooltip="no filter any more"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.log_box = LogBox()

    def action_filter(self) -> None:
        """Type what the lines must hold."""
        self.log_box.open_filter()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """The filter stays, the keys are keys again."""
        self.refocus()

    def action_leave_filter(self) -> None:
        """All lines again."""
        self.log_box.close_filter()
        self.refocus()

    def action_pause(self) -> None:
        """Stand still, or follow."""
        self.log_box.toggle_pause()

    def action_all(self) -> None:
        """All hosts, or the one with the mark."""
        self.log_box.toggle_all()

    def action_wrap(self) -> None:
        """Fold, or cut."""
        self.log_box.toggle_wrap()

    def action_pages(self, pages: int) -> None:
        """The log, by pages."""
        self.log_box.scroll_pages(pages)

    def action_far(self, to_end: bool) -> None:
        """The log, to an end of it."""
        self.log_box.scroll_far(to_end)

    def refocus(self) -> None:
        """Where keys go that nobody else takes."""
        self.log_box.pane.focus()
