"""What a machine keeps things on: disk space and inodes, mounts that forbid what is needed, swap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, blocking, handled, ok, warning, worst
from kinstall.checks.system import unfit
from kinstall.states import NoSwapUnits, NoZram

_TMP: Final = "/tmp"  # noqa: S108  # somebody else's mount, not ours to write to
GB: Final = 1_000_000_000
ROOM: Final = 15 * GB           # under /var: below it the kubelet soon evicts pods (failures.md, kubelet-disk-pressure)
OPT: Final = {"blocking": GB // 5, "warning": GB}     # under /opt: the CNI plugins
INODES: Final = {"blocking": 20_000, "warning": 100_000}    # an image has thousands of files
_FULL: Final = 0.20             # the share that should be free: the kubelet evicts at 15 %

Row = tuple[int, int]           # size, free


def _table(seen: str, word: str) -> Mapping[str, Row]:
    """`WORD DIRECTORY FS SIZE USED FREE ...` lines: a line of `df -P` behind the directory that was asked for."""
    found = re.findall(rf"^{word} (/\S*) .*?\s([0-9]+)\s+[0-9]+\s+([0-9]+)\s+[0-9-]+%?\s", seen, re.MULTILINE | re.ASCII)
    return {directory: (int(size), int(free)) for directory, size, free in found}


def disk(seen: str, subject: Subject) -> Finding:
    """Is there room for images, volumes and etcd? Of several answers the worst: what blocks is not hidden by what is good to know."""
    table, var = _table(seen, "bytes"), subject.facts.free.get("/var", 0)
    found = filter(None, (unfit("disk", subject, f"{var / GB:.1f} GB"), _room_in_opt(table), _room_in_var(table, subject)))
    return worst(found) or ok(f"{var / GB:.0f} GB are free under /var.", f"{var / GB:.0f} GB")


def _room_in_var(table: Mapping[str, Row], subject: Subject) -> Finding | None:
    for place, (size, free) in table.items():
        if place.startswith("/var/") and not subject.facts.kubelet and (free < ROOM or free < size * _FULL):
            return warning(f"{free / GB:.1f} of {size / GB:.1f} GB are free for {place}: below 15 % the kubelet evicts pods.",
                           f"{free / GB:.1f} GB", advice=f"Make room, or mount a larger disk at {place} before the installation.")
    return None


def _room_in_opt(table: Mapping[str, Row]) -> Finding | None:
    free = table.get("/opt", (0, OPT["warning"]))[1]
    if free >= OPT["warning"]:
        return None
    judged = blocking if free < OPT["blocking"] else warning
    return judged(f"{free / GB:.1f} GB are free under /opt, where the network plugins go.", "/opt full", advice="Make room under /opt.")


def inodes(seen: str, subject: Subject) -> Finding:
    """Are there inodes for the files of images? File systems that make them as they go (btrfs, xfs in part) say 0 of 0."""
    few = {place: free for place, (count, free) in _table(seen, "inodes").items() if count and free < INODES["warning"]}
    return worst(_few_inodes(place, free, subject) for place, free in few.items()) or ok("There are inodes enough.")


def _few_inodes(place: str, free: int, subject: Subject) -> Finding:
    judged = blocking if free < INODES["blocking"] and not subject.is_ours else warning
    return judged(f"{free} inodes are free for {place}, and images have many files.", f"{free}",
                  advice="Remove small files there, or make the file system with more inodes.")


def _options(seen: str, path: str) -> list[str]:
    """The options of the mount that a path is on: `mount point options` lines in the order of mounting."""
    best: tuple[int, list[str]] = (-1, [])
    for words in (line.split() for line in seen.splitlines()):
        if len(words) == 2 and (path == words[0] or path.startswith(words[0].rstrip("/") + "/")) and len(words[0]) >= best[0]:
            best = (len(words[0]), words[1].split(","))
    return best[1]


def mounts(seen: str, subject: Subject) -> Finding:
    """noexec where programs must run, read-only where the installation writes."""
    for path in ("/usr", "/etc", "/opt", "/var/lib"):
        if "ro" in _options(seen, path):
            return blocking(f"{path} is mounted read-only, and packages cannot be installed.", f"{path} ro",
                            advice="A failing disk is remounted so: look at `dmesg`. On an image-based system kinstall cannot install.")
    for path in ("/opt/cni/bin", "/usr/local/bin"):
        if "noexec" in _options(seen, path):
            top = f"/{path.split('/')[1]}"
            return blocking(f"{top} is mounted noexec, and {path} holds programs that must run.", f"{top} noexec",
                            f"mount -o remount,bind,exec {top}", may_fix=True, advice=f"Take noexec off {top} in /etc/fstab as well.")
    if "noexec" in _options(seen, "/var/lib/containerd"):
        return warning("/var is mounted noexec: programs in pods may not start from their volumes.", "/var noexec",
                       "mount -o remount,bind,exec /var", advice="Take noexec off in /etc/fstab as well.")
    if "noexec" in _options(seen, _TMP):
        return ok(f"{_TMP} is noexec, and nothing of the installation runs there.", "noexec")
    return ok("No mount forbids what is needed.")


def propagation(seen: str, subject: Subject) -> Finding:
    """The line of / in mountinfo: without `shared`, volumes that pods mount are not seen by others."""
    if not seen.strip() or "shared:" in seen:
        return ok("/ is a shared mount.")
    return warning('/ is no shared mount: node-exporter and storage drivers fail with "not a shared or slave mount".', "private",
                   "mount --make-rshared /", may_fix=True, advice="It is lost at a restart: make a systemd unit of it.")


def swap(seen: str, subject: Subject) -> Finding:
    """`swap DEVICE USED` and `memory AVAILABLE` in kB, `fstab LINE`, `zram`, `unit NAME`: in use, or back at the next boot."""
    words = [line.split(maxsplit=1) for line in seen.splitlines()]
    back = [word for word, *_ in filter(None, words) if word in ("fstab", "zram", "unit")]
    used = sum(map(int, re.findall(r"^swap \S+ ([0-9]+)$", seen, re.MULTILINE | re.ASCII)))
    available = re.search(r"^memory ([0-9]+)$", seen, re.MULTILINE | re.ASCII)
    if available and used > int(available[1]):
        return blocking(f"{used // 1024} MB are swapped out, and only {int(available[1]) // 1024} MB of memory are free to take them back.",
                        "in use", advice="Stop something large, or add memory.")
    devices = subject.facts.swap
    if not devices and not back:
        return ok("Swap is off, and stays so.", "off")
    kinds = {"fstab": "/etc/fstab", "zram": "zram-generator", "unit": "a systemd unit"}
    by = [kinds[word] for word in dict.fromkeys(back)]
    where = ", ".join(devices) or "not in use now"
    short = "zram" if "zram" in back or any("zram" in device for device in devices) else "on"
    return handled(f"Swap ({where}{', brought by ' + ' and '.join(by) if by else ''}) is switched off, now and at boot.", short)


_PLACES: Final = "/var /var/lib/containerd /var/lib/kubelet /var/lib/etcd /opt"

STORAGE: Final = (
    Check(id="disk", title="disk", about="room under /var for images, under /opt for the network plugins", judge=disk, final=True,
          probe=f"""for d in {_PLACES}; do [ -d $d ] && timeout 5 df -PB1 $d | sed -n "2s,^,bytes $d ,p"; done
[ -d /var/lib/containerd ] || timeout 5 df -PB1 /var/lib | sed -n '2s,^,bytes /var/lib/containerd ,p'"""),
    Check(id="inodes", title="inodes", about="enough of them in the same places", judge=inodes,
          probe=f'for d in {_PLACES}; do [ -d $d ] && timeout 5 df -Pi $d | sed -n "2s,^,inodes $d ,p"; done'),
    Check(id="mounts", title="mounts", about="noexec and read-only where programs must run and files be written", judge=mounts,
          probe="awk '$2 !~ /\\/(overlay|sandboxes|kubelet\\/pods|containerd\\/io)/ { print $2, $4 }' /proc/mounts"),
    Check(id="propagation", blocks=False, title="mount of /", about="shared, so that volumes are seen in pods", judge=propagation,
          probe="awk '$5 == \"/\" { print }' /proc/self/mountinfo | tail -n 1"),
    Check(id="swap", title="swap", about="in every form: fstab, zram, units of systemd, partitions that it finds by itself", judge=swap,
          probe=f"""awk 'NR > 1 {{ print "swap", $1, $4 }}' /proc/swaps
awk '$1 == "MemAvailable:" {{ print "memory", $2 }}' /proc/meminfo
awk '$1 !~ /^#/ && $3 == "swap" {{ print "fstab", $1 }}' /etc/fstab
zram=$({NoZram().probe()}); [ -n "$zram" ] && [ "$(echo $zram)" != "generator 0" ] && echo zram
units() {{ {NoSwapUnits().probe()}
}}; units | sed 's/^/unit /'"""),
)
