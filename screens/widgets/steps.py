"""The line at the top: the cluster's name, and the stages with the one where one is."""

from __future__ import annotations

from typing import Final

from rich.text import Text
from textual.widgets import Static

STAGES: Final = ("hosts", "trust", "check", "options", "plan", "run", "result")


class Steps(Static):
    """` kinstall: homelab          1 Hosts  2 Trust  [3 Check]  4 Options ...`: the current one in reverse, so not by colour alone."""

    DEFAULT_CSS = """
    Steps {
        dock: top;
        height: 1;
        background: $panel;
        color: $foreground;
    }
    """

    def __init__(self, current: str, cluster: str = "") -> None:
        super().__init__(id="steps")
        self._current, self._cluster = current, cluster

    def on_mount(self) -> None:
        """Drawn once its width is known, and with each change of that."""
        self._draw()

    def on_resize(self) -> None:
        """The stages keep to the right."""
        self._draw()

    def name_cluster(self, cluster: str) -> None:
        """The cluster is called so now."""
        self._cluster = cluster
        self._draw()

    def _draw(self) -> None:
        stages = Text("  ").join(self._stage(number, stage) for number, stage in enumerate(STAGES, 1))
        left = f" kinstall: {self._cluster}" if self._cluster else " kinstall"
        room = self.size.width - stages.cell_len - 1
        name = left if len(left) <= room else left[: max(room - 1, 0)] + "…"
        self.update(Text.assemble((name.ljust(max(room, 0)), "bold"), stages))

    def _stage(self, number: int, stage: str) -> Text:
        text = f"{number} {stage.title()}"
        return Text(f" {text} ", "bold reverse") if stage == self._current else Text(text, "dim")
