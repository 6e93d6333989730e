"""Kubelets that ask the cluster for a serving certificate, instead of signing one themselves. Approving is kinstall's, with the add-ons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kinstall.model import Cluster, Node
from kinstall.states import Command, Edited, Service, State
from kinstall.steps.kubeadm import SERVING, wants_serving

CONFIG: Final = "/var/lib/kubelet/config.yaml"


def serving(text: str) -> str:
    """The kubelet's configuration with the switch on. kubeadm writes each setting at the beginning of a line of its own."""
    wanted = f"{SERVING}: true"
    text, found = re.subn(rf"(?m)^{SERVING}:.*$", wanted, text)
    return text if found else f"{text.rstrip(chr(10))}\n{wanted}\n"


def certificates(node: Node, cluster: Cluster) -> Sequence[State]:
    """The node's kubelet runs with the switch on. A new node has it from its patch; one of before gets it here.

    Choosing `insecure` again leaves it on: the certificates are good, and metrics-server may ignore them.
    """
    if not wants_serving(cluster):
        return []
    return [Edited(CONFIG, serving, optional=True), Kubelet("kubelet", (CONFIG,))]


class Kubelet(Service):
    """A kubelet that was started with its present configuration. It is no work of this step's that it runs, so it is not stopped either.

    kubeadm starts it in the second in which it writes the file: that counts. Each start leaves a request for a certificate behind.
    """

    def met(self, seen: str) -> bool:
        words = seen.split()
        return words[:2] == ["enabled", "active"] and len(words) == 4 and int(words[2]) >= int(words[3])

    def undo(self, seen: str) -> tuple[Command, ...]:
        return ()
