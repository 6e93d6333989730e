"""What one can do to the laboratory: bring it up and down, and treat its hosts badly."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from . import disk, limits, mirror_control, network, power
from .lock import locked
from .machines import Machine, check_distro, chosen, enrol, machine, machines
from .paths import HOSTS
from .process import LabError, each


def up(want: dict[str, str], *, minimal: bool = False) -> list[Machine]:
    """The mirror and these hosts (name: distribution), all answering ssh. A host that is known keeps its distribution and its disk."""
    for name, distro in want.items():
        check_distro(distro)
        if known := next((m for m in machines() if m.name == name and m.distro != distro), None):
            raise LabError(f"{name} is there already, with {known.distro}; lab down {name} makes room for {distro}")
    limits.make_room(len(want) if minimal else 0)
    HOSTS.mkdir(parents=True, exist_ok=True)
    with locked("state", "another command brings hosts up"):
        network.up()
        mirror_control.up()
        hosts = [enrol(name, distro, minimal=minimal) for name, distro in want.items()]
    each(_boot, hosts)
    return hosts


def down(*names: str) -> None:
    """Powers hosts off and forgets them; without names everything, the mirror and the network too."""
    cleaners = each(_forget, chosen(names))
    if not names:
        mirror_control.down()
        network.down()
        limits.restore()
        with suppress(OSError):
            Path("/run/systemd/nspawn").rmdir()
        for cleaner in cleaners:
            cleaner.wait()


def start(*names: str) -> None:
    """Boots hosts again, with their disks as they were."""
    each(_boot, chosen(names))


def kill(*names: str) -> None:
    """Pulls the plug of these hosts."""
    each(power.off, [machine(name) for name in names])


def reset(*names: str) -> None:
    """Back to fresh machines, all at once; without names, every host."""
    each(_renew, chosen(names))


def cut(name: str) -> None:
    """Pulls the host's network cable."""
    network.unplug(machine(name).name)


def mend(name: str) -> None:
    """Plugs the host's network cable in again."""
    network.plug(machine(name).name)


def slow(name: str, kbit: int) -> None:
    """Limits the host's line; 0 lifts the limit."""
    network.limit(machine(name).name, kbit)


def is_up() -> bool:
    """Whether anything of the laboratory is there."""
    return bool(machines()) or network.is_up()


def _boot(host: Machine) -> None:
    if power.is_on(host):
        return
    if not disk.is_mounted(host):
        disk.install(host)
    power.on(host)


def _renew(host: Machine) -> None:
    power.off(host)
    disk.scrap(host)
    _boot(host)


def _forget(host: Machine) -> subprocess.Popen[bytes]:
    power.off(host)
    cleaner = disk.scrap(host)
    shutil.rmtree(host.folder)
    return cleaner
