"""From the answers to what checks need of them, and, once the facts are read, to the addresses that the nodes will have. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from urllib.parse import urlsplit

from kinstall import versions
from kinstall.answers import Answers
from kinstall.answers.sources import KubernetesSource
from kinstall.checks.model import Source, Wanted
from kinstall.checks.network import choose
from kinstall.fitness import endpoints
from kinstall.model import Facts, Host


def of_answers(
    answers: Answers,
    hosts: Sequence[Host],
    *,
    today: date,
    registries: Collection[str] = (),
    node_ports: Mapping[int, str] | None = None,
    node_exporter: bool = True,
) -> Wanted:
    """What the answers want. `registries`: those of the add-ons' images, beside Kubernetes' and the network plugin's."""
    sources = _sources(answers, registries)
    return Wanted(
        hosts=tuple(hosts), pods=answers.network.pods, services=answers.network.services, plugin=answers.network.plugin,
        kubernetes=answers.cluster.kubernetes, firewall=answers.firewall, selinux=answers.selinux, allow=frozenset(answers.allow),
        sources=sources, names=tuple(dict.fromkeys(filter(None, (urlsplit(source.url).hostname for source in sources)))),
        vault=answers.sources.vault, node_ports=node_ports or {}, node_exporter=node_exporter,
        chosen={entry.name: str(entry.node_address) for entry in answers.hosts if entry.node_address}, today=today,
    )


def _sources(answers: Answers, registries: Collection[str]) -> tuple[Source, ...]:
    given = answers.sources
    minor = versions.minor_of(answers.cluster.kubernetes) or versions.table().minors[0].name
    is_theirs = given.kubernetes.url == KubernetesSource().url
    packages = (
        Source(id="kubernetes", title="Kubernetes' packages", url=f"{given.kubernetes.url}/v{minor}/deb/Release.key", exact=is_theirs),
        Source(id="docker", title="Docker's packages", url=f"{given.docker.url}/"),
    )
    names = dict.fromkeys([given.registry.partition("/")[0], *plugin_registries(answers.network.plugin, minor), *registries])
    return packages + tuple(map(_registry, names))


def _registry(name: str) -> Source:
    host = "registry-1.docker.io" if name == "docker.io" else name
    return Source(id=name, title="the registry", url=f"https://{host}/v2/", exact=True, image=True)


def plugin_registries(plugin: str, minor: str) -> list[str]:
    """The registries of the network plugin's images, by kinstall's table."""
    rows = [row for row in versions.table().plugins if row.name == plugin]
    return list(dict.fromkeys(image.partition("/")[0] for row in rows[:1] for image in row.images))


def placed(wanted: Wanted, found: Mapping[str, Facts]) -> Wanted:
    """The same, with the address of each node, and what the API server may be called by, out of the facts."""
    there = [host for host in wanted.hosts if host.name in found]
    addresses = {host.name: choose(host, found[host.name], wanted.chosen.get(host.name, ""))[0] for host in there}
    chosen = [addresses[host.name] for host in there if host.is_control_plane]
    return replace(wanted, addresses=addresses, endpoints=frozenset(filter(None, [*endpoints(wanted.hosts, found), *chosen])))
