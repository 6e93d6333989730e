"""What kinstall has installed and is not chosen any more: found, and told before anything is deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kinstall.addons.model import Addons
from kinstall.addons.table import ADDONS, applied
from kinstall.cluster.api import Api, opened
from kinstall.errors import KinstallError
from kinstall.manifests import MANAGED, NAME, OURS, WORKLOADS, Object, named, shipped
from kinstall.model import Cluster
from kinstall.runner import Runner
from kinstall.steps.helm import PROGRAM, NoHelm

HELM: Final = "helm"
# what people put into a namespace; the cluster's own additions have an owner, or are these
CONTENT: Final = (
    *(("v1", kind) for kind in ("ConfigMap", "Secret", "PersistentVolumeClaim", "Service", "Pod")),
    *(("apps/v1", kind) for kind in WORKLOADS), ("batch/v1", "Job"), ("batch/v1", "CronJob"),
)
MADE_BY_ITSELF: Final = ("kube-root-ca.crt", "kubernetes.io/service-account-token")
SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is not wanted any more, by the add-on it belongs to, and why some namespaces stay all the same."""

    objects: Mapping[str, Sequence[Object]]
    reasons: tuple[str, ...] = ()


async def leftovers(api: Api, addons: Addons) -> Leftovers:
    """What kinstall has put into the cluster and these add-ons do not have any more. A namespace that others use too is not among it."""
    left, reasons = await _unwanted(api, addons), list[str]()
    for objects in left.values():
        for item in [one for one in objects if one["kind"] == "Namespace"]:
            if strangers := await _strangers(api, item):
                objects.remove(item)
                reasons.append(f"{named(item)} stays: it holds what others have made ({', '.join(strangers[:SHOWN])})")
    return Leftovers({addon: objects for addon, objects in left.items() if objects}, tuple(reasons))


async def _strangers(api: Api, namespace: Object) -> list[str]:
    """What is in a namespace and is not kinstall's."""
    metadata = namespace["metadata"]
    found = [item for version, kind in CONTENT for item in await api.list(kind, metadata["name"], version)]
    return [named(item) for item in found if not _is_ours(item, metadata["labels"].get(NAME, ""))]


def _is_ours(item: Object, addon: str) -> bool:
    metadata = item["metadata"]
    labels = metadata.get("labels") or {}
    by_itself = "ownerReferences" in metadata or metadata["name"] in MADE_BY_ITSELF or item.get("type") in MADE_BY_ITSELF
    return by_itself or labels.get(MANAGED) == OURS or (bool(addon) and labels.get(NAME) == addon)


async def _unwanted(api: Api, addons: Addons) -> dict[str, list[Object]]:
    kept = {named(item) for addon in applied(addons) for item in addon.objects(addons)}
    every = [item for addon in ADDONS if addon.manifests for item in shipped(addon.id)]
    left: dict[str, list[Object]] = {}
    for version, kind in dict.fromkeys((item["apiVersion"], item["kind"]) for item in every):
        for item in await api.list(kind, version=version, labels=f"{MANAGED}={OURS}"):
            if named(item) not in kept and "deletionTimestamp" not in item["metadata"]:
                left.setdefault(item["metadata"]["labels"].get(NAME, kind), []).append(item)
    return left


async def helm_left(runner: Runner, addons: Addons) -> bool:
    """Is there a helm on this host that kinstall installed, and that is not chosen any more?"""
    return addons.helm is None and not NoHelm().met((await runner.script(NoHelm().probe())).out)


def stored(objects: Sequence[Object]) -> str:
    """The directories that these volumes lead to, which outlive them: ` (/srv/grafana on w1)`; nothing when there are none. Pure."""
    places = [f"{path} on {_node(item)}" for item in objects if (path := item.get("spec", {}).get("local", {}).get("path"))]
    return f" ({', '.join(places)})" if places else ""


def _node(volume: Object) -> str:
    terms = volume["spec"].get("nodeAffinity", {}).get("required", {}).get("nodeSelectorTerms", [])
    names = [name for term in terms for rule in term.get("matchExpressions", []) for name in rule.get("values", [])]
    return ", ".join(names) or "its node"


async def leaving(cluster: Cluster, runner: Runner) -> list[str]:
    """For a plan: what would be deleted, or what stays and with --prune would be. Nothing where there is no cluster yet."""
    if not cluster.first.facts.cluster:
        return []
    try:
        async with opened(runner) as api:
            left = await leftovers(api, cluster.addons)
        has_helm = await helm_left(runner, cluster.addons)
    except KinstallError as error:
        return [f"  what earlier runs have left there cannot be told: {error.message}"]
    return [*leaving_lines(left.objects, has_helm=has_helm, prune=cluster.prune), *(f"  {reason}" for reason in left.reasons)]


def leaving_lines(left: Mapping[str, Sequence[Object]], *, has_helm: bool, prune: bool) -> Iterator[str]:
    """The lines of a plan. Deleting helm is a step of its host, and shown there. Pure."""
    what = "Delete it: not chosen any more" if prune else "Not chosen any more, and it stays; --prune deletes it"
    for addon, objects in left.items():
        yield f"  {addon:22} {what}"
        yield from (f"      {'delete' if prune else 'stays'} {named(item)}" for item in objects)
        if places := stored(objects):
            yield f"      what it has stored stays{places}"
    if has_helm and not prune:
        yield f"  {HELM:22} {what}"
        yield f"      stays {PROGRAM}"
