"""Where the mirror's things are, and its address."""

import os
from pathlib import Path

LAB = Path(os.environ.get("LAB") or Path.home() / ".cache/kinstall-lab").absolute()
HERE = Path(__file__).resolve().parent
GATEWAY = "10.77.0.1"
WWW, CACHE, REGISTRY = LAB / "www", LAB / "cache", LAB / "www/registry"
