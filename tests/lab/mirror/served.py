"""The downloads as the mirror serves them: shared with whoever has to know their hashes."""

import re
from pathlib import Path


def calico(lab: Path, version: str) -> bytes:
    """calico.yaml of any version asked for: the lab has one build (see aliases.txt), its VXLAN variant."""
    text = (lab / "www/raw.githubusercontent.com/calico-vxlan.yaml").read_text()
    return re.sub(r"(docker\.io/calico/\S+):v\S+", rf"\1:{version}", text).encode()


def flannel(lab: Path, version: str) -> bytes:
    """kube-flannel.yml of this release."""
    return (lab / f"www/github.com/flannel-io/flannel/releases/download/{version}/kube-flannel.yml").read_bytes()


def helm(lab: Path, version: str) -> bytes:
    """helm's archive of this release."""
    return (lab / f"www/get.helm.sh/helm-v{version}-linux-amd64.tar.gz").read_bytes()
