"""The live table of a headless run: a row a host, a column a phase, and what each host is doing now."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from kinstall.events import Status
from kinstall.progress import Cell, HostProgress, Progress

# of several steps in one phase, the one that says most
WEIGHT: Mapping[Status, int] = {"failed": 6, "running": 5, "waiting": 4, "skipped": 3, "pending": 2, "done": 1, "already": 0}
COLOURS: Mapping[Status, str] = {
    "failed": "bold red", "running": "cyan", "waiting": "yellow", "skipped": "dim", "pending": "dim", "done": "green", "already": "green",
}
NAME_WIDTH = 4  # of a host, at least


def cell(progress: Progress, host: HostProgress, phase: str) -> Cell | None:
    """The cell that stands for a phase on a host: the worst of its steps; a phase that is half done counts as running."""
    cells = [host.cells[step.id] for step in progress.steps if step.phase == phase and step.id in host.cells]
    if not cells:
        return None
    worst = max(cells, key=lambda one: WEIGHT[one.status])
    begun = any(one.status in ("done", "already") for one in cells)
    return Cell("running") if worst.status == "pending" and begun and not host.failure else worst


def now(host: HostProgress, at: float) -> str:
    """What the host is doing, in a few words."""
    if host.failure:
        return f"{host.failure.step}: {host.failure.message}"
    if not host.cells:
        return "connected" if host.connected else "connecting"
    here = host.cells.get(host.step, Cell())
    if here.status == "waiting":
        return f"{host.step}, for {here.reason}"
    if here.status == "running":
        return f"{host.step} {max(at - here.since, 0):.0f} s  {host.last_line.strip()}"
    return ""


def table(progress: Progress, signs: Mapping[str, str]) -> Table:
    """The progress as a table."""
    at = progress.at if progress.ended else time.time()
    elapsed = max(at - progress.started, 0) if progress.started else 0
    title = f"{progress.cluster}  {elapsed // 60:02.0f}:{elapsed % 60:02.0f}"
    drawn = Table(box=None, padding=(0, 1, 0, 0), title=title, title_justify="left", expand=True)
    drawn.add_column("", no_wrap=True, min_width=NAME_WIDTH, max_width=4 * NAME_WIDTH)
    for phase in progress.phases():
        drawn.add_column(phase, justify="center", no_wrap=True, min_width=len(phase))
    drawn.add_column("", no_wrap=True, overflow="ellipsis", ratio=1)
    for host in progress.hosts.values():
        cells = [cell(progress, host, phase) for phase in progress.phases()]
        drawn.add_row(host.line.name, *(Text(signs[c.status], COLOURS[c.status]) if c else "" for c in cells), Text(now(host, at)))
    return drawn
