"""Hosts by phases, alive: one row a host, problems first; one column a phase. Only the rows that are visible are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from kinstall.events import Status
from kinstall.progress import Cell, HostProgress, Progress
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign

# The status of a phase is that of its worst step; of equal ones, the step that came first.
WORST_FIRST: Final[Sequence[Status]] = ("failed", "running", "waiting", "skipped", "pending", "done", "already")
SHORT: Final = {"addons": "add-ons"}


@dataclass(frozen=True, slots=True)
class PhaseCell:
    """A phase on a host: its status, and the step that gives it."""

    status: Status
    step: str
    cell: Cell


def phase_cell(progress: Progress, host: HostProgress, phase: str) -> PhaseCell | None:
    """What a phase is on a host; None where it has no step there."""
    cells = [(step.id, host.cells[step.id]) for step in progress.steps if step.phase == phase and step.id in host.cells]
    if not cells:
        return None
    begun = any(cell.status not in ("pending", "done", "already") for _, cell in cells)
    step, cell = min(cells, key=lambda pair: WORST_FIRST.index(pair[1].status))
    half = not begun and 0 < sum(cell.status == "pending" for _, cell in cells) < len(cells)
    return PhaseCell("running" if half else cell.status, step, cell)


def rank(host: HostProgress) -> int:
    """Problems first, then what runs, then what waits, then the rest."""
    statuses = {cell.status for cell in host.cells.values()}
    if host.failure or host.lost or "failed" in statuses:
        return 0
    return 1 if "running" in statuses else 2 if "waiting" in statuses else 3


class Matrix(ScrollView, can_focus=True):
    """The table, with a cursor that stays on its host when the rows change their order."""

    DEFAULT_CSS = """
    Matrix {
        height: auto;
        max-height: 40%;
        min-height: 2;
        scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", show=False), Binding("down", "move(1, 0)", show=False),
        Binding("left", "move(0, -1)", show=False), Binding("right", "move(0, 1)", show=False),
        Binding("enter", "open", "Steps", show=False, tooltip="the steps of this phase on this host"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another host."""

        host: str

    @dataclass
    class Opened(Message):
        """Enter on a cell."""

        host: str
        phase: str

    def __init__(self) -> None:
        super().__init__(id="matrix")
        self.progress = Progress()
        self.host, self.phase = "", ""
        self._rows: list[str] = []
        self._now = 0.0

    def show(self, progress: Progress, now: float) -> None:
        """Draw this."""
        self.progress, self._now = progress, now
        self._rows = sorted(progress.hosts, key=lambda name: rank(progress.hosts[name]))
        first = next(iter(self._rows), "")
        if self.host not in progress.hosts or (not self._chosen and first and rank(progress.hosts[first]) == 0):
            self._select(first)     # until somebody chose a host, the cursor is with the problem
        self._follow_phase()
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self.styles.height = len(self._rows) + 1
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for the phases, and one for each host."""
        return len(self._rows) + 1

    def current(self) -> PhaseCell | None:
        """What is under the cursor."""
        host = self.progress.hosts.get(self.host)
        return phase_cell(self.progress, host, self.phase) if host and self.phase else None

    def action_move(self, down: int, right: int) -> None:
        """The cursor, by the arrows."""
        if down and self._rows:
            self._chosen = True
            at = self._rows.index(self.host) + down
            self._select(self._rows[min(max(at, 0), len(self._rows) - 1)])
        phases = self.progress.phases()
        if right and phases:
            at = phases.index(self.phase) + right if self.phase in phases else 0
            self.phase = phases[min(max(at, 0), len(phases) - 1)]
            self._moved_by_hand = True
        self.refresh()

    def action_open(self) -> None:
        """The steps of the cell."""
        if self.host and self.phase:
            self.post_message(self.Opened(self.host, self.phase))

    def on_click(self, event: Click) -> None:
        """The cursor, by the mouse."""
        row = event.y + int(self.scroll_offset.y) - 1
        name, width = self._widths()
        phases = self.progress.phases()
        if 0 <= row < len(self._rows):
            self._chosen = True
            self._select(self._rows[row])
            column = (event.x - name) // max(width, 1)
            if 0 <= column < len(phases):
                self.phase, self._moved_by_hand = phases[column], True
            self.refresh()

    _moved_by_hand = False      # somebody chose the column
    _chosen = False             # somebody chose the host

    def _select(self, host: str) -> None:
        if host != self.host:
            self.host, self._moved_by_hand = host, False
            self._follow_phase()
            self.post_message(self.Moved(host))
        if host in self._rows:
            self.scroll_to_region(Region(0, self._rows.index(host) + 1, 1, 1), animate=False)

    def _follow_phase(self) -> None:
        """Unless somebody chose a column, the cursor goes with the host: to what failed, or where it is at work."""
        host = self.progress.hosts.get(self.host)
        if host is None or (self._moved_by_hand and self.phase in self.progress.phases()):
            return
        at = host.failure.step if host.failure else host.step
        phases = {step.id: step.phase for step in self.progress.steps}
        self.phase = phases.get(at, self.phase or next(iter(self.progress.phases()), ""))

    def _widths(self) -> tuple[int, int]:
        """Of the names, and of a phase: at 80 columns seven phases fit."""
        phases = self.progress.phases()
        longest = max((len(name) for name in self._rows), default=4)
        name = min(longest + 2, max(self.size.width // 4, 8))
        return name, min((self.size.width - name - 1) // len(phases), 16) if phases else 0

    def render_line(self, y: int) -> Strip:
        """The head, which stays, or a host."""
        if y == 0:
            return self._strip(self._head())
        row = y + int(self.scroll_offset.y) - 1
        return self._strip(self._row(self._rows[row])) if row < len(self._rows) else Strip.blank(self.size.width)

    def _head(self) -> Text:
        name, width = self._widths()
        head = Text(" " * name, "dim")
        for phase in self.progress.phases():
            head.append(SHORT.get(phase, phase)[: max(width - 1, 1)].ljust(width))
        return head

    def _row(self, host: str) -> Text:
        name, width = self._widths()
        on = host == self.host
        shown = host if len(host) < name else host[: name - 2] + "…"
        seen = self.progress.hosts[host]
        text = Text((">" if on else " ") + shown.ljust(name - 1), "bold" if on else "")
        for phase in self.progress.phases():
            text.append_text(self._cell(seen, phase, width, on and phase == self.phase and self.has_focus))
        if seen.lost:
            text.append(" connection lost", "bold red")
        return text

    def _cell(self, host: HostProgress, phase: str, width: int, under_cursor: bool) -> Text:
        cell = phase_cell(self.progress, host, phase)
        words = self._words(cell)[: max(width - 1, 1)].ljust(max(width - 1, 1)) if cell else " " * max(width - 1, 1)
        style = Style.parse(STATUS_STYLES[cell.status]) if cell else Style()
        return Text.assemble((words, style + Style(reverse=True) if under_cursor else style), " ")

    def _words(self, cell: PhaseCell) -> str:
        sign = status_sign(cell.status)
        if cell.status == "running":
            seconds = max(self._now - cell.cell.since, 0) if cell.cell.since else 0
            return f"{sign} {seconds:.0f} s"
        return f"{sign} {cell.cell.reason.split()[0]}" if cell.status == "waiting" and cell.cell.reason else sign

    def _strip(self, text: Text) -> Strip:
        segments: Iterable[Segment] = text.render(self.app.console)
        return Strip(segments).extend_cell_length(self.size.width).crop(0, self.size.width).apply_style(self.rich_style)
