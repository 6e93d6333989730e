"""Directories on nodes as PersistentVolumes: bound beforehand to one claim, on one node, and kept whatever happens to the claim."""

from __future__ import annotations

from collections.abc import Sequence

from kinstall.addons.base import Addon, Proof, Scene
from kinstall.addons.model import Addons, Volume
from kinstall.manifests import Object, find, shipped

HOSTNAME = "kubernetes.io/hostname"
TOLERATION = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}


def set_volume(objects: list[Object], volume: Volume) -> None:
    """The directory, the size and the node of a PersistentVolume and of its claim, both of the volume's name."""
    persistent = find(objects, "PersistentVolume", volume.name)
    _fill(persistent, volume)
    claim = find(objects, "PersistentVolumeClaim", volume.name)
    claim["spec"]["resources"]["requests"]["storage"] = volume.size


def set_node(workload: Object, node: str) -> None:
    """The pods of the workload run on this node; on a control plane too, since somebody chose it."""
    pod = workload["spec"]["template"]["spec"]
    pod["nodeSelector"] = {HOSTNAME: node}
    pod["tolerations"] = [TOLERATION]


def _fill(persistent: Object, volume: Volume) -> None:
    spec = persistent["spec"]
    spec["capacity"]["storage"] = volume.size
    spec["local"]["path"] = volume.directory
    terms = [{"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": [volume.node]}]}]
    spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": terms}}


def claimed(pattern: Object, volume: Volume, namespace: str, claim: str) -> Object:
    """A volume after the pattern, kept for the claim of this name."""
    metadata = {**pattern["metadata"], "name": volume.name}
    reference = {**pattern["spec"]["claimRef"], "namespace": namespace, "name": claim}
    made: Object = {**pattern, "metadata": metadata, "spec": {**pattern["spec"], "capacity": {}, "local": {}, "claimRef": reference}}
    _fill(made, volume)
    return made


def for_claims(addons: Addons) -> list[Object]:
    """A volume for every replica: `claim`-`statefulset`-0 and so on, the names that a StatefulSet gives its claims."""
    (pattern,) = shipped("volumes")
    return [
        claimed(pattern, volume, claims.namespace, f"{claims.claim}-{claims.statefulset}-{ordinal}")
        for claims in addons.storage.claims
        for ordinal, volume in enumerate(claims.volumes)
    ]


def _values(objects: list[Object], addons: Addons) -> None:
    objects[:] = for_claims(addons)


async def prove(scene: Scene) -> Sequence[Proof]:
    """Every volume is there, and free for its claim or bound to it."""
    wanted = [item["metadata"]["name"] for item in for_claims(scene.addons)]
    phases = {item["metadata"]["name"]: item.get("status", {}).get("phase", "") for item in await scene.api.list("PersistentVolume")}
    good = [name for name in wanted if phases.get(name) in ("Available", "Bound")]
    rest = ", ".join(f"{name} {phases.get(name) or 'missing'}" for name in wanted if name not in good)
    return [Proof("volumes for StatefulSets", f"{len(good)}/{len(wanted)} ready" + (f": {rest}" if rest else ""), not rest)]


VOLUMES = Addon(
    id="volumes", title="Give StatefulSets disks of their own", chosen=lambda addons: bool(addons.storage.claims),
    values=_values, prove=prove,
)
