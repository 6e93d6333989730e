"""What Prometheus is fed with: kube-state-metrics tells of the cluster's objects, node-exporter of each machine."""

from __future__ import annotations

from collections.abc import Sequence

from kinstall.addons.base import SYSTEM, Addon, Proof, Scene, all_but
from kinstall.cluster.refusals import Refusal
from kinstall.together import done

STATE_PATH = f"/api/v1/namespaces/{SYSTEM}/services/kube-state-metrics:http-metrics/proxy/metrics"
NODE_PORT = 9100


async def prove_state(scene: Scene) -> Sequence[Proof]:
    """Its metrics tell of every node."""
    try:
        text = await scene.api.text(STATE_PATH)
    except Refusal as error:
        return [Proof("metrics of every object", error.message, False)]
    known = [member.name for member in scene.nodes if f'kube_node_info{{node="{member.name}"' in text]
    series = sum(1 for line in text.splitlines() if line and not line.startswith("#"))
    figure = f"{series} series, {len(known)}/{len(scene.nodes)} nodes"
    return [Proof("metrics of every object", figure, len(known) == len(scene.nodes))]


async def _answers(scene: Scene, node: str) -> str:
    """What is wrong with the exporter of a node; nothing when it tells of its processors."""
    async with scene.web(node, NODE_PORT) as site:
        answer = await site.get("/metrics")
    return "" if answer.ok and "node_cpu_seconds_total" in answer.text else f"{node} {answer.status or answer.text}"


async def prove_nodes(scene: Scene) -> Sequence[Proof]:
    """Every node, the control plane included, answers at port 9100."""
    wrong = [text for text in await done(_answers(scene, member.name) for member in scene.nodes) if text]
    return [all_but(f"metrics of every machine, port {NODE_PORT}", len(scene.nodes), wrong, "nodes answer")]


KUBE_STATE_METRICS = Addon(
    id="kube-state-metrics", title="Tell Prometheus of the cluster's objects", chosen=lambda addons: addons.kube_state_metrics,
    prove=prove_state, versioned=("kube-state-metrics",),
)
NODE_EXPORTER = Addon(
    id="node-exporter", title="Tell Prometheus of each machine", chosen=lambda addons: addons.node_exporter,
    prove=prove_nodes, versioned=("node-exporter",),
)
