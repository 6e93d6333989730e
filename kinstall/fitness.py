"""Can these hosts become a cluster? Judged from their facts, before anything is changed anywhere. Pure.

Each rule that the user may overrule has a word for `allow` in the answers; the mend names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final
from urllib.parse import urlsplit

from kinstall import distro
from kinstall.errors import KinstallError, PlanError, UnfitError
from kinstall.model import Facts, Host

MIB: Final = 1 << 20
MEMORY: Final = {True: 1700 * MIB, False: 900 * MIB}    # by is_control_plane; 1700 is what kubeadm's own check asks
CPUS: Final = {True: 2, False: 1}
DISK: Final = 4_000_000_000
SYSTEMD: Final = 239
ARCHITECTURES: Final = ("x86_64", "aarch64")
CONTAINERS: Final = ("lxc", "lxc-libvirt", "openvz")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a host, and what to do."""

    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One judgement on one host. `allow` is the word that overrules it; "" where nothing does."""

    find: Callable[[Host, Facts], Finding | None]
    allow: str = ""


def judge(host: Host, facts: Facts, allow: Collection[str] = frozenset()) -> list[UnfitError]:
    """Everything that keeps this host from being a node."""
    asked = [rule for rule in RULES if not (rule.allow and rule.allow in allow)]
    return [_error(host, finding, rule.allow) for rule in asked if (finding := rule.find(host, facts))]


def _error(host: Host, finding: Finding, allow: str) -> UnfitError:
    overrule = f"To go on all the same: `allow: [{allow}]`." if allow else ""
    return UnfitError(finding.message, hint="\n".join(filter(None, (finding.mend, overrule))), host=host.name)


def judge_fleet(
    hosts: Sequence[tuple[Host, Facts]],
    *,
    pods: IPv4Network,
    services: IPv4Network,
    endpoints: Collection[str] = (),
    allow: Collection[str] = frozenset(),
) -> list[KinstallError]:
    """What is wrong with the hosts as a whole: names, clones, networks, another cluster. Each host by itself is judged by `judge`.

    `endpoints` are all names and addresses that the API server of this cluster may be called by. No word of `allow` overrules any of
    this yet; it is taken so that one can without a change of the callers. Hostnames may be the same: a node is called by its name in
    the answers, and four Raspberries that all say `raspberrypi` are no mistake.
    """
    names = {"pod": pods, "service": services}
    return [
        *_twins(hosts),
        *([_each_other(pods, services)] if pods.overlaps(services) else []),
        *(clash for host, facts in hosts for clash in _clashes(host, facts, names)),
        *(_elsewhere(host, facts) for host, facts in hosts if belongs_elsewhere(facts, endpoints)),
    ]


def belongs_elsewhere(facts: Facts, endpoints: Iterable[str]) -> bool:
    """Whether the host is a node of another cluster than the one whose API server is at one of `endpoints`."""
    if not facts.cluster:
        return False
    return _server(facts).lower() not in {endpoint.lower() for endpoint in endpoints}


def endpoints(hosts: Sequence[Host], found: Mapping[str, Facts]) -> list[str]:
    """What the API server may be called by. A control plane that could not be asked may be called anything that a node calls it."""
    servers = [host for host in hosts if host.is_control_plane]
    known = [host.address for host in servers]
    known += [address for host in servers if host.name in found for address in found[host.name].own]
    return known if all(host.name in found for host in servers) else known + [_server(has) for has in found.values()]


def _server(facts: Facts) -> str:
    """The host name in the API server's URL of the cluster that the host belongs to."""
    try:
        return urlsplit(facts.cluster).hostname or facts.cluster
    except ValueError:
        return facts.cluster


# ---- one host ----
def _distribution(_host: Host, facts: Facts) -> Finding | None:
    try:
        distro.resolve(facts.os_release)
    except UnfitError as error:
        return Finding(error.message, error.hint)
    return None


def _architecture(_host: Host, facts: Facts) -> Finding | None:
    if facts.arch in ARCHITECTURES:
        return None
    packaged = f"Kubernetes and containerd are packaged for {' and '.join(ARCHITECTURES)}."
    return Finding(f"its architecture is {facts.arch or 'unknown'}", packaged)


def _memory(host: Host, facts: Facts) -> Finding | None:
    wanted = MEMORY[host.is_control_plane]
    if facts.memory >= wanted:
        return None
    return Finding(f"a {host.role} needs {wanted // MIB} MB of memory, and this host has {facts.memory // MIB}", "Give it more memory.")


def _cpus(host: Host, facts: Facts) -> Finding | None:
    wanted = CPUS[host.is_control_plane]
    if facts.cpus >= wanted:
        return None
    return Finding(f"a {host.role} needs {wanted} CPUs, and this host has {facts.cpus}", "Give it more CPUs, or make it a worker.")


def _systemd(_host: Host, facts: Facts) -> Finding | None:
    if facts.systemd >= SYSTEMD:
        return None
    found = f"runs systemd {facts.systemd}" if facts.systemd else "was not started by systemd"
    return Finding(f"this host {found}, and {SYSTEMD} or newer is needed", "Use one of the known distributions with its own init.")


def _container(_host: Host, facts: Facts) -> Finding | None:
    if facts.virtualization not in CONTAINERS:
        return None
    return Finding(
        f"this host is a container ({facts.virtualization}), where the kubelet may not touch the kernel",
        "Use a virtual machine. Or, on its hypervisor: make it privileged, with /dev/kmsg, apparmor unconfined, the modules loaded there.",
    )


def _memory_cgroup(_host: Host, facts: Facts) -> Finding | None:
    if not facts.controllers or "memory" in facts.controllers:
        return None
    return Finding(
        "the kernel's memory cgroup is switched off",
        "Raspberry Pi: append cgroup_enable=memory to the one line of /boot/firmware/cmdline.txt and reboot. Elsewhere: take "
        "cgroup_disable=memory off the kernel's command line.",
    )


def _disk(_host: Host, facts: Facts) -> Finding | None:
    free = facts.free.get("/var", DISK)
    if free >= DISK or facts.kubelet:  # a node has its images already: running again needs no room for them
        return None
    return Finding(
        f"{free / 1e9:.1f} GB are free under /var, and images need {DISK / 1e9:.0f}",
        "Make room under /var, or mount a larger disk there.",
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(_distribution),
    Rule(_architecture),
    Rule(_systemd),
    Rule(_container),
    Rule(_memory_cgroup),
    Rule(_cpus, allow="low-cpu"),
    Rule(_memory, allow="low-memory"),
    Rule(_disk),
)


# ---- all hosts together ----
def _twins(hosts: Sequence[tuple[Host, Facts]]) -> Iterator[UnfitError]:
    for host, other in _pairs(hosts, lambda host, facts: host.name.lower()):
        yield UnfitError(f"two hosts want to be the node {other.name.lower()}", hint="Give each host its own name.", host=host.name)
    same = set()
    for host, other in _pairs(hosts, _fingerprint):
        same.add(host.name)
        yield UnfitError(f"this is the same machine as {other.name}", hint="Look at the addresses in the answers.", host=host.name)
    for host, other in _pairs(hosts, lambda host, facts: facts.machine_id):
        if host.name not in same:
            yield UnfitError(f"its machine-id is that of {other.name}: one is a clone of the other", hint=_NEW_MACHINE_ID, host=host.name)


def _fingerprint(_host: Host, facts: Facts) -> str:
    """What only one running machine has (a clone has the machine-id, containers of one kernel may share the boot id)."""
    parts = (facts.machine_id, facts.boot_id, facts.default_source)
    return " ".join(parts) if all(parts) else ""


_NEW_MACHINE_ID: Final = "On this host: `rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup`, then reboot."


def _pairs(hosts: Sequence[tuple[Host, Facts]], what: Callable[[Host, Facts], str]) -> Iterator[tuple[Host, Host]]:
    """Every host that has something in common with an earlier one, with the first of those."""
    groups: dict[str, list[Host]] = defaultdict(list)
    for host, facts in hosts:
        groups[what(host, facts)].append(host)
    return ((host, first) for common, (first, *others) in groups.items() if common for host in others)


def _clashes(host: Host, facts: Facts, names: Mapping[str, IPv4Network]) -> Iterator[PlanError]:
    """Where this host's own networks meet those of the cluster: what lives there could not be reached any more."""
    own = dict.fromkeys(facts.routes, "a route") | {address.network: interface for interface, address in facts.addresses}
    for kind, network in names.items():
        for mine, through in own.items():
            if network.overlaps(mine):
                yield PlanError(
                    f"the {kind} network {network} overlaps this host's own network {mine} ({through})",
                    hint=f"Choose another {kind} network in the answers, one that no machine of this house is in.", host=host.name,
                )


def _each_other(pods: IPv4Network, services: IPv4Network) -> PlanError:
    return PlanError(
        f"the pod network {pods} and the service network {services} overlap", hint="Choose two networks that have nothing in common."
    )


def _elsewhere(host: Host, facts: Facts) -> UnfitError:
    return UnfitError(
        f"it is a node of another cluster already ({facts.cluster})",
        hint=f"Take it out of there first: `kubectl delete node {facts.hostname or host.name}` there, then `kubeadm reset` on this host.",
        host=host.name,
    )
