"""The directories of this node that become PersistentVolumes: there before a pod starts, with the owner that its image runs as."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kinstall.model import Cluster, Node
from kinstall.states import Directory, State

SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGTPE]i|[kMGTPE]?)")
PREFIXES: Final = "kMGTPE"


def directories(node: Node, cluster: Cluster) -> Sequence[State]:
    """One for each volume of this node."""
    mine = [volume for volume in cluster.addons.volumes if volume.node == node.name]
    return [Directory(volume.directory, volume.owner, volume.mode, in_bytes(volume.size)) for volume in mine]


def in_bytes(size: str) -> int:
    """A size as Kubernetes writes it, in bytes: 10Gi is 10 * 1024**3, 10G is 10 * 1000**3. Raises ValueError when it is none."""
    found = SIZE.fullmatch(size)
    if not found:
        raise ValueError(f"{size} is no size such as 10Gi")
    prefix = found[2].replace("K", "k")[:1]
    power = PREFIXES.index(prefix) + 1 if prefix else 0
    return int(float(found[1]) * (1024 if found[2].endswith("i") else 1000) ** power)
