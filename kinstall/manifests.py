"""Kubernetes objects as plain data: read from YAML, put in order, walked through. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import yaml

Object = dict[str, Any]     # a Kubernetes object, as YAML gives it

MANAGED = "app.kubernetes.io/managed-by"
OURS = "kinstall"
NAME = "app.kubernetes.io/name"      # the add-on
WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")
FIRST = ("Namespace", "CustomResourceDefinition")   # what others live in, or are instances of


def parse(text: str) -> list[Object]:
    """The objects of a YAML stream, Lists taken apart. Raises yaml.YAMLError when it is none."""
    loaded = yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return [item for document in loaded if document for item in expanded(document)]


def expanded(item: Object) -> Iterator[Object]:
    """The object itself, or what is in it when it is a List of any kind."""
    if str(item.get("kind", "")).endswith("List") and isinstance(item.get("items"), list):
        for inner in item["items"]:
            yield from expanded(inner)
    else:
        yield item


def shipped(folder: str) -> list[Object]:
    """The objects of one folder of assets/manifests, in the order of its files: a fresh copy, for values to be set on."""
    found = files("kinstall.assets").joinpath("manifests", folder).iterdir()
    named = sorted((file for file in found if file.name.endswith(".yaml")), key=lambda file: file.name)
    return [item for file in named for item in parse(file.read_text(encoding="utf-8"))]


def ordered(objects: Sequence[Object]) -> list[Object]:
    """Namespaces first, then definitions of resources, then the rest as it was written."""
    return sorted(objects, key=lambda item: FIRST.index(item["kind"]) if item["kind"] in FIRST else len(FIRST))


def named(item: Mapping[str, Any]) -> str:
    """An object as a person calls it: `Deployment monitoring/grafana`, `PersistentVolume grafana`."""
    metadata = item.get("metadata", {})
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{item.get('kind', 'object')} {place}{metadata.get('name', '')}"


def find(objects: Sequence[Object], kind: str, name: str) -> Object:
    """The one object of this kind and name. Raises KeyError when the manifest has none."""
    for item in objects:
        if item["kind"] == kind and item["metadata"]["name"] == name:
            return item
    raise KeyError(f"{kind} {name}")


def config_maps(objects: Sequence[Object], name: str) -> Iterator[Object]:
    """The data of the ConfigMaps of this name."""
    return (item["data"] for item in objects if item["kind"] == "ConfigMap" and item["metadata"]["name"] == name)


def containers(objects: Sequence[Object], kind: str = "", name: str = "") -> Iterator[Object]:
    """Every container of the workloads, init containers first; of one kind and name when given."""
    for item in objects:
        pod = item.get("spec", {}).get("template", {}).get("spec", {}) if item["kind"] in WORKLOADS else {}
        if (not kind or item["kind"] == kind) and (not name or item["metadata"]["name"] == name):
            yield from [*pod.get("initContainers", []), *pod.get("containers", [])]


def images(objects: Sequence[Object]) -> tuple[str, ...]:
    """The images that these workloads run."""
    return tuple(dict.fromkeys(container["image"] for container in containers(objects)))


def tagged(image: str, version: str) -> str:
    """The image with the tag of a version: its `v` is kept as the manifest has it."""
    name, _, tag = image.rpartition(":")
    return f"{name}:{'v' if tag.startswith('v') else ''}{version}"


def mirrored(image: str, registries: Mapping[str, str]) -> str:
    """The image from the registry that is asked instead of its own, where one is."""
    registry, _, rest = image.partition("/")
    return f"{registries[registry]}/{rest}" if registry in registries else image
