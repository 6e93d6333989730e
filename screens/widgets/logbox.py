"""The log with its head line, which says what is shown and which keys change that, and the field for the filter."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from kinstall.screens.widgets.log import LogPane
from kinstall.screens.widgets.signs import utf8

KEYS = ("/ filter  space pause  l all  w wrap  y copy ", "/ filter  space pause  l all ", "")


class LogBox(Vertical):
    """Follows a host, or all of them."""

    DEFAULT_CSS = """
    LogBox {
        height: 1fr;
        min-height: 4;
    }
    LogBox #logbar {
        height: 1;
        color: $text-muted;
    }
    LogBox #filter {
        height: 1;
        border: none;
        padding: 0 1;
        display: none;
    }
    LogBox #filter.open {
        display: block;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="logbox")
        self.pane = LogPane()
        self.is_of_all = False
        self._host = ""

    def compose(self) -> ComposeResult:
        """Head line, lines, field."""
        yield Static("", id="logbar", markup=False)
        yield self.pane
        hint = "only lines that hold this; Enter keeps it, Esc shows all lines"
        yield Input(placeholder=hint, id="filter", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """The head line is there from the start."""
        self.head()

    def on_resize(self) -> None:
        """It fills the width."""
        self.head()

    def follow_host(self, host: str) -> None:
        """Another host is selected."""
        self._host = host
        self._look()

    def toggle_all(self) -> None:
        """All hosts interleaved, or the selected one."""
        self.is_of_all = not self.is_of_all
        self._look()

    def _look(self) -> None:
        self.pane.look_at("" if self.is_of_all else self._host)
        self.head()

    def toggle_pause(self) -> None:
        """Stand still, or follow."""
        if self.pane.is_following:
            self.pane.pause()
        else:
            self.pane.follow()
        self.head()

    def toggle_wrap(self) -> None:
        """Fold, or cut."""
        self.pane.wrap()
        self.head()

    def scroll_pages(self, pages: int) -> None:
        """By pages, up when negative."""
        self.pane.scroll_lines(pages * self.pane.page)
        self.head()

    def scroll_far(self, to_end: bool) -> None:
        """To the end, or to the oldest line."""
        if to_end:
            self.pane.follow()
        else:
            self.pane.scroll_to_start()
        self.head()

    def open_filter(self) -> None:
        """Type what the lines must hold."""
        self._field.add_class("open")
        self._field.focus()

    def close_filter(self) -> None:
        """All lines again."""
        self._field.value = ""
        self._field.remove_class("open")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filtered while one types."""
        event.stop()
        self.pane.search(event.value)
        self.head()

    @property
    def _field(self) -> Input:
        return self.query_one("#filter", Input)

    def head(self) -> None:
        """`── log w1  standing still ───── / filter  space pause`."""
        if not self.is_mounted:
            return
        marks = ("" if self.pane.is_following else "  PAUSED (space: follow)") + ("  wrapped" if self.pane.is_wrapped else "")
        found = f"  only {self.pane.filter!r}" if self.pane.filter else ""
        rule = "─" if utf8() else "-"
        left = f"{rule * 2} log {self.pane.host or 'of all hosts'}{marks}{found} "
        keys = next(keys for keys in KEYS if not keys or len(left) + len(keys) + 3 <= self.size.width)
        line = left + rule * (self.size.width - len(left) - len(keys) - 1) + f" {keys}"
        self.query_one("#logbar", Static).update(line[: self.size.width], layout=False)
