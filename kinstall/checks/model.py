"""The nouns of preflight: a check, what it is about, what was seen, what was found. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from kinstall import distro
from kinstall.errors import UnfitError
from kinstall.fitness import belongs_elsewhere
from kinstall.model import Facts, Host, Role


class Level(StrEnum):
    """How bad a finding is. In the order in which a person wants to read them, the worst last."""

    OK = "ok"
    HANDLED = "handled"     # the installation itself mends it
    WARNING = "warning"     # the installation goes through; something else may suffer
    BLOCKING = "blocking"   # the installation would fail, or what it makes would not work

    @property
    def rank(self) -> int:
        """0 for ok, 3 for blocking."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found out about one host, or about the fleet."""

    level: Level
    sentence: str                   # what is so, and what that means, in one sentence
    short: str = ""                 # the same in a word or two, for a cell of a table: `2.0 G`, `zram`, `+61 s`
    mend: tuple[str, ...] = ()      # commands that mend it, to be run as root on that host, in this order
    may_fix: bool = False           # kinstall may run them itself: they lose nothing and interrupt nobody
    advice: str = ""                # what to do, where no command can say it
    final: bool = False             # the installation refuses it as well: no `allow` helps
    allow: str = ""                 # the word for `allow` that overrules it; "" where nothing does. Set by the table


def ok(sentence: str, short: str = "") -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, sentence, short)


def handled(sentence: str, short: str = "") -> Finding:
    """The installation does something about it by itself."""
    return Finding(Level.HANDLED, sentence, short)


def warning(sentence: str, short: str = "", *mend: str, may_fix: bool = False, advice: str = "") -> Finding:
    """The installation goes through, but somebody should know."""
    return Finding(Level.WARNING, sentence, short, mend, may_fix, advice)


def blocking(sentence: str, short: str = "", *mend: str, may_fix: bool = False, advice: str = "") -> Finding:
    """The installation would fail, or make something that does not work."""
    return Finding(Level.BLOCKING, sentence, short, mend, may_fix, advice)


def worst(found: Iterable[Finding]) -> Finding | None:
    """The worst of them, of equals the first; None of none."""
    return max(found, key=lambda finding: finding.level.rank, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something outside that a host must reach."""

    id: str                 # kubernetes, docker, registry, quay.io
    title: str              # Kubernetes' packages
    url: str
    exact: bool = False     # the very file that the installation asks for: 403 and 404 are no good answers
    image: bool = False     # a registry: containerd asks it, with its own proxy, not the shell's


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the answers want of the cluster, as far as checks need it. `addresses` and `endpoints` are known once the facts are read."""

    hosts: tuple[Host, ...]
    pods: IPv4Network
    services: IPv4Network
    plugin: str                                                     # calico, flannel
    kubernetes: str = "auto"                                        # auto, 1.36, 1.37.2
    firewall: str = "open"                                          # open, disable, leave
    selinux: str = "permissive"                                     # permissive, leave
    allow: frozenset[str] = frozenset()
    sources: tuple[Source, ...] = ()
    names: tuple[str, ...] = ()                                     # host names that must resolve
    vault: str = ""                                                 # CentOS' archive, for hosts whose release has ended
    node_ports: Mapping[int, str] = field(default_factory=dict)     # ports of the add-ons' services -> whose: 30090 -> Prometheus
    node_exporter: bool = True
    chosen: Mapping[str, str] = field(default_factory=dict)         # host -> `node_address` of the answers
    today: date = date.min
    addresses: Mapping[str, str] = field(default_factory=dict)      # host -> the node's address
    endpoints: frozenset[str] = frozenset()                         # what the API server may be called by


@dataclass(frozen=True, slots=True)
class Subject:
    """One host as a check sees it: who it is, what it is, what it shall become a part of."""

    host: Host
    facts: Facts
    wanted: Wanted

    @property
    def name(self) -> str:
        """The node's name."""
        return self.host.name

    @property
    def is_control_plane(self) -> bool:
        """Will it run the API server?"""
        return self.host.role is Role.CONTROL_PLANE

    @property
    def address(self) -> str:
        """The node's address; "" when there is none."""
        return self.wanted.addresses.get(self.host.name, "")

    @property
    def is_ours(self) -> bool:
        """Is it a node of this very cluster already?"""
        return bool(self.facts.cluster) and not belongs_elsewhere(self.facts, self.wanted.endpoints)

    @property
    def is_container(self) -> bool:
        """Does it share its kernel, clock and modules with the machine it runs on?"""
        return self.facts.virtualization in ("lxc", "lxc-libvirt", "openvz", "systemd-nspawn", "docker", "podman")

    @property
    def distro(self) -> distro.Distro | None:
        """Its row in the table of distributions, if it has one."""
        try:
            return distro.resolve(self.facts.os_release)
        except UnfitError:
            return None

    def by_family(self, debian: str, rhel: str) -> str:
        """The one of two commands that fits its package manager."""
        row = self.distro
        return rhel if row and row.family == "rhel" else debian


@dataclass(frozen=True, slots=True)
class Observed:
    """What one host printed: its facts' subject, each check's observation, and its clock at both ends of the script.

    `sent` and `received` are this machine's clock just before and just after. The host's offset lies between `ended - received` and
    `began - sent`, however long the script took in between.
    """

    subject: Subject
    seen: Mapping[str, str]
    began: float = 0.0
    ended: float = 0.0
    sent: float = 0.0
    received: float = 0.0

    @property
    def offset(self) -> float | None:
        """How many seconds this host's clock is ahead of ours; None when it told no time."""
        if not (self.began and self.ended and self.sent and self.received):
            return None
        return ((self.ended - self.received) + (self.began - self.sent)) / 2

    @property
    def doubt(self) -> float:
        """By how much `offset` may be wrong, either way."""
        return max(0.0, ((self.began - self.sent) - (self.ended - self.received)) / 2)


Fleet = Sequence[Observed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing to look at on every host: data, and a pure judgement that takes any text.

    `probe` is POSIX shell that only reads, run as root with stdin empty and stderr away; "" where the facts say it all. It may use the
    script's functions and variables (kinstall/checks/script.py). `slow`: it waits for the network, so it runs beside the others, and
    prints 2900 bytes at most.
    """

    id: str
    title: str
    about: str                                  # for docs/checks.md: what is looked at, and why
    judge: Callable[[str, Subject], Finding]
    probe: str = ""
    slow: bool = False
    final: bool = False                         # no `allow` overrules it: the installation itself refuses
    blocks: bool = True                         # it may find something blocking


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetCheck:
    """One thing that only all hosts together show. The judgement names the hosts that it has something to say of; "" is the fleet."""

    id: str
    title: str
    about: str
    judge: Callable[[Fleet], Mapping[str, Finding]]
    fine: str                                   # what is so for a host that is not named
    final: bool = False
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """One cell of the table: this check on this host ("": the fleet)."""

    check: str
    title: str
    host: str
    finding: Finding


def is_address(text: str) -> bool:
    """Is it an IPv4 address?"""
    try:
        return bool(IPv4Address(text))
    except ValueError:
        return False
