"""What a host is: one probe script, run as root through stdin, and pure parsers that make Facts of what it prints.

The script prints one line for each fact, `key base64`, so that no banner, locale or odd byte can shift another fact. It is POSIX sh,
needs nothing but coreutils, and reads nothing but the host: no network, no change. What a host lacks prints an empty value.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network
from types import MappingProxyType
from typing import Any, Final

from kinstall.model import Facts

# The whole is one function with an empty stdin: a probe that reads stdin would eat the rest of a script that itself comes by stdin.
# EL's PATH for a login without a terminal lacks sbin, hence the PATH. A command that hangs (a broken D-Bus) is cut off after 10 s.
# Only what is asked is printed: of a kubeconfig and of passwd one field, never the keys and hashes beside it.
_SCRIPT: Final = r"""
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
say() { printf '%s %s\n' "$1" "$(base64 | tr -d '\n')"; }
try() { if command -v "$1" >/dev/null; then timeout 10 "$@"; fi; }
free() { for d in / /var; do df -PB1 "$d" | sed -n "2s,^,$d ,p"; done; }
controllers() { if [ -f /sys/fs/cgroup/cgroup.controllers ]; then cat /sys/fs/cgroup/cgroup.controllers; else cat /proc/cgroups; fi; }
probe() {
  account=ACCOUNT
  [ -n "$account" ] || account=${SUDO_USER:-$(id -un)}
  { cat /etc/os-release || cat /usr/lib/os-release; } | say os_release
  uname -r | say kernel
  uname -m | say arch
  uname -n | say hostname
  stat -fc %T /sys/fs/cgroup | say cgroup
  controllers | say controllers
  nproc | say cpus
  grep '^MemTotal:' /proc/meminfo | say memory
  { [ -d /run/systemd/system ] && systemctl --version | head -n 1; } | say systemd
  cat /etc/machine-id | say machine_id
  cat /proc/sys/kernel/random/boot_id | say boot_id
  try systemd-detect-virt | say virtualization
  echo "$account" | say account
  getent passwd "$account" | cut -d: -f6 | say home
  id -Gn "$account" | say groups
  ip -o -4 addr show | say addresses
  ip -o -4 route show | say routes
  ip -o -4 route get 1.1.1.1 | say default_source
  try getenforce | say selinux
  try systemctl is-active firewalld | say firewalld
  try ufw status | say ufw
  cat /proc/swaps | say swap
  { [ -e /run/systemd/resolve/resolv.conf ] && try systemctl is-active systemd-resolved; } | say resolved
  try containerd --version | say containerd
  try kubelet --version | say kubelet
  sed -n '/^ *server:/p' /etc/kubernetes/kubelet.conf /etc/kubernetes/admin.conf | say cluster
  free | say free
}
probe </dev/null 2>/dev/null
"""


def script(account: str = "") -> str:
    """The probe for a host that `account` is logged in to ("": whoever called sudo)."""
    return _SCRIPT.replace("ACCOUNT", shlex.quote(account), 1).lstrip()


def parse(text: str) -> Facts:
    """The facts in what the script printed. It never fails: what is absent or cannot be read keeps its default."""
    seen = dict(_values(text))
    facts: dict[str, Any] = {}
    for key, parser in PARSERS.items():
        try:
            facts[key] = parser(seen[key])
        except (KeyError, ValueError):
            continue
    addresses = facts.get("addresses", ())
    if addresses and not facts.get("default_source"):
        facts["default_source"] = str(addresses[0][1].ip)  # no default route: a house without internet is no error
    return Facts(**facts)


def _values(text: str) -> Iterator[tuple[str, str]]:
    """Every `key base64` line; all others (banners, warnings) are passed over."""
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        try:
            yield key, base64.b64decode(value, validate=True).decode(errors="replace").replace("\0", "")
        except ValueError:
            continue


# Interfaces that container runtimes and network plugins make: their networks are the cluster's own, or nobody else's concern.
_MADE_BY_CLUSTERS: Final = re.compile(
    r"lo|docker0|cni\d+|cni-.*|podman\d+|flannel.*|cali.*|vxlan(-v6)?\.calico|tunl\d+|wireguard\.cali"
    r"|kube-ipvs0|nodelocaldns|kube-bridge|cilium_.*|lxc.*|weave|veth.*"
)
# What Calico marks its routes with, also those that go out by the host's own interface: protocol 80 (felix) or bird.
_CLUSTER_ROUTE: Final = re.compile(r"\bproto (80|bird)\b")


def _is_own(interface: str) -> bool:
    return not _MADE_BY_CLUSTERS.fullmatch(interface)


def _line(text: str) -> str:
    return text.strip().split("\n", 1)[0].strip()


def _os_release(text: str) -> Mapping[str, str]:
    pairs = (line.strip().partition("=") for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {key: _unquoted(value) for key, equals, value in pairs if equals}


def _unquoted(value: str) -> str:
    try:
        return "".join(shlex.split(value)) if value[:1] in {'"', "'"} else value.strip()
    except ValueError:  # an odd number of quotes
        return value.strip("\"' ")


def _memory(text: str) -> int:
    found = re.search(r"^MemTotal:\s*([0-9]+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _controllers(text: str) -> tuple[str, ...]:
    """Names in one line (cgroup v2), or /proc/cgroups (v1), a table whose fourth column is 1 where one is switched on."""
    if not text.startswith("#"):
        return tuple(text.split())
    rows = [line.split() for line in text.splitlines()[1:]]
    return tuple(row[0] for row in rows if len(row) == 4 and row[3] == "1")


def _addresses(text: str) -> tuple[tuple[str, IPv4Interface], ...]:
    found = re.findall(r"^\d+:\s+(\S+)\s+inet\s+(\S+)", text, re.MULTILINE)
    named = ((name.partition("@")[0], address) for name, address in found)
    return tuple((name, IPv4Interface(address)) for name, address in named if _is_own(name) and _is_ipv4(address, IPv4Interface))


def _routes(text: str) -> tuple[IPv4Network, ...]:
    return tuple(dict.fromkeys(route for line in text.splitlines() for route in _route(line)))


def _route(line: str) -> Iterator[IPv4Network]:
    """The network of one line of `ip route`, unless it is the default or of a cluster's making (blackholes are Calico's too)."""
    device = re.search(r"\bdev (\S+)", line)
    destination = line.partition(" ")[0]
    if device and _is_own(device[1]) and not _CLUSTER_ROUTE.search(line) and _is_ipv4(destination, IPv4Network):
        yield IPv4Network(destination)


def _is_ipv4(text: str, kind: Callable[[str], object]) -> bool:
    try:
        return bool(kind(text))
    except ValueError:
        return False


def _source(text: str) -> str:
    found = re.search(r"\bsrc (\S+)", text)
    try:
        return str(IPv4Address(found[1])) if found else ""
    except AddressValueError:
        return ""


def _swap(text: str) -> tuple[str, ...]:
    lines = [line.split() for line in text.splitlines()[1:] if line.strip()]
    return tuple(fields[0].replace("\\040", " ") for fields in lines)


def _version(text: str) -> str:
    """The first thing that looks like a version, without its v: `containerd github.com/... v2.2.0 1c4457e` and the like."""
    found = re.search(r"(?<![\w.])v?([0-9]+\.[0-9]+\.[0-9]+[^\s,]*)", text)
    return found[1] if found else ""


def _cluster(text: str) -> str:
    found = re.search(r"^\s*server:\s*[\"']?([^\s\"']+)", text, re.MULTILINE)
    return found[1] if found else ""


def _free(text: str) -> Mapping[str, int]:
    """Lines of `df -PB1`, each behind the directory that was asked for; the third number is what is free."""
    found = re.findall(r"^(/\S*) .*?\s[0-9]+\s+[0-9]+\s+([0-9]+)\s+[0-9-]+%?\s", text, re.MULTILINE)
    return {directory: int(free) for directory, free in found}


def _systemd(text: str) -> int:
    found = re.match(r"systemd ([0-9]+)", text)
    return int(found[1]) if found else 0


def _is(word: str) -> Callable[[str], bool]:
    return lambda text: _line(text) == word


PARSERS: Final[Mapping[str, Callable[[str], object]]] = MappingProxyType({
    "os_release": _os_release,
    "kernel": _line,
    "arch": _line,
    "hostname": _line,
    "cgroup": lambda text: 1 if _line(text) in {"tmpfs", "cgroupfs"} else 2,
    "controllers": _controllers,
    "cpus": lambda text: int(_line(text)),
    "memory": _memory,
    "systemd": _systemd,
    "machine_id": _line,
    "boot_id": _line,
    "virtualization": _line,
    "account": _line,
    "home": _line,
    "groups": lambda text: tuple(text.split()),
    "addresses": _addresses,
    "routes": _routes,
    "default_source": _source,
    "selinux": _line,
    "firewalld": _is("active"),
    "ufw": _is("Status: active"),
    "swap": _swap,
    "resolved": _is("active"),
    "containerd": _version,
    "kubelet": _version,
    "cluster": _cluster,
    "free": _free,
})
