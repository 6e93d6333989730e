"""From hosts that answer to a decided cluster: facts, judgement, versions, addresses, manifests. Reads only; changes nothing anywhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kinstall import distro, facts, fetch, fitness, versions
from kinstall.answers import Answers
from kinstall.answers.files import located
from kinstall.errors import KinstallError, PlanError, Several, SourceError
from kinstall.events import FactsRead, Note
from kinstall.hub import Hub
from kinstall.model import Cluster, Facts, Host, Network, Node, Release, Sources
from kinstall.runner import Runner
from kinstall.steps.network import with_values


async def survey(answers: Answers, hosts: Sequence[Host], runners: Mapping[str, Runner], hub: Hub) -> Cluster:
    """What is there, and what shall be. Raises Several with everything that stands in the way, of all hosts at once."""
    read = await asyncio.gather(*(_facts(host, runners[host.name]) for host in hosts))
    found = dict(zip((host.name for host in hosts), read, strict=True))
    _judge(answers, hosts, found)
    nodes = tuple(_node(answers, host, found[host.name], hub) for host in hosts)
    for node in nodes:
        _tell(node, hub)
    release = await _release(answers, nodes, hub)
    network = await _network(answers, release, hub)
    return Cluster(
        name=answers.cluster.name, release=release, network=network, nodes=nodes, sources=_sources(answers),
        account=answers.cluster.account or "", firewall=answers.firewall, selinux=answers.selinux, allow=frozenset(answers.allow),
    )


async def _facts(host: Host, runner: Runner) -> Facts:
    result = await runner.script(facts.script(host.access.user))
    return facts.parse(result.out)


def _judge(answers: Answers, hosts: Sequence[Host], found: Mapping[str, Facts]) -> None:
    pairs = [(host, found[host.name]) for host in hosts]
    errors: list[KinstallError] = [error for host, has in pairs for error in fitness.judge(host, has, answers.allow)]
    own = [address for host, has in pairs if host.is_control_plane for address in (host.address, *(str(a.ip) for _, a in has.addresses))]
    errors += fitness.judge_fleet(
        pairs, pods=answers.network.pods, services=answers.network.services, endpoints=own, allow=answers.allow
    )
    if errors:
        raise Several(errors)


def _node(answers: Answers, host: Host, has: Facts, hub: Hub) -> Node:
    """The host as a node. Its address: the answers'; else the one kinstall reaches it by, if it has it; else its default route's."""
    own = [str(address.ip) for _, address in has.addresses]
    chosen = answers.host(host.name).node_address
    wanted = str(chosen) if chosen else host.address if host.address in own else has.default_source or (own or [""])[0]
    if wanted not in own:
        raise PlanError(
            f"{wanted or 'no IPv4 address'} is not an address of this host (it has: {', '.join(own) or 'none'})", host=host.name,
            hint="Name the right one in the answers: `node_address`.",
        )
    if len(own) > 1 and not chosen:
        hub.emit(Note(text=f"the node uses {wanted}; the host also has {', '.join(a for a in own if a != wanted)}", host=host.name))
    return Node(host=host, facts=has, distro=distro.resolve(has.os_release), address=wanted)


def _tell(node: Node, hub: Hub) -> None:
    has = node.facts
    hub.emit(
        FactsRead(
            host=node.name, distribution=node.distro.title, kernel=has.kernel, arch=has.arch, cpus=has.cpus, memory=has.memory,
            cgroup=has.cgroup, address=node.address,
        )
    )


async def _release(answers: Answers, nodes: Sequence[Node], hub: Hub) -> Release:
    first = next(node for node in nodes if node.is_control_plane)
    existing = first.facts.kubelet if first.facts.cluster else ""
    choice = versions.newest({n.name: (n.facts, n.distro) for n in nodes}, answers.cluster.kubernetes, answers.allow, existing)
    row = versions.minor(choice.minor)
    patch = choice.patch
    if not patch:
        newest = await fetch.newest_patch(choice.minor, fallback=row.newest, source=answers.sources.kubernetes.versions)
        patch = newest.version
        _notes(hub, (newest.note,), "warning")
    _notes(hub, (f"Kubernetes {patch}{_why(answers, choice, existing)}",), "info")
    _notes(hub, [f"{limit}. {limit.lift}" for limit in choice.limited_by], "info")
    _notes(hub, choice.notes, "warning")
    return Release(version=patch, kubeadm_api=row.kubeadm_api, pause=row.pause, containerd=row.containerd)


def _why(answers: Answers, choice: versions.Choice, existing: str) -> str:
    if existing:
        return ", which the cluster runs already: it is not upgraded"
    return ", the newest that all hosts can run" if answers.cluster.kubernetes == versions.AUTO and not choice.limited_by else ""


def _notes(hub: Hub, texts: Sequence[str], level: str) -> None:
    for text in filter(None, texts):
        hub.emit(Note(text=text, level=level))  # type: ignore[arg-type]


async def _network(answers: Answers, release: Release, hub: Hub) -> Network:
    wanted, name = answers.network, answers.network.plugin
    given = {"calico": answers.sources.calico, "flannel": answers.sources.flannel}[name]
    if given.url and given.sha256:
        version, url, sha256 = given.version or "", _located(answers, given.url), given.sha256
    else:
        row = versions.plugin(name, release.minor)
        version, url, sha256 = row.version, row.url, row.sha256
        if row.tested and release.minor not in row.tested:
            _notes(hub, (f"{name} {version} is tested by its makers with {', '.join(row.tested)}, not with {release.minor}",), "info")
    manifest = (await fetch.fetch(url, sha256=sha256)).decode()
    try:
        valued = with_values(name, manifest, wanted.pods)
    except (ValueError, KeyError, TypeError) as error:
        hint = f"Name the right one: sources.{name}.url and sha256."
        raise SourceError(f"{url} is not a manifest of {name}: {error}", hint=hint) from error
    return Network(plugin=name, version=version, manifest=valued, pods=wanted.pods, services=wanted.services)


def _located(answers: Answers, url: str) -> str:
    """A URL as it is; a path from where the answers are."""
    return url if "://" in url else str(located(Path(url), answers.marks.folder, os.environ))


def _sources(answers: Answers) -> Sources:
    given = answers.sources
    return Sources(
        kubernetes=str(given.kubernetes.url).rstrip("/"), kubernetes_key=given.kubernetes.fingerprint,
        docker=str(given.docker.url).rstrip("/"), docker_apt_key=given.docker.fingerprint, docker_rpm_key=given.docker.rpm_fingerprint,
        rpm_folder=f"{given.docker.rpm}/" if given.docker.rpm else "", registry=given.registry, vault=str(given.vault).rstrip("/"),
    )
