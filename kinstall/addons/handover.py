"""What a person needs when the cluster is there: pages, account, kubeconfig, first commands. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kinstall.addons.base import Member
from kinstall.addons.model import Addons, Volume
from kinstall.events import Fact

PASSWORD: Final = "kubectl -n monitoring get secret grafana-admin -o jsonpath='{.data.admin-password}' | base64 -d"  # noqa: S105
ALWAYS: Final = ("kubectl get nodes -o wide", "kubectl get pods -A")


def facts(addons: Addons, nodes: tuple[Member, ...], place: str, merged: str = "") -> Iterator[Fact]:
    """`place`: where kubectl works already (`systemv@kmaster`); `merged`: the file on this machine that got the context, if any."""
    addresses = {member.name: member.address for member in nodes}
    if addons.prometheus:
        yield Fact("Prometheus", _url(addons.prometheus.volume, addons.prometheus.node_port, addresses))
    if addons.grafana:
        yield Fact("Grafana", _url(addons.grafana.volume, addons.grafana.node_port, addresses))
        yield Fact("  account", addons.grafana.user)
        yield Fact("  password", PASSWORD)
    yield Fact("kubectl", f"works on {place}" + (f"; here with {merged}" if merged else ""))
    third = "kubectl top nodes" if addons.metrics_server else "kubectl cluster-info"
    yield from (Fact("try" if n == 0 else "", command) for n, command in enumerate((*ALWAYS, third)))


def _url(volume: Volume, port: int, addresses: Mapping[str, str]) -> str:
    return f"http://{addresses.get(volume.node, volume.node)}:{port}"
