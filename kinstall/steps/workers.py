"""Workers: they join with a ticket that the control plane makes when they ask."""

from __future__ import annotations

from collections.abc import Sequence

from kinstall.model import Cluster, Node
from kinstall.states import State
from kinstall.steps.kubeadm import Joined, join_config


def join(node: Node, cluster: Cluster) -> Sequence[State]:
    """The worker belongs to the cluster. The token is in a file of mode 0600 that is gone afterwards, never in an argv."""
    return [Joined(node.name, join_config(node, cluster), cluster.endpoint)]
