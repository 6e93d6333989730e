"""The container runtime: containerd from Docker's repository, with the systemd cgroup driver and the pause image that kubeadm wants."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from kinstall.model import Cluster, Node
from kinstall.packaging import Repo, Want, numbers
from kinstall.states import File, Key, OrByHand, Packages, Removed, Rendered, Service, State
from kinstall.steps.base import repository_of

SOCKET = "unix:///run/containerd/containerd.sock"
CONFIG = "/etc/containerd/config.toml"
DEB_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}

# containerd 1.x and 2.x keep the same settings in different sections
SECTIONS_1 = """\
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = true
"""
SECTIONS_2 = """\
version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '{pause}'

[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = '/etc/containerd/certs.d'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
"""


def config(pause: str, version: str) -> str:
    """containerd's whole configuration for the installed version (`containerd --version` or a bare version; "": the newest layout)."""
    bare = next((word for word in version.split() if numbers(word)), "")
    sections = SECTIONS_1 if numbers(bare)[:1] == (1,) else SECTIONS_2
    return f"# Written whole by kinstall: Docker's package disables the CRI plugin that Kubernetes needs.\n{sections.format(pause=pause)}"


def repo(node: Node, cluster: Cluster) -> tuple[Repo, Key]:
    """Docker's repository for this distribution, and its key."""
    distro, base = node.distro, cluster.sources.docker
    manager = distro.manager
    path = f"{manager.key_folder}/kinstall-docker.asc"
    top = f"{base}/{distro.docker}"
    if manager.name == "apt":
        url, arch, fingerprint = f"{top} {distro.docker_release} stable", DEB_ARCH[node.facts.arch], cluster.sources.docker_apt_key
    else:
        url, arch, fingerprint = f"{top}/{distro.docker_release}/$basearch/stable", "", cluster.sources.docker_rpm_key
    return Repo("docker-ce", "Docker CE", url, path, arch), Key(path, f"{top}/gpg", fingerprint)


def repository(node: Node, cluster: Cluster) -> Sequence[State]:
    """Docker's repository, with its key checked."""
    where, key = repo(node, cluster)
    return repository_of(node.distro.manager, where, key)


def containerd(node: Node, cluster: Cluster) -> Sequence[State]:
    """containerd.io, new enough for this Kubernetes; what excludes it steps aside; the RPM by hand where the repository is frozen."""
    distro, manager = node.distro, node.distro.manager
    where, key = repo(node, cluster)
    package = Packages(manager, (Want("containerd.io", at_least=cluster.release.containerd),), where.id, ours=True)
    wanted: State = package
    if distro.rpm_by_hand:
        folder = (cluster.sources.rpm_folder or distro.rpm_by_hand).format(docker=cluster.sources.docker, arch=node.facts.arch)
        wanted = OrByHand(package, folder, key.path, node.facts.arch)
    # conmon: a container of podman's, of whatever user
    busy = "" if "remove-container-tools" in cluster.allow else "pgrep -x conmon; docker ps -q 2>/dev/null"
    return [Removed(manager, distro.conflicts, busy), wanted]


def configured(node: Node, cluster: Cluster) -> Sequence[State]:
    """containerd's configuration, crictl's, and the service running with them."""
    pause = f"{cluster.sources.registry}/pause:{cluster.release.pause}"
    crictl = f"runtime-endpoint: {SOCKET}\nimage-endpoint: {SOCKET}\ntimeout: 10\n"
    return [
        Rendered(CONFIG, "containerd --version", partial(config, pause)),
        File("/etc/crictl.yaml", crictl),
        Service("containerd", (CONFIG,)),
    ]
