"""Local disks for StatefulSets, proved: two replicas write, are deleted and made again, and read their data back on the same nodes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kinstall.addons.base import Addon, Proof, Scene
from kinstall.addons.model import Addons
from kinstall.addons.volumes import TOLERATION, claimed
from kinstall.cluster.apply import apply, removed
from kinstall.cluster.waits import rollout
from kinstall.manifests import Object, config_maps, containers, find, mirrored, shipped

NAME: Final = "kinstall-proof"
CLASS: Final = "local-path"
HELPER_IMAGE: Final = re.compile(r"docker\.io/library/busybox:\S+")     # of the pod that makes and removes directories
SHIPPED_PATH: Final = "/opt/local-path-provisioner"
REPLICAS: Final = 2
Written = dict[str, tuple[str, str]]    # pod -> the node it ran on, the token it found on its disk


def _local_path(objects: list[Object], addons: Addons) -> None:
    for data in config_maps(objects, "local-path-config"):
        data["config.json"] = data["config.json"].replace(SHIPPED_PATH, addons.storage.local_path)
        data["helperPod.yaml"] = HELPER_IMAGE.sub(lambda found: mirrored(found[0], addons.images), data["helperPod.yaml"])


async def _provisioner(scene: Scene) -> Sequence[Proof]:
    """Its class is the default one."""
    items = await scene.api.list("StorageClass", version="storage.k8s.io/v1")
    marked = [item["metadata"]["name"] for item in items
              if item["metadata"].get("annotations", {}).get("storageclass.kubernetes.io/is-default-class") == "true"]
    return [Proof("default StorageClass", ", ".join(marked) or "none", marked == [CLASS])]


def objects(addons: Addons) -> list[Object]:
    """The StatefulSet of the proof, on the class of local-path-provisioner or on volumes of the recipe's kind."""
    made = shipped("proofs")
    for container in containers(made):
        container["image"] = mirrored(container["image"], addons.images)
    (template,) = find(made, "StatefulSet", NAME)["spec"]["volumeClaimTemplates"]
    template["spec"]["storageClassName"] = CLASS if addons.storage.local_path else ""
    if addons.storage.local_path:
        return made
    find(made, "StatefulSet", NAME)["spec"]["template"]["spec"]["tolerations"] = [TOLERATION]     # a claim may lie on a control plane
    (pattern,) = shipped("volumes")
    claims = [f"{template['metadata']['name']}-{NAME}-{ordinal}" for ordinal in range(REPLICAS)]
    volumes = [claimed(pattern, volume, NAME, claim) for volume, claim in zip(addons.storage.proof, claims, strict=True)]
    return [*made, *volumes]


async def prove(scene: Scene) -> Sequence[Proof]:
    """The whole of it, in a namespace of its own that is gone afterwards."""
    made = objects(scene.addons)
    workload = find(made, "StatefulSet", NAME)
    await removed(scene.api, made, _silent)     # what an interrupted proof left
    try:
        await apply(scene.api, made, _silent)
        await rollout(scene.api, workload, scene.tell)
        first = await _written(scene)
        await removed(scene.api, [workload], scene.tell)
        await _without_pods(scene)
        await apply(scene.api, [workload], _silent)
        await rollout(scene.api, workload, scene.tell)
        return [compared(first, await _written(scene))]
    finally:
        await removed(scene.api, made, _silent)


def compared(first: Written, second: Written) -> Proof:
    """Did every replica find what it had written, where it had written it? Pure."""
    kept = [pod for pod, seen in first.items() if seen == second.get(pod) and seen[1]]
    told = [f"{pod} wrote {first[pod][1] or 'nothing'} on {first[pod][0]}, and then {second.get(pod, ('nowhere', 'nothing'))}"
            for pod in first if pod not in kept]
    where = ", ".join(sorted({first[pod][0] for pod in kept}))
    figure = "; ".join([f"{len(kept)}/{REPLICAS} replicas read their data back" + (f" on {where}" if kept else ""), *told])
    return Proof("a StatefulSet's disks", figure, len(kept) == REPLICAS)


async def _written(scene: Scene) -> Written:
    seen: Written = {}
    for pod in await scene.api.list("Pod", NAME):
        name = pod["metadata"]["name"]
        log = await scene.api.text(f"/api/v1/namespaces/{NAME}/pods/{name}/log")
        seen[name] = (pod["spec"]["nodeName"], next((line for line in log.splitlines() if line.strip()), ""))
    return seen


async def _without_pods(scene: Scene) -> None:
    """The pods of the old one are gone: new ones of the same names are not taken for them."""
    for ordinal in range(REPLICAS):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{NAME}-{ordinal}", "namespace": NAME}}
        await removed(scene.api, [pod], scene.tell)


def _silent(lines: list[str]) -> None:
    """What comes and goes with the proof is told to nobody."""


LOCAL_PATH = Addon(
    id=CLASS, title="Make volumes from directories of the nodes", chosen=lambda addons: bool(addons.storage.local_path),
    values=_local_path, prove=_provisioner, versioned=("local-path-provisioner",),
)
STORAGE = Addon(
    id="storage", title="Prove that StatefulSets keep their data", manifests=False, prove=prove, needs=(CLASS, "volumes"),
    chosen=lambda addons: bool(addons.storage.local_path or addons.storage.claims),
)
