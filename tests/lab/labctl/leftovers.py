"""What `lab down` must not leave behind."""

from pathlib import Path

from . import network
from .paths import HOSTS, ID, LAB
from .process import read

OURS = f"lab-{ID}-"
PROGRAMS = ("systemd-nspawn", "lab.mirror", "boot.sh")


def leftovers() -> list[str]:
    """Mounts, processes, cgroups, namespaces and folders of this laboratory that are still there."""
    return [*_mounts(), *_processes(), *_cgroups(), *_rest()]


def _mounts() -> list[str]:
    lines = (line.split() for line in read(Path("/proc/mounts")).splitlines())
    return [f"mount {target}" for _, target, *_ in lines if target.startswith(f"{LAB}/")]


def _processes() -> list[str]:
    """Those in a host's cgroup, and those that hold a host or the mirror up."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        said = read(process / "cmdline").replace("\0", " ")
        ours = f"LAB={LAB}\0" in read(process / "environ")
        holds = f"{LAB}/gnupg" in said or (ours and any(program in said for program in PROGRAMS))
        if holds or (said and OURS in read(process / "cgroup")):  # the dead have no command line, and are buried soon
            left.append(f"process {process.name}: {said[:80]}")
    return left


def _cgroups() -> list[str]:
    found = {path for depth in ("*", "*/*", "*/*/*") for path in Path("/sys/fs/cgroup").glob(f"{depth}/{OURS}*")}
    return [f"cgroup {path}" for path in sorted(found)]


def _rest() -> list[str]:
    left = [f"host {path.name}" for path in HOSTS.glob("*")]
    return [*left, "the network namespace"] if network.is_up() else left
