"""A bare machine of each distribution in the table, and the cluster it becomes part of: what the golden files are made from."""

from __future__ import annotations

import base64
from ipaddress import IPv4Interface, IPv4Network

from kinstall.addons.model import Addons, Claims, Grafana, Helm, MetricsServer, Prometheus, Storage, Volume
from kinstall.distro import DISTROS, Distro
from kinstall.model import Cluster, Facts, Host, Network, Node, Release, Role, Sources
from kinstall.states import State

MANIFEST = """\
kind: DaemonSet
apiVersion: apps/v1
metadata: {name: calico-node, namespace: kube-system}
spec: {template: {spec: {containers: [{name: calico-node, image: "quay.io/calico/node:v3.32.1"}]}}}
"""

DEAD = """\
[baseos]
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=BaseOS&infra=$infra
#baseurl=http://mirror.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/
"""

# what the probes of a bare machine print, by what a state is about; of all others: nothing
BARE = {
    "hostname": "localhost\nlocalhost\n",
    "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "/etc/fstab": "UUID=6e3f0a52 / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n",
    "swap": "/swap.img file 2097148 0 -2\n",
    "/etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
    "firewalld": "public\n--permanent: no\nnow: no\n",
    "images": "want registry.k8s.io/kube-proxy:v1.37.2\nhas registry.k8s.io/pause:3.10.2\n",
    **{f"directory {path}": "missing here\ndisk 41943040000 /\n" for path in ("/var/lib/kinstall/prometheus", "/srv/web")},
    "directory /var/lib/kinstall/grafana": "missing here\ndisk 1048576 /var\n",
    "CentOS repositories": f"{base64.b64encode(DEAD.encode()).decode()} /etc/yum.repos.d/CentOS-Linux-BaseOS.repo\n",
}


# the same of a machine that has been used for other things
LIST = "deb [signed-by=/usr/share/keyrings/docker.gpg] https://download.docker.com/linux/ubuntu noble stable\n"
BUSY = {
    "ufw": "/usr/sbin/ufw\nAdded user rules (see 'ufw status' for running firewall):\nufw allow 22/tcp\n",
    "no other entry of docker-ce.list": f"{base64.b64encode(LIST.encode()).decode()} /etc/apt/sources.list.d/docker.list\n",
    "no package docker.io containerd runc": "docker.io 26.1.3-0ubuntu1\nrunc 1.1.12-0ubuntu3\n",
    "zram swap": "generator\n1\n",
    "swap units": "dev-zram0.swap\n",
    "service containerd": "enabled\nactive\n100\n200\n",
    "membership": "pending\n",
}
# the same of a cluster of before, to which add-ons come, and from which helm is taken afterwards
LATER = {
    "directory /var/lib/kinstall/grafana": "directory 755 0:0 root:root\ncontents some\ndisk 1048576 /var\n",
    "/var/lib/kubelet/config.yaml": "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n",
    "service kubelet": "enabled\nactive\n100\n200\n",
    "helm 4.3.1": "v3.21.4\n\n/usr/local/bin/helm\n",
    "chart repositories of admin": '[{"name":"prometheus-community","url":"https://old.lan"}]\n',
    "no helm of kinstall's": "4.3.1\nv4.3.1\n",
}


def seen(state: State) -> str:
    """What a bare machine shows of this state."""
    return BARE.get(state.about, "")


def node(distro: Distro, *, name: str = "node1", role: Role = Role.WORKER, address: str = "192.168.96.32") -> Node:
    """A fresh machine of this distribution."""
    facts = Facts(
        kernel="6.1.0-1", arch="x86_64", cgroup=2, cpus=2, memory=4 << 30, account="admin", home="/home/admin",
        addresses=(("eth0", IPv4Interface(f"{address}/24")),), default_source=address,
        selinux="Enforcing" if distro.family == "rhel" else "", firewalld=distro.family == "rhel", resolved=distro.docker == "ubuntu",
    )
    return Node(host=Host(name=name, address=address, role=role), facts=facts, distro=distro, address=address)


SOURCES = Sources(
    kubernetes="https://pkgs.k8s.io/core:/stable:",
    kubernetes_key="DE15B14486CD377B9E876E1A234654DA9A296436",
    docker="https://download.docker.com/linux",
    docker_apt_key="9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    docker_rpm_key="060A61C51B558A7F742B77AAC52FEB6B621E9F35",
    rpm_folder="",
    registry="registry.k8s.io",
    vault="http://vault.centos.org",
)


def cluster(*nodes: Node, allow: frozenset[str] = frozenset(), firewall: str = "open") -> Cluster:
    """A cluster of a Debian 12 control plane and these nodes."""
    debian12 = next(row for row in DISTROS if row.id == "debian12")
    first = node(debian12, name="kmaster", role=Role.CONTROL_PLANE, address="192.168.96.31")
    network = Network(
        plugin="calico", version="3.32.1", manifest=MANIFEST, images=("quay.io/calico/node:v3.32.1",),
        pods=IPv4Network("10.244.0.0/16"), services=IPv4Network("10.96.0.0/12"),
    )
    release = Release(version="1.37.2", kubeadm_api="v1beta4", pause="3.10.2", containerd=("2.2.0", "2.3.0"))
    return Cluster(
        name="homelab", release=release, network=network, nodes=(first, *nodes), sources=SOURCES, allow=allow, firewall=firewall
    )


def everything(first: str = "kmaster", other: str = "node1") -> Addons:
    """Every add-on that hosts have a part in: Prometheus on one node, Grafana and a StatefulSet's disk on another."""
    prometheus = _owned("prometheus", first, "10Gi", "65534:65534")
    grafana = _owned("grafana", other, "1Gi", "472:0")
    web = Volume(name="default-www-web-0", node=other, directory="/srv/web", size="1Gi")
    return Addons(
        helm=Helm(
            version="4.3.1", url="https://get.helm.sh", sha256={"amd64": "0" * 64},
            charts={"prometheus-community": "https://prometheus-community.github.io/helm-charts"},
        ),
        metrics_server=MetricsServer(kubelet_tls="serving"), kube_state_metrics=True, node_exporter=True,
        prometheus=Prometheus(volume=prometheus), grafana=Grafana(volume=grafana),
        storage=Storage(claims=(Claims(statefulset="web", claim="www", namespace="default", volumes=(web,)),)),
    )


def _owned(name: str, on: str, size: str, owner: str) -> Volume:
    return Volume(name=name, node=on, directory=f"/var/lib/kinstall/{name}", size=size, owner=owner, mode="0750")
