"""What is known of each host: a small file in $LAB/hosts/NAME."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from .paths import DISTROS, HOSTS, ID, LAB
from .process import LabError, output

FIRST = {"cp": 10, "w": 20, "n": 256}  # cpN is 10.77.0.(10+N), wN .(20+N), nN (of --many) 10.77.1.N
OTHERS = 100


@dataclass(frozen=True)
class Machine:
    """One host of the laboratory."""

    name: str
    ip: str
    distro: str
    minimal: bool = False

    @property
    def folder(self) -> Path:
        """Where the host's disk, console and keys are."""
        return HOSTS / self.name

    @property
    def cgroup(self) -> str:
        """The name of its cgroup in each hierarchy."""
        return f"lab-{ID}-{self.name}"

    @property
    def role(self) -> str:
        """The role that its name stands for."""
        return "control-plane" if self.name.startswith("cp") else "worker"

    @property
    def host_key(self) -> str:
        """The fingerprint of its ed25519 host key, SHA256:..."""
        return output("ssh-keygen", "-lf", self.folder / "ssh_host_ed25519_key.pub").split()[1]


def machine(name: str) -> Machine:
    """The host of that name."""
    try:
        return Machine(**json.loads((HOSTS / name / "conf.json").read_text()))
    except OSError:
        there = " ".join(m.name for m in machines()) or "none"
        raise LabError(f"no host called {name}; there are: {there}") from None


def machines() -> list[Machine]:
    """All hosts, by address."""
    known = [machine(path.parent.name) for path in HOSTS.glob("*/conf.json")]
    return sorted(known, key=lambda m: [int(part) for part in m.ip.split(".")])


def chosen(names: tuple[str, ...]) -> list[Machine]:
    """The hosts of these names; without names, all."""
    return [machine(name) for name in names] if names else machines()


def enrol(name: str, distro: str, *, minimal: bool = False) -> Machine:
    """Gives the host an address and writes it down; a host that is known already stays as it is."""
    if (HOSTS / name / "conf.json").exists():
        return machine(name)
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,11}", name):
        raise LabError(f"{name!r} is no name for a host: at most 12 lower-case letters, digits and dashes")
    check_distro(distro)
    new = Machine(name, free_address(name, {m.ip for m in machines()}), distro, minimal)
    new.folder.mkdir(parents=True, exist_ok=True)
    (new.folder / "conf.json").write_text(json.dumps(asdict(new)))
    return new


def free_address(name: str, taken: set[str]) -> str:
    """The address that the name stands for, or the next free one."""
    head = name.rstrip("0123456789")
    number = name[len(head) :]
    at = FIRST[head] + int(number) if head in FIRST and number else OTHERS
    while (ip := f"10.77.{at // 256}.{at % 256}") in taken:
        at += 1
    return ip


def check_distro(distro: str) -> None:
    """Refuses a distribution that is unknown or not built."""
    if distro not in DISTROS:
        raise LabError(f"no distribution called {distro}; there are: {' '.join(DISTROS)}")
    if not (LAB / "layers" / distro).is_dir():
        raise LabError(f"{distro} is not built (lab build)")
