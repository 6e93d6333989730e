"""A run as bars over time: a part for each machine, a line for each phase, and below it for each step if it is asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from kinstall.progress import Cell, HostProgress, Progress
from kinstall.screens.widgets.phases import Phases
from kinstall.screens.widgets.result_words import spent
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign, utf8

NAME: Final = 22            # columns of what it is
TOOK: Final = 10            # columns of how long it took
SHORTEST: Final = 0.05      # seconds; what took less has no bar
NEXT: Final = 0.5           # seconds between two steps that are one bar of their phase
EVERY: Final = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)     # seconds between two marks of the scale
MARK: Final = 8             # columns that a mark needs


@dataclass(frozen=True, slots=True)
class Scale:
    """From the run's beginning to its end, over so many columns."""

    begin: float
    whole: float
    width: int

    def place(self, at: float) -> int:
        """The column of a moment."""
        return min(max(int((at - self.begin) / self.whole * self.width), 0), self.width - 1)

    def bar(self, spans: Sequence[tuple[float, float]]) -> str:
        """Where something was at work: at least one column for each span."""
        full, columns = "█" if utf8() else "=", [" "] * self.width
        for begin, end in spans:
            first = self.place(begin)
            columns[first : max(self.place(end), first + 1)] = full * max(self.place(end) - first, 1)
        return "".join(columns).rstrip()

    def marks(self) -> str:
        """`0:00    0:30    1:00`: as many as there is room for."""
        most = max(self.width // MARK, 1)
        every = next((step for step in EVERY if self.whole / step <= most), EVERY[-1])
        line = [" "] * self.width
        for second in range(0, int(self.whole) + 1, every):
            text = f"{second // 60}:{second % 60:02}"
            at = self.place(self.begin + second)
            if at + len(text) <= self.width:
                line[at : at + len(text)] = text
        return "".join(line).rstrip()


def timeline(progress: Progress, width: int, *, steps: bool = False) -> Iterator[Text]:
    """The lines, in so many columns. `steps`: each phase with its steps."""
    cells = [cell for host in progress.hosts.values() for cell in host.cells.values() if cell.seconds]
    if not cells:
        yield Text("No step ran.")
        return
    begin = progress.started or min(cell.since - cell.seconds for cell in cells)
    scale = Scale(begin, max(max(cell.since for cell in cells) - begin, 1.0), max(width - NAME - TOOK, 10))
    yield Text(f"{'':{NAME + TOOK}}{scale.marks()}", "dim", no_wrap=True)
    phases = Phases(progress)
    for host in progress.hosts.values():
        lines = [line for phase in progress.phases() for line in _phase(phases, host, phase, scale, steps=steps)]
        yield from (Text(host.line.name, "bold", no_wrap=True), *lines) if lines else ()


def _phase(phases: Phases, host: HostProgress, phase: str, scale: Scale, *, steps: bool) -> Iterator[Text]:
    found = phases.cell(host, phase, over=True)
    cells = [(step, host.cells[step]) for step in phases.steps_of(host, phase) if host.cells[step].seconds >= SHORTEST]
    if found is None or not cells:
        return
    spans = [_span(cell) for _, cell in cells]
    yield _line(found.status, phase, sum(end - begin for begin, end in joined(spans)), joined(spans, NEXT), scale)
    for step, cell in cells if steps else ():
        yield _line(cell.status, f"  {step}", cell.seconds, [_span(cell)], scale)


def _span(cell: Cell) -> tuple[float, float]:
    return cell.since - cell.seconds, cell.since


def joined(spans: Sequence[tuple[float, float]], gap: float = 0.0) -> list[tuple[float, float]]:
    """The same time without what lies over each other, for add-ons work side by side; a shorter gap than this is none."""
    made: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if made and begin <= made[-1][1] + gap:
            made[-1] = made[-1][0], max(made[-1][1], end)
        else:
            made.append((begin, end))
    return made


def _line(status: str, name: str, seconds: float, spans: Sequence[tuple[float, float]], scale: Scale) -> Text:
    took = f"{seconds:.1f} s" if seconds < 10 else spent(seconds)
    what = name if len(name) <= NAME - 2 else name[: NAME - 3] + "…"
    return Text.assemble(
        (f"{status_sign(status)} ", STATUS_STYLES[status]), f"{what:{NAME - 2}}", (f"{took:>{TOOK - 1}} ", "dim"),
        (scale.bar(spans), STATUS_STYLES[status]), no_wrap=True)
