"""`lab build`: the programs (binaries/), then root filesystems, packages and images (mirror/, hosts/). What is built is left alone."""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from .lock import locked
from .machines import machines
from .paths import DISTROS, LAB, PYTHON, TOP, versions
from .process import read
from .watch import Watch

BIN, READY, STAMPS = LAB / "bin", LAB / "bin/READY", LAB / "stamps"
STAGES = ("tools", "rootfs", "ca", "labrunc", "packages", "layers", "images")
SOURCES = ("binaries", "hosts", "mirror")
RESULTS = (PYTHON, LAB / "ca/ca.crt", LAB / "id_lab", LAB / "www/registry/index.json", *(LAB / "layers" / d for d in DISTROS))


def groups() -> list[str]:
    """The groups of binaries that are built by default, those that others wait for first."""
    v = versions()
    named = [f"k8s-{v['K8S_137']}", "pause", f"etcd-{v['ETCD']}", f"coredns-{v['COREDNS']}", "containerd", "runc", "crictl", "cni"]
    apps = ["metrics-server", "kube-state-metrics", "node_exporter", "prometheus", "local-path-provisioner", "helm", "helm-3"]
    return [*named, *apps, "flannel", "flannel-cni", "calico", "manifests", "labgrafana", "labhello"]


def older() -> list[str]:
    """The groups of Kubernetes 1.36, which are built on request (`lab build --with 1.36`)."""
    v = versions()
    return [f"k8s-{v['K8S_136']}", f"etcd-{v['ETCD_136']}", f"coredns-{v['COREDNS_136']}"]


def build(*, with_older: bool = False) -> None:
    """Everything that `lab up` needs. Two at once take turns."""
    with locked("build", "another build is at work"):
        todo = _unfinished(groups() + (older() if with_older else []))
        if not todo and _is_packed():
            return print("everything is built")
        watch = Watch(len(todo) + len(STAGES))
        for group in todo:
            watch.run(group, TOP / "binaries/build.sh", group)
            _stamp_file(group).write_text(_group_stamp(group))
        for stage in STAGES:
            watch.run(stage, TOP / "mirror/build.sh", stage)
        _remember_packed()


def is_built() -> bool:
    """Whether `lab up` has what it needs; the sources may have changed since."""
    return all(path.exists() for path in RESULTS)


def binaries_are_built() -> bool:
    """Whether every default program is there."""
    return not _unfinished(groups())


def _unfinished(wanted: list[str]) -> list[str]:
    STAMPS.mkdir(parents=True, exist_ok=True)
    ready = read(READY).split()
    return [g for g in wanted if g not in ready or read(_stamp_file(g)) != _group_stamp(g)]


def _stamp_file(group: str) -> Path:
    return STAMPS / group


def _group_stamp(group: str) -> str:
    """Changes when the group's modules, sources or versions do."""
    common = [TOP / "binaries/build.sh", TOP / "binaries/versions.env"]
    return _hash([*common, *_files(TOP / "binaries" / _folder(group))])


def _folder(group: str) -> str:
    """The folder of a group's go.mod: k8s-1.37.2 lives in k8s-1.37, etcd-3.6.8 in etcd-1.36."""
    kind, _, version = group.partition("-")
    if kind == "k8s":
        return f"k8s-{version.rpartition('.')[0]}"
    if kind in ("etcd", "coredns"):
        return f"{kind}-1.36" if group in older() else kind
    return group


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(TOP)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _packed_stamp() -> str:
    """Changes when a source of the stages changes, or a program of a group that is complete."""
    sources = _hash(path for folder in SOURCES for path in _files(TOP / folder))
    half_made = [BIN / group for group in older() if group not in read(READY).split()]
    files = [path for path in _files(BIN) if path != READY and not any(folder in path.parents for folder in half_made)]
    programs = [(str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in files]
    return hashlib.sha256(f"{sources}{programs}".encode()).hexdigest()


def _is_packed() -> bool:
    return read(STAMPS / "packed") == _packed_stamp() and is_built()


def _remember_packed() -> None:
    """Not while hosts are up: a layer that changed is left alone under them, and is made by the next build."""
    if not machines():
        (STAMPS / "packed").write_text(_packed_stamp())
    else:
        print("lab: hosts are up, so changed layers were left alone; lab down, then lab build, makes them", file=sys.stderr)
