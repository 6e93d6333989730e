"""Hosts by phases, alive: one row a host, problems first; one column a phase. Only the rows that are visible are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kinstall.events import StepLine
from kinstall.headless import GIB
from kinstall.progress import HostProgress, Progress
from kinstall.screens.widgets.phases import Order, PhaseCell, Phases
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign, utf8

SHORT: Final = {"addons": "add-ons"}
WIDEST: Final = 16          # columns of a phase; what is left belongs to the names
ROOMY: Final = 12           # columns from which a phase that is over tells its seconds
LEFTMOST: Final = 8         # columns that a name has at least


class Matrix(ScrollView, can_focus=True, inherit_bindings=False):   # pages and ends belong to the log
    """The table, with a cursor that stays on its host when the rows change their order."""

    DEFAULT_CSS = """
    Matrix {
        height: auto;
        max-height: 40%;
        min-height: 2;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", show=False), Binding("down", "move(1, 0)", show=False),
        Binding("shift+up", "move(-10, 0)", show=False), Binding("shift+down", "move(10, 0)", show=False),
        Binding("left", "move(0, -1)", show=False), Binding("right", "move(0, 1)", show=False),
        Binding("enter", "open", "Steps", show=False, tooltip="the steps of this phase on this host"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another host."""

        host: str

    @dataclass
    class Opened(Message):
        """Enter on a cell, or a click on the one with the cursor."""

        host: str
        phase: str

    def __init__(self) -> None:
        super().__init__(id="matrix")
        self.progress = Progress()
        self.host, self.phase = "", ""
        self.phases = Phases(self.progress)
        self._steps: tuple[StepLine, ...] = ()      # those that `phases` were made of
        self._order, self._rows = Order(), list[str]()
        self._has_host, self._has_phase = False, False      # somebody chose the host, or the phase
        self._now = 0.0

    def show(self, progress: Progress, now: float) -> None:
        """Draw this."""
        self.progress, self._now = progress, now
        if progress.steps is not self._steps:
            self.phases, self._steps = Phases(progress), progress.steps
        before, self._rows = self._rows, self._order.of(progress)
        self._keep_cursor()
        if len(self._rows) != len(before):
            self.refresh(layout=True)
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        if self._rows != before:
            self._scroll_to_cursor()
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for the phases, and one for each host."""
        return len(self._rows) + 1

    def current(self) -> PhaseCell | None:
        """What is under the cursor."""
        return self._cell_of(self.host, self.phase) if self.host in self.progress.hosts and self.phase in self.phases.names else None

    def _cell_of(self, host: str, phase: str) -> PhaseCell | None:
        return self.phases.cell(self.progress.hosts[host], phase, over=self.progress.ended is not None)

    # ---- the cursor ----
    def _keep_cursor(self) -> None:
        """On its host; until somebody chose one, on the first of the answers, or the first that has a problem."""
        if self.host not in self.progress.hosts:
            self._has_host = False
            self.select(next(iter(self.progress.hosts), ""))
        first = next((name for name in self._rows[:1] if self.progress.hosts[name].failure), "")
        if first and not self._has_host and not self.progress.hosts[self.host].failure:
            self.select(first)
        self._follow_phase()

    def select(self, host: str) -> None:
        """The cursor to this host."""
        if host != self.host:
            self.host, self._has_phase = host, False
            self._follow_phase()
            self.post_message(self.Moved(host))

    def _follow_phase(self) -> None:
        """Unless somebody chose a column, the cursor goes with the host: to what failed, or where it is at work."""
        host = self.progress.hosts.get(self.host)
        if host is None or (self._has_phase and self.phase in self.phases.names):
            return
        at = host.failure.step if host.failure else host.step
        self.phase = self.phases.place(host, at) or next(iter(self.phases.names), "")

    def _scroll_to_cursor(self) -> None:
        if self.host in self._rows:     # the head covers the first line: the row, and the line above it
            self.scroll_to_region(Region(0, self._rows.index(self.host), 1, 2), animate=False)

    def action_move(self, down: int, right: int) -> None:
        """The cursor, by the arrows."""
        if down and self._rows:
            self._has_host = True
            self.select(self._rows[_within(self._rows.index(self.host) + down, len(self._rows))])
            self._scroll_to_cursor()
        names = self.phases.names
        if right and names:
            self.phase, self._has_phase = names[_within(names.index(self.phase) + right if self.phase in names else 0, len(names))], True
        self.refresh()

    def action_open(self) -> None:
        """The steps of the cell."""
        self.post_message(self.Opened(self.host, self.phase))

    def on_click(self, event: Click) -> None:
        """The cursor, by the mouse; a click where it is opens the cell."""
        row, (name, width) = event.y + int(self.scroll_offset.y) - 1, self._widths()
        if event.y < 1 or row >= len(self._rows):
            return
        before = self.host, self.phase
        self._has_host = True
        self.select(self._rows[row])
        column = (event.x - name) // max(width, 1)
        if 0 <= column < len(self.phases.names):
            self.phase, self._has_phase = self.phases.names[column], True
        if before == (self.host, self.phase):
            self.action_open()
        self.refresh()

    # ---- drawing ----
    def _widths(self) -> tuple[int, int]:
        """Of the names, and of a phase: at 80 columns eight phases fit. A long name gets what the phases do not need."""
        longest, columns = max((len(name) for name in self._rows), default=4) + 2, len(self.phases.names)
        if not columns:
            return min(longest, self.size.width // 2), 0
        needed = columns * (max(len(_title(phase)) for phase in self.phases.names) + 1)
        name = min(longest, max(self.size.width - needed, LEFTMOST))
        return name, min((self.size.width - name) // columns, WIDEST)

    def render_line(self, y: int) -> Strip:
        """The head, which stays, or a host."""
        row = y + int(self.scroll_offset.y) - 1
        if y and row >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        text = self._row(self._rows[row]) if y else self._head()
        strip = Strip(text.render(self.app.console))
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def _head(self) -> Text:
        name, width = self._widths()
        cells = (_title(phase)[: max(width - 1, 1)].ljust(width) for phase in self.phases.names)
        return Text(" " * name + "".join(cells), "dim", end="")

    def _row(self, host: str) -> Text:
        name, width = self._widths()
        seen, is_on = self.progress.hosts[host], host == self.host
        shown = host if len(host) <= name - 2 else host[: name - 3] + ("…" if utf8() else "~")
        text = Text((">" if is_on else " ") + shown.ljust(name - 1), "bold" if is_on else "", end="")
        if not self.phases.names:
            return text.append(_told(seen), "dim")
        for phase in self.phases.names:
            text.append_text(self._cell(seen, phase, width, is_on and phase == self.phase))
        return text

    def _cell(self, host: HostProgress, phase: str, width: int, under_cursor: bool) -> Text:
        cell = self._cell_of(host.line.name, phase)
        words = self._words(host, cell, width) if cell else ""
        style = Style.parse(STATUS_STYLES[cell.status]) if cell else Style()
        if under_cursor:
            style += Style(reverse=True) if self.has_focus else Style(underline=True)
        return Text.assemble((words[: max(width - 1, 1)].ljust(max(width - 1, 1)), style), " ", end="")

    def _words(self, host: HostProgress, cell: PhaseCell, width: int) -> str:
        sign = status_sign(cell.status)
        if host.lost and cell.status in ("running", "waiting"):
            return "! lost"
        if cell.status == "running" and cell.cell.since:
            return f"{sign} {_seconds(self._now - cell.cell.since)}"
        if cell.status == "waiting" and cell.cell.reason:
            return f"{sign} {cell.cell.reason.split()[0]}"
        if cell.status in ("done", "failed") and width >= ROOMY and cell.seconds >= 1:
            return f"{sign} {_seconds(cell.seconds)}"
        return sign


def _title(phase: str) -> str:
    return SHORT.get(phase, phase)


def _within(number: int, length: int) -> int:
    return min(max(number, 0), length - 1)


def _seconds(seconds: float) -> str:
    """`12 s`, `2m05`: never more than eight columns with its sign."""
    whole = max(int(seconds), 0)
    return f"{whole} s" if whole < 120 else f"{whole // 60}m{whole % 60:02}" if whole < 3600 else f"{whole // 3600}h{whole % 3600 // 60:02}"


def _told(host: HostProgress) -> str:
    """What is known of a host before there is a plan."""
    if host.lost:
        return "connection lost"
    if host.facts:
        return f"{host.facts.distribution}, {host.facts.cpus} cores, {host.facts.memory / GIB:.1f} GiB"
    return "connected" if host.connected else "connecting"
