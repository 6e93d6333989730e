"""From hosts that answer to a decided cluster: facts, judgement, versions, addresses, manifests. Reads only; changes nothing anywhere."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kinstall import distro, facts, fetch, fitness, versions
from kinstall.answers import Answers
from kinstall.answers.files import located
from kinstall.checks.network import choose
from kinstall.errors import KinstallError, PlanError, Several, SourceError
from kinstall.events import FactsRead, Level, Note
from kinstall.hub import Hub
from kinstall.model import Cluster, Facts, Host, Network, Node, Release, Sources
from kinstall.runner import Runner
from kinstall.steps.network import with_values
from kinstall.together import tried


async def survey(answers: Answers, hosts: Sequence[Host], runners: Mapping[str, Runner], hub: Hub) -> Cluster:
    """What is there, and what shall be. Raises Several with everything that stands in the way, of all hosts at once."""
    looked = await look(answers, hosts, runners)
    if looked.errors:
        raise Several(looked.errors)
    nodes = tuple(_node(answers, host, looked.facts[host.name]) for host in hosts)
    for node in nodes:
        _tell(node, hub)
        _tell_choice(answers, node, hub)
    release = await _release(answers, nodes, hub)
    network = await _network(answers, release, hub)
    return Cluster(
        name=answers.cluster.name, release=release, network=network, nodes=nodes, sources=_sources(answers),
        account=answers.cluster.account or "", firewall=answers.firewall, selinux=answers.selinux, allow=frozenset(answers.allow),
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the hosts found: the facts of those that could be asked, and everything that stands in the way."""

    facts: Mapping[str, Facts]
    errors: Sequence[KinstallError]


async def look(answers: Answers, hosts: Sequence[Host], runners: Mapping[str, Runner]) -> Looked:
    """Ask those of the hosts that are connected, all at once, and judge them. Others are somebody else's error."""
    asked = [host for host in hosts if host.name in runners]
    read = await tried(_facts(host, runners[host.name]) for host in asked)
    found = {host.name: result for host, result in zip(asked, read, strict=True) if isinstance(result, Facts)}
    errors = [result for result in read if isinstance(result, KinstallError)]
    return Looked(found, [*errors, *_judged(answers, hosts, found)])


async def _facts(host: Host, runner: Runner) -> Facts:
    try:
        result = await runner.script(facts.script(host.access.user))
    except KinstallError as error:
        error.host, error.step = error.host or host.name, error.step or "facts"
        raise
    return facts.parse(result.out)


def _judged(answers: Answers, hosts: Sequence[Host], found: Mapping[str, Facts]) -> list[KinstallError]:
    pairs = [(host, found[host.name]) for host in hosts if host.name in found]
    errors: list[KinstallError] = [error for host, has in pairs for error in fitness.judge(host, has, answers.allow)]
    errors += fitness.judge_fleet(
        pairs, pods=answers.network.pods, services=answers.network.services, endpoints=fitness.endpoints(hosts, found), allow=answers.allow
    )
    return errors + [error for host, has in pairs if (error := _wrong_address(answers, host, has))]


def _address(answers: Answers, host: Host, has: Facts) -> str:
    """The node's address: the answers', or the one that the checks tell of."""
    return choose(host, has, str(answers.host(host.name).node_address or ""))[0]


def _wrong_address(answers: Answers, host: Host, has: Facts) -> PlanError | None:
    wanted, own = _address(answers, host, has), has.own
    if wanted in own:
        return None
    return PlanError(
        f"{wanted or 'no IPv4 address'} is not an address of this host (it has: {', '.join(own) or 'none'})", host=host.name,
        hint="Name the right one in the answers: `node_address`.",
    )


def _node(answers: Answers, host: Host, has: Facts) -> Node:
    return Node(host=host, facts=has, distro=distro.resolve(has.os_release), address=_address(answers, host, has))


def _tell_choice(answers: Answers, node: Node, hub: Hub) -> None:
    others = [address for address in node.facts.own if address != node.address]
    if others and not answers.host(node.name).node_address:
        hub.emit(Note(text=f"the node uses {node.address}; the host also has {', '.join(others)}", host=node.name))


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


def _notes(hub: Hub, texts: Sequence[str], level: Level) -> None:
    for text in filter(None, texts):
        hub.emit(Note(text=text, level=level))


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
        valued, images = with_values(name, manifest, wanted.pods)
    except (ValueError, KeyError, TypeError) as error:
        hint = f"Name the right one: sources.{name}.url and sha256."
        raise SourceError(f"{url} is not a manifest of {name}: {error}", hint=hint) from error
    return Network(plugin=name, version=version, manifest=valued, images=images, pods=wanted.pods, services=wanted.services)


def _located(answers: Answers, url: str) -> str:
    """A URL as it is; a path from where the answers are."""
    return url if "://" in url else str(located(Path(url), answers.marks.folder, os.environ))


def _sources(answers: Answers) -> Sources:
    given = answers.sources
    return Sources(
        kubernetes=given.kubernetes.url, kubernetes_key=given.kubernetes.fingerprint,
        docker=given.docker.url, docker_apt_key=given.docker.fingerprint, docker_rpm_key=given.docker.rpm_fingerprint,
        rpm_folder=f"{given.docker.rpm}/" if given.docker.rpm else "", registry=given.registry, vault=given.vault,
    )
