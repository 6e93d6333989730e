"""What a step is: an id, a title, where it runs, and a pure function from node and cluster to states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kinstall.model import Cluster, Node
from kinstall.states import State

ADMIN_CONF = "/etc/kubernetes/admin.conf"
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"


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
    phase: str      # the column of the run: prepare, runtime, packages, control, join, network, proof
    title: str
    states: Callable[[Node, Cluster], Sequence[State]]
    on: Callable[[Node], bool] = everywhere
    needs: tuple[str, ...] = ()
    asks_ticket: bool = False
