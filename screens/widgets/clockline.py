"""The line of a run: cluster, time so far, what is left, a bar. And the terminal's title, which says the same in a few words."""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual.widgets import Static

from kinstall.estimate import GUESS, Estimate, Outlook
from kinstall.progress import Progress
from kinstall.screens.widgets.signs import utf8

BAR: Final = 10             # columns of the bar at 80 columns; wider screens have a longer one
RESULTS: Final = {"done": "done", "failed": "failed", "cancelled": "stopped"}


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
    """` homelab  Kubernetes 1.37.2     02:31  about 3 min left  ███████░░░  64 %`."""

    DEFAULT_CSS = """
    ClockLine {
        height: 1;
        padding: 0 1;
    }
    """

    def __init__(self, label: str) -> None:
        super().__init__(id="clock", markup=False)
        self._label = label
        self.estimate = Estimate(GUESS)
        self._part = 0.0

    def show(self, progress: Progress, now: float) -> str:
        """Draw this; what the terminal's title is."""
        outlook = self.estimate.outlook(progress, now)
        # nobody likes a bar that goes back: what was behind it stays so, but for another run or recording
        self._part = max(outlook.part, self._part) if progress.steps else 0.0
        part = 1.0 if progress.ended and progress.ended.result == "done" else self._part
        self._draw(progress, now, outlook, part)
        state = RESULTS[progress.ended.result] if progress.ended else f"{part * 100:.0f} %"
        return f"kinstall: {progress.cluster} {state}"

    def _draw(self, progress: Progress, now: float, outlook: Outlook, part: float) -> None:
        until = progress.ended.at if progress.ended else now
        version = f"  Kubernetes {progress.kubernetes}" if progress.kubernetes else ""
        left = Text.assemble((f" {self._label} ", "bold reverse"), "  ") if self._label else Text()
        left.append(progress.cluster, "bold").append(version)
        right = f"{duration(until - progress.started) if progress.started else '00:00'}  {_state(progress, outlook)}".rstrip()
        right += f"  {bar(part, max(BAR, self.size.width // 8))} {int(part * 100):3} %"
        left.truncate(max(self.size.width - len(right) - 1, 0), overflow="ellipsis")
        self.update(Text.assemble(left, " " * (self.size.width - len(right) - left.cell_len), right), layout=False)


def _state(progress: Progress, outlook: Outlook) -> str:
    if progress.ended:
        return RESULTS[progress.ended.result]
    if progress.steps:
        return outlook.told
    return "looking" if progress.hosts and all(host.connected for host in progress.hosts.values()) else "connecting"
