"""Steps that make a machine fit to be a node: name, swap, kernel, SELinux, firewall, repositories that answer, tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from kinstall.addons.model import Addons
from kinstall.model import Cluster, Node
from kinstall.packaging import Want
from kinstall.states import (
    Check,
    Command,
    Disabled,
    EachEdited,
    Edited,
    File,
    Firewalld,
    Hostname,
    KeptAtLeast,
    Member,
    Module,
    NoSwapUnits,
    NoZram,
    Packages,
    State,
    SwapOff,
    Sysctl,
    Ufw,
    block,
    unblock,
    with_swap,
    without_swap,
)
from kinstall.steps.base import only_ours

# module -> what shows that it is in effect, built in or loaded
MODULES = {"overlay": "grep -qw overlay /proc/filesystems", "br_netfilter": "[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]"}
SYSCTLS = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1", "net.bridge.bridge-nf-call-ip6tables": "1"}
# a node's shims and log watchers use up the kernel's default of 128 (kubernetes/kubernetes#104303)
LIMITS = {"fs.inotify.max_user_instances": "8192", "fs.inotify.max_user_watches": "524288"}

# What other machines must reach. etcd, scheduler and controller manager of one control plane talk over its loopback only.
PORTS = {
    "control-plane": ("6443/tcp", "10250/tcp", "30000-32767/tcp"),
    "worker": ("10250/tcp", "30000-32767/tcp"),
    "calico": ("4789/udp",),
    "flannel": ("8472/udp",),
}
# An add-on that answers at the nodes' own addresses: Prometheus, in a pod, comes to other nodes from its own node's address.
ADDON_PORTS: Mapping[str, Callable[[Addons], bool]] = {"9100/tcp": lambda addons: addons.node_exporter}


def account(node: Node, cluster: Cluster) -> Sequence[State]:
    """The ordinary account may use sudo: only where kinstall came in as root, and another account is named."""
    wanted = cluster.account
    if not wanted or wanted == "root" or node.facts.account != "root":
        return []
    return [Packages(node.distro.manager, (Want("sudo"),)), Member(wanted, node.distro.admin_group)]


def hostname(node: Node, cluster: Cluster) -> Sequence[State]:
    """The machine's name is the node's name: kubeadm registers the node under it."""
    return [Hostname(node.name)]


def names(node: Node, cluster: Cluster) -> Sequence[State]:
    """Every node knows every node by name, without a DNS server at home."""
    lines = tuple(f"{other.address} {other.name}" for other in cluster.nodes)
    # cloud-init may write /etc/hosts anew from its template at every boot
    templates = [f"/etc/cloud/templates/hosts.{family}.tmpl" for family in ("debian", "redhat")]
    return [Edited("/etc/hosts", block(lines), unblock()), *(Edited(path, block(lines), unblock(), optional=True) for path in templates)]


def swap(node: Node, cluster: Cluster) -> Sequence[State]:
    """Swap is off now, and nothing brings it back at boot."""
    return [Edited("/etc/fstab", without_swap, with_swap), NoZram(), NoSwapUnits(), SwapOff()]


def modules(node: Node, cluster: Cluster) -> Sequence[State]:
    """The modules of the container file system and of bridged traffic, now and at boot."""
    at_boot = File("/etc/modules-load.d/kinstall.conf", "".join(f"{name}\n" for name in MODULES))
    return [at_boot, *(Module(name, evidence) for name, evidence in MODULES.items())]


def sysctls(node: Node, cluster: Cluster) -> Sequence[State]:
    """Forwarding, bridged traffic through iptables, and room for inotify watches, now and at boot."""
    kept = "".join(f"{key} = {value}\n" for key, value in SYSCTLS.items())
    now = [*(Sysctl(k, v) for k, v in SYSCTLS.items()), *(KeptAtLeast(k, v) for k, v in LIMITS.items())]
    # the name is read after 99-sysctl.conf, which is /etc/sysctl.conf and may say the opposite
    return [File("/etc/sysctl.d/99-zz-kinstall.conf", kept), *now]


def _configure(now: str, wanted: str) -> Callable[[str], str]:
    return partial(re.sub, rf"(?m)^SELINUX={now}$", f"SELINUX={wanted}")


def selinux(node: Node, cluster: Cluster) -> Sequence[State]:
    """SELinux permissive, not disabled: it still labels and logs, and can be set back without relabelling the disk."""
    if not node.facts.selinux or cluster.selinux == "leave":
        return []
    is_soft = '[ "$(getenforce)" != Enforcing ] && echo yes'
    return [
        Edited("/etc/selinux/config", _configure("enforcing", "permissive")),
        Check("SELinux now", is_soft, (Command("setenforce 0"),)),
    ]


def ports(node: Node, cluster: Cluster) -> tuple[str, ...]:
    """The ports that this node's role, the network plugin and the add-ons need."""
    chosen = (port for port, is_chosen in ADDON_PORTS.items() if is_chosen(cluster.addons))
    return (*PORTS[node.host.role], *PORTS[cluster.network.plugin], *chosen)


def firewall(node: Node, cluster: Cluster) -> Sequence[State]:
    """The firewall stays on and lets the cluster through; it is turned off only when the answers say so."""
    networks = (str(cluster.network.pods), str(cluster.network.services))
    open_ports = ports(node, cluster)
    if cluster.firewall == "disable":
        return [Disabled("firewalld"), Check("ufw off", "command -v ufw >/dev/null && ufw status | grep -q '^Status: active' || echo yes",
                                             (Command("ufw disable"),), (Command("ufw --force enable"),))]
    if cluster.firewall == "leave":
        return []
    card = node.facts.card(node.address)
    return [Firewalld(card, open_ports, networks), Ufw(tuple(port.replace("-", ":") for port in open_ports), networks)]


def unmanaged(node: Node, cluster: Cluster) -> Sequence[State]:
    """NetworkManager leaves the network plugin's interfaces alone."""
    interfaces = "interface-name:cali*;interface-name:tunl*;interface-name:vxlan.calico;interface-name:flannel.1;interface-name:cni0"
    content = f"[keyfile]\nunmanaged-devices+={interfaces}\n"
    reload = "systemctl is-active -q NetworkManager && systemctl reload NetworkManager || true"
    return [File("/etc/NetworkManager/conf.d/99-kinstall.conf", content, after=reload, where="[ -d /etc/NetworkManager ]")]


def _to_vault(vault: str) -> Callable[[str], str]:
    """An edit of one .repo file: dead mirror lists out, the vault in. Anchored, so that doing it twice changes nothing more."""

    def edit(text: str) -> str:
        text = re.sub(r"(?m)^mirrorlist=(?=.*mirrorlist\.centos\.org)", "#mirrorlist=", text)
        return re.sub(r"(?m)^#?baseurl=https?://mirror\.centos\.org/", f"baseurl={vault}/", text)

    return edit


def _from_vault(vault: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        text = re.sub(r"(?m)^#mirrorlist=(?=.*mirrorlist\.centos\.org)", "mirrorlist=", text)
        return re.sub(rf"(?m)^baseurl={re.escape(vault)}/", "#baseurl=http://mirror.centos.org/", text)

    return edit


def vault(node: Node, cluster: Cluster) -> Sequence[State]:
    """The repositories of an end-of-life CentOS moved to the vault; their mirror list answers nothing any more."""
    if not node.distro.vault:
        return []
    there, back = _to_vault(cluster.sources.vault), _from_vault(cluster.sources.vault)
    return [EachEdited("CentOS repositories", "ls /etc/yum.repos.d/CentOS-*.repo", lambda path: Edited(path, there, back))]


def tools(node: Node, cluster: Cluster) -> Sequence[State]:
    """What kubeadm, kubelet and the network plugin call, and what kinstall fetches and checks with; before that, lists that can be read."""
    manager = node.distro.manager
    # a module package must be of the running kernel's very release
    kernels = [f"{name}-{node.facts.kernel}" for name in node.distro.kernel_tools]
    has, get = "rpm -q {0} >/dev/null && echo yes", "dnf -y install {0}"
    modules = [Check(f"package {name}", has.format(name), (Command(get.format(name), long=True),)) for name in kernels]
    return [*only_ours(manager), Packages(manager, tuple(map(Want, node.distro.tools))), *modules]
