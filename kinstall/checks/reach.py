"""Do hosts reach each other on the ports that their roles need? Which ways are tried, and what it means how they end. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinstall.checks.model import Finding, Subject, Wanted, blocking, handled, is_address, ok, warning
from kinstall.model import Host, Role

ID: Final = "reach"
TITLE: Final = "reach"
ABOUT: Final = "the others reach it on 6443, 10250, the pod network's UDP port and the rest, really tried with a listener"
MESH: Final = 6     # with more hosts than that, each tries this many others: every port is still tried from several sides


@dataclass(frozen=True, slots=True)
class Need:
    """A port that others must reach. `to`, `by`: the role that has it and the role that calls it; None: every."""

    port: str                   # 6443/tcp
    what: str
    to: Role | None = None
    by: Role | None = None
    plugin: str = ""            # only with this network plugin
    exporter: bool = False      # only with node-exporter


NEEDS: Final = (
    Need("6443/tcp", "the API server", to=Role.CONTROL_PLANE),
    Need("2379/tcp", "etcd", to=Role.CONTROL_PLANE, by=Role.CONTROL_PLANE),
    Need("2380/tcp", "etcd's peers", to=Role.CONTROL_PLANE, by=Role.CONTROL_PLANE),
    Need("10250/tcp", "the kubelet"),
    Need("4789/udp", "Calico's VXLAN", plugin="calico"),    # kinstall's Calico speaks no BGP, so 179/tcp is nobody's
    Need("8472/udp", "flannel's VXLAN", plugin="flannel"),
    Need("9100/tcp", "node-exporter", exporter=True),
)


@dataclass(frozen=True, slots=True)
class Way:
    """From one host to a port of another."""

    source: str
    target: str
    address: str
    port: str
    what: str


def ways(wanted: Wanted) -> tuple[Way, ...]:
    """Every way that is tried. Hosts without an address are left out."""
    hosts = [host for host in wanted.hosts if is_address(wanted.addresses.get(host.name, ""))]
    asked = [need for need in NEEDS if need.plugin in ("", wanted.plugin) and (wanted.node_exporter or not need.exporter)]
    return tuple(
        Way(source.name, target.name, wanted.addresses[target.name], need.port, need.what)
        for need in asked for number, source in enumerate(hosts) for target in _targets(need, number, hosts)
    )


def _targets(need: Need, number: int, hosts: Sequence[Host]) -> list[Host]:
    """Whom the host of this number tries: from the next one on, round, so that each is somebody's neighbour."""
    if need.by not in (None, hosts[number].role):
        return []
    others = [*hosts[number + 1:], *hosts[:number]]
    return [host for host in others if need.to in (None, host.role)][:MESH]


def listening(out: str) -> Mapping[str, str]:
    """Port -> ours, taken or failed."""
    return dict(re.findall(r"^([0-9]+/(?:tcp|udp)) (ours|taken|failed)$", out, re.MULTILINE))


def processes(out: str) -> list[int]:
    """The listeners' process ids."""
    return [int(pid) for pid in re.findall(r"^pid ([0-9]{1,9})$", out, re.MULTILINE)]


def attempts(out: str) -> Mapping[tuple[str, str], tuple[int, str]]:
    """(address, port) -> exit status and what bash said."""
    found = re.findall(r"^way (\S+) ([0-9]+/(?:tcp|udp)) ([0-9]{1,3}) ?(.*)$", out, re.MULTILINE)
    return {(address, port): (int(status), said) for address, port, status, said in found}


_SILENCE: Final = "no answer: a firewall drops it"
_HOW: Final = (
    (re.compile("refused", re.IGNORECASE), "refused: a firewall rejects it, or nobody listens"),
    (re.compile("no route|prohibited", re.IGNORECASE), "no route to host: a firewall rejects it"),
    (re.compile("unreachable", re.IGNORECASE), "network unreachable: no route leads there"),
)


def how(status: int, said: str) -> str:
    """How an attempt ended; "" when it came through."""
    return next((what for pattern, what in _HOW if pattern.search(said)), _SILENCE) if status else ""


@dataclass(frozen=True, slots=True)
class Tries:
    """Everything that was tried: what each host listens on, and how far each host came."""

    listening: Mapping[str, Mapping[str, str]]
    attempts: Mapping[str, Mapping[tuple[str, str], tuple[int, str]]]

    def state(self, way: Way) -> str:
        """What stands at the far end: ours, taken, failed; "" when that host told nothing."""
        return self.listening.get(way.target, {}).get(way.port, "")

    def end(self, way: Way) -> tuple[int, str] | None:
        """How the attempt ended; None when there was none."""
        return self.attempts.get(way.source, {}).get((way.address, way.port))


def judge(subject: Subject, tries: Tries) -> Finding:
    """Can the others reach this host on its ports?"""
    mine = [way for way in ways(subject.wanted) if way.target == subject.name]
    if closed := list(_closed(mine, tries)):
        return _told(subject, closed)
    untried = dict.fromkeys(way.port for way in mine if not _was_tried(way, tries))
    if untried:
        return warning(f"{', '.join(untried)} could not be tried: somebody has nothing to listen or to connect with.", "not tried")
    return ok("The others reach it on the ports that its role needs." if mine else "There is nobody who must reach it.")


def _was_tried(way: Way, tries: Tries) -> bool:
    """What is taken by VXLAN itself answers no stranger: there is nothing to try, and that is no fault."""
    end, state = tries.end(way), tries.state(way)
    return (end is not None and (end[0] == 0 or state == "ours")) or state == "taken"


def _closed(mine: Sequence[Way], tries: Tries) -> Iterator[tuple[Way, str]]:
    for way in mine:
        end, state = tries.end(way), tries.state(way)
        answers = state == "ours" or (state == "taken" and way.port.endswith("/tcp"))
        if end and end[0] and answers:
            yield way, how(*end)


def _told(subject: Subject, closed: Sequence[tuple[Way, str]]) -> Finding:
    first, why = closed[0]
    ports = list(dict.fromkeys(way.port for way, _ in closed))
    sources = list(dict.fromkeys(way.source for way, _ in closed))
    others = f" and {len(sources) - 4} others" if len(sources) > 4 else ""
    told = f"{', '.join(ports)} cannot be reached from {', '.join(sources[:4])}{others} ({first.what}; {why})"
    guard = " and ".join(name for name, on in (("firewalld", subject.facts.firewalld), ("ufw", subject.facts.ufw)) if on)
    if guard and subject.wanted.firewall != "leave":
        does = "opens it" if subject.wanted.firewall == "open" else "turns it off"
        return handled(f"{told}: {guard} is on, and the installation {does}.", guard)
    if guard:
        return blocking(f"{told}: {guard} is on, and left alone as the answers say.", ports[0], *_opened(subject, ports))
    return blocking(f"{told}. Neither firewalld nor ufw is on here.", ports[0],
                    advice=f"Look at `nft list ruleset` here, and at firewalls between {first.source} and {first.target}.")


def _opened(subject: Subject, ports: Sequence[str]) -> list[str]:
    if subject.facts.firewalld:
        return [f"firewall-cmd {kept}--add-port={port}" for port in ports for kept in ("--permanent ", "")]
    return [f"ufw allow {port}" for port in ports]
