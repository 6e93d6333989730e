"""What hosts print: rings of lines, of which only the visible ones are ever drawn. design.md, "Flow", says why it is done by hand."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.events import MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

KEPT: Final = 20_000        # lines of each host; the journal has them all
TAB: Final = "        "
TIME: Final = Style(dim=True)
HEAD: Final = Style(bold=True)
WHEEL: Final = 3            # lines


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it came."""

    at: float
    host: str
    text: str
    is_command: bool = False


class Lines:
    """The rings of all hosts, and one of all together."""

    def __init__(self, kept: int = KEPT) -> None:
        self._of: defaultdict[str, deque[Line]] = defaultdict(lambda: deque(maxlen=kept))
        self.all = deque[Line](maxlen=kept)

    def add(self, lines: Iterable[Line]) -> None:
        """New lines, in their order."""
        for line in lines:
            self._of[line.host].append(line)
            self.all.append(line)

    def of(self, host: str) -> deque[Line]:
        """A host's ring; of all hosts for ""."""
        return self._of[host] if host else self.all

    def clear(self) -> None:
        """A recording begins again."""
        self._of.clear()
        self.all.clear()


class LogPane(Widget, can_focus=True):
    """A window on the rings: of one host or of all, filtered or not, at the end or standing still."""

    DEFAULT_CSS = """
    LogPane {
        height: 1fr;
        min-height: 2;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="log")
        self.lines = Lines()
        self.host, self.filter = "", ""
        self.is_following, self.is_wrapped = True, False
        self._shown: list[Line] = []    # what is seen while it stands still
        self._back = 0                  # lines between the last one shown and the end, while it stands still

    def add(self, lines: Iterable[Line]) -> None:
        """New lines; drawn with the next refresh."""
        self.lines.add(lines)

    def look_at(self, host: str) -> None:
        """At this host, or at all ("")."""
        if host != self.host:
            self.host = host
            self.follow()

    def search(self, text: str) -> None:
        """Only lines that hold this, in whatever case."""
        self.filter = text.lower()
        self.follow()

    def follow(self) -> None:
        """Back to the end."""
        self.is_following, self._back, self._shown = True, 0, []
        self.refresh()

    def pause(self) -> None:
        """Stand still where it is."""
        self.is_following = False
        self._shown = list(self._matching())
        self.refresh()

    def scroll_lines(self, number: int) -> None:
        """Up (negative) or down. Whoever scrolls up stands still; at the end it follows again."""
        if self.is_following and number < 0:
            self.pause()
        self._back = min(max(self._back - number, 0), max(len(self._shown) - self.size.height, 0))
        if not self._back and number > 0:
            self.follow()
        self.refresh()

    def seen(self) -> list[Line]:
        """The lines that are seen, or that a copy takes."""
        if self.is_following:
            found = list(islice(self._backwards(), self.size.height))
            return found[::-1]
        end = len(self._shown) - self._back
        return self._shown[max(end - self.size.height, 0) : end]

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.scroll_lines(-WHEEL)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.scroll_lines(WHEEL)

    def _matches(self, line: Line) -> bool:
        return not self.filter or self.filter in line.text.lower()

    def _matching(self) -> Iterator[Line]:
        return filter(self._matches, self.lines.of(self.host))

    def _backwards(self) -> Iterator[Line]:
        return filter(self._matches, reversed(self.lines.of(self.host)))

    def render_lines(self, crop: Region) -> list[Strip]:
        """All visible lines at once: they are drawn anew twenty times a second."""
        rows = [row for line in self.seen() for row in self._rows(line)][-self.size.height :]
        blank = [Strip.blank(self.size.width, self.rich_style)] * (self.size.height - len(rows))
        return [*rows, *blank]

    def _rows(self, line: Line) -> Iterator[Strip]:
        head = time.strftime("%H:%M:%S ", time.localtime(line.at)) + (f"{line.host} " if not self.host else "")
        text = ("$ " if line.is_command else "") + line.text.expandtabs(8)
        room = max(self.size.width - cell_len(head), 8)
        parts: Sequence[str] = chop_cells(text, room) if self.is_wrapped and text else [text]
        for number, part in enumerate(parts):
            lead = Segment(head if number == 0 else " " * cell_len(head), TIME)
            strip = Strip([lead, Segment(part, HEAD if line.is_command else None)])
            yield strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)
