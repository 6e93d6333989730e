"""What must hold between the answers: names and addresses once each, one control plane, networks apart, a hash for what is fetched.

The rules about add-ons are in addon_rules.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Address
from typing import Any, Final

from kinstall.answers.addon_rules import ADDON_RULES
from kinstall.answers.marks import Loc, Mistake
from kinstall.answers.view import View


def broken(view: View) -> Iterator[Mistake]:
    """Everything that the rules find."""
    for rule in _RULES:
        yield from rule(view)


def _names_once(view: View) -> Iterator[Mistake]:
    yield from _once(view, "name", lambda host: host.get("name"), "each node has its own: rename one, or remove it")


def _addresses_once(view: View) -> Iterator[Mistake]:
    def way(host: Mapping[str, Any]) -> object:
        access = view.access_of(host)  # forwarded ports and jump hosts make different machines of one address
        return (host["address"].lower(), str(access.get("port", 22)), access.get("jump")) if "address" in host else None

    yield from _once(view, "address", way, "each machine is listed once: mend or remove one")


def _node_addresses_once(view: View) -> Iterator[Mistake]:
    yield from _once(view, "node_address", lambda host: host.get("node_address"), "each node has its own: mend one")


def _once(view: View, key: str, identity: Callable[[Mapping[str, Any]], object], mend: str) -> Iterator[Mistake]:
    first: dict[object, Loc] = {}
    for index, host in enumerate(view.hosts):
        mark, loc = identity(host), ("hosts", index, key)
        if mark is None:
            continue
        if mark in first:
            yield Mistake(loc, f"the same {key.replace('_', ' ')} as in {view.marks.where(first[mark])}", mend)
        first.setdefault(mark, loc)


def _one_control_plane(view: View) -> Iterator[Mistake]:
    roles = [host.get("role") for host in view.hosts]
    chosen = [index for index, role in enumerate(roles) if role == "control-plane"]
    if roles and not chosen and None not in roles:
        yield Mistake(("hosts",), "no host is the control plane", "write `role: control-plane` for one of them")
    for index in chosen[1:]:
        first = view.marks.where(("hosts", chosen[0], "role"))
        what = f"a second control plane, after {first}: kinstall sets up exactly one for now"
        yield Mistake(("hosts", index, "role"), what, "make it a worker")


def _networks_apart(view: View) -> Iterator[Mistake]:
    networks = view.networks()
    if "pods" in networks and "services" in networks and networks["pods"].overlaps(networks["services"]):
        # The one that is written, or written last, is the one to look at; the other may be a default.
        other, here = sorted(networks, key=lambda name: view.marks.lines.get(("network", name), -1))
        yield Mistake(("network", here), f"overlaps with the {other}, {networks[other]}", "give them networks without a common address")


def _hosts_outside(view: View) -> Iterator[Mistake]:
    for index, host in enumerate(view.hosts):
        for key in ("address", "node_address"):
            address = _ipv4(host.get(key))
            for name, network in view.networks().items() if address else ():
                if address in network:
                    yield Mistake(("hosts", index, key), f"lies in the network of the {name}, {network}",
                                  f"choose another network.{name}, away from the networks of the house")


def _pods_room(view: View) -> Iterator[Mistake]:
    pods = view.networks().get("pods")
    room = 2 ** (24 - pods.prefixlen) if pods else len(view.hosts)
    if len(view.hosts) > room:
        needed = 24 - (len(view.hosts) - 1).bit_length()
        what = f"room for {room} hosts, and there are {len(view.hosts)}: each takes a /24"
        yield Mistake(("network", "pods"), what, f"write /{needed} or larger")


def _loopback(view: View) -> Iterator[Mistake]:
    for index, host in enumerate(view.hosts):
        address = _ipv4(host.get("address"))
        itself = address.is_loopback if address else host.get("address") == "localhost"
        if itself and "port" not in view.access_of(host):  # with a port, it can be forwarded to a virtual machine
            yield Mistake(("hosts", index, "address"), "this very machine", "write `address: local` to install on it, without SSH")
        node = _ipv4(host.get("node_address"))
        if node and node.is_loopback:
            yield Mistake(("hosts", index, "node_address"), "an address that other hosts cannot reach", "write one of its network")


def _hash_for_the_unknown(view: View) -> Iterator[Mistake]:
    for name in ("calico", "flannel"):
        source = view.sources.get(name) or {}
        own = next((key for key in ("url", "version") if source.get(key)), None)
        if own and "sha256" not in source:
            yield Mistake(("sources", name, own), f"kinstall does not know the hash of this {'manifest' if own == 'url' else 'version'}",
                          f"add sources.{name}.sha256, as `sha256sum` prints it")


def _ipv4(text: str | None) -> IPv4Address | None:
    try:
        return IPv4Address(text) if text else None
    except ValueError:
        return None


_RULES: Final[tuple[Callable[[View], Iterator[Mistake]], ...]] = (
    _names_once, _addresses_once, _node_addresses_once, _one_control_plane, _networks_apart, _hosts_outside, _pods_room, _loopback,
    _hash_for_the_unknown, *ADDON_RULES,
)
