"""The pod network: Calico (VXLAN) or flannel, from a manifest of pinned version and hash, with the cluster's own pod network in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import yaml

from kinstall.manifests import Object, config_maps, containers, images, parse
from kinstall.model import Cluster, Node
from kinstall.states import Command, File, State
from kinstall.steps.base import ADMIN_CONF, kubectl
from kinstall.steps.kubeadm import FOLDER


def calico(objects: Sequence[Object], pods: IPv4Network) -> None:
    """Calico's address pool is the pod network, and its traffic travels in VXLAN, which needs nothing of the routers at home."""
    wanted = {"CALICO_IPV4POOL_CIDR": str(pods), "CALICO_IPV4POOL_IPIP": "Never", "CALICO_IPV4POOL_VXLAN": "Always"}
    for container in containers(objects, "DaemonSet", "calico-node"):
        if container["name"] == "calico-node":
            kept = [entry for entry in container.get("env", []) if entry["name"] not in wanted]
            container["env"] = [*kept, *({"name": name, "value": value} for name, value in wanted.items())]
            for probe in ("livenessProbe", "readinessProbe"):   # BIRD does not run with VXLAN
                command = container.get(probe, {}).get("exec", {}).get("command", [])
                command[:] = [word for word in command if word not in ("-bird-live", "-bird-ready")]
    for data in config_maps(objects, "calico-config"):
        data["calico_backend"] = "vxlan"


def flannel(objects: Sequence[Object], pods: IPv4Network) -> None:
    """flannel's network is the pod network."""
    for data in config_maps(objects, "kube-flannel-cfg"):
        settings = json.loads(data["net-conf.json"])
        data["net-conf.json"] = json.dumps(settings | {"Network": str(pods)}, indent=2)


VALUES: Mapping[str, Callable[[Sequence[Object], IPv4Network], None]] = {"calico": calico, "flannel": flannel}


def with_values(plugin: str, manifest: str, pods: IPv4Network) -> tuple[str, tuple[str, ...]]:
    """The manifest with the cluster's pod network set on its objects, and the images it names. Raises yaml.YAMLError when it is none."""
    objects = parse(manifest)
    VALUES[plugin](objects, pods)
    text = yaml.dump_all(objects, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, width=1000)
    return str(text), images(objects)


@dataclass(frozen=True)
class Applied(State):
    """The cluster has these objects as the file says; fields of others stay theirs (server-side apply, field manager kinstall)."""

    path: str

    @property
    def about(self) -> str:
        return f"objects of {self.path.rpartition('/')[2]}"

    def probe(self) -> str:
        diff = f"{kubectl(seconds=60)} diff --server-side --force-conflicts --field-manager=kinstall -f {self.path}"
        return f"[ -e {ADMIN_CONF} ] && [ -e {self.path} ] && {diff} && echo same"

    def met(self, seen: str) -> bool:
        return seen.strip() == "same"

    def commands(self, seen: str) -> tuple[Command, ...]:
        apply = f"kubectl --kubeconfig {ADMIN_CONF} apply --server-side --force-conflicts --field-manager=kinstall -f {self.path}"
        return (Command(apply, long=True),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"kubectl --kubeconfig {ADMIN_CONF} delete --ignore-not-found -f {self.path}", long=True),)


def network(node: Node, cluster: Cluster) -> Sequence[State]:
    """The plugin's objects in the cluster: from here on nodes can become Ready."""
    if node.name != cluster.first.name:
        return []
    path = f"{FOLDER}/{cluster.network.plugin}.yaml"
    return [File(path, cluster.network.manifest), Applied(path)]
