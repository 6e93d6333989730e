"""Hosts that are spoiled in every way that can live together, and what a look at them must find. Data for test_check.py.

What is spoiled on one host in one round must not hide each other; what a round spoils is mended, and the round ends with an installation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GET: Final = "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install {0} >/dev/null 2>&1"
UNIT: Final = """cat > /etc/systemd/system/{0}.service <<'END'
[Service]
ExecStart={1}
[Install]
WantedBy=multi-user.target
END
systemctl enable --now {0}
"""
PYTHON: Final = '/usr/bin/python3 -c "{0}; import time; time.sleep({1})"'
LISTEN: Final = UNIT.format("squatter", PYTHON.format("import socket; s = socket.create_server(('', 6443))", 600)) + "sleep 0.5"
# unattended upgrades end at some time: the installation waits for that
LOCK: Final = UNIT.format(
    "upgrades", PYTHON.format("import fcntl; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX)", 90))
HALF_CONFIGURED: Final = "sed -i '/^Package: tar$/,/^Status/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status"
NO_K3S: Final = "systemctl disable --now k3s; rm -rf /usr/local/bin/k3s* /etc/rancher /var/lib/rancher /etc/systemd/system/k3s.service"
K3S: Final = (
    f"""printf '#!/bin/sh\\n{NO_K3S}\\n' > /usr/local/bin/k3s-uninstall.sh; touch /usr/local/bin/k3s; chmod +x /usr/local/bin/k3s*
mkdir -p /etc/rancher/k3s /var/lib/rancher/k3s/agent; """ + UNIT.format("k3s", "/bin/sleep inf")
)
RESOLV: Final = "cp /etc/resolv.conf /root/resolv; echo nameserver {0} > /etc/resolv.conf"
RESOLVED: Final = "cp /root/resolv /etc/resolv.conf"
CNI0: Final = "ip link add cni0 type bridge; ip addr add 10.200.0.1/24 dev cni0; ip link set cni0 up"
WEAVE: Final = "mkdir -p /etc/cni/net.d; echo '{\"name\": \"weave\"}' > /etc/cni/net.d/05-weave.conflist"
OLD_CALICO: Final = "mkdir -p /etc/cni/net.d; cd /etc/cni/net.d; echo '{}' > 10-calico.conflist; echo x > calico-kubeconfig"
CDROM: Final = "echo 'deb cdrom:[Debian GNU/Linux 13]/ trixie main' >> /etc/apt/sources.list"
# of before 2024, in the very file that ours is called, and in another; the mirror answers 404, and so every apt-get update fails
XENIAL: Final = "cd /etc/apt/sources.list.d; echo 'deb https://pkgs.k8s.io/ kubernetes-xenial main' | tee old.list > kubernetes.list"
ANOTHER_KEY: Final = """mkdir -p /etc/apt/keyrings; curl -fsS https://download.docker.com/linux/debian/gpg -o /etc/apt/keyrings/docker.asc
echo 'deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable' \\
  > /etc/apt/sources.list.d/docker.list"""
# the distribution's own containerd, configured as Docker's package does, with the default cgroup driver, and held
DEBIANS: Final = f"""{GET.format('containerd')}; mkdir -p /etc/containerd; cat > /etc/containerd/config.toml <<'END'
version = 2
disabled_plugins = ["cri"]
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = false
END
apt-mark hold containerd"""
MIRRORS: Final = f"""{GET.format('containerd')}; mkdir -p /etc/containerd; cat > /etc/containerd/config.toml <<'END'
version = 2
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
  endpoint = ["https://mirror.example"]
END
"""
TINYPROXY: Final = f"""{GET.format('tinyproxy-bin')}
mkdir -p /etc/tinyproxy; printf 'Port 8888\\nMaxClients 50\\n' > /etc/tinyproxy/ours.conf
{UNIT.format('tiny', '/usr/bin/tinyproxy -d -c /etc/tinyproxy/ours.conf')}
echo 'https_proxy=http://me:sesame@10.77.0.22:8888' >> /etc/environment"""
# a resolver that answers everything below its search domain, as some routers and hosters do
WILDCARD: Final = f"""{GET.format('dnsmasq-base')}; cp /etc/resolv.conf /root/resolv
{UNIT.format('wild', '/usr/sbin/dnsmasq -k --no-resolv --server=10.77.0.1 --listen-address=10.77.0.22 --bind-interfaces '
             '--address=/corp.example/10.9.9.9')}
sleep 1; printf 'search corp.example\\nnameserver 10.77.0.22\\n' > /etc/resolv.conf"""
NO_CA: Final = "cd /usr/local/share/ca-certificates; mv *.crt /root/YOUR-CA.crt; update-ca-certificates"
NEW_CA: Final = "cp /root/YOUR-CA.crt /usr/local/share/ca-certificates/ && update-ca-certificates"
SMALL: Final = "mount -t tmpfs -o size=100m,nr_inodes=10000 small /opt"
POD_ROUTE: Final = "ip link add lan1 type bridge; ip addr add 10.244.3.1/24 dev lan1; ip link set lan1 up"
DROP_10250: Final = f"""{GET.format('nftables')}; nft add table inet mine
nft add chain inet mine in '{{ type filter hook input priority 0; policy accept; }}'; nft add rule inet mine in tcp dport 10250 drop"""
CARD: Final = "$(ip -o route get 10.77.0.11 | grep -o 'dev [^ ]*' | cut -c5-)"
HANDLED: Final = "handled"


@dataclass(frozen=True)
class Spoiled:
    """How a host is spoiled, and what is found. `mend` only where the finding has words instead of commands.

    `of`: the entries of assets/failures.yaml that it provokes. `fault`: what the mirror answers instead; it is well again when things
    are mended. What the installation handles is left to it.
    """

    check: str
    host: str
    spoil: str
    says: str
    of: tuple[str, ...] = ()
    mend: str = ""
    level: str = "blocking"
    fault: tuple[str, int] | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.host, self.check


@dataclass(frozen=True)
class Round:
    """Three hosts, and everything that is wrong with them at once."""

    hosts: Mapping[str, str]
    cases: tuple[Spoiled, ...]


ROUNDS: Final = {
    "leftovers": Round({"cp1": "debian12", "w1": "centos8", "w2": "debian13"}, (
        Spoiled("containerd-config", "cp1", MIRRORS, "settings of its own (mirrors)", ("cri-mirrors-and-config-path",), level="warning"),
        Spoiled("ports", "cp1", LISTEN, "6443 (kube-apiserver) by python3", ("preflight-port-taken",)),
        Spoiled("etcd-data", "cp1", "mkdir -p /var/lib/etcd/member/snap; echo x > /var/lib/etcd/member/snap/db", "data of another etcd"),
        Spoiled("other-cluster", "cp1", "mkdir -p /etc/kubernetes/pki; echo x > /etc/kubernetes/pki/ca.crt", "kubeadm was here before",
                ("preflight-left-from-before", "reset-old-ca")),
        Spoiled("cni-config", "cp1", OLD_CALICO, "10-calico.conflist, calico-kubeconfig",
                ("calico-cni-unauthorized", "calico-nodename-missing")),
        Spoiled("repositories", "cp1", ANOTHER_KEY, "a repository that the installation writes itself", ("apt-signed-by-conflict",),
                level=HANDLED),
        Spoiled("networks", "cp1", POD_ROUTE, "overlaps this host's own network 10.244.3.0/24", ("cni-cidr-overlap",),
                mend="ip link delete lan1"),
        Spoiled("sysctl", "cp1", "sysctl -qw net.ipv4.ip_forward=0", "sets net.ipv4.ip_forward", ("preflight-ip-forward",), level=HANDLED),
        Spoiled("package-state", "cp1", HALF_CONFIGURED, "(tar)", ("apt-interrupted",)),
        Spoiled("containerd-config", "w2", DEBIANS, "the CRI plugin is disabled, the cgroup driver is not systemd",
                ("cri-plugin-missing", "cri-cgroup-driver"), level=HANDLED),
        Spoiled("remove-container-tools", "w2", "", "containerd", ("apt-containerd-conflict",), level=HANDLED),
        Spoiled("versions-held", "w2", "", "held (containerd)", ("apt-held-version",), level=HANDLED),
        Spoiled("cni-interfaces", "w2", CNI0, "cni0", ("reset-cni0-address",)),
        Spoiled("cni-config", "w2", WEAVE, "05-weave.conflist"),
        Spoiled("other-cluster", "w2", K3S, "k3s is installed here", ("preflight-left-from-before",)),
        Spoiled("mounts", "w2", "mount -t tmpfs -o noexec,size=2g opt /opt", "/opt is mounted noexec"),
        Spoiled("propagation", "w2", "mount --make-private /", "/ is no shared mount", ("mon-node-exporter-propagation",),
                level="warning"),
        Spoiled("repositories", "w2", CDROM, "CD"),
        Spoiled("localhost", "w2", "sed 's/^127.0.0.1/10.9.9.9/; /^::1/d' /etc/hosts > /tmp/h; cat /tmp/h > /etc/hosts", "10.9.9.9",
                level="warning"),
        Spoiled("mounts", "w1", "mount --bind /opt /opt; mount -o remount,bind,noexec /opt", "/opt is mounted noexec"),
        Spoiled("machine-id", "w1", ": > /etc/machine-id", "machine-id is empty"),
        Spoiled("versions-held", "w1", "echo 'exclude=kube*' >> /etc/dnf/dnf.conf", "held (kube*)", ("dnf-exclude-filtering",),
                level=HANDLED),
        Spoiled("distribution", "w1", "", "taken from the vault", ("dnf-centos8-vault",), level=HANDLED),
    )),
    "network": Round({"cp1": "debian12", "w1": "centos8", "w2": "debian13"}, (
        Spoiled("firewall-rules", "w2", DROP_10250, "inet/mine in (1 rules drop)", mend="nft delete table inet mine", level="warning"),
        Spoiled("reach", "w2", "", "10250/tcp cannot be reached from cp1, w1", mend="true"),
        Spoiled("default-route", "w2", "ip route show default > /root/route; ip route del default", "no default route",
                mend="ip route add $(cat /root/route)"),    # this kernel has no dummy interfaces, which its own mend takes
        Spoiled("mtu-differs", "w2", f"ip link set {CARD} mtu 1400", "is 1400, and most of the others have 1500", level="warning"),
        Spoiled("dns", "cp1", RESOLV.format("10.77.0.250"), "pkgs.k8s.io", ("host-name-unresolved",), mend=RESOLVED),
        Spoiled("firewall", "w1", "", "firewalld is on; the installation opens 10250/tcp", ("fw-firewalld-rejects",), level=HANDLED),
        Spoiled("reach", "w1", "", "firewalld is on, and the installation opens it", level=HANDLED),
        Spoiled("hostnames", "w1", "hostname cp1", "It is called cp1, as cp1 is; the installation calls it w1", ("join-duplicate-name",),
                level=HANDLED),
        Spoiled("mirrors", "w1", "", "vault", ("repo-dead-mirror",), mend="true", fault=(r"vault\.centos\.org/", 503)),
        Spoiled("duplicates", "w2", "echo 0123456789abcdef0123456789abcdef > /etc/machine-id", "one is a clone of the other"),
        Spoiled("machine-id", "cp1", "echo 0123456789abcdef0123456789abcdef > /etc/machine-id", "", level="ok"),
    )),
    "outside": Round({"cp1": "debian12", "w1": "rocky9", "w2": "debian13"}, (
        Spoiled("sources", "cp1", "", "registry.k8s.io): it answers 502", ("img-registry-unreachable",), mend="true",
                fault=(r"registry\.k8s\.io/v2/", 502)),
        Spoiled("mirrors", "cp1", "", "debian.lab: it answers 503", ("repo-dead-mirror",), mend="true", fault=(r"debian\.lab/", 503)),
        Spoiled("disk", "cp1", SMALL, "are free under /opt", mend="umount /opt"),
        Spoiled("inodes", "cp1", "", "inodes are free for /opt", mend="true"),
        Spoiled("remove-container-tools", "w1", "dnf -q -y install podman", "runc makes way", ("dnf-runc-conflict",), level=HANDLED),
        Spoiled("dns-loop", "w1", RESOLV.format("127.0.0.1"), "names 127.0.0.1", ("dns-loop",), mend=RESOLVED),
        Spoiled("umask", "w1", "echo umask 077 > /etc/profile.d/strict.sh", "umask 077", level=HANDLED),
        Spoiled("proxy", "w2", TINYPROXY, "no_proxy lacks the nodes", ("img-proxy-catches-cluster", "img-proxy-not-in-unit")),
        Spoiled("dns-search", "w2", WILDCARD, "10.9.9.9 for every name in the search domain corp.example", mend=RESOLVED),
        Spoiled("package-lock", "w2", LOCK, "the installation waits for it", ("apt-lock-held",), level=HANDLED),
        Spoiled("repositories", "w2", XENIAL, "is gone; that entry is switched off", ("key-old-repository",), level=HANDLED),
        Spoiled("swap", "w2", "grep -q '[[:space:]]swap[[:space:]]' /etc/fstab", "brought by /etc/fstab", ("kubelet-swap-on",),
                level=HANDLED),
        Spoiled("sources", "w2", NO_CA, "CA that this host does not know", ("net-tls-intercepted",), mend=NEW_CA),
    )),
}
