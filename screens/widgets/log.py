"""A window on what hosts print, of which only the visible lines are ever drawn. design.md, "Flow", says why it is done by hand."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.events import MouseScrollDown, MouseScrollUp
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from kinstall.screens.widgets.rings import KEPT, Line, Rings

WHEEL: Final = 3            # lines
LEAST_ROOM: Final = 8       # columns of text, however long the host's name is
HEAD: Final = Style(dim=True)
STYLES: Final = {"output": Style(), "command": Style(bold=True), "step": Style(bold=True, underline=True), "note": Style(italic=True)}


class Row(NamedTuple):
    """A row of the window: a line, or a part of one that is folded."""

    line: Line
    head: str
    text: str


class LogPane(Widget, can_focus=True):
    """The lines of one host or of all, filtered or not, at the end or standing still, cut or folded."""

    DEFAULT_CSS = """
    LogPane {
        height: 1fr;
        min-height: 3;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="log")
        self.rings = Rings()
        self.host, self.filter = "", ""     # "": all hosts, all lines
        self.is_following, self.is_wrapped = True, False
        self._view: deque[Line] = self.rings.all    # what it looks at: a ring, or what a filter left of one
        self._still: Sequence[Line] = ()            # the view as it was when it came to stand still
        self._back = 0                              # lines between the last one shown and the end, while it stands still
        self._rows: list[Row] | None = None         # as drawn; None: to be found
        self._look_of: tuple[Style, Selection | None] | None = None
        self._has_news = False

    # ---- lines ----
    def begin(self, hosts: int) -> None:
        """Forget everything: a run of so many hosts begins."""
        self.rings = Rings(hosts)
        self._look()

    def add(self, host: str, lines: Sequence[Line]) -> None:
        """New lines of a host; drawn by the next `draw`."""
        self.rings.add(host, lines)
        if self.host and self.host != host:
            return
        if self.filter:
            self._view.extend(filter(self._is_wanted, lines))
        self._has_news = True

    def draw(self) -> None:
        """Draw what is new, if it is looked at. Called as often as a picture may change."""
        if self._has_news and self.is_following:
            self._redraw()

    # ---- what is looked at ----
    def look_at(self, host: str) -> None:
        """At this host, or at all ("")."""
        if host != self.host:
            self.host = host
            self._look()

    def search(self, text: str) -> None:
        """Only lines that hold this, in whatever case."""
        if text.lower() != self.filter:
            self.filter = text.lower()
            self._look()

    def wrap(self) -> None:
        """Fold long lines, or cut them."""
        self.is_wrapped = not self.is_wrapped
        self._redraw()

    def _look(self) -> None:
        ring = self.rings.of(self.host)
        self._view = deque(filter(self._is_wanted, ring), KEPT) if self.filter else ring
        self.follow()

    def _is_wanted(self, line: Line) -> bool:
        return self.filter in line.text.lower() or (not self.host and self.filter in line.host.lower())

    # ---- where it stands ----
    def follow(self) -> None:
        """To the end, and on with it."""
        self.is_following, self._back, self._still = True, 0, ()
        self._redraw()

    def pause(self) -> None:
        """Stand still where it is."""
        if self.is_following:
            self.is_following, self._still = False, tuple(self._view)
            self._redraw()

    def scroll_lines(self, number: int) -> None:
        """Up (negative) or down. Whoever scrolls up stands still; at the end it follows again."""
        if number < 0:
            self.pause()
        self._back = min(max(self._back - number, 0), self._most_back())
        if not self._back and number > 0:
            self.follow()
        self._redraw()

    def scroll_to_start(self) -> None:
        """To the oldest line that is kept."""
        self.scroll_lines(-KEPT)

    @property
    def page(self) -> int:
        """Lines of a page."""
        return max(self.size.height - 1, 1)

    def _most_back(self) -> int:
        """So far back that the first line is at the top."""
        filled, lines = 0, 0
        for line in islice(self._still, self.size.height):
            filled, lines = filled + len(self._folded(line)), lines + 1
            if filled >= self.size.height:
                break
        return max(len(self._still) - lines, 0)

    # ---- drawing ----
    def _redraw(self) -> None:
        self._rows, self._look_of, self._has_news = None, None, False
        self.refresh()

    def on_resize(self) -> None:
        """Another number of rows, and folded elsewhere."""
        self._redraw()

    def rows(self) -> list[Row]:
        """What is seen, from top to bottom."""
        if self._rows is None:
            lines = reversed(self._view if self.is_following else self._still)
            found: deque[Row] = deque()
            for line in islice(lines, self._back, None):
                if len(found) >= self.size.height:
                    break
                found.extendleft(reversed(list(self._rows_of(line))))
            self._rows = list(found)[-self.size.height :] if self.size.height else []
        return self._rows

    def seen(self) -> list[str]:
        """The lines that are seen, whole: what a copy takes."""
        lines: dict[int, Line] = {id(row.line): row.line for row in self.rows()}
        return [line.text for line in lines.values()]

    def _rows_of(self, line: Line) -> Iterator[Row]:
        head = self._head(line)
        for number, part in enumerate(self._folded(line)):
            yield Row(line, head if number == 0 else " " * cell_len(head), part)

    def _head(self, line: Line) -> str:
        return time.strftime("%H:%M:%S ", time.localtime(line.at)) + (f"{line.host or '-'} " if not self.host else "")

    def _folded(self, line: Line) -> Sequence[str]:
        if not self.is_wrapped or not line.text:
            return (line.text,)
        return chop_cells(line.text, max(self.size.width - cell_len(self._head(line)), LEAST_ROOM))

    def render_line(self, y: int) -> Strip:
        """A row of it."""
        rows, width = self.rows(), self.size.width
        style, selection = self._look_of or self._find_look()
        if y >= len(rows):
            return Strip.blank(width, style)
        row, span = rows[y], selection.get_span(y) if selection else None
        strip = Strip([Segment(row.head, style + HEAD), Segment(row.text, style + STYLES[row.line.kind])])
        if span:
            strip = self._marked(row, *span).apply_style(style)
        return strip.adjust_cell_length(width, style).apply_offsets(0, y)

    def _find_look(self) -> tuple[Style, Selection | None]:
        """What is the same for all rows of a drawing: to ask Textual for it row by row takes as long as the drawing itself."""
        self._look_of = self.rich_style, self.text_selection
        return self._look_of

    def _marked(self, row: Row, start: int, end: int) -> Strip:
        text = Text.assemble((row.head, HEAD), (row.text, STYLES[row.line.kind]), end="")
        text.stylize(self.screen.get_component_rich_style("screen--selection"), start, len(text) if end == -1 else end)
        return Strip(text.render(self.app.console))

    def notify_style_update(self) -> None:
        """Another theme, or the focus."""
        super().notify_style_update()
        self._look_of = None

    # ---- the mouse ----
    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What the mouse has marked."""
        return selection.extract("\n".join(row.head + row.text for row in self.rows())), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """What is being marked must not run away."""
        if selection is not None:
            self.pause()
        self._redraw()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.scroll_lines(-WHEEL)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.scroll_lines(WHEEL)
