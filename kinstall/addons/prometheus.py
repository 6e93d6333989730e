"""Prometheus: scrapes, keeps, and judges by rules. Proved by its own account: every target up, every rule sound, every node measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from kinstall.addons.base import Addon, Proof, Scene, all_but, argument, node_port
from kinstall.addons.metrics_server import is_serving
from kinstall.addons.model import Addons
from kinstall.addons.volumes import set_node, set_volume
from kinstall.cluster.web import Web
from kinstall.manifests import Object, config_maps, containers, find, shipped

NAME: Final = "prometheus"
OPTIONAL: Final = {"node-exporter": "node-exporter", "kube-state-metrics": "kube-state-metrics"}   # job -> the add-on that it scrapes
PER_USER: Final = "annotated-"      # jobs that scrape whatever asks for it, which may be nothing
SHOWN: Final = 3                    # targets that are told by name
# how the kubelets are trusted: as shipped, and when they serve with certificates of the cluster's CA
UNCHECKED: Final = "tls_config: {insecure_skip_verify: true}"
CHECKED: Final = "tls_config: {ca_file: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt}"

# what is asked for each node: with node-exporter by the machine's own figures, without it by the kubelet's
NODE_QUERIES: Final[Mapping[bool, Mapping[str, str]]] = {
    True: {"CPU": 'count by (node) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "memory": "node_memory_MemAvailable_bytes"},
    False: {"CPU": 'rate(container_cpu_usage_seconds_total{id="/"}[5m])', "memory": 'container_memory_working_set_bytes{id="/"}'},
}


def _values(objects: list[Object], addons: Addons) -> None:
    wanted = addons.prometheus
    assert wanted is not None  # noqa: S101  # it is chosen
    set_volume(objects, wanted.volume)
    node_port(objects, NAME, wanted.node_port)
    deployment = find(objects, "Deployment", NAME)
    set_node(deployment, wanted.volume.node)
    for container in containers(objects, "Deployment", NAME):
        if container["name"] == NAME:
            argument(container, "--storage.tsdb.retention.time", wanted.retention)
    if is_serving(addons):
        for data in config_maps(objects, NAME):
            data["prometheus.yml"] = data["prometheus.yml"].replace(UNCHECKED, CHECKED)


def jobs(addons: Addons) -> list[str]:
    """The jobs of the shipped configuration that must have a target in a sound cluster with these add-ons."""
    (data,) = config_maps(shipped(NAME), NAME)
    names = [job["job_name"] for job in yaml.safe_load(data["prometheus.yml"])["scrape_configs"]]
    chosen = {"node-exporter": addons.node_exporter, "kube-state-metrics": addons.kube_state_metrics}
    return [name for name in names if not name.startswith(PER_USER) and chosen.get(OPTIONAL.get(name, ""), True)]


async def prove(scene: Scene) -> Sequence[Proof]:
    """Targets, rules, and a figure for each node."""
    wanted = scene.addons.prometheus
    assert wanted is not None  # noqa: S101  # it is chosen
    async with scene.web(wanted.volume.node, wanted.node_port) as site:
        ready = await site.get("/-/ready")
        if not ready.ok:
            return [Proof("answers at its node port", f"{wanted.node_port}: {ready.status or ready.text}", False)]
        targets = targets_proof((await site.get("/api/v1/targets", state="active")).data(), jobs(scene.addons))
        rules = rules_proof((await site.get("/api/v1/rules")).data())
        return [targets, rules, *[await _node_proof(site, scene, what) for what in ("CPU", "memory")]]


def targets_proof(data: Mapping[str, Any], wanted: Sequence[str]) -> Proof:
    """Are all targets up, and has every job one? Pure."""
    found = data.get("data", {}).get("activeTargets", [])
    down = [target for target in found if target.get("health") != "up"]
    per_job = Counter(target.get("labels", {}).get("job", "") for target in found)
    without = [job for job in wanted if not per_job[job]]
    told = [*map(_down, down[:SHOWN]), *(f"no target for {job}" for job in without)]
    figure = f"{len(found) - len(down)}/{len(found)} up" + (f"; {'; '.join(told)}" if told else "")
    return Proof("targets", figure, bool(found) and not down and not without)


def _down(target: Mapping[str, Any]) -> str:
    labels = target.get("labels", {})
    return f"{labels.get('job')} {labels.get('instance')}: {target.get('lastError') or target.get('health')}"


def shipped_rules() -> int:
    """How many rules come with kinstall."""
    texts = (text for data in config_maps(shipped(NAME), "prometheus-rules") for text in data.values())
    return sum(len(group["rules"]) for text in texts for group in yaml.safe_load(text)["groups"])


def rules_proof(data: Mapping[str, Any]) -> Proof:
    """Are all the shipped rules loaded, and does none fail? Pure."""
    rules = [rule for group in data.get("data", {}).get("groups", []) for rule in group.get("rules", [])]
    failing = [f"{rule.get('name')}: {rule.get('lastError')}" for rule in rules if rule.get("health") == "err"]
    expected = shipped_rules()
    figure = "; ".join([f"{len(rules)} loaded" + (f" of {expected}" if len(rules) < expected else ""), *failing[:SHOWN]])
    return Proof("rules", figure, len(rules) >= expected and not failing)


async def _node_proof(site: Web, scene: Scene, what: str) -> Proof:
    data = (await site.get("/api/v1/query", query=NODE_QUERIES[scene.addons.node_exporter][what])).data()
    measured = {series["metric"].get("node", "") for series in data.get("data", {}).get("result", [])}
    missing = [member.name for member in scene.nodes if member.name not in measured]
    return all_but(f"{what} of each node", len(scene.nodes), missing, "nodes")


PROMETHEUS = Addon(
    id=NAME, title="Collect metrics and judge them by rules", chosen=lambda addons: addons.prometheus is not None,
    values=_values, prove=prove, versioned=(NAME,), needs=("node-exporter", "kube-state-metrics"),
)
