"""From answers and nodes to add-ons: which host each one's data lie on, which versions fit this Kubernetes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kinstall import versions
from kinstall.addons.model import (
    ANYBODY,
    GRAFANA_OWNER,
    PROMETHEUS_OWNER,
    Addons,
    Claims,
    Grafana,
    Helm,
    MetricsServer,
    Prometheus,
    Storage,
    Volume,
)
from kinstall.answers import Answers
from kinstall.answers.addons import HOME, ClaimEntry, GrafanaEntry, HelmEntry, PrometheusEntry, StorageEntry
from kinstall.answers.places import default_node, directories
from kinstall.answers.sources import REGISTRY, HelmSource
from kinstall.errors import PlanError
from kinstall.model import Host, Node
from kinstall.secrets import Secret

CHARTS: Final = "prometheus-community"      # the name that helm knows the repository by
OWN: Final = "0750"                         # of a directory that belongs to one container
SHARED: Final = "0770"                      # of one whose group is part of what was chosen for it
PROOF: Final = "kinstall-proof"
PROOF_OWNER: Final = "65534:65534"          # as assets/manifests/proofs runs
PROOF_SIZE: Final = "16Mi"
REPLICAS: Final = 2                         # of the proof


def choose(answers: Answers, nodes: Sequence[Host | Node], minor: str, password: Secret | None = None) -> Addons:
    """The add-ons for these nodes and this minor of Kubernetes. PlanError when a chosen one has no version for it, or names no node."""
    wanted = answers.addons
    return Addons(
        helm=_helm(wanted.helm, answers.sources.helm, answers.sources.charts) if wanted.helm else None,
        metrics_server=MetricsServer(kubelet_tls=wanted.metrics_server.kubelet_tls) if wanted.metrics_server else None,
        kube_state_metrics=wanted.kube_state_metrics,
        node_exporter=wanted.node_exporter,
        prometheus=_prometheus(wanted.prometheus, nodes) if wanted.prometheus else None,
        grafana=_grafana(wanted.grafana, nodes, password) if wanted.grafana else None,
        storage=_storage(wanted.storage, nodes),
        versions={name: versions.addon(name, minor) for name in _versioned(answers)},
        images=_images(answers),
    )


def _versioned(answers: Answers) -> Iterator[str]:
    wanted = answers.addons
    chosen = {
        "metrics-server": wanted.metrics_server, "kube-state-metrics": wanted.kube_state_metrics, "node-exporter": wanted.node_exporter,
        "prometheus": wanted.prometheus, "grafana": wanted.grafana, "local-path": wanted.storage.kind == "local-path",
    }
    yield from (name for name, is_chosen in chosen.items() if is_chosen)


def _images(answers: Answers) -> Mapping[str, str]:
    """A registry for Kubernetes' images is asked for the add-ons' as well, unless they have one of their own."""
    common = {REGISTRY: answers.sources.registry} if answers.sources.registry != REGISTRY else {}
    return common | answers.sources.images.model_dump(exclude_none=True)


def _helm(wanted: HelmEntry, source: HelmSource, charts: str) -> Helm:
    """An exact version of the answers, else the newest of the table. A hash of the answers counts before the table's."""
    exact = wanted.version if "." in wanted.version else source.version
    found = versions.helm(exact or wanted.version)
    hashes = source.sha256.model_dump(exclude_none=True) or found.sha256
    if not hashes:
        raise PlanError(f"kinstall does not know the hash of helm {found.version}", hint="Name it in the answers: `sources.helm.sha256`.")
    return Helm(version=found.version, url=source.url, sha256=hashes, charts={CHARTS: charts})


def _prometheus(wanted: PrometheusEntry, nodes: Sequence[Host | Node]) -> Prometheus:
    volume = _volume("prometheus", wanted, nodes, PROMETHEUS_OWNER)
    return Prometheus(volume=volume, node_port=wanted.node_port, retention=wanted.retention)


def _grafana(wanted: GrafanaEntry, nodes: Sequence[Host | Node], password: Secret | None) -> Grafana:
    volume = _volume("grafana", wanted, nodes, GRAFANA_OWNER)
    return Grafana(volume=volume, node_port=wanted.node_port, user=wanted.user, password=password)


def _volume(name: str, wanted: PrometheusEntry | GrafanaEntry, nodes: Sequence[Host | Node], owner: str) -> Volume:
    node = wanted.node or default_node((node.name, not node.is_control_plane) for node in nodes)
    return Volume(name=name, node=_known(node, nodes, name), directory=wanted.directory, size=wanted.size, owner=owner, mode=OWN)


def _known(name: str, nodes: Sequence[Host | Node], addon: str) -> str:
    names = [node.name for node in nodes]
    if name not in names:
        raise PlanError(f"{addon} is to be on {name or 'some node'}, which there is not", hint=f"There are: {', '.join(names)}.")
    return name


def _storage(wanted: StorageEntry, nodes: Sequence[Host | Node]) -> Storage:
    claims = tuple(_claims(claim, nodes) for claim in wanted.claims)
    local_path = wanted.directory if wanted.kind == "local-path" else ""
    # with local-path, the proof takes its disks from there
    return Storage(local_path=local_path, claims=claims, proof=tuple(_proof(claims[0])) if claims and not local_path else ())


def _claims(wanted: ClaimEntry, nodes: Sequence[Host | Node]) -> Claims:
    name = f"{wanted.namespace}-{wanted.claim}-{wanted.statefulset}"
    places = zip(wanted.nodes, directories(wanted.directory, wanted.nodes), strict=True)
    owned = {"owner": wanted.owner, "mode": SHARED} if wanted.owner else {"owner": ANYBODY}
    volumes = tuple(
        Volume(name=f"{name}-{ordinal}", node=_known(node, nodes, wanted.statefulset), directory=directory, size=wanted.size, **owned)
        for ordinal, (node, directory) in enumerate(places)
    )
    return Claims(statefulset=wanted.statefulset, claim=wanted.claim, namespace=wanted.namespace, volumes=volumes)


def _proof(claims: Claims) -> Iterator[Volume]:
    """Two directories on the nodes of the first claims: what is proved there holds for those."""
    nodes = [volume.node for volume in claims.volumes]
    for ordinal in range(REPLICAS):
        node = nodes[ordinal % len(nodes)]
        place = f"{HOME}/proof-{ordinal}"
        yield Volume(name=f"{PROOF}-{ordinal}", node=node, directory=place, size=PROOF_SIZE, owner=PROOF_OWNER, mode=OWN)
