"""How a machine is on the network: its address, routes, MTU."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, blocking, ok, warning
from kinstall.model import Facts, Host

SMALLEST_MTU: Final = 1330      # 1280, the smallest that IPv6 may have, and 50 for VXLAN


def choose(host: Host, facts: Facts, wanted: str = "") -> tuple[str, str]:
    """The address that the node will use, and why that one; "" when there is none."""
    if wanted:
        return wanted, "the answers name it"
    if host.address in facts.own:
        return host.address, "kinstall reaches the host by it"
    if facts.own and facts.default_source:
        return facts.default_source, "the default route leaves from it"
    return (facts.own or [""])[0], "it is the only one that is left"


def address(seen: str, subject: Subject) -> Finding:
    """Which address will the node use?"""
    chosen, why = choose(subject.host, subject.facts, subject.wanted.chosen.get(subject.name, ""))
    own = {str(address.ip): name for name, address in subject.facts.addresses}
    if chosen not in own:
        has = ", ".join(own) or "none"
        return blocking(f"{chosen or 'No IPv4 address'} is not an address of this host (it has: {has}).", "wrong",
                        advice="Name the right one in the answers: `node_address`.")
    others = ", ".join(f"{ip} ({name})" for ip, name in own.items() if ip != chosen)
    return ok(f"The node uses {chosen} ({own[chosen]}): {why}{f'; not {others}' if others else ''}.", chosen)


def route(seen: str, subject: Subject) -> Finding:
    """The default routes, as `ip route` shows them. Without any, even the addresses of services lead nowhere (k3s' documents say why)."""
    lines = [line for line in seen.splitlines() if line.startswith("default")]
    if not lines:
        return blocking(
            "There is no default route, and without one this host cannot reach the addresses of services.", "none",
            "ip link add dummy0 type dummy", "ip link set dummy0 up", "ip address add 203.0.113.254/31 dev dummy0",
            "ip route add default via 203.0.113.255 dev dummy0 metric 1000",
            advice="Better a real one, by the router's address; either must be made at boot too.")
    metrics = [found[1] if (found := re.search(r"\bmetric (\S+)", line)) else "0" for line in lines]
    if len(set(metrics)) < len(metrics):
        ways = ", ".join(found[1] for line in lines if (found := re.search(r"\bdev (\S+)", line)))
        return warning(f"Several default routes are equally good ({ways}): which one is taken is chance.", f"{len(lines)} equal",
                       advice="Give all but one a higher metric, or take them away.")
    return ok("There is a default route.", "")


def mtus(seen: str) -> Mapping[str, int]:
    """Interface -> MTU, out of `ip -o link`."""
    return {name: int(mtu) for name, mtu in re.findall(r"^[0-9]+: ([^:@\s]+)\S* .*?\bmtu ([0-9]+)", seen, re.MULTILINE | re.ASCII)}


def card(subject: Subject) -> str:
    """The network card that has the node's address."""
    return subject.facts.card(subject.address)


def mtu(seen: str, subject: Subject) -> Finding:
    """Is there room in a packet for VXLAN?"""
    size = mtus(seen).get(card(subject), 0)
    if 0 < size < SMALLEST_MTU:
        return warning(f"The MTU of {card(subject)} is {size}: inside VXLAN less than 1280 is left.", str(size),
                       advice="Raise it, unless a tunnel (WireGuard, PPPoE) is the reason.")
    return ok(f"The MTU of {card(subject)} is {size}." if size else "The MTU was not seen.", str(size or ""))


NETWORK: Final = (
    Check(id="address", title="node's address", about="which of its addresses the node uses, and why", judge=address, final=True),
    Check(id="default-route", title="default route", about="there is one, and only one that is best", judge=route,
          probe="ip -4 route show default"),
    Check(id="mtu", blocks=False, title="MTU", about="room for VXLAN in a packet", judge=mtu, probe="ip -o link show"),
)
