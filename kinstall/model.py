"""The nouns of an installation: hosts, how they are reached, what they are, and the cluster they become. Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from kinstall.addons.model import Addons
from kinstall.secrets import Secret

if TYPE_CHECKING:
    from kinstall.distro import Distro

LOCAL = "local"  # the address of a host that is this very machine


class Role(StrEnum):
    """What a host becomes in the cluster."""

    CONTROL_PLANE = "control-plane"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a host is reached and how its account becomes root. Secrets are resolved already."""

    user: str = ""                      # "": what ssh_config says, else the admin's own name
    port: int = 0                       # 0: what ssh_config says, else 22
    key: Path | None = None             # a private key; None: what ssh_config names, then the agent
    passphrase: Secret | None = None    # of that key
    password: Secret | None = None      # of the account, for a login without key
    sudo_password: Secret | None = None
    agent: bool = True                  # offer the agent's keys (the first five)
    jump: str = ""                      # user@host:port or an ssh_config alias
    host_key: str = ""                  # pinned: SHA256:...


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One machine, as the answers name it."""

    name: str       # the node's name in the cluster
    address: str    # an address, a DNS name, an ssh_config alias, or LOCAL
    role: Role
    access: Access = Access()

    @property
    def is_control_plane(self) -> bool:
        """Does it run the API server?"""
        return self.role is Role.CONTROL_PLANE


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a host is, read once before anything is planned. Sizes in bytes; versions as printed; "" means absent."""

    os_release: Mapping[str, str] = field(default_factory=dict)
    kernel: str = ""                    # uname -r
    arch: str = ""                      # uname -m
    cgroup: int = 2                     # 1 or 2
    controllers: tuple[str, ...] = ()   # cgroup controllers that are switched on; () means unknown
    cpus: int = 0
    memory: int = 0
    systemd: int = 0                    # major version
    hostname: str = ""
    machine_id: str = ""
    boot_id: str = ""
    virtualization: str = ""            # systemd-detect-virt: kvm, lxc, systemd-nspawn, none ...
    account: str = ""                   # the account kinstall is logged in as
    home: str = ""                      # its home directory
    groups: tuple[str, ...] = ()
    addresses: tuple[tuple[str, IPv4Interface], ...] = ()   # (interface, address/prefix)
    routes: tuple[IPv4Network, ...] = ()                    # connected and static networks, without the default route
    default_source: str = ""            # source address of the default route
    selinux: str = ""                   # Enforcing, Permissive, Disabled, "" (no SELinux)
    firewalld: bool = False             # running
    ufw: bool = False                   # active
    swap: tuple[str, ...] = ()          # devices in /proc/swaps
    resolved: bool = False              # systemd-resolved keeps /run/systemd/resolve/resolv.conf
    containerd: str = ""                # version of the installed runtime
    kubelet: str = ""                   # version of the installed kubelet, without v
    cluster: str = ""                   # API server URL of the cluster this host belongs to already
    free: Mapping[str, int] = field(default_factory=dict)   # free bytes under / and /var

    @property
    def own(self) -> list[str]:
        """Its IPv4 addresses."""
        return [str(address.ip) for _, address in self.addresses]

    def card(self, address: str) -> str:
        """The network card that has this address; "" when none has."""
        return next((name for name, has in self.addresses if str(has.ip) == address), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A host together with its facts and its row in the table of distributions: what steps look at."""

    host: Host
    facts: Facts
    distro: Distro
    address: str    # the node's address in the cluster

    @property
    def name(self) -> str:
        """The node's name in the cluster."""
        return self.host.name

    @property
    def is_control_plane(self) -> bool:
        """Does it run the API server?"""
        return self.host.is_control_plane


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where everything from outside comes from, and the fingerprints that prove it. URLs end without a slash, but for `rpm_folder`."""

    kubernetes: str             # https://pkgs.k8s.io/core:/stable:
    kubernetes_key: str         # fingerprints: 40 hex digits
    docker: str                 # https://download.docker.com/linux
    docker_apt_key: str
    docker_rpm_key: str
    rpm_folder: str             # "": the distribution's row says where RPMs are taken by hand
    registry: str               # registry.k8s.io
    vault: str                  # http://vault.centos.org


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One Kubernetes release, and what belongs to it."""

    version: str                # 1.37.2
    kubeadm_api: str            # v1beta4
    pause: str                  # 3.10.2
    containerd: tuple[str, ...]  # the smallest fitting version of each branch: 2.2.0, 2.3.0

    @property
    def minor(self) -> str:
        """1.37"""
        return self.version.rpartition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The cluster's networks and the plugin that makes them. `manifest` is YAML, its hash checked, its values set; it names `images`."""

    plugin: str                 # calico, flannel
    version: str
    manifest: str
    images: tuple[str, ...]
    pods: IPv4Network
    services: IPv4Network

    @property
    def api_service(self) -> IPv4Address:
        """The service address of the API server: the first of the network."""
        return self.services[1]

    @property
    def dns_service(self) -> IPv4Address:
        """The service address of CoreDNS: kubeadm takes the tenth."""
        return self.services[10]


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a worker needs to join: made by the first control plane when a worker asks for it, gone after half an hour."""

    token: Secret
    ca_hash: str                # sha256:...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Everything that is decided about the cluster before a step runs."""

    name: str
    release: Release
    network: Network
    nodes: tuple[Node, ...]
    sources: Sources
    account: str = ""           # the ordinary account on each host; "": the one that kinstall logs in as
    firewall: str = "open"      # open, disable, leave
    selinux: str = "permissive"  # permissive, leave
    allow: frozenset[str] = frozenset()
    addons: Addons = field(default_factory=Addons)
    prune: bool = False         # take away what kinstall installed and is not chosen any more
    ticket: Ticket | None = None

    @property
    def first(self) -> Node:
        """The first control plane: where the cluster begins."""
        return next(node for node in self.nodes if node.is_control_plane)

    @property
    def endpoint(self) -> str:
        """Where the API server answers: address:port."""
        return f"{self.first.address}:6443"
