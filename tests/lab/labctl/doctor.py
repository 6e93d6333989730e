"""What is missing on this machine for the laboratory, one sentence each."""

import os
import platform
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import build
from .process import attempt, output, read

GO = (1, 26)
TOOLS = ("nsenter", "unshare", "setsid", "ip", "tc", "ssh", "ssh-keygen", "gpg", "mount")


def complaints() -> list[str]:
    """Why the laboratory cannot be used here; nothing when it can."""
    if platform.system() != "Linux":
        return ["The lab needs Linux: its hosts are systemd-nspawn containers."]
    if os.geteuid() != 0:
        return ["The lab needs root: it makes network namespaces, mounts and cgroups (sudo tests/lab/lab ...)."]
    return [*_kernel(), *_programs(), *_archive(), *_go()]


def _kernel() -> Iterator[str]:
    for what, flag in (("network", "--net"), ("mount", "--mount")):
        if attempt("unshare", flag, "true").returncode:
            yield f"The lab needs {what} namespaces, and this machine refuses them."
    attempt("modprobe", "overlay")
    if "overlay" not in read(Path("/proc/filesystems")):
        yield "The lab needs overlayfs, which this kernel does not have."
    if not Path("/sys/fs/cgroup/memory/cgroup.procs").exists() and not os.environ.get("LAB_CGROUP2"):
        yield "The lab needs the cgroup v1 hierarchies; on cgroup v2 nobody has proved it (LAB_CGROUP2=1 tries)."


def _programs() -> Iterator[str]:
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        yield f"The lab needs programs that are not here: {', '.join(missing)}."


def _archive() -> Iterator[str]:
    if not re.search(r"/debian/?$", output("apt-get", "indextargets", "--format", "$(REPO_URI)"), re.MULTILINE):
        yield "The lab needs an apt that uses Debian's archive: its hosts are made from it, and its mirror hands it on."


def _go() -> Iterator[str]:
    if build.binaries_are_built():
        return
    found = re.search(r"go(\d+)\.(\d+)", output("go", "version"))
    if not found or (int(found[1]), int(found[2])) < GO:
        yield f"The lab needs Go {GO[0]}.{GO[1]} or newer to build its programs; here is {found[0] if found else 'none'}."
