"""Below Grafana's switch: what it needs and is off, and a button that switches it on."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button, Static

from kinstall.draft import Draft
from kinstall.reasons import PARTNERS
from kinstall.screens.widgets.option import KNOWN
from kinstall.screens.widgets.option_values import is_off, put


class Partners(Horizontal):
    """There only while something is missing."""

    DEFAULT_CSS = """
    Partners { height: auto; display: none; }
    Partners Static { width: 1fr; margin-left: 18; height: auto; color: $text-error; }
    Partners Button { margin-right: 1; }
    """

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft

    def compose(self) -> ComposeResult:
        """The sentence, the button."""
        yield Static("", markup=False)
        yield Button("Switch on (g)", id="partners", action="screen.partners", variant="primary", compact=True)

    @property
    def sentence(self) -> str:
        """What Grafana misses; "" for nothing."""
        missing = [] if is_off(self.draft, ("addons", "grafana")) else self.missing()
        return f"needs {', '.join(KNOWN[key].label for key in missing)}" if missing else ""

    def missing(self) -> list[str]:
        """What is off."""
        return [key for key in PARTNERS if is_off(self.draft, KNOWN[key].loc)]

    def judge(self) -> None:
        """Say it, or go away."""
        self.query_one(Static).update(self.sentence)
        self.display = bool(self.sentence)

    def switch_on(self) -> None:
        """All of them."""
        for key in self.missing():
            put(self.draft, KNOWN[key], "true")
