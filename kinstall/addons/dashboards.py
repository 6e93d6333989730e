"""The dashboards that kinstall brings, and what each of their queries must find. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kinstall.manifests import shipped

PREFIX: Final = "grafana-dashboard-"
# what Grafana puts in for its own variables when it asks; a dashboard's variables stand for everything
BUILT_IN: Final[Mapping[str, str]] = {
    "__rate_interval": "5m", "__interval": "1m", "__range": "1h", "__interval_ms": "60000", "__range_s": "3600",
}
VARIABLE: Final = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a panel, ready to be asked."""

    dashboard: str
    panel: str
    expression: str


def dashboards() -> Iterator[Mapping[str, Any]]:
    """The dashboards, as Grafana reads them."""
    for item in shipped("grafana"):
        if item["kind"] == "ConfigMap" and item["metadata"]["name"].startswith(PREFIX):
            yield from (json.loads(text) for text in item["data"].values())


def queries() -> Iterator[Query]:
    """Every query of every panel of every dashboard, rows opened."""
    for board in dashboards():
        for panel in _panels(board):
            for target in panel.get("targets", []):
                yield Query(board["title"], panel.get("title", ""), substituted(target["expr"]))


def substituted(expression: str) -> str:
    """The query with its variables filled in."""
    return VARIABLE.sub(lambda found: BUILT_IN.get(found[1] or found[2] or found[3], ".*"), expression)


def _panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for panel in board.get("panels", []):
        yield panel
        yield from _panels(panel)
