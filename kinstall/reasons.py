"""What can be decided, with what is sensible and why, in a person's words: one table for the wizard and for questions in lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from kinstall import versions
from kinstall.answers import Sources
from kinstall.answers.addons import HOME

# fixed: decided, and shown with its reason. offer: off, or the value that is offered, or another. words: several, with spaces between.
# node: one of the hosts. listed: what the answers say, to be changed there.
Kind = Literal["text", "number", "choice", "switch", "secret", "node", "fixed", "offer", "words", "listed"]
IMAGES: Final = "sources.images."       # what follows has points in its name: docker.io


@dataclass(frozen=True, slots=True)
class Option:
    """One decision. `key`: as in answers.yaml, with dots; `default`: what it is when nobody decides; `choices`: (value, its words).

    `reason` stands beside it, in a few words; `about` is for those who ask what it is, and when another value is better.
    """

    key: str
    label: str
    kind: Kind
    default: str
    reason: str
    about: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    needs: str = ""             # it matters only while this switch is on, or this choice is not its default
    offer: str = ""             # the value that is there for the asking

    @property
    def loc(self) -> tuple[str, ...]:
        """Its place in the answers."""
        _, images, name = self.key.partition(IMAGES)
        return ("sources", "images", name) if images else tuple(self.key.split("."))


@dataclass(frozen=True, slots=True)
class Group:
    """Options that belong together. `folded`: for those who want to know."""

    title: str
    options: tuple[Option, ...]
    folded: bool = False


_PLUGINS: Final = (("calico", "Calico"), ("flannel", "flannel"))
_TLS: Final = (("insecure", "without a look"), ("serving", "signed certificates"))
_CLASSES: Final = (("none", "none"), ("local-path", "local directories"))
_FIREWALLS: Final = (("open", "open its ports"), ("disable", "turn it off"), ("leave", "leave it alone"))
_SELINUX: Final = (("permissive", "permissive"), ("leave", "leave it alone"))
# What the dashboards of Grafana ask: it cannot be there without them.
PARTNERS: Final = ("addons.prometheus", "addons.kube-state-metrics", "addons.node-exporter")


def groups() -> tuple[Group, ...]:
    """Every option, in the order in which a person is asked."""
    return (_cluster(), *_OPEN, *_FOLDED, Group("Mirrors: where everything comes from", _sources(), folded=True))


def options() -> tuple[Option, ...]:
    """All of them."""
    return tuple(option for group in groups() for option in group.options)


def _cluster() -> Group:
    table = versions.table()
    minors = tuple((minor.name, f"{minor.name}, until {minor.end_of_life:%Y-%m}") for minor in table.minors)
    return Group("Cluster", (
        Option("cluster.name", "Name", "text", "homelab", "what kubectl calls it",
               "Stands in kubeadm's configuration, and is the name of the context in your kubeconfig. Any short name will do."),
        Option("cluster.kubernetes", "Kubernetes", "choice", "auto", "newest that all machines can run",
               "A minor version takes its newest patch. The month is when it stops getting fixes. An existing cluster is never upgraded.",
               (("auto", "auto"), *minors)),
        Option("cluster.runtime", "Runtime", "fixed", "containerd", "what kubeadm expects",
               f"It runs the containers: containerd {table.containerd_newest} from Docker's packages. Images built with Docker run on it."),
        Option("cluster.kubeconfig", "kubectl here", "offer", "", "off: only on the control plane",
               "Adds the cluster to a kubeconfig on this machine, so that kubectl works here too. What is in that file stays.",
               offer="~/.kube/config"),
    ))


_OPEN: Final = (
    Group("Network", (
        Option("network.plugin", "Pod network", "choice", "calico", "Calico can keep pods apart",
               "It connects the pods of different machines. Calico enforces network policies; flannel is smaller, and ignores them.",
               _PLUGINS),
        Option("network.pods", "Pods", "text", "10.244.0.0/16", "inside only; not your own network",
               "The pods' addresses; each machine takes a /24 of them. Change it if your network or VPN uses addresses in it."),
        Option("network.services", "Services", "text", "10.96.0.0/12", "inside only, apart from the pods'",
               "The services' addresses. Nothing outside of the cluster may use them, and they must not overlap with the pods'."),
    )),
    Group("Add-ons", (
        Option("addons.prometheus", "Prometheus", "switch", "true", "collects metrics, judges them",
               "Asks machines and pods for metrics every 15 seconds, keeps them, and judges them by 20 alert rules."),
        Option("addons.grafana", "Grafana", "switch", "true", "shows them on dashboards",
               "Four dashboards of machines and pods. It asks Prometheus, State metrics and node-exporter, and needs all three."),
        Option("addons.kube-state-metrics", "State metrics", "switch", "true", "how pods and nodes are",
               "kube-state-metrics: which pods run, which Deployments are short of some. It reads no Secrets. Grafana needs it."),
        Option("addons.node-exporter", "node-exporter", "switch", "true", "how each machine is",
               "Processor, memory, disks and network of each machine, on its port 9100, which kinstall opens. Grafana needs it."),
        Option("addons.metrics-server", "metrics-server", "switch", "true", "for kubectl top and autoscaling",
               "Without it `kubectl top` says nothing, and a HorizontalPodAutoscaler does not scale."),
        Option("addons.helm", "Helm", "switch", "true", "installs applications from charts",
               "The program helm on the control plane, with completion and a first repository of charts."),
        Option("addons.helm.version", "Helm 4 or 3", "text", "4", "3 only if a chart asks for it",
               "4 or 3: the newest of it that kinstall knows. Any other full version needs its hash, below Mirrors.",
               needs="addons.helm"),
        Option("addons.grafana.password", "Grafana password", "secret", "", "empty: made, and shown once",
               "Of the administrator. Made by kinstall, it is shown once at the end; the cluster keeps it. No file of kinstall's has it.",
               needs="addons.grafana"),
    )),
    Group("Storage", (
        Option("addons.storage.class", "Disks for pods", "choice", "none", "none until you need them",
               "Local directories: what asks for a disk gets a directory on its own machine, and stays there. One disk, without a copy.",
               _CLASSES),
        Option("addons.storage.directory", "Disks are in", "text", f"{HOME}/local-path", "on every machine",
               "The directory in which those disks are made, on each machine that has one.", needs="addons.storage.class"),
        Option("addons.prometheus.node", "Prometheus on", "node", "", "the machine that keeps its data",
               "It runs on this machine only, for its data are there. It takes 1 GB of memory.", needs="addons.prometheus"),
        Option("addons.prometheus.directory", "Prometheus data", "text", f"{HOME}/prometheus", "on that machine",
               "kinstall makes it. It stays when Prometheus goes.", needs="addons.prometheus"),
        Option("addons.prometheus.size", "Prometheus size", "text", "10Gi", "asked for, not enforced",
               "What it asks for. Nothing limits a directory, but how long Prometheus keeps what it has seen.", needs="addons.prometheus"),
        Option("addons.prometheus.retention", "Prometheus keeps", "text", "15d", "longer needs more room",
               "How long it keeps what it has seen: 12h, 15d, 8w, 1y.", needs="addons.prometheus"),
        Option("addons.grafana.node", "Grafana on", "node", "", "the machine that keeps its data",
               "It runs on this machine only, for its accounts and your own dashboards are there.", needs="addons.grafana"),
        Option("addons.grafana.directory", "Grafana data", "text", f"{HOME}/grafana", "on that machine",
               "kinstall makes it. It stays when Grafana goes.", needs="addons.grafana"),
        Option("addons.grafana.size", "Grafana size", "text", "1Gi", "asked for, not enforced",
               "What it asks for. It needs little: dashboards and accounts.", needs="addons.grafana"),
        Option("addons.storage.claims", "Volumes", "listed", "", "made for a StatefulSet of yours",
               "Directories of your choice for the replicas of a StatefulSet: addons.storage.claims in answers.yaml. See docs/answers.md."),
    )),
    Group("Ports and accounts", (
        Option("addons.prometheus.node_port", "Prometheus port", "number", "30090", "from 30000 to 32767",
               "Prometheus answers there on every machine, http, without an account: for a network that you trust.",
               needs="addons.prometheus"),
        Option("addons.grafana.node_port", "Grafana port", "number", "30004", "from 30000 to 32767",
               "Grafana answers there on every machine, http, and asks who you are.", needs="addons.grafana"),
        Option("addons.grafana.user", "Grafana account", "text", "admin", "its administrator",
               "Who logs in first. It can make other accounts.", needs="addons.grafana"),
    )),
)
_FOLDED: Final = (
    Group("Advanced", (
        Option("firewall", "Firewall", "choice", "open", "stays on, with its ports opened",
               "A firewalld or ufw that runs gets the cluster's ports. Left alone, you open them yourself: docs/checks.md names them.",
               _FIREWALLS),
        Option("selinux", "SELinux", "choice", "permissive", "logs only, as kubeadm advises",
               "Only on machines that have it. Left alone, it can keep containers from what they need: for those who know its rules.",
               _SELINUX),
        Option("addons.metrics-server.kubelet_tls", "Kubelets' TLS", "choice", "insecure", "simple; right for a home",
               "How metrics-server trusts the kubelets. Signed: the cluster signs a certificate for each, and kinstall approves it after a "
               "look at it.", _TLS, needs="addons.metrics-server"),
        Option("cluster.account", "Account", "text", "", "for sudo and kubectl, beside root",
               "Only when kinstall logs in as root: this account gets sudo, and kubectl on the control plane."),
        Option("allow", "Overruled checks", "words", "", "by name: cgroup-v1 low-memory",
               "Checks that may not stop the installation. The Check screen sets them with o; here they can be taken back."),
    ), folded=True),
)


def _sources() -> tuple[Option, ...]:
    """For those who have a mirror, or no internet."""
    given = Sources()
    rows = (
        ("registry", "Image registry", given.registry, "Kubernetes' own images"),
        ("kubernetes.url", "K8s packages", given.kubernetes.url, "the version is added to it"),
        ("kubernetes.fingerprint", "K8s key", given.kubernetes.fingerprint, "fingerprint of who signs them"),
        ("kubernetes.versions", "K8s releases", given.kubernetes.versions, "where the newest patch is asked"),
        ("docker.url", "Docker packages", given.docker.url, "containerd's packages"),
        ("docker.fingerprint", "Docker key", given.docker.fingerprint, "fingerprint of who signs them"),
        ("docker.rpm_fingerprint", "Docker RPM key", given.docker.rpm_fingerprint, "fingerprint of who signs RPMs"),
        ("docker.rpm", "containerd RPM", "", "folder, for CentOS 8; has {arch}"),
        ("vault", "CentOS vault", given.vault, "packages of CentOS 8"),
        ("calico.url", "Calico manifest", "", "empty: its makers'"),
        ("calico.version", "Calico version", "", "empty: the one kinstall knows"),
        ("calico.sha256", "Calico SHA-256", "", "of that manifest"),
        ("flannel.url", "flannel manifest", "", "empty: its makers'"),
        ("flannel.version", "flannel version", "", "empty: the one kinstall knows"),
        ("flannel.sha256", "flannel SHA-256", "", "of that manifest"),
        ("helm.url", "Helm archives", given.helm.url, "the folder they are in"),
        ("helm.version", "Helm version", "", "empty: the one kinstall knows"),
        ("helm.sha256.amd64", "Helm SHA-256", "", "of the archive for amd64"),
        ("helm.sha256.arm64", "Helm SHA arm64", "", "of the archive for arm64"),
        ("charts", "Helm charts", given.charts, "the repository that Helm gets"),
        ("images.docker.io", "docker.io", "", "asked in its place: Grafana"),
        ("images.quay.io", "quay.io", "", "asked in its place: Prometheus"),
        ("images.registry.k8s.io", "registry.k8s.io", "", "asked in its place: add-ons"),
    )
    about = "Leave it alone if your machines reach the internet. Packages, manifests and archives are verified, wherever they come from."
    return tuple(Option(f"sources.{key}", label, "text", default, reason, about) for key, label, default, reason in rows)
