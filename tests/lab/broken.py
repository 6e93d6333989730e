"""Hosts that are broken in the middle of an installation, and the cause that must be named. Data for test_diagnosis.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.lab.spoiled import CNI0, GET, NEW_CA, NO_CA, RESOLV, RESOLVED

DROP: Final = f"{GET.format('iptables')}; iptables -A OUTPUT -d 10.77.0.11 -p tcp --dport 6443 -j DROP"
STOP, START = "systemctl stop containerd; ", "; systemctl reset-failed containerd; systemctl start containerd"
FULL: Final = f"{STOP}mount -t tmpfs -o size=2m full /var/lib/containerd; systemctl start containerd"
NOT_FULL: Final = f"{STOP}umount -l /var/lib/containerd{START}"
READ_ONLY: Final = f"{STOP}mount -t tmpfs -o ro,size=2m failing /var/lib/containerd"
BROKEN: Final = "mv /usr/bin/containerd /usr/bin/containerd.good; " \
    "printf '#!/bin/sh\\necho it is broken >&2; exit 1\\n' > /usr/bin/containerd; " \
    "chmod +x /usr/bin/containerd; systemctl stop containerd; pkill -x containerd; true"
MENDED: Final = f"mv /usr/bin/containerd.good /usr/bin/containerd{START}"
LISTEN: Final = "systemd-run --unit=squatter socat TCP-LISTEN:10259,fork,reuseaddr EXEC:/bin/cat; sleep 1"
FLAG: Final = "echo 'KUBELET_EXTRA_ARGS=--no-such-flag' > /etc/default/kubelet"
# a resolver of the host's own: the host itself is served well by it
LOOP: Final = (
    f"{GET.format('dnsmasq-base')}; cp /etc/resolv.conf /root/resolv; "
    "at=$(awk '/^nameserver/ { print $2; exit }' /root/resolv); "
    "systemd-run --unit=resolver dnsmasq -k --no-resolv --server=$at --listen-address=127.0.0.1 --bind-interfaces; sleep 1; "
    "sed -i 's/^nameserver .*/nameserver 127.0.0.1/' /etc/resolv.conf"
)
ANEW: Final = "kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system delete pod -l k8s-app=kube-dns"
NO_LOOP: Final = f"{RESOLVED}; {ANEW}"
REGISTRY: Final = r"registry\.k8s\.io/v2/kube-apiserver/manifests"


@dataclass(frozen=True)
class Broken:
    """How a host is broken, which cause is named, and how it is mended. `allow`: the checks that would have told it before."""

    cause: str
    step: str
    spoil: str = ""
    mend: str = ""
    allow: tuple[str, ...] = ()
    fault: tuple[str, int] | None = None    # of the mirror: what matches, and the status


# in the order of the steps that they break, so that each run goes on where the last one stopped
CHAIN: Final = (
    Broken("apt-interrupted", "tools", ": > /var/lib/dpkg/updates/0001", "dpkg --configure -a", ("package-state",)),
    Broken("repo-dead-mirror", "kubernetes", allow=("sources",), fault=(r"packages\.k8s\.io/.*/deb/(InRelease|Release$|Packages)", 404)),
    Broken("cri-runtime-down", "runtime", BROKEN, MENDED),
    Broken("host-disk-read-only", "runtime", READ_ONLY, NOT_FULL),
    Broken("host-disk-full", "images", FULL, NOT_FULL, ("inodes",)),
    Broken("img-missing", "images", fault=(REGISTRY, 404)),
    Broken("img-rate-limit", "images", fault=(REGISTRY, 429)),
    Broken("host-name-unresolved", "images", RESOLV.format("10.77.0.250"), RESOLVED, ("dns", "sources", "mirrors")),
    Broken("net-tls-intercepted", "images", f"{NO_CA}; systemctl restart containerd", f"{NEW_CA}; systemctl restart containerd",
           ("sources", "mirrors")),
    Broken("preflight-port-taken", "init", LISTEN, "systemctl stop squatter", ("ports",)),
    Broken("kubelet-unknown-flag", "init", FLAG, "rm /etc/default/kubelet"),
    Broken("cni-wrong-bin-dir", "dns", "mv /opt/cni/bin/portmap /root/", "apt-get -qq install -y --reinstall kubernetes-cni"),
    Broken("reset-cni0-address", "dns", f"ip link del cni0; {CNI0}; {ANEW} --wait=false", "ip link del cni0", ("cni-interfaces",)),
)
# each on hosts of its own
DNS_LOOP: Final = Broken("dns-loop", "dns", LOOP, NO_LOOP, ("dns-loop",))
JOIN_DROPPED: Final = Broken("join-way-blocked", "join", DROP, "iptables -F OUTPUT", ("reach",))
BROKEN_ALL: Final = (*CHAIN, DNS_LOOP, JOIN_DROPPED)
