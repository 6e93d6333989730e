"""Where the laboratory's things are."""

import hashlib
import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LAB = Path(os.environ.get("LAB") or Path.home() / ".cache/kinstall-lab").absolute()
HOSTS = LAB / "hosts"
NETNS = LAB / "netns"
ID = hashlib.sha256(str(LAB).encode()).hexdigest()[:6]  # tells the cgroups of two laboratories on one machine apart
KEY = LAB / "id_lab"
PYTHON = LAB / "venv/bin/python"

GATEWAY = "10.77.0.1"
DEFAULT = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}
DISTROS = ("debian11", "debian12", "debian13", "ubuntu2004", "ubuntu2404", "centos8", "rocky9")
EL = ("centos8", "rocky9")
PASSWORD = "lab-pass"

os.environ["LAB"] = str(LAB)  # the shell scripts and the mirror look there


def versions() -> dict[str, str]:
    """What binaries/versions.env says, for example {"FLANNEL": "0.28.10"}."""
    lines = (TOP / "binaries/versions.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
