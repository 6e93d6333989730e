"""The terminal's title: set while a run is shown, and given back. Textual has no word for it: App.title is a header's."""

from __future__ import annotations

import os
from typing import Final

from textual.app import App

MUTE: Final = ("linux", "dumb", "")     # terminals that have no title, or print what should set one
KEEP, GIVE_BACK = "\x1b[22;0t", "\x1b[23;0t"


class TerminalTitle:
    """Writes only what is new."""

    def __init__(self, app: App[object]) -> None:
        self._app, self._shown = app, ""

    def set(self, title: str) -> None:
        """Show this; the title from before is kept by the terminal."""
        title = "".join(filter(str.isprintable, title))
        if title != self._shown:
            self._write(("" if self._shown else KEEP) + f"\x1b]0;{title}\x07")
            self._shown = title

    def reset(self) -> None:
        """As it was before."""
        if self._shown:
            self._write("\x1b]0;\x07" + GIVE_BACK)
            self._shown = ""

    def _write(self, text: str) -> None:
        driver = self._app._driver
        if driver is not None and not self._app.is_headless and os.environ.get("TERM", "") not in MUTE:
            driver.write(text)
