"""What a step is: an id, a title, where it runs, and a pure function from node and cluster to states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from kinstall.model import Cluster, Node
from kinstall.packaging import Manager, Repo
from kinstall.states import File, Key, State, no_other_entry

ADMIN_CONF = "/etc/kubernetes/admin.conf"
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"


def kubectl(config: str = ADMIN_CONF, *, seconds: int = 20) -> str:
    """kubectl for a probe: it gives up in time, whatever the API server does."""
    return f"timeout {seconds} kubectl --kubeconfig {config} --request-timeout=10s"


def repository_of(manager: Manager, repo: Repo, key: Key) -> Sequence[State]:
    """A package repository with its key checked. Other entries of it were switched off before (`only_ours`)."""
    return [key, File(manager.repo_path(repo.id), manager.repo_file(repo), keep=True)]


# the id of a repository of ours -> what entries of it elsewhere have; of Kubernetes' also those of 2023 and before, which are dead
OTHERS: Final = {
    "docker-ce": r"download\.docker\.com/linux",
    "kubernetes": r"pkgs\.k8s\.io|apt\.kubernetes\.io|kubernetes-xenial|packages\.cloud\.google\.com/yum/repos/kubernetes",
}


def only_ours(manager: Manager) -> Sequence[State]:
    """No other entries of our repositories: a dead one, or one with another key, makes the very first apt-get update fail."""
    return [no_other_entry(pattern, manager.repo_path(repo)) for repo, pattern in OTHERS.items()]


def everywhere(node: Node) -> bool:
    """This step runs on every node."""
    return True


def on_control_planes(node: Node) -> bool:
    """This step runs on control planes."""
    return node.is_control_plane


def on_workers(node: Node) -> bool:
    """This step runs on workers."""
    return not node.is_control_plane


def on_rhel(node: Node) -> bool:
    """This step runs on the distributions with dnf."""
    return node.distro.family == "rhel"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the installation. Its explanation is assets/explain/ID.md.

    `needs` names steps of the first control plane that must be through before an unmet state of this one is applied: the only
    barriers there are. `asks_ticket`: its commands need a join ticket, which is made when the first node asks for it.
    """

    id: str
    phase: str      # the column of the run: prepare, runtime, packages, control, join, network, addons
    title: str
    states: Callable[[Node, Cluster], Sequence[State]]
    on: Callable[[Node], bool] = everywhere
    needs: tuple[str, ...] = ()
    asks_ticket: bool = False
