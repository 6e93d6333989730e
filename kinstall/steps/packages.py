"""kubeadm, kubelet, kubectl and cri-tools from the repository of one Kubernetes minor, in an exact version, held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from kinstall.model import Cluster, Node
from kinstall.packaging import Repo, Want
from kinstall.states import Command, Enabled, Held, Key, Packages, State
from kinstall.steps.base import KUBELET_CONF, repository_of

HELD = ("kubelet", "kubeadm", "kubectl")
EXCLUDED = (*HELD, "cri-tools", "kubernetes-cni")
PATHS = {"apt": ("/deb/ /", "deb/Release.key"), "dnf": ("/rpm/", "rpm/repodata/repomd.xml.key")}


def repository(node: Node, cluster: Cluster) -> Sequence[State]:
    """The repository of this minor: there is one for each, and its key is fetched fresh."""
    manager = node.distro.manager
    path, key = PATHS[manager.name]
    top = f"{cluster.sources.kubernetes}/v{cluster.release.minor}"
    key_path = f"{manager.key_folder}/kinstall-kubernetes.asc"
    where = Repo("kubernetes", f"Kubernetes {cluster.release.minor}", f"{top}{path}", key_path, excluded=EXCLUDED)
    return repository_of(manager, where, Key(key_path, f"{top}/{key}", cluster.sources.kubernetes_key))


def kubernetes(node: Node, cluster: Cluster) -> Sequence[State]:
    """The three programs in one version and one transaction, held so that an upgrade of the machine leaves them alone."""
    manager, version = node.distro.manager, cluster.release.version
    wants = (*(Want(name, version) for name in HELD), Want("cri-tools"), Want("kubernetes-cni"))
    held = [Held(HELD)] if manager.name == "apt" else []
    return [Packages(manager, wants, "kubernetes", ours=True), *held, Enabled("kubelet")]


@dataclass(frozen=True)
class Images(State):
    """Images on the host before they are needed: it pulls while it would otherwise wait.

    Met, whatever is there, once the host is a node: from then on the kubelet decides which images stay.
    """

    listed: str                 # shell that prints further images, a line each
    fixed: tuple[str, ...]

    @property
    def about(self) -> str:
        return "images"

    def probe(self) -> str:
        fixed = "".join(f"echo {quote(image)}; " for image in self.fixed)
        ask = 'crictl inspecti -q "$image" >/dev/null 2>&1 && echo "has $image" || echo "want $image"'
        return f"[ -e {KUBELET_CONF} ] && echo node || {{ {fixed}{self.listed}; }} | while read -r image; do {ask}; done"

    def missing(self, seen: str) -> list[str]:
        """The images wanted and not there, in order."""
        pairs = (line.split() for line in seen.splitlines())
        return [pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "want"]

    def met(self, seen: str) -> bool:
        return seen.strip() == "node" or (bool(seen.strip()) and not self.missing(seen))

    def commands(self, seen: str) -> tuple[Command, ...]:
        """Each image by itself: one that fails is the one that is told, and tried again."""
        return tuple(Command(f"crictl pull {quote(image)}", long=True) for image in self.missing(seen))


ON_WORKERS = "grep -E '/(kube-proxy|pause|coredns)[:/]'"


def images(node: Node, cluster: Cluster) -> Sequence[State]:
    """The images of Kubernetes and of the network plugin."""
    listed = f"kubeadm config images list --kubernetes-version v{cluster.release.version} --image-repository {cluster.sources.registry}"
    listed += "" if node.is_control_plane else f" | {ON_WORKERS}"
    return [Images(listed, cluster.network.images)]
