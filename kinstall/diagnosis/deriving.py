"""What no single line says, but the evidence together does: clocks that differ, networks that overlap. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Network
from itertools import combinations, product
from typing import Final

from kinstall.diagnosis.evidence import Evidence

SKEW: Final = 5.0       # seconds between two clocks that certificates do not forgive
OWN: Final = re.compile(r"dev (cni0|flannel|cali|vxlan\.calico|tunl0|kube-|wireguard\.cali)")     # the cluster's own interfaces


def derived(evidence: Evidence) -> Evidence:
    """The evidence, with a place `derived` where something follows from it."""
    found: dict[str, list[str]] = {}
    for host, line in (*_skewed(evidence), *_overlapping(evidence)):
        found.setdefault(host, []).append(line)
    hosts = {host: {**places, "derived": [*places.get("derived", ()), *found.get(host, ())]} for host, places in evidence.hosts.items()}
    return replace(evidence, hosts=hosts)


def _skewed(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Every clock that is far from the control plane's, or, where nobody knows that one, from the first host's."""
    clocks = [(host, evidence.now(host), evidence.asked.get(host)) for host in evidence.hosts]
    ahead = {host: now - asked for host, now, asked in clocks if now is not None and asked is not None}
    if not ahead:
        return
    first = next((host for host in ahead if evidence.lines(host, "cluster")), next(iter(ahead)))
    for host, offset in ahead.items():
        difference = offset - ahead[first]
        if abs(difference) > SKEW:
            yield host, f"clock: {abs(difference):.0f} s {'ahead of' if difference > 0 else 'behind'} {first}"


def _overlapping(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """The cluster's networks against every host's routes and against each other."""
    text = "\n".join(line for host in evidence.hosts for line in evidence.lines(host, "cluster"))
    cluster = dict.fromkeys(_networks(re.findall(r"(podSubnet|serviceSubnet): (\S+)", text)))
    for (one, a), (other, b) in combinations(cluster, 2):
        if a.overlaps(b):
            yield next(iter(evidence.hosts)), f"networks: {one} {a} overlaps {other} {b}"
    for host in evidence.hosts:
        for route, (name, network) in product(_local(evidence.lines(host, "network")), cluster):
            if network.overlaps(route):
                yield host, f"networks: {name} {network} overlaps the host's network {route}"


def _local(lines: Sequence[str]) -> Iterator[IPv4Network]:
    """The networks that a host is in itself. Routes by way of another host may be the cluster's own."""
    for line in lines:
        found = re.match(r"route (\d+\.\d+\.\d+\.\d+(?:/\d+)?) .*scope link", line)
        if found and not OWN.search(line):
            with suppress(ValueError):
                yield IPv4Network(found[1], strict=False)


def _networks(pairs: list[tuple[str, str]]) -> Iterator[tuple[str, IPv4Network]]:
    for name, text in pairs:
        for part in text.split(","):
            with suppress(ValueError):      # another family, or no network at all
                yield name, IPv4Network(part, strict=False)
