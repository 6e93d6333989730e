"""What only all hosts together show: clocks, doubles, networks, versions, architectures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from kinstall import fitness, versions
from kinstall.checks.model import Finding, Fleet, FleetCheck, Observed, blocking, handled, ok, warning
from kinstall.checks.network import card, mtus
from kinstall.errors import KinstallError, PlanError, UnfitError

# kubeadm dates its certificates five minutes back (CertificateBackdate in its constants.go): beyond that a join fails for certain. A clock
# that is a minute off is kept by nobody and gets there; five seconds spoil logs and graphs, and make etcd complain.
APART: Final = {"blocking": 60.0, "warning": 5.0}


def clock(fleet: Fleet) -> Mapping[str, Finding]:
    """Each clock against the first control plane's, which makes the certificates."""
    first = next((one for one in fleet if one.subject.is_control_plane and one.offset is not None), None)
    if first is None or first.offset is None:
        return {}
    found = {one.subject.name: _apart(one, one.offset - first.offset, one.doubt + first.doubt, first.subject.name)
             for one in fleet if one is not first and one.offset is not None}
    return found | {first.subject.name: _from_here(first, first.offset)}


def _apart(one: Observed, seconds: float, doubt: float, first: str) -> Finding:
    apart = abs(seconds) - doubt
    if apart <= APART["warning"]:
        return ok(f"Its clock is that of {first}, within {abs(seconds) + doubt:.1f} s.")
    says = f"Its clock is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} that of {first}"
    if apart <= APART["blocking"]:
        return warning(f"{says}: logs and graphs will not fit together.", f"{seconds:+.0f} s", *_to_time(one), may_fix=True)
    return blocking(f"{says}: certificates made on one machine are not valid yet on the other.", f"{seconds:+.0f} s", *_to_time(one),
                    may_fix=True)


def _from_here(first: Observed, seconds: float) -> Finding:
    """The first control plane's clock against this machine's: nobody knows which of the two is right."""
    if abs(seconds) - first.doubt <= APART["blocking"]:
        return ok("The other clocks are measured against this one.")
    ahead = "ahead of" if seconds > 0 else "behind"
    return warning(f"Its clock is {abs(seconds):.0f} s {ahead} that of the machine that kinstall runs on.", f"{seconds:+.0f} s",
                   *_to_time(first), may_fix=True)


def _to_time(one: Observed) -> tuple[str, ...]:
    install = one.subject.by_family("apt-get install -y chrony", "dnf -y install chrony")
    return install, f"systemctl enable --now {one.subject.by_family('chrony', 'chronyd')}", "chronyc -a makestep"


# ---- doubles ----
def _doubles(fleet: Fleet, what: Callable[[Observed], str]) -> Mapping[str, tuple[str, str]]:
    """Host -> (the first host that has the same, what it is), for every host but that first one."""
    groups: dict[str, list[str]] = defaultdict(list)
    for one in fleet:
        groups[what(one)].append(one.subject.name)
    return {name: (first, common) for common, (first, *others) in groups.items() if common for name in others}


def hostnames(fleet: Fleet) -> Mapping[str, Finding]:
    """Machines that are called the same now: no mistake, since each is called by its node's name in the end."""
    doubles = _doubles(fleet, lambda one: one.subject.facts.hostname.lower())
    return {name: handled(f"It is called {common}, as {first} is; the installation calls it {name}.", common)
            for name, (first, common) in doubles.items()}


def _judged(fleet: Fleet) -> list[KinstallError]:
    """What kinstall/fitness.py says of them together. Whose node each is, the check `other-cluster` tells."""
    if not fleet:
        return []
    wanted = fleet[0].subject.wanted
    pairs = [(one.subject.host, replace(one.subject.facts, cluster="")) for one in fleet]
    return fitness.judge_fleet(pairs, pods=wanted.pods, services=wanted.services, allow=wanted.allow)


def _as_finding(error: KinstallError, short: str) -> Finding:
    return blocking(f"{error.message[:1].upper()}{error.message[1:]}.", short, advice=error.hint)


def twins(fleet: Fleet) -> Mapping[str, Finding]:
    """Two hosts that want to be one node, one machine under two names, clones with one machine-id."""
    found = {error.host: _as_finding(error, "double") for error in _judged(fleet) if isinstance(error, UnfitError)}
    return {name: replace(finding, mend=_NEW_ID, advice=_THEN) if "machine-id" in finding.sentence else finding
            for name, finding in found.items()}


_NEW_ID: Final = ("rm -f /etc/machine-id /var/lib/dbus/machine-id", "systemd-machine-id-setup")
_THEN: Final = "Then restart it: what runs keeps the old one. Where it comes back, the clone has its original's UUID as well."


def _line(one: Observed, word: str) -> str:
    """The rest of the line that begins with this word, in what the check `machine-id` printed."""
    lines = one.seen.get("machine-id", "").splitlines()
    return next((line[len(word) + 1:].strip().lower() for line in lines if line.startswith(f"{word} ")), "")


def uuids(fleet: Fleet) -> Mapping[str, Finding]:
    """product_uuid, which Kubernetes' documents want to be unique. Containers of one machine share it, cheap boards too."""
    doubles = _doubles([one for one in fleet if not one.subject.is_container], lambda one: _line(one, "uuid"))
    return {name: warning(f"Its product_uuid is that of {first}: a clone, or a maker who gave all boards one.", "double",
                          advice="kubeadm does not mind. In a virtual machine: give it a new one on the hypervisor.")
            for name, (first, _) in doubles.items()}


def macs(fleet: Fleet) -> Mapping[str, Finding]:
    """The hardware address of the card with the node's address: two in one network take turns in being reached."""
    doubles = _doubles(fleet, lambda one: _line(one, f"mac {card(one.subject)}") if card(one.subject) else "")
    return {name: blocking(f"Its network card has the address {mac}, as that of {first} has: each is reached only now and then.", "double",
                           advice="Give the clone a new MAC address on the hypervisor.")
            for name, (first, mac) in doubles.items() if mac.strip("0:")}


def addresses(fleet: Fleet) -> Mapping[str, Finding]:
    """The nodes' addresses: one each (VirtualBox gives every machine 10.0.2.15), all of IPv4."""
    doubles = _doubles(fleet, lambda one: one.subject.address)
    same = {name: blocking(f"The node would use {address}, as {first} would.", address,
                           advice="Name another in the answers: `node_address`.") for name, (first, address) in doubles.items()}
    none = {one.subject.name: blocking("It has no IPv4 address, and kinstall's clusters talk IPv4.", "none", advice="Give it one.")
            for one in fleet if not one.subject.facts.addresses}
    return same | none


# ---- networks, versions, sizes ----
def networks(fleet: Fleet) -> Mapping[str, Finding]:
    """The cluster's networks against each other and against every host's own; of several overlaps the first."""
    errors = [error for error in _judged(fleet) if isinstance(error, PlanError)]
    return {error.host: _as_finding(error, "overlap") for error in reversed(errors)}


def kubernetes(fleet: Fleet) -> Mapping[str, Finding]:
    """The Kubernetes that all of them can run, and who limits it."""
    known = {one.subject.name: (one.subject.facts, row) for one in fleet if (row := one.subject.distro)}
    if not known:
        return {}
    wanted = fleet[0].subject.wanted
    first = next((one.subject for one in fleet if one.subject.is_control_plane), None)
    existing = first.facts.kubelet if first and first.is_ours else ""
    try:
        choice = versions.newest(known, wanted.kubernetes, wanted.allow, existing, wanted.today)
    except PlanError as error:
        return {error.host: _as_finding(error, wanted.kubernetes)}
    named = choice.patch or choice.minor
    if choice.limited_by:
        limit = choice.limited_by[0]
        return {"": warning(f"Kubernetes {named} is the newest that all of them run: {limit}.", named,
                            advice=f"To lift that: {limit.lift}.")}
    return {"": ok(f"All of them can run Kubernetes {named}.", named)}


def architectures(fleet: Fleet) -> Mapping[str, Finding]:
    """Mixed ones work, if images are there for all of them."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for one in fleet:
        kinds[one.subject.facts.arch].append(one.subject.name)
    if len(kinds) < 2:
        return {}
    told = "; ".join(f"{arch or 'unknown'}: {', '.join(names)}" for arch, names in kinds.items())
    return {"": warning(f"The architectures are mixed ({told}): an image of your own must be built for each.", "mixed",
                        advice="What kinstall installs is there for both. For others: nodeSelector kubernetes.io/arch.")}


def mtu(fleet: Fleet) -> Mapping[str, Finding]:
    """Hosts whose MTU is not that of most: the network plugin takes each host's own, and large packets get lost between them."""
    cards = {one.subject.name: card(one.subject) for one in fleet}
    sizes = {one.subject.name: mtus(one.seen.get("mtu", "")).get(cards[one.subject.name], 0) for one in fleet}
    seen = [size for size in sizes.values() if size]
    usual = max(seen, key=lambda size: (seen.count(size), -abs(size - 1500)), default=0)
    return {name: warning(f"The MTU of {cards[name]} is {size}, and most of the others have {usual}: large packets between them get lost.",
                          str(size), f"ip link set {cards[name]} mtu {usual}",
                          advice="Set it in the network's configuration as well; or give the others this one, where a tunnel needs it.")
            for name, size in sizes.items() if size not in (0, usual)}


FLEET: Final = (
    FleetCheck(id="clock", title="clock", about="how far apart the clocks are: a minute blocks, five seconds warn", judge=clock,
               fine="It was not compared: one of them told no time."),
    FleetCheck(id="duplicates", title="identity", about="one machine under two names, clones with one machine-id", judge=twins, final=True,
               fine="It is a machine of its own."),
    FleetCheck(id="hostnames", blocks=False, title="hostnames", about="machines that are called the same", judge=hostnames,
               fine="No other is called so."),
    FleetCheck(id="product-uuid", blocks=False, title="product_uuid", about="clones, by what the board says", judge=uuids,
               fine="No other board has its product_uuid."),
    FleetCheck(id="mac", title="MAC address", about="clones, by the address of the network card", judge=macs,
               fine="No other card has its address."),
    FleetCheck(id="addresses", title="addresses", about="one for each node, all of IPv4", judge=addresses, final=True,
               fine="Its address is its own."),
    FleetCheck(id="networks", title="networks", about="pods, services and the hosts' own networks do not overlap", judge=networks,
               final=True, fine="Its networks are none of the cluster's."),
    FleetCheck(id="versions", title="Kubernetes", about="one that all of them can run, and who limits it", judge=kubernetes, final=True,
               fine="It can run it."),
    FleetCheck(id="architectures", blocks=False, title="architectures", about="mixed ones need images for each", judge=architectures,
               fine="All have the same."),
    FleetCheck(id="mtu-differs", blocks=False, title="MTUs", about="the same on all of them", judge=mtu, fine="No other's is smaller."),
)
