"""A host's disk: an overlay over its distribution's layer. A reset throws the upper layer away."""

import os
import shutil
import subprocess
import time
import uuid
from pathlib import Path

from .machines import Machine
from .paths import EL, GATEWAY, LAB
from .process import attempt, sh

BASE = {"centos8": "el", "rocky9": "el", "ubuntu2404": "debian13", "ubuntu2004": "debian11"}
REAL = ("containerd", "docker", "kubelet")  # these folders of /var/lib are no overlay: containerd's own would not stack on it
PARTS = ("upper", "work", *REAL)


def is_mounted(host: Machine) -> bool:
    """Whether the host has a disk."""
    return os.path.ismount(host.folder / "root")


def install(host: Machine) -> None:
    """A fresh machine on a fresh disk: mounts the overlay, gives it its name and its keys."""
    folder, root = host.folder, host.folder / "root"
    for part in (*PARTS, "root"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    lower = f"{LAB}/layers/{host.distro}:{LAB}/rootfs/{BASE.get(host.distro, host.distro)}"
    options = f"lowerdir={lower},upperdir={folder}/upper,workdir={folder}/work"
    sh("mount", "-t", "overlay", f"lab-{host.name}", "-o", options, root)
    own = "" if host.distro in EL else f"127.0.1.1 {host.name}\n"
    (root / "etc/hostname").write_text(f"{host.name}\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{own}::1 localhost ip6-localhost ip6-loopback\n")
    (root / "etc/resolv.conf").write_text(f"nameserver {GATEWAY}\n")
    (root / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
    give_keys(host, root)


def give_keys(host: Machine, root: Path) -> None:
    """The host's keys are kept over a reset, so that known_hosts stays true."""
    for kind in ("ed25519", "ecdsa"):
        key = host.folder / f"ssh_host_{kind}_key"
        if not key.exists():
            sh("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{host.name}", "-f", key)
        for path in (key, Path(f"{key}.pub")):
            shutil.copy(path, root / "etc/ssh" / path.name)


def scrap(host: Machine) -> subprocess.Popen[bytes]:
    """Unmounts the disk and throws it away: moved aside at once, removed by the process that is returned."""
    for part in ("root", *REAL):
        attempt("umount", "-R", host.folder / part)
    gone = LAB / "gone" / f"{host.name}-{time.time_ns()}"
    gone.mkdir(parents=True)
    for part in PARTS:
        if (host.folder / part).exists():
            (host.folder / part).rename(gone / part)
    return subprocess.Popen(["rm", "-rf", str(gone)], start_new_session=True)
