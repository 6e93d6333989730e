"""Power on, power off: a host is boot.sh's loop, systemd-nspawn below it, and the host's PID 1 below that, in cgroups of their own."""

import signal
import time
from contextlib import suppress
from pathlib import Path

from . import network
from .machines import Machine
from .paths import TOP
from .process import LabError, detach, read, signal_quietly

BOOT_SECONDS = 60


def on(host: Machine) -> None:
    """Boots the host from the disk as it is, and waits until it answers."""
    words = (host.name, host.ip, host.cgroup, *(("minimal",) if host.minimal else ()))
    detach(host.folder / "console.log", TOP / "hosts/boot.sh", *words)
    end = time.monotonic() + BOOT_SECONDS
    while not network.answers_ssh(host.ip):
        if time.monotonic() > end:
            raise LabError(f"{host.name} does not answer on port 22 after {BOOT_SECONDS} s; see {host.folder / 'console.log'}")
        time.sleep(0.1)


def is_on(host: Machine) -> bool:
    """Whether its processes are there."""
    return bool(tree(host))


def tree(host: Machine) -> list[int]:
    """The processes that hold a host up: boot.sh's loop, nspawn, the host's PID 1 (as seen from outside)."""
    pid = read(host.folder / "pid").strip()
    if not pid or host.cgroup not in read(Path(f"/proc/{pid}/cgroup")):
        return []
    pids = [int(pid)]
    for _ in range(2):
        children = read(Path(f"/proc/{pids[-1]}/task/{pids[-1]}/children")).split()
        if not children:
            break
        pids.append(int(children[0]))
    return pids


def off(host: Machine) -> None:
    """Pulls the plug: nothing of the host is left running, its disk stays.

    The network goes first: a machine without power says no goodbye (sshd's would be heard before the last process is killed)."""
    network.forget(host.name)
    for pid in tree(host):
        signal_quietly(pid, signal.SIGKILL)
    for _ in range(100):
        left = inhabitants(host)
        for pid in left:
            signal_quietly(pid, signal.SIGKILL)
        if not left:
            break
        time.sleep(0.05)
    remove_cgroups(host)
    network.forget(host.name)  # once more: a host in the middle of a reboot has plugged itself in again
    (host.folder / "pid").unlink(missing_ok=True)


def cgroups(host: Machine) -> list[Path]:
    """The host's cgroup in each hierarchy, as boot.sh wrote them down."""
    return [Path(line) for line in read(host.folder / "cgroups").split()]


def inhabitants(host: Machine) -> set[int]:
    """Every process in the host's cgroups."""
    lists = (procs for cgroup in cgroups(host) for procs in cgroup.rglob("cgroup.procs"))
    return {int(pid) for procs in lists for pid in read(procs).split()}


def remove_cgroups(host: Machine) -> None:
    """Removes the host's cgroups, the innermost first."""
    for cgroup in cgroups(host):
        for folder in (*sorted(cgroup.rglob("*/"), reverse=True), cgroup):
            with suppress(OSError):
                folder.rmdir()
