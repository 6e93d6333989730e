"""What an earlier cluster left on a machine: somebody's, or an interrupted one of ours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from shlex import quote
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, blocking, handled, ok, warning
from kinstall.steps.base import ADMIN_CONF, KUBELET_CONF
from kinstall.steps.kubeadm import PENDING


@dataclass(frozen=True, slots=True)
class Other:
    """A Kubernetes of another kind: how it shows, and how it is taken away. That deletes its data, so kinstall never does it."""

    word: str
    title: str
    shows: str              # shell that succeeds where it is
    mend: tuple[str, ...]


OTHERS: Final = (
    Other("k3s", "k3s", "[ -d /var/lib/rancher/k3s ] || [ -e /usr/local/bin/k3s ]",
          ("if [ -x /usr/local/bin/k3s-uninstall.sh ]; then w=; else w=-agent; fi; /usr/local/bin/k3s$w-uninstall.sh",)),
    Other("rke2", "RKE2", "[ -d /var/lib/rancher/rke2 ] || [ -e /usr/local/bin/rke2 ] || [ -e /usr/bin/rke2 ]",
          ("PATH=$PATH:/usr/local/bin:/opt/rke2/bin; rke2-uninstall.sh",)),
    Other("microk8s", "MicroK8s", "[ -d /var/snap/microk8s ] || [ -e /snap/bin/microk8s ]", ("snap remove --purge microk8s",)),
    Other("k0s", "k0s", "[ -d /var/lib/k0s ] || [ -e /etc/systemd/system/k0scontroller.service ]", ("k0s stop", "k0s reset", "reboot")),
    Other("minikube", "minikube", "[ -d /var/lib/minikube ]", ("minikube delete --all --purge",)),
)
_BY_WORD: Final = {other.word: other for other in OTHERS}
_SWARM: Final = "swarm"


def other_cluster(seen: str, subject: Subject) -> Finding:
    """The words of OTHERS, `swarm`, `pending` for an interrupted installation of ours, `file PATH` for what kubeadm leaves."""
    words = {line.strip() for line in seen.splitlines()}
    if subject.is_ours:
        return ok("It is a node of this cluster already.", "ours")
    found = [other for word, other in _BY_WORD.items() if word in words]
    if found:
        mends = [command for other in found for command in other.mend]
        return blocking(f"{' and '.join(other.title for other in found)} is installed here, and both want the same ports.", found[0].title,
                        *mends, advice="That deletes the other cluster's data on this host.")
    if subject.facts.cluster and "pending" not in words:
        return replace(blocking(f"It is a node of another cluster ({subject.facts.cluster}).", "another's", "kubeadm reset -f",
                                advice=f"In that cluster first: kubectl delete node {subject.facts.hostname or subject.name}"), final=True)
    if "pending" in words:
        return handled("An installation of ours was interrupted here; it goes on, or is reset and done again.", "interrupted")
    files = [line[5:].strip() for line in seen.splitlines() if line.startswith("file ")]
    if files:
        return blocking(f"kubeadm was here before and left {', '.join(files[:3])}.", "kubeadm's",
                        "if command -v kubeadm >/dev/null; then kubeadm reset -f; fi", "rm -rf /etc/kubernetes")
    return _swarm(subject) if _SWARM in words else ok("No other cluster was here.", "–")


def _swarm(subject: Subject) -> Finding:
    if subject.wanted.plugin == "calico":   # both use VXLAN on 4789/udp
        return blocking("It is in a Docker swarm, whose networks use 4789/udp as Calico's do.", "swarm", "docker swarm leave --force",
                        advice="Or `network: {plugin: flannel}` in the answers: it uses another port.")
    return warning("It is in a Docker swarm.", "swarm", "docker swarm leave --force")


def etcd_data(seen: str, subject: Subject) -> Finding:
    """What is in /var/lib/etcd; `pending` when it is ours, of an interrupted installation."""
    words = seen.split()
    if not subject.is_control_plane or not words or subject.is_ours:
        return ok("There is no old data of an etcd.")
    if "pending" in words:
        return handled("/var/lib/etcd is what an interrupted installation of ours left.", "interrupted")
    return blocking("/var/lib/etcd has data of another etcd, and kubeadm takes an empty one only.", "data",
                    "mv /var/lib/etcd /var/lib/etcd.before-kinstall")


MADE: Final = ("cni0", "flannel.1", "vxlan.calico", "kube-ipvs0", "cilium_host", "cilium_net", "cilium_vxlan", "weave", "kube-bridge")
HARMFUL: Final = ("cni0", "kube-ipvs0", "cilium_vxlan", "weave", "kube-bridge")


def interfaces(seen: str, subject: Subject) -> Finding:
    """Interfaces that network plugins make, and `cluster` where a kubelet or a shim runs: then they may be in use."""
    words = seen.split()
    left = [word for word in words if word in MADE or word.startswith("cali")]
    if subject.is_ours or subject.facts.cluster or "pending" in words or not left:
        return ok("No interface of an earlier cluster is left.")
    if "cluster" in words:
        return warning(f"Interfaces of a network plugin are there ({', '.join(left[:4])}), and containers run.", left[0],
                       advice="See the finding about another cluster first.")
    judged = blocking if any(word in HARMFUL for word in left) else warning
    return judged(f"An earlier cluster left the interfaces {', '.join(left[:6])}; new pods could not be connected.", left[0],
                  *(f"ip link delete {name}" for name in left), "rm -rf /var/lib/cni /run/flannel", may_fix=True)


OWN_CONFIG: Final = {"calico": ("10-calico.conflist", "calico-kubeconfig"), "flannel": ("10-flannel.conflist",)}


def cni_config(seen: str, subject: Subject) -> Finding:
    """The files in /etc/cni/net.d: containerd takes the first of them by name, whosever it is."""
    own = OWN_CONFIG.get(subject.wanted.plugin, ())
    files = [name for name in seen.split() if name not in own and not name.startswith(".")]
    foreign = [name for name in files if name.endswith((".conf", ".conflist", ".json")) or name.endswith("-kubeconfig")]
    if not foreign:
        return ok("No network configuration of another plugin is there.")
    aside = "/etc/cni/before-kinstall"
    moves = f"mkdir -p {aside}", f"mv {' '.join(f'/etc/cni/net.d/{quote(name)}' for name in foreign)} {aside}/"
    says = f"/etc/cni/net.d has {', '.join(foreign[:4])} of another network plugin"
    if subject.is_ours and all(name > own[0] for name in foreign if own):
        return ok(f"{says}, which comes after {own[0]} and is not used.", foreign[0])
    return blocking(f"{says}: pods would be connected by that one.", foreign[0], *moves, may_fix=not subject.facts.cluster)


_PENDING: Final = f"[ -e {PENDING} ] && echo pending"
_OTHERS: Final = "\n".join(f"if {other.shows}; then echo {other.word}; fi" for other in OTHERS) + f"""
[ -s /var/lib/docker/swarm/docker-state.json ] && echo swarm
{_PENDING}
for f in {ADMIN_CONF} {KUBELET_CONF} /etc/kubernetes/pki/ca.crt /etc/kubernetes/manifests/*.yaml; do
  [ -e "$f" ] && echo "file $f"; done"""

LEFTOVERS: Final = (
    Check(id="other-cluster", title="other clusters",
          about="kubeadm's, k3s, RKE2, MicroK8s, k0s, minikube, Docker swarm; interrupted ones of ours", judge=other_cluster,
          probe=_OTHERS),
    Check(id="etcd-data", title="etcd's data", about="no old data in /var/lib/etcd of a new control plane", judge=etcd_data,
          probe=f"ls -A /var/lib/etcd | head -n 5; {_PENDING}"),
    Check(id="cni-interfaces", title="old interfaces", about="cni0, flannel.1, cali* of a cluster that is gone", judge=interfaces,
          probe=f"{_PENDING}; ls /sys/class/net; for n in kubelet '^k3s' '^containerd-shim'; do pgrep $n >/dev/null && echo cluster; done"),
    Check(id="cni-config", title="network configuration", about="no files of another plugin in /etc/cni/net.d", judge=cni_config,
          probe="ls /etc/cni/net.d"),
)
