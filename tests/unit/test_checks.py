"""Each check judges what its probe printed: what is fine, what is not, what the installation does itself, and any garbage."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinstall.checks import ALLOWED, CHECKS, Finding, Level, Observed, Source, Subject, Wanted, judge_host
from kinstall.checks.network import choose
from kinstall.checks.proxy import covered
from kinstall.checks.system import RULES_USED, unfit
from kinstall.checks.wanted import plugin_registries
from kinstall.fitness import RULES
from kinstall.model import Facts, Host, Role

CP = Host(name="cp1", address="192.168.1.11", role=Role.CONTROL_PLANE)
W1 = Host(name="w1", address="192.168.1.21", role=Role.WORKER)
DEBIAN = {"ID": "debian", "VERSION_ID": "12", "PRETTY_NAME": "Debian 12"}
UBUNTU = {"ID": "ubuntu", "VERSION_ID": "20.04", "PRETTY_NAME": "Ubuntu 20.04 LTS"}
CENTOS8 = {"ID": "centos", "VERSION_ID": "8", "NAME": "CentOS Linux", "PLATFORM_ID": "platform:el8", "PRETTY_NAME": "CentOS Linux 8"}
EL10 = {"ID": "rocky", "VERSION_ID": "10.1", "PLATFORM_ID": "platform:el10", "PRETTY_NAME": "Rocky Linux 10.1"}
GB = 10**9
FIT = Facts(
    os_release=DEBIAN, arch="x86_64", cpus=2, memory=2 << 30, systemd=252, virtualization="kvm", controllers=("cpu", "memory"),
    hostname="cp1", machine_id="1" * 32, boot_id="b1", default_source="192.168.1.11", kernel="6.1.0-25-amd64",
    addresses=(("eth0", IPv4Interface("192.168.1.11/24")),), routes=(IPv4Network("192.168.1.0/24"),), free={"/": 20 * GB, "/var": 40 * GB},
)
SOURCES = (
    Source(id="kubernetes", title="Kubernetes' packages", url="https://pkgs.k8s.io/v1.37/deb/Release.key", exact=True),
    Source(id="quay.io", title="the registry", url="https://quay.io/v2/", image=True, exact=True),
)
WANTED = Wanted(
    hosts=(CP, W1), pods=IPv4Network("10.244.0.0/16"), services=IPv4Network("10.96.0.0/12"), plugin="calico", today=date(2026, 11, 25),
    addresses={"cp1": "192.168.1.11", "w1": "192.168.1.21"}, endpoints=frozenset({"192.168.1.11"}), sources=SOURCES,
    node_ports={30090: "Prometheus"},
)
OURS: dict[str, Any] = {"cluster": "https://192.168.1.11:6443", "kubelet": "1.37.2"}
BY_ID = {check.id: check for check in CHECKS}
OK, HANDLED, WARNING, BLOCKING = Level


def subject(host: Host = CP, wanted: dict[str, Any] | None = None, **facts: Any) -> Subject:
    return Subject(host, replace(FIT, **facts), replace(WANTED, **(wanted or {})))


def judged(check: str, seen: str, one: Subject) -> Finding:
    return BY_ID[check].judge(seen, one)


# check, what was printed, what is different about the host (facts; `host`, `wanted`), level, a word of the sentence, a word of the mends
CASES: list[tuple[str, str, dict[str, Any], Level, str, str]] = [
    ("distribution", "", {}, OK, "Debian 12", ""),
    ("distribution", "", {"os_release": {"ID": "arch", "PRETTY_NAME": "Arch Linux"}}, BLOCKING, "Arch Linux", ""),
    ("distribution", "", {"os_release": CENTOS8}, HANDLED, "vault", ""),
    ("distribution", "", {"os_release": UBUNTU}, WARNING, "2025-05-31", ""),
    ("architecture", "", {}, OK, "x86_64", ""),
    ("architecture", "", {"arch": "armv7l"}, BLOCKING, "armv7l", ""),
    ("systemd", "", {}, OK, "252", ""),
    ("systemd", "", {"systemd": 0}, BLOCKING, "not started by systemd", ""),
    ("container", "", {}, OK, "kvm", ""),
    ("container", "", {"virtualization": "lxc"}, BLOCKING, "container", ""),
    ("memory-cgroup", "", {}, OK, "on", ""),
    ("memory-cgroup", "", {"controllers": ("cpu",)}, BLOCKING, "memory cgroup", ""),
    ("low-cpu", "", {}, OK, "2 cores", ""),
    ("low-cpu", "", {"cpus": 1}, BLOCKING, "2 CPUs", ""),
    ("low-cpu", "", {"cpus": 1, "host": W1}, OK, "1 cores", ""),
    ("low-memory", "", {}, OK, "2.0 G", ""),
    ("low-memory", "", {"memory": 1 << 30}, BLOCKING, "1700", ""),
    ("kernel", "", {}, OK, "6.1.0", ""),
    ("kernel", "", {"kernel": "3.2.0", "wanted": {"kubernetes": "1.37"}}, BLOCKING, "3.2.0", ""),
    ("kernel", "", {"kernel": "3.2.0"}, WARNING, "3.2.0", ""),
    ("kernel", "", {"kernel": "3.2.0", "wanted": {"allow": frozenset({"kernel"})}}, OK, "", ""),
    ("kernel", "", {"kernel": "3.2.0", "wanted": {"kubernetes": "1.99"}}, OK, "", ""),
    ("cgroup-v1", "", {}, OK, "v2", ""),
    ("cgroup-v1", "", {"cgroup": 1}, WARNING, "older Kubernetes", ""),
    ("cgroup-v1", "", {"cgroup": 1, "wanted": {"kubernetes": "1.36.5"}}, BLOCKING, "Kubernetes 1.36 cannot run", ""),
    ("modules", "overlay on\nbr_netfilter there\nvxlan there\n", {}, OK, "", ""),
    ("modules", "folder missing\noverlay on\nbr_netfilter missing\n", {}, BLOCKING, "not restarted", "systemctl reboot"),
    ("modules", "overlay on\nbr_netfilter missing\n", {}, BLOCKING, "no module br_netfilter", ""),
    ("modules", "overlay on\nbr_netfilter missing\n", {"os_release": EL10}, HANDLED, "kernel-modules-extra", ""),
    ("modules", "folder missing\nbr_netfilter missing\n", {"virtualization": "systemd-nspawn"}, OK, "", ""),
    ("sysctl", "net.ipv4.ip_forward 0\n", {}, HANDLED, "ip_forward", ""),
    ("sysctl", "net.ipv4.ip_forward 1\n", {}, OK, "", ""),
    ("secure-boot", "", {}, OK, "", ""),
    ("secure-boot", "on\noverlay Debian_CA\nbr_netfilter Debian_CA\n", {}, OK, "signed", ""),
    ("secure-boot", "on\noverlay Debian_CA\nbr_netfilter \n", {}, WARNING, "br_netfilter is not signed", ""),
    ("selinux", "", {}, OK, "", ""),
    ("selinux", "", {"selinux": "Enforcing"}, HANDLED, "permissive", ""),
    ("selinux", "", {"selinux": "Enforcing", "wanted": {"selinux": "leave"}}, WARNING, "stays so", ""),
    ("apparmor", "Y\nparser\n", {}, OK, "on", ""),
    ("apparmor", "Y\n", {}, WARNING, "apparmor_parser", "apt-get install -y apparmor"),
    ("apparmor", "N\n", {}, OK, "off", ""),
    ("reboot", "", {}, OK, "", ""),
    ("reboot", "required\nnewest 6.1.0-25-amd64\n", {}, WARNING, "an update asks", "systemctl reboot"),
    ("reboot", "newest 6.1.0-28-amd64\n", {}, WARNING, "6.1.0-28-amd64 is installed", "systemctl reboot"),
    ("reboot", "newest 5.10.0-1-amd64\n", {}, OK, "", ""),
    ("reboot", "newest 6.6.31+rpt-rpi-2712\n", {"kernel": "6.6.20+rpt-rpi-v8"}, OK, "", ""),
    ("umask", "/etc/login.defs:UMASK\t\t022\n", {}, OK, "", ""),
    ("umask", "/etc/login.defs:UMASK\t\t027\n", {}, HANDLED, "027", ""),
    ("umask", "/etc/profile:umask 0077\n", {}, HANDLED, "0077", ""),

    ("disk", "bytes /var/lib/containerd /dev/sda1 100000000000 1 40000000000 60% /\n", {}, OK, "40 GB", ""),
    ("disk", "", {"free": {"/var": 3 * GB}}, BLOCKING, "3.0 GB", ""),
    ("disk", "bytes /var/lib/containerd /dev/sda1 100000000000 1 10000000000 90% /var\n", {}, WARNING, "10.0 of 100.0 GB", ""),
    ("disk", "bytes /opt /dev/sda1 1000000000 1 100000000 90% /opt\n", {}, BLOCKING, "under /opt", ""),
    ("disk", "bytes /opt /dev/sda1 1000000000 1 500000000 50% /opt\n", {}, WARNING, "under /opt", ""),
    ("disk", "bytes /var/lib/etcd /d 100000000000 1 10000000000 90% /var\nbytes /opt /d 1000000000 1 100000000 90% /opt\n", {}, BLOCKING,
     "under /opt", ""),
    ("inodes", "inodes /var /dev/sda1 1000000 1 900000 10% /\ninodes /opt /dev/sdb 0 0 0 - /opt\n", {}, OK, "", ""),
    ("inodes", "inodes /var /dev/sda1 1000000 1 50000 95% /\n", {}, WARNING, "50000 inodes", ""),
    ("inodes", "inodes /var /dev/sda1 1000000 1 500 99% /\n", {}, BLOCKING, "500 inodes", ""),
    ("inodes", "inodes /var /d 1000000 1 50000 95% /\ninodes /opt /d 10000 1 500 95% /opt\n", {}, BLOCKING, "/opt", ""),
    ("mounts", "/ rw,relatime\n/tmp rw,noexec\n", {}, OK, "noexec", ""),
    ("mounts", "/ rw,relatime\n/run rw,noexec\n", {}, OK, "No mount", ""),
    ("mounts", "/ ro,relatime\n/var rw\n", {}, BLOCKING, "/usr is mounted read-only", ""),
    ("mounts", "/ rw\n/opt rw,noexec\n", {}, BLOCKING, "/opt is mounted noexec", "mount -o remount,bind,exec /opt"),
    ("mounts", "/ rw\n/var rw,nosuid,noexec\n", {}, WARNING, "/var", "remount,bind,exec /var"),
    ("propagation", "27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n", {}, OK, "", ""),
    ("propagation", "27 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n", {}, WARNING, "shared", "mount --make-rshared /"),
    ("swap", "memory 1000000\n", {}, OK, "off", ""),
    ("swap", "swap /dev/dm-1 0\nmemory 1000000\nfstab /dev/mapper/swap\n", {"swap": ("/dev/dm-1",)}, HANDLED, "/etc/fstab", ""),
    ("swap", "zram\nmemory 1000000\n", {}, HANDLED, "zram-generator", ""),
    ("swap", "unit dev-sda3.swap\n", {}, HANDLED, "a systemd unit", ""),
    ("swap", "swap /swapfile 2000000\nmemory 500000\n", {"swap": ("/swapfile",)}, BLOCKING, "1953 MB", ""),

    ("time-sync", "NTPSynchronized=yes\n", {}, OK, "", ""),
    ("time-sync", "NTPSynchronized=no\nCanNTP=yes\n", {}, WARNING, "Nobody", "timedatectl set-ntp true"),
    ("time-sync", "NTPSynchronized=no\nCanNTP=no\n", {"os_release": CENTOS8}, WARNING, "Nobody", "dnf -y install chrony"),
    ("time-sync", "NTPSynchronized=no\nCanNTP=yes\nactive chronyd\n", {}, WARNING, "has not set", ""),
    ("time-sync", "", {"virtualization": "systemd-nspawn"}, OK, "", ""),

    ("hostname", "", {}, OK, "cp1", ""),
    ("hostname", "", {"hostname": "localhost.localdomain"}, HANDLED, "localhost.localdomain", ""),
    ("hostname", "", {"host": replace(CP, name="my_node")}, BLOCKING, "my_node", ""),
    ("localhost", "127.0.0.1 STREAM localhost\n", {}, OK, "", ""),
    ("localhost", "192.168.1.11 STREAM localhost\n", {}, WARNING, "192.168.1.11", "/etc/hosts"),
    ("machine-id", "", {}, OK, "", ""),
    ("machine-id", "", {"machine_id": ""}, BLOCKING, "empty", "systemd-machine-id-setup"),
    ("machine-id", "", {"machine_id": "0" * 32}, BLOCKING, "000", "systemd-machine-id-setup"),
    ("dns-loop", "/etc/resolv.conf nameserver 192.168.1.1\n", {}, OK, "192.168.1.1", ""),
    ("dns-loop", "/etc/resolv.conf nameserver 127.0.0.1\n", {}, BLOCKING, "127.0.0.1", ""),
    ("dns-loop", "/etc/resolv.conf nameserver 127.0.0.53\n/run/systemd/resolve/resolv.conf nameserver 1.1.1.1\n", {"resolved": True},
     OK, "1.1.1.1", ""),
    ("dns-loop", "/run/systemd/resolve/resolv.conf nameserver 127.0.0.1\n", {"resolved": True}, BLOCKING, "127.0.0.1", ""),
    ("dns", "lookup pkgs.k8s.io 34.107.204.206\n", {}, OK, "", ""),
    ("dns", "/etc/resolv.conf nameserver 10.0.0.9\nlookup pkgs.k8s.io \n", {}, BLOCKING, "asked: 10.0.0.9", ""),
    ("dns", "lookup pkgs.k8s.io \n", {}, BLOCKING, "names no server", ""),
    ("dns", "lookup pkgs.k8s.io \n", OURS, WARNING, "pkgs.k8s.io", ""),
    ("dns-search", "", {}, OK, "", ""),
    ("dns-search", "wild fritz.box 45.76.93.104\n", {}, BLOCKING, "search domain fritz.box", ""),
    ("dns-search", "wild invalid 62.138.239.45\n", {}, WARNING, "do not exist", ""),
    ("dns-search", "wild invalid 62.138.239.45\nwild zuhause.example 62.138.239.45\n", {}, BLOCKING, "search domain zuhause.example", ""),

    ("address", "", {}, OK, "kinstall reaches the host by it", ""),
    ("address", "", {"wanted": {"chosen": {"cp1": "10.0.0.1"}}}, BLOCKING, "10.0.0.1", ""),
    ("address", "", {"addresses": ()}, BLOCKING, "No IPv4 address", ""),
    ("address", "", {"addresses": (("eth0", IPv4Interface("192.168.1.11/24")), ("wg0", IPv4Interface("10.9.0.2/24")))}, OK,
     "not 10.9.0.2 (wg0)", ""),
    ("default-route", "default via 192.168.1.1 dev eth0 proto dhcp metric 100\n", {}, OK, "", ""),
    ("default-route", "", {}, BLOCKING, "no default route", "ip route add default"),
    ("default-route", "default via 192.168.1.1 dev eth0 metric 100\ndefault via 192.168.2.1 dev wlan0 metric 600\n", {}, OK, "", ""),
    ("default-route", "default via 192.168.1.1 dev eth0\ndefault via 10.0.0.1 dev eth1\n", {}, WARNING, "eth0, eth1", ""),
    ("mtu", "2: eth0: <UP> mtu 1500 qdisc\n", {}, OK, "1500", ""),
    ("mtu", "2: eth0@if3: <UP> mtu 1280 qdisc\n", {}, WARNING, "1280", ""),
    ("firewall", "", {}, OK, "", ""),
    ("firewall", "", {"firewalld": True}, HANDLED, "6443/tcp", ""),
    ("firewall", "", {"ufw": True, "wanted": {"firewall": "disable"}}, HANDLED, "turns it off", ""),
    ("firewall", "", {"ufw": True, "wanted": {"firewall": "leave"}}, WARNING, "4789/udp", ""),
    ("firewall-rules", "base inet/filter input input accept 0\n", {}, OK, "", ""),
    ("firewall-rules", "base inet/filter input input drop 3\n", {}, WARNING, "inet/filter input (policy drop)", ""),
    ("firewall-rules", "base inet/mine in input accept 2\n", {}, WARNING, "2 rules drop", ""),
    ("firewall-rules", "base inet/firewalld filter_INPUT input accept 3\n", {"firewalld": True}, OK, "", ""),
    ("firewall-rules", "base ip/filter FORWARD forward drop 0\ndocker\n", {}, OK, "", ""),
    ("iptables", "flavour nf_tables\nnft ip filter\n", {}, OK, "nf_tables", ""),
    ("iptables", "flavour nf_tables\nlegacy filter\nlegacy nat\nnft ip filter\n",
     {}, WARNING, "legacy (filter, nat)", "update-alternatives"),

    ("ports", "tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:((\"sshd\",pid=1,fd=3))\n", {}, OK, "", ""),
    ("ports", "tcp LISTEN 0 128 *:6443 *:* users:((\"haproxy\",pid=77,fd=3))\nunit 77 haproxy.service\n", {}, BLOCKING,
     "6443 (kube-apiserver) by haproxy, pid 77", "systemctl disable --now haproxy.service"),
    ("ports", "tcp LISTEN 0 128 *:6443 *:* users:((\"haproxy\",pid=77,fd=3))\n", {"host": W1}, OK, "", ""),
    ("ports", "tcp LISTEN 0 128 *:9100 *:* users:((\"node_exporter\",pid=9,fd=3))\n", {}, BLOCKING, "9100 (node-exporter)", ""),
    ("ports", "tcp LISTEN 0 128 *:9100 *:* users:((\"node_exporter\",pid=9,fd=3))\n", {"wanted": {"node_exporter": False}}, OK, "", ""),
    ("ports", "tcp LISTEN 0 128 *:30090 *:* users:((\"plex\",pid=9,fd=3))\n", {}, BLOCKING, "30090 (Prometheus)", ""),
    ("ports", "tcp LISTEN 0 128 *:32400 *:* users:((\"Plex Media Serv\",pid=9,fd=3))\n", {}, WARNING, "32400", ""),
    ("ports", "tcp LISTEN 0 128 *:6443 *:* users:((\"kube-apiserver\",pid=7,fd=3))\n", OURS, OK, "this cluster", ""),
    ("ports", "pending\ntcp LISTEN 0 128 *:6443 *:* users:((\"kube-apiserver\",pid=7,fd=3))\n", {}, OK, "", ""),
    ("ports", "ours 7\ntcp LISTEN 0 128 *:6443 *:* users:((\"python3\",pid=7,fd=3))\n", {}, OK, "", ""),

    ("proxy", "", {}, OK, "No proxy", ""),
    ("proxy", "/etc/environment\thttps_proxy=http://proxy:3128\n", {}, BLOCKING, "192.168.1.11", "no_proxy=192.168.1.11"),
    ("proxy", "/etc/environment\texport HTTP_PROXY=\"http://proxy:3128\"\n/etc/environment\tNO_PROXY=192.168.1.0/24\n", {}, WARNING,
     "10.244.0.0/16 and 10.96.0.0/12", "no_proxy="),
    ("proxy", "shell\thttp_proxy=http://proxy:3128\nshell\tno_proxy=192.168.1.0/24,10.0.0.0/8\n", {}, WARNING, "not for containerd",
     "containerd.service.d"),
    ("proxy", "shell\thttp_proxy=http://p:1\nshell\tno_proxy=*\n"
     "/etc/systemd/system/containerd.service.d/p.conf\tHTTPS_PROXY=http://p:1\n", {},
     OK, "exempt", ""),

    ("other-cluster", "", {}, OK, "", ""),
    ("other-cluster", "k3s\n", {}, BLOCKING, "k3s", "k3s-uninstall.sh"),
    ("other-cluster", "microk8s\nrke2\n", {}, BLOCKING, "RKE2 and MicroK8s", "snap remove --purge microk8s"),
    ("other-cluster", "swarm\n", {}, BLOCKING, "4789/udp", "docker swarm leave --force"),
    ("other-cluster", "swarm\n", {"wanted": {"plugin": "flannel"}}, WARNING, "swarm", "docker swarm leave --force"),
    ("other-cluster", "file /etc/kubernetes/pki/ca.crt\n", {}, BLOCKING, "/etc/kubernetes/pki/ca.crt", "kubeadm reset -f"),
    ("other-cluster", "file /etc/kubernetes/kubelet.conf\n", {"cluster": "https://10.9.9.9:6443"},
     BLOCKING, "10.9.9.9", "kubeadm reset -f"),
    ("other-cluster", "pending\nfile /etc/kubernetes/pki/ca.crt\n", {}, HANDLED, "interrupted", ""),
    ("other-cluster", "file /etc/kubernetes/kubelet.conf\n", OURS, OK, "this cluster", ""),
    ("etcd-data", "member\n", {}, BLOCKING, "/var/lib/etcd", "mv /var/lib/etcd"),
    ("etcd-data", "member\npending\n", {}, HANDLED, "interrupted", ""),
    ("etcd-data", "member\n", {"host": W1}, OK, "", ""),
    ("etcd-data", "member\n", OURS, OK, "", ""),
    ("cni-interfaces", "eth0\nlo\n", {}, OK, "", ""),
    ("cni-interfaces", "cni0\neth0\nflannel.1\nlo\n", {}, BLOCKING, "cni0, flannel.1", "ip link delete cni0"),
    ("cni-interfaces", "eth0\nvxlan.calico\ncali123abc\n", {}, WARNING, "vxlan.calico", "ip link delete cali123abc"),
    ("cni-interfaces", "cni0\ncluster\n", {}, WARNING, "containers run", ""),
    ("cni-interfaces", "cni0\n", OURS, OK, "", ""),
    ("cni-config", "10-calico.conflist\ncalico-kubeconfig\n", {}, OK, "", ""),
    ("cni-config", "10-flannel.conflist\n", {}, BLOCKING, "10-flannel.conflist", "mv /etc/cni/net.d/10-flannel.conflist"),
    ("cni-config", "10-calico.conflist\n87-podman-bridge.conflist\n", OURS, OK, "not used", ""),
    ("cni-config", "05-cilium.conflist\n10-calico.conflist\n", OURS, BLOCKING, "05-cilium", ""),

    ("containerd-config", "", {}, OK, "No containerd", ""),
    ("containerd-config", 'disabled_plugins = ["cri"]\nSystemdCgroup = false\n',
     {"containerd": "2.3.7"}, HANDLED, "CRI plugin is disabled", ""),
    ("containerd-config", "      SystemdCgroup = false\n", {"containerd": "1.7.28"}, HANDLED, "cgroup driver", ""),
    ("containerd-config", '[plugins."cri".registry.mirrors]\n', {"containerd": "2.3.7"}, WARNING, "mirrors", ""),
    ("containerd-config", "# Written whole by kinstall: ...\n", {"containerd": "2.3.7"}, OK, "by kinstall", ""),
    ("remove-container-tools", "docker 0\n", {}, OK, "", ""),
    ("remove-container-tools", "docker.io 24.0.5\nrunc 1.1\ndocker 0\n", {}, HANDLED, "docker.io, runc", ""),
    ("remove-container-tools", "docker.io 24.0.5\nbusy\ndocker 3\n", {}, BLOCKING, "Containers run with docker.io", ""),
    ("remove-container-tools", "docker.io 24.0.5\nbusy\n", {"wanted": {"allow": frozenset({"remove-container-tools"})}},
     HANDLED, "allow", ""),
    ("remove-container-tools", "busy\ndocker 3\n", {}, WARNING, "3 containers", ""),
    ("versions-held", "kubelet\nkubeadm\n", {}, HANDLED, "kubelet kubeadm", ""),
    ("versions-held", "", {"kubelet": "1.28.2"}, HANDLED, "1.28.2", ""),
    ("versions-held", "", OURS, OK, "stays so", ""),
    ("versions-held", "", {}, OK, "", ""),

    ("package-lock", "", {}, OK, "", ""),
    ("package-lock", "812 35 unattended-upgr\n", {}, HANDLED, "unattended-upgr (pid 812)", ""),
    ("package-lock", "812 7200 apt-get\n", {}, BLOCKING, "120 minutes", ""),
    ("package-state", "", {}, OK, "", ""),
    ("package-state", "The following packages are only half configured, probably due to problems\nconfiguring them the first time:\n"
     " man-db               online manual pager\n", {}, BLOCKING, "man-db", "dpkg --configure -a"),
    ("package-state", "interrupted 0001\n", {}, BLOCKING, "dpkg was interrupted: apt does nothing", "dpkg --configure -a"),
    ("repositories", "/etc/apt/sources.list:deb http://deb.debian.org/debian bookworm main\n", {}, OK, "", ""),
    ("repositories", "/etc/apt/sources.list:deb cdrom:[Debian 12]/ bookworm main\n", {}, BLOCKING, "CD", "sed -i"),
    ("repositories", "/etc/apt/sources.list:# deb cdrom:[Debian 12]/ bookworm main\n", {}, OK, "", ""),
    ("repositories", "/etc/apt/sources.list.d/k.list:deb https://apt.kubernetes.io/ kubernetes-xenial main\n", {}, HANDLED, "is gone", ""),
    ("repositories", "/etc/apt/sources.list.d/docker.list:deb https://download.docker.com/linux/debian bookworm stable\n", {}, HANDLED,
     "writes itself", ""),
    ("repositories", "/etc/apt/sources.list.d/docker-ce.list:deb https://download.docker.com/linux/debian bookworm stable\n",
     {}, OK, "", ""),
    ("repositories", "/etc/yum.repos.d/CentOS-Base.repo:mirrorlist=http://mirrorlist.centos.org/?release=8\n", {"os_release": CENTOS8},
     HANDLED, "vault", ""),

    ("sources", "source kubernetes curl 0 200 000\nsource quay.io curl 0 401 000\n", {}, OK, "", ""),
    ("sources", "source quay.io curl 60 curl: (60) SSL certificate problem: certificate has expired 000 000\n", {}, BLOCKING,
     "has expired", ""),
    ("sources", "source quay.io curl 60 curl: (60) SSL certificate problem: self-signed certificate in certificate chain 000 000\n", {},
     BLOCKING, "a CA that this host does not know", ""),
    ("sources", "source quay.io curl 60 curl: (60) SSL certificate problem: unable to get local issuer certificate 000 000\n",
     {"os_release": CENTOS8}, BLOCKING, "a CA that", ""),
    ("sources", "no-cas\nsource quay.io curl 60 curl: (60) SSL certificate problem: unable to get local issuer certificate 000 000\n", {},
     HANDLED, "brings them", ""),
    ("sources", "source quay.io curl 60 curl: (60) SSL: "
     "no alternative certificate subject name matches target host name 'quay.io' 000 000\n",
     {}, BLOCKING, "for another name", ""),
    ("sources", "source quay.io curl 56 curl: (56) Received HTTP code 407 from proxy after CONNECT 000 407\n", {}, BLOCKING, "407", ""),
    ("sources", "source quay.io curl 56 curl: (56) CONNECT tunnel failed, response 403 000 403\n", {}, BLOCKING, "proxy forbids", ""),
    ("sources", "source quay.io curl 6 curl: (6) Could not resolve host: quay.io 000 000\n", {}, BLOCKING, "cannot be resolved", ""),
    ("sources", "source quay.io curl 28 curl: (28) Connection timed out after 4001 milliseconds 000 000\n",
     {}, BLOCKING, "does not answer", ""),
    ("sources", "source quay.io curl 0 403 000\n", {}, BLOCKING, "403", ""),
    ("sources", "source quay.io curl 0 502 000\n", {}, BLOCKING, "502", ""),
    ("sources", "source kubernetes curl 6 Could not resolve host\nsource quay.io curl 6 Could not resolve host\n", {}, BLOCKING,
     "Kubernetes' packages (pkgs.k8s.io) and the registry (quay.io): its name cannot be resolved.", ""),
    ("sources", "source quay.io curl 0 403 000\n", OURS, WARNING, "403", ""),
    ("sources", "source quay.io wget 8 HTTP request sent, awaiting response... 401 Unauthorized\n", {}, OK, "", ""),
    ("sources", "source quay.io wget 5 cannot verify quay.io's certificate: Unable to locally verify the issuer's authority.\n",
     {}, BLOCKING,
     "a CA that", ""),
    ("sources", "source quay.io tcp 1 bash: connect: Connection refused\n", {}, BLOCKING, "refused", ""),
    ("sources", "source quay.io none 0 \nsource kubernetes none 0 \n", {}, WARNING, "not tried", ""),
    ("sources", "", {}, WARNING, "not tried", ""),
    ("mirrors", "source deb.debian.org curl 0 200 000\n", {}, OK, "", ""),
    ("mirrors", "source deb.debian.org curl 0 404 000\n", {}, OK, "", ""),
    ("mirrors", "source deb.debian.org curl 6 curl: (6) Could not resolve host: deb.debian.org\n", {}, BLOCKING, "deb.debian.org", ""),
    ("mirrors", "source deb.debian.org curl 0 200 000\nsource ppa.lan curl 7 Connection refused\n", {}, WARNING, "ppa.lan", ""),
    ("mirrors", "source mirrorlist.centos.org curl 6 Could not resolve host\nsource vault curl 0 200 000\n",
     {"os_release": CENTOS8}, OK, "", ""),
    ("ipv6", "", {}, OK, "", ""),
    ("ipv6", "source registry curl 7 curl: (7) Failed to connect: Network is unreachable 000 000\n", {}, WARNING, "no route", "gai.conf"),
    ("ipv6", "source registry curl 6 curl: (6) Could not resolve host: registry.k8s.io 000 000\n", {}, OK, "", ""),
]


@pytest.mark.parametrize(("check", "seen", "change", "level", "says", "mends"), CASES)
def test_a_judgement(check: str, seen: str, change: dict[str, Any], level: Level, says: str, mends: str) -> None:
    finding = judged(check, seen, subject(**change))
    assert (finding.level, says in finding.sentence, mends in "\n".join(finding.mend)) == (level, True, True), finding
    assert finding.level in (Level.OK, Level.HANDLED) or finding.mend or finding.advice, "what to do?"


@pytest.mark.parametrize(("said", "advice"), [
    ("curl 60 curl: (60) SSL certificate problem: unable to get local issuer certificate 000 000", "update-ca-certificates"),
    ("curl 0 502 000", "Mend the way there"),
    ("curl 56 curl: (56) Received HTTP code 407 from proxy after CONNECT 000 407", "Set the right proxy"),
    ("curl 6 curl: (6) Could not resolve host: quay.io 000 000", "`dns`"),
])
def test_what_to_do_about_a_source(said: str, advice: str) -> None:
    assert advice in judged("sources", f"source quay.io {said}\n", subject()).advice


def test_every_check_has_its_cases_good_and_bad() -> None:
    assert {case[0] for case in CASES} == set(BY_ID)
    for check in CHECKS:
        levels = {level for name, _, _, level, *_ in CASES if name == check.id}
        assert len(levels) > 1, check.id
        assert (Level.BLOCKING in levels) == check.blocks, check.id


def test_ids_are_words_for_answers_and_each_once() -> None:
    assert len(BY_ID) == len(CHECKS)
    assert {"low-cpu", "low-memory", "kernel", "cgroup-v1", "remove-container-tools"} <= ALLOWED


def test_what_fitness_refuses_is_judged_there() -> None:
    assert len(RULES_USED) == len(RULES) == sum(unfit(name, Subject(CP, Facts(virtualization="lxc", controllers=("cpu",), free={"/var": 1}),
                                                                    WANTED)) is not None for name in RULES_USED)


def test_names_are_told_in_the_order_in_which_they_are_needed() -> None:
    one = subject(wanted={"names": ("pkgs.k8s.io", "download.docker.com", "quay.io", "ghcr.io")})
    seen = "lookup ghcr.io \nlookup quay.io \nlookup download.docker.com \nlookup pkgs.k8s.io \n"
    assert judged("dns", seen, one).sentence.startswith("pkgs.k8s.io, download.docker.com, quay.io and 1 more cannot be resolved")


@pytest.mark.parametrize(("host", "wanted", "chosen"), [
    (CP, "", ("192.168.1.11", "kinstall reaches the host by it")),
    (CP, "10.0.0.5", ("10.0.0.5", "the answers name it")),
    (replace(CP, address="cp1.home"), "", ("192.168.1.11", "the default route leaves from it")),
])
def test_which_address(host: Host, wanted: str, chosen: tuple[str, str]) -> None:
    assert choose(host, FIT, wanted) == chosen


@pytest.mark.parametrize(("no_proxy", "network", "is_covered"), [
    ("192.168.1.0/24", "192.168.1.11/32", True), ("*", "10.96.0.0/12", True), ("10.0.0.0/8,.svc", "10.96.0.0/12", True),
    ("192.168.1.12", "192.168.1.11/32", False), ("", "192.168.1.11/32", False), ("10.96.0.0/16", "10.96.0.0/12", False),
])
def test_no_proxy(no_proxy: str, network: str, is_covered: bool) -> None:
    assert covered(no_proxy, IPv4Network(network)) is is_covered


def test_a_blocking_finding_names_the_word_that_overrules_it() -> None:
    found = {result.check: result.finding for result in judge_host(Observed(subject(cpus=1, arch="armv7l"), {}))}
    assert (found["low-cpu"].allow, found["architecture"].allow, found["systemd"].allow) == ("low-cpu", "", "")
    elsewhere = Observed(subject(cluster="https://10.9.9.9:6443"), {"other-cluster": "file /etc/kubernetes/kubelet.conf\n"})
    assert {result.finding.allow for result in judge_host(elsewhere) if result.check == "other-cluster"} == {""}


def test_a_probe_that_printed_nothing_is_told() -> None:
    found = {result.check: result.finding for result in judge_host(Observed(subject(), {}))}
    assert (found["ports"].level, found["ports"].short) == (Level.WARNING, "not seen")


def test_the_registries_of_a_plugin() -> None:
    assert plugin_registries("calico", "1.37") == ["quay.io"] and plugin_registries("flannel", "1.37") == ["ghcr.io"]


PRINTED = {word for _, seen, *_ in CASES for word in seen.replace("\n", " \n ").split(" ")}
WORDS = st.sampled_from(sorted(PRINTED | {"\t", "\0", "²", "٣", "99999999999999999999"}))
ODD = [subject(), subject(W1), subject(**OURS), Subject(CP, Facts(), WANTED), subject(wanted={"addresses": {}, "sources": ()}),
       subject(os_release=CENTOS8, containerd="1.7", firewalld=True)]


@given(st.one_of(st.text(), st.lists(WORDS).map(" ".join)), st.sampled_from(ODD))
def test_no_judgement_ever_raises(seen: str, one: Subject) -> None:
    for check in CHECKS:
        finding = check.judge(seen, one)
        assert finding.sentence and (check.blocks or finding.level is not Level.BLOCKING)
