"""What can be decided, with what is sensible and why, in a person's words: one table for the wizard and for questions in lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from kinstall import versions
from kinstall.answers import Sources

Kind = Literal["text", "choice", "switch", "secret", "node"]


@dataclass(frozen=True, slots=True)
class Option:
    """One decision. `key`: as in answers.yaml, with dots; `default`: what it is when nobody decides; `choices`: (value, its words)."""

    key: str
    label: str
    kind: Kind
    default: str
    reason: str
    choices: tuple[tuple[str, str], ...] = ()
    needs: str = ""             # the switch that must be on for it to matter

    @property
    def loc(self) -> tuple[str, ...]:
        """Its place in the answers."""
        return tuple(self.key.split("."))


@dataclass(frozen=True, slots=True)
class Group:
    """Options that belong together. `folded`: for those who want to know."""

    title: str
    options: tuple[Option, ...]
    folded: bool = False


_PLUGINS: Final = (("calico", "Calico"), ("flannel", "flannel"))
_TLS: Final = (("insecure", "without a look"), ("serving", "signed certificates"))
_CLASSES: Final = (("none", "nothing"), ("local-path", "local directories"))
_FIREWALLS: Final = (("open", "open its ports"), ("disable", "turn it off"), ("leave", "leave it alone"))
_SELINUX: Final = (("permissive", "permissive"), ("leave", "leave it alone"))


def groups() -> tuple[Group, ...]:
    """Every option, in the order in which a person is asked."""
    minors = [(minor.name, minor.name) for minor in versions.table().minors]
    return (
        Group("Cluster", (
            Option("cluster.name", "Name", "text", "homelab", "what kubectl calls it on your machine"),
            Option("cluster.kubernetes", "Kubernetes", "choice", "auto", "auto: the newest that all your machines can run",
                   (("auto", "auto"), *minors)),
            Option("cluster.kubeconfig", "kubeconfig here", "text", "",
                   "~/.kube/config adds the cluster to yours; empty: on the control plane only"),
        )),
        Group("Network", (
            Option("network.plugin", "Pod network", "choice", "calico", "Calico has network policies; flannel is small", _PLUGINS),
            Option("network.pods", "Pods", "text", "10.244.0.0/16", "addresses inside the cluster; not those of your home"),
            Option("network.services", "Services", "text", "10.96.0.0/12", "more of them; they must not overlap"),
        )),
        Group("Add-ons", (
            Option("addons.prometheus", "Prometheus", "switch", "true", "collects metrics of machines and pods, and judges them"),
            Option("addons.grafana", "Grafana", "switch", "true", "shows them; needs the three around it"),
            Option("addons.kube-state-metrics", "State metrics", "switch", "true", "metrics of the cluster's objects, for the dashboards"),
            Option("addons.node-exporter", "node-exporter", "switch", "true", "metrics of each machine"),
            Option("addons.metrics-server", "metrics-server", "switch", "true", "what kubectl top and autoscaling ask"),
            Option("addons.helm", "Helm", "switch", "true", "installs applications from charts"),
            Option("addons.grafana.password", "Grafana password", "secret", "", "empty: one is made, and shown once at the end",
                   needs="addons.grafana"),
        )),
        Group("Storage", (
            Option("addons.storage.class", "Disks for pods", "choice", "none",
                   "local directories: pods get a disk on their machine", _CLASSES),
            Option("addons.prometheus.node", "Prometheus on", "node", "", "the machine that keeps its data", needs="addons.prometheus"),
            Option("addons.prometheus.directory", "its directory", "text", "/var/lib/kinstall/prometheus",
                   "on that machine; it stays when Prometheus goes",
                   needs="addons.prometheus"),
            Option("addons.prometheus.size", "its size", "text", "10Gi", "asked for, not enforced", needs="addons.prometheus"),
            Option("addons.prometheus.retention", "it remembers", "text", "15d", "15 days of three machines are about 3 GiB",
                   needs="addons.prometheus"),
            Option("addons.grafana.node", "Grafana on", "node", "", "the machine that keeps its data", needs="addons.grafana"),
            Option("addons.grafana.directory", "its directory", "text", "/var/lib/kinstall/grafana",
                   "on that machine", needs="addons.grafana"),
        )),
        Group("Ports and accounts", (
            Option("addons.prometheus.node_port", "Prometheus port", "text", "30090",
                   "on every machine; 30000 to 32767", needs="addons.prometheus"),
            Option("addons.grafana.node_port", "Grafana port", "text", "30004", "on every machine; 30000 to 32767", needs="addons.grafana"),
            Option("addons.grafana.user", "Grafana account", "text", "admin", "its administrator", needs="addons.grafana"),
        )),
        Group("Advanced", (
            Option("firewall", "Firewall", "choice", "open", "firewalld or ufw stay on, with the ports opened", _FIREWALLS),
            Option("selinux", "SELinux", "choice", "permissive", "logs only, as kubeadm's guide says", _SELINUX),
            Option("addons.metrics-server.kubelet_tls", "Kubelets' TLS", "choice", "insecure",
                   "signed is safer; kinstall approves each certificate", _TLS,
                   needs="addons.metrics-server"),
            Option("addons.storage.directory", "local disks in", "text", "/var/lib/kinstall/local-path",
                   "on every machine, for local directories"),
        ), folded=True),
        Group("Mirrors: where everything comes from", tuple(
            Option(f"sources.{key}", label, "text", default, reason) for key, label, default, reason in _sources()), folded=True),
    )


def _sources() -> tuple[tuple[str, str, str, str], ...]:
    """Key, label, default, reason: of who has a mirror."""
    given = Sources()
    return (
        ("registry", "Image registry", given.registry, "of Kubernetes' own images"),
        ("kubernetes.url", "Kubernetes", given.kubernetes.url, "packages; the version is added"),
        ("kubernetes.fingerprint", "  its key", given.kubernetes.fingerprint, "fingerprint of who signs them"),
        ("docker.url", "containerd", given.docker.url, "Docker's packages"),
        ("docker.fingerprint", "  its key", given.docker.fingerprint, "fingerprint of who signs them"),
        ("docker.rpm_fingerprint", "  for RPMs", given.docker.rpm_fingerprint, "fingerprint of who signs RPMs"),
        ("vault", "CentOS vault", given.vault, "packages of CentOS 8"),
        ("calico.url", "Calico", "", "manifest; empty: its makers'"),
        ("calico.version", "  version", "", "with its own URL and hash"),
        ("calico.sha256", "  SHA-256", "", "of the manifest"),
        ("flannel.url", "flannel", "", "manifest; empty: its makers'"),
        ("flannel.version", "  version", "", "with its own URL and hash"),
        ("flannel.sha256", "  SHA-256", "", "of the manifest"),
        ("helm.url", "Helm", given.helm.url, "archives"),
        ("helm.version", "  version", "", "with its own hash"),
        ("helm.sha256.amd64", "  SHA-256", "", "of the archive for amd64"),
        ("charts", "Charts", given.charts, "the repository that Helm gets"),
    )


def options() -> tuple[Option, ...]:
    """All of them."""
    return tuple(option for group in groups() for option in group.options)
