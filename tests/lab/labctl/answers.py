"""An answers.yaml for the laboratory's hosts: addresses, host keys, and the fingerprints and hashes of what the mirror serves."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.lab.mirror import served

from .machines import Machine, chosen
from .paths import KEY, LAB, PASSWORD, versions
from .plain_yaml import dump
from .process import LabError, output

Tree = dict[str, Any]
PASSWORD_VARIABLE = "LAB_PASSWORD"
FLANNEL = "https://github.com/flannel-io/flannel/releases/download/v{0}/kube-flannel.yml"
CALICO = "https://raw.githubusercontent.com/projectcalico/calico/v{0}/manifests/calico.yaml"


def answers(folder: Path, hosts: Iterable[str] = (), account: str = "systemv", **overrides: Any) -> Path:
    """Writes answers.yaml into the folder and returns its path. Without hosts: all that are up. An override is merged in.

    No add-ons, unless an override says which (None: as if nothing was said, so all): they take their time."""
    os.environ.setdefault(PASSWORD_VARIABLE, PASSWORD)  # answers.yaml only refers to it
    path = folder / "answers.yaml"
    path.write_text(text(hosts, account, **{"addons": "none"} | overrides))
    return path


def text(hosts: Iterable[str] = (), account: str = "systemv", **overrides: Any) -> str:
    """The text of such an answers.yaml."""
    return dump(merged(tree(chosen(tuple(hosts)), account), overrides))


def tree(hosts: list[Machine], account: str) -> Tree:
    """The answers as data."""
    if not hosts:
        raise LabError("no hosts to write answers for (lab up)")
    return {
        "cluster": {"name": "lab", "kubernetes": "auto"},
        "network": {"plugin": "flannel", "pods": "10.244.0.0/16", "services": "10.96.0.0/12"},
        "access": access(account),
        "hosts": [{"name": h.name, "address": h.ip, "role": h.role, "access": {"host_key": h.host_key}} for h in hosts],
        "allow": ["cgroup-v1"],
        "sources": sources(),
    }


def access(account: str) -> Tree:
    """How to log in: with a password that sudo asks for too, or by key and without one."""
    secret = {"env": PASSWORD_VARIABLE}
    known: dict[str, Tree] = {
        "systemv": {"user": "systemv", "password": secret, "sudo_password": secret},
        "keyuser": {"user": "keyuser", "key": str(KEY)},
    }
    if account not in known:
        raise LabError(f"no account called {account}; there are: {' '.join(known)}")
    return known[account]


def sources() -> Tree:
    """What the mirror serves, and how to know it: it is signed and hashed by the laboratory, not by the projects."""
    v = versions()
    return {
        "kubernetes": {"fingerprint": fingerprint("k8s")},
        "docker": {"fingerprint": fingerprint("docker")},
        "calico": manifest(v["CALICO"], CALICO, served.calico(LAB, f"v{v['CALICO']}")),
        "flannel": manifest(v["FLANNEL"], FLANNEL, served.flannel(LAB, f"v{v['FLANNEL']}")),
        "helm": helm(v["HELM"]),
    }


def manifest(version: str, url: str, content: bytes) -> Tree:
    """One downloaded manifest's source."""
    return {"version": version, "url": url.format(version), "sha256": hashlib.sha256(content).hexdigest()}


def helm(version: str) -> Tree:
    """helm's source; the laboratory has a version 4 and a version 3."""
    return {"version": version, "sha256": hashlib.sha256(served.helm(LAB, version)).hexdigest()}


def fingerprint(publisher: str) -> str:
    """The 40 hexadecimal digits of the publisher's key."""
    shown = output("gpg", "--batch", "--show-keys", "--with-colons", LAB / "keys" / f"{publisher}.asc")
    found = re.search(r"^fpr:+([0-9A-F]{40}):", shown, re.MULTILINE)
    if not found:
        raise LabError(f"the key of {publisher} is not built (lab build)")
    return found[1]


def merged(base: Tree, changes: Tree) -> Tree:
    """The base with the changes: trees are merged, all else is replaced, and None removes."""
    out = dict(base)
    for key, value in changes.items():
        old = out.get(key)
        out[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return {key: value for key, value in out.items() if value is not None}
