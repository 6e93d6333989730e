"""What was decided about the add-ons: frozen, no I/O. What is not chosen is None or empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kinstall.secrets import Secret

PROMETHEUS_OWNER = "65534:65534"    # the image's uid:gid (nobody)
GRAFANA_OWNER = "472:0"             # the image's uid:gid
ANYBODY = "root:root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A directory on a node that becomes a PersistentVolume. What is in it outlives the claim and the add-on."""

    name: str                   # of the PersistentVolume: prometheus, grafana, default-www-web-0
    node: str
    directory: str
    size: str                   # as Kubernetes writes it: 10Gi. A local directory is not limited to it
    owner: str = ANYBODY        # uid:gid that the directory gets
    mode: str = "0755"


@dataclass(frozen=True, slots=True, kw_only=True)
class Helm:
    """The helm program on the control plane."""

    version: str                            # 4.3.1
    url: str                                # https://get.helm.sh
    sha256: Mapping[str, str]               # of helm-vVERSION-linux-ARCH.tar.gz, by amd64, arm64
    charts: Mapping[str, str] = field(default_factory=dict)     # repositories that are added: name -> URL


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsServer:
    """metrics-server, and how it trusts the kubelets: `insecure` (not at all), `serving` (certificates that the cluster signed)."""

    kubelet_tls: str = "insecure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """Prometheus on the node of its volume."""

    volume: Volume
    node_port: int = 30090
    retention: str = "15d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grafana:
    """Grafana on the node of its volume. Without a password one is made, or the one in the cluster stays."""

    volume: Volume
    node_port: int = 30004
    user: str = "admin"
    password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Directories for the replicas of a StatefulSet: `claim`-`statefulset`-0 lies on the first node, and so on (the recipe's way)."""

    statefulset: str
    claim: str                  # the name in its volumeClaimTemplates
    namespace: str
    volumes: tuple[Volume, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Where StatefulSets find their disks."""

    local_path: str = ""        # the directory of local-path-provisioner, which makes the default StorageClass; "": not installed
    claims: tuple[Claims, ...] = ()
    proof: tuple[Volume, ...] = ()      # two directories in which the storage is proved to work


@dataclass(frozen=True, slots=True, kw_only=True)
class Addons:
    """Everything that is installed into the cluster. `images`: registry -> the one that is asked instead."""

    helm: Helm | None = None
    metrics_server: MetricsServer | None = None
    kube_state_metrics: bool = False
    node_exporter: bool = False
    prometheus: Prometheus | None = None
    grafana: Grafana | None = None
    storage: Storage = Storage()
    versions: Mapping[str, str] = field(default_factory=dict)   # add-on -> its version, as fits this Kubernetes
    images: Mapping[str, str] = field(default_factory=dict)

    @property
    def volumes(self) -> Iterator[Volume]:
        """Every directory that must be there, with its owner, before its pod starts."""
        for addon in (self.prometheus, self.grafana):
            if addon is not None:
                yield addon.volume
        for claims in self.storage.claims:
            yield from claims.volumes
        yield from self.storage.proof
