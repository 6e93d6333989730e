"""The switch: a bridge in a network namespace that is pinned at $LAB/netns; each host is plugged into it."""

import ctypes
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .paths import GATEWAY, NETNS
from .process import attempt, in_lab, sh

CLONE_NEWNET = 0x40000000


def is_up() -> bool:
    """Whether the namespace is there."""
    return f" {NETNS} nsfs " in Path("/proc/mounts").read_text()


def up() -> None:
    """Makes the namespace and the bridge, unless they are there."""
    if is_up():
        return
    NETNS.touch()
    sh("unshare", f"--net={NETNS}", "true")
    for line in ("link set lo up", "link add br-lab type bridge", f"addr add {GATEWAY}/16 dev br-lab", "link set br-lab up"):
        sh(*in_lab("ip", *line.split()))
    # frames between hosts are the switch's business, not this namespace's iptables'
    for table in ("iptables", "ip6tables"):
        attempt(*in_lab("sysctl", "-qw", f"net.bridge.bridge-nf-call-{table}=0"))


def down() -> None:
    """Removes the namespace and all that is in it."""
    if is_up():
        sh("umount", NETNS)
    NETNS.unlink(missing_ok=True)


def port(name: str) -> str:
    """The switch's end of the host's cable, as systemd-nspawn names it."""
    return f"vb-{name}"[:15]


def plug(name: str) -> None:
    """Plugs the host's cable in."""
    sh(*in_lab("ip", "link", "set", port(name), "up"))


def unplug(name: str) -> None:
    """Pulls the host's cable: nothing arrives, nothing is refused."""
    sh(*in_lab("ip", "link", "set", port(name), "down"))


def forget(name: str) -> None:
    """Removes the cable: a killed systemd-nspawn leaves it to the kernel, which may take a moment."""
    if is_up():
        attempt(*in_lab("ip", "link", "del", port(name)))


def limit(name: str, kbit: int) -> None:
    """Limits what travels to the host; 0 lifts the limit."""
    attempt(*in_lab("tc", "qdisc", "del", "dev", port(name), "root"))
    if kbit:
        shape = f"root tbf rate {kbit}kbit burst 32kb latency 400ms"
        sh(*in_lab("tc", "qdisc", "add", "dev", port(name), *shape.split()))


def answers_ssh(ip: str) -> bool:
    """Whether an SSH server greets us there. A thread of its own asks: it changes its network namespace."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_greeted, ip).result()


def _greeted(ip: str) -> bool:
    with NETNS.open() as namespace:
        ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET)
    try:
        with socket.create_connection((ip, 22), 1) as server:
            server.settimeout(2)
            return server.recv(4).startswith(b"SSH-")
    except OSError:
        return False
