"""The add-ons as a plan shows them: steps of the run, and what each puts into the cluster. Pure."""

from __future__ import annotations

from kinstall.addons.table import PHASE, applied
from kinstall.events import StepLine
from kinstall.manifests import images, named
from kinstall.model import Cluster


def addon_lines(cluster: Cluster) -> tuple[StepLine, ...]:
    """The add-ons as steps of the run, on the first control plane."""
    return tuple(StepLine(addon.id, PHASE, addon.title, (cluster.first.name,)) for addon in applied(cluster.addons))


def described(cluster: Cluster) -> list[str]:
    """What the add-ons put into the cluster, for a plan."""
    told: list[str] = []
    for addon in applied(cluster.addons):
        objects = addon.objects(cluster.addons)
        told.append(f"  {addon.id:22} {addon.title}")
        told += [f"      apply {named(item)}" for item in objects]
        told += [f"      image {image}" for image in images(objects)]
    return told
