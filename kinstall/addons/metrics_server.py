"""metrics-server: what `kubectl top` and autoscaling ask. It must trust the kubelets, whose certificates kubeadm leaves self-signed."""

from __future__ import annotations

from collections.abc import Sequence

from kinstall.addons import kubelet_certificates
from kinstall.addons.base import Addon, Proof, Scene, all_but
from kinstall.addons.model import Addons
from kinstall.cluster.refusals import Refusal
from kinstall.manifests import Object, containers

INSECURE = "--kubelet-insecure-tls"
PATH = "/apis/metrics.k8s.io/v1beta1/nodes"


def is_serving(addons: Addons) -> bool:
    """Do the kubelets serve with certificates that the cluster signed?"""
    return addons.metrics_server is not None and addons.metrics_server.kubelet_tls == "serving"


def _values(objects: list[Object], addons: Addons) -> None:
    for container in containers(objects, "Deployment", "metrics-server"):
        kept = [word for word in container["args"] if word != INSECURE]
        trust = "--kubelet-certificate-authority=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
        container["args"] = [*kept, trust if is_serving(addons) else INSECURE]


async def _tend(scene: Scene) -> None:
    if is_serving(scene.addons):
        await kubelet_certificates.approve(scene)


async def prove(scene: Scene) -> Sequence[Proof]:
    """`metrics.k8s.io` answers for every node."""
    try:
        items = (await scene.api.send("get", PATH)).get("items") or []
    except Refusal as error:
        return [Proof("kubectl top nodes", error.message, False)]
    measured = {item["metadata"]["name"] for item in items if item.get("usage", {}).get("cpu") and item["usage"].get("memory")}
    missing = [member.name for member in scene.nodes if member.name not in measured]
    return [all_but("kubectl top nodes", len(scene.nodes), missing, "nodes measured")]


METRICS_SERVER = Addon(
    id="metrics-server", title="Measure nodes and pods", chosen=lambda addons: addons.metrics_server is not None,
    values=_values, tend=_tend, prove=prove, versioned=("metrics-server",),
)
