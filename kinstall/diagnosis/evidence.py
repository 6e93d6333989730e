"""What is known when something failed: lines by host and by the place they were found in. Pure data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# every place that a signature may name -> how a person calls it
PLACES: Final[Mapping[str, str]] = {
    "output": "the command's output",
    "connection": "the connection",
    "units": "systemd",
    "containerd": "containerd's journal",
    "kubelet": "kubelet's journal",
    "kernel": "the kernel's log",
    "crictl": "crictl",
    "logs": "the log of a container",
    "pods": "the state of a pod",
    "events": "an event of the cluster",
    "nodes": "the state of a node",
    "cluster": "the cluster's configuration",
    "packages": "the package manager",
    "disk": "df",
    "memory": "the memory",
    "time": "the clock",
    "dns": "the resolver",
    "network": "the network",
    "api": "the way to the API server",
    "swap": "/proc/swaps",
    "cgroup": "the cgroup settings",
    "proxy": "the proxy settings",
    "derived": "the evidence of all hosts",
}
# seen from the control plane, but told of the whole cluster: `node=NAME` in a line says which host is meant
CLUSTER_WIDE: Final = frozenset({"pods", "events", "nodes", "cluster"})
# how things stand, not what happened: these lines have no time
FACTS: Final = frozenset(
    {"units", "crictl", "cluster", "packages", "disk", "memory", "time", "dns", "network", "swap", "cgroup", "proxy", "derived"}
)

_UNIX: Final = re.compile(r"(\d{9,11}\.\d+)\s+")
_ISO: Final = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d))\s+")
_NODE: Final = re.compile(r"\bnode=([a-z0-9][\w.-]*)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Lines by host, then by place (the keys of PLACES). A line may begin with its time: seconds since 1970, or ISO 8601 with a zone.

    `asked`: when each host's evidence was taken, by the clock of the machine that kinstall runs on. Then clocks can be compared.
    """

    hosts: Mapping[str, Mapping[str, Sequence[str]]]
    asked: Mapping[str, float] = field(default_factory=dict)

    def now(self, host: str) -> float | None:
        """The host's own clock when the evidence was taken."""
        return next((float(line[4:]) for line in self.lines(host, "time") if re.fullmatch(r"now \d+(\.\d+)?", line)), None)

    def lines(self, host: str, place: str) -> Sequence[str]:
        """What was found in this place on this host."""
        return self.hosts.get(host, {}).get(place, ())

    def everywhere(self) -> Iterator[tuple[str, str, Sequence[str]]]:
        """(host, place, lines), one after the other."""
        for host, places in self.hosts.items():
            for place, lines in places.items():
                yield host, place, lines


def timed(line: str) -> tuple[float | None, str]:
    """A line's time, where it begins with one, and the rest of it."""
    if found := _UNIX.match(line):
        return float(found[1]), line[found.end() :]
    if found := _ISO.match(line):
        with suppress(ValueError):      # looks like a time, and is none
            return datetime.fromisoformat(found[1].replace(",", ".")).timestamp(), line[found.end() :]
    return None, line


def whose(host: str, place: str, line: str) -> str:
    """The host that a line is about: an event seen on the control plane may be about another node."""
    found = _NODE.search(line) if place in CLUSTER_WIDE else None
    return found[1] if found else host
