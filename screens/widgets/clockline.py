"""The line of a run: cluster, time so far, what is left, a bar. And the terminal's title, which says the same in a few words."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from kinstall.estimate import Estimate
from kinstall.progress import Progress
from kinstall.screens.widgets.signs import utf8

BAR = 10


def duration(seconds: float) -> str:
    """02:31, or 1:02:31."""
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def bar(part: float, width: int = BAR) -> str:
    """███████░░░, or =======---."""
    full, empty = ("█", "░") if utf8() else ("=", "-")
    filled = int(part * width)
    return full * filled + empty * (width - filled)


class ClockLine(Static):
    """` homelab 1.37.2   02:31   about 3 min left   ███████░░░ 64 %`."""

    DEFAULT_CSS = """
    ClockLine {
        height: 1;
        padding: 0 1;
    }
    """

    def __init__(self, label: str) -> None:
        super().__init__(id="clock", markup=False)
        self._label = label

    def show(self, progress: Progress, now: float, estimate: Estimate) -> None:
        """Draw this."""
        until = progress.ended.at if progress.ended else now
        part = 1.0 if progress.ended and progress.ended.result == "done" else estimate.done(progress)
        version = f" Kubernetes {progress.kubernetes}" if progress.kubernetes else ""
        left = Text.assemble((f"{self._label} ", "bold reverse") if self._label else "", (progress.cluster, "bold"), version)
        right = Text(f"{duration(until - progress.started) if progress.started else '00:00'}  ")
        right.append(_state(progress, estimate))
        right.append(f"  {bar(part)} {part * 100:3.0f} %")
        room = max(self.size.width - 2 - left.cell_len - right.cell_len, 1)
        self.update(Text.assemble(left, " " * room, right))


def _state(progress: Progress, estimate: Estimate) -> str:
    if progress.ended:
        return {"done": "done", "failed": "failed", "cancelled": "stopped"}[progress.ended.result]
    if progress.steps:
        return estimate.told(progress)
    return "connecting" if not all(host.connected for host in progress.hosts.values()) else "looking"


def title(progress: Progress, estimate: Estimate) -> str:
    """For the terminal's title."""
    if progress.ended:
        return f"kinstall: {progress.cluster} {_state(progress, estimate)}"
    return f"kinstall: {progress.cluster} {estimate.done(progress) * 100:.0f} %"
