"""The ports that a cluster needs, and who holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, blocking, ok, warning


@dataclass(frozen=True, slots=True)
class Port:
    """A port that something of the cluster listens on."""

    number: int
    program: str
    control_plane: bool = False     # only there


NEEDED: Final = (
    Port(6443, "kube-apiserver", True), Port(2379, "etcd", True), Port(2380, "etcd", True),
    Port(10257, "kube-controller-manager", True), Port(10259, "kube-scheduler", True),
    Port(10250, "kubelet"), Port(10248, "kubelet"), Port(10249, "kube-proxy"), Port(10256, "kube-proxy"),
)
NODE_PORTS: Final = range(30000, 32768)


def listeners(seen: str) -> Iterator[tuple[int, str, int]]:
    """(port, program, pid) of each TCP listener, out of `ss -Hlntup`."""
    for line in seen.splitlines():
        words = line.split()
        if len(words) < 5 or words[0] != "tcp":
            continue
        port = words[4].rpartition(":")[2]
        held = re.search(r'\(\("([^"]*)",pid=([0-9]+)', line, re.ASCII)
        if port.isascii() and port.isdigit():
            yield int(port), held[1] if held else "", int(held[2]) if held else 0


def _needed(subject: Subject) -> Mapping[int, str]:
    needed = {port.number: port.program for port in NEEDED if subject.is_control_plane or not port.control_plane}
    return needed | ({9100: "node-exporter"} if subject.wanted.node_exporter else {}) | dict(subject.wanted.node_ports)


def ports(seen: str, subject: Subject) -> Finding:
    """Listeners, `unit PID UNIT` of those that matter, `ours PID` of our own listener, `pending` for an interrupted installation."""
    if subject.is_ours or "pending" in seen.split():
        return ok("What listens on the cluster's ports is this cluster.", "ours")
    units = dict(re.findall(r"^unit ([0-9]+) (\S+)$", seen, re.MULTILINE))
    ours = set(re.findall(r"^ours ([0-9]+)$", seen, re.MULTILINE))
    taken = {port: (program, str(pid)) for port, program, pid in listeners(seen) if str(pid) not in ours}
    needed = _needed(subject)
    in_the_way = {port: taken[port] for port in needed if port in taken}
    if in_the_way:
        told = ", ".join(f"{port} ({needed[port]}) by {who or 'the kernel'}, pid {pid}" for port, (who, pid) in in_the_way.items())
        stop = dict.fromkeys(f"systemctl disable --now {units[pid]}" for _, pid in in_the_way.values() if pid in units)
        return blocking(f"Ports that the cluster needs are taken: {told}.", ", ".join(map(str, in_the_way)), *stop,
                        advice="" if stop else "Stop that program.")
    busy = [str(port) for port in taken if port in NODE_PORTS]
    if busy:
        return warning(f"{', '.join(busy)} is taken, within the range of services' node ports: such a service would not be reached.",
                       ", ".join(busy), advice="Move that program to another port.")
    return ok("The ports are free.")


PORTS: Final = (
    Check(id="ports", title="ports", about="6443, 2379, 2380, 10250 and the others free, or held by this cluster", judge=ports,
          probe=r"""[ -e /etc/kubernetes/kinstall/pending ] && echo pending
pgrep -f kinstall-reach | sed 's/^/ours /'
ss -Hlntup; ss -Hlntp | grep -E ':(6443|2379|2380|102[45][0-9]|9100|3[0-2][0-9]{3}) ' | grep -oE 'pid=[0-9]+' | sort -u |
while IFS== read -r _ pid; do sed -n "/user@/d; s,.*/\([^/]*\.service\)\$,unit $pid \1,p" "/proc/$pid/cgroup" | head -n 1; done"""),
)
