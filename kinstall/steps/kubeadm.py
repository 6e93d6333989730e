"""kubeadm's configuration as objects, and the two states that kubeadm makes: a control plane, a joined node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from kinstall.model import Cluster, Node
from kinstall.states import Command, State, write
from kinstall.steps.base import ADMIN_CONF, KUBELET_CONF, kubectl
from kinstall.steps.runtime import SOCKET

FOLDER = "/etc/kubernetes/kinstall"
PATCHES = f"{FOLDER}/patches"
PENDING = f"{FOLDER}/pending"                   # there while kubeadm is at work: what it left half-done is ours to reset
CONFIG = "/run/kinstall/kubeadm.yaml"           # gone after the command, and after a reboot anyway
KUBECTL = kubectl()
SERVING = "serverTLSBootstrap"                  # the kubelet's word for: ask the cluster for a serving certificate

# what the user allows -> the preflight checks of kubeadm that say the same
IGNORED = {
    "cgroup-v1": ("SystemVerification",),
    "kernel": ("SystemVerification",),
    "low-cpu": ("NumCPU",),
    "low-memory": ("Mem",),
}

Object = Mapping[str, object]


def ignored(node: Node, cluster: Cluster) -> list[str]:
    """The preflight errors that the user's `allow` covers on this node, for kubeadm."""
    allowed = cluster.allow - ({"cgroup-v1"} if node.facts.cgroup == 2 else set())
    return sorted({check for word in allowed for check in IGNORED.get(word, ())})


def registration(node: Node, cluster: Cluster) -> Object:
    """How the node registers itself: under its name, with the address that the plan chose."""
    listed = cluster.release.kubeadm_api != "v1beta3"     # v1beta4 made the arguments a list
    arguments = [{"name": "node-ip", "value": node.address}] if listed else {"node-ip": node.address}
    entries: dict[str, object] = {"name": node.name, "criSocket": SOCKET, "kubeletExtraArgs": arguments}
    if node.is_control_plane and len(cluster.nodes) == 1:
        entries["taints"] = []  # a cluster of one machine must run its pods there
    covered = ignored(node, cluster)
    return entries | ({"ignorePreflightErrors": covered} if covered else {})


def init_config(node: Node, cluster: Cluster) -> str:
    """The configuration of `kubeadm init`, as YAML documents."""
    api = f"kubeadm.k8s.io/{cluster.release.kubeadm_api}"
    networking = {"podSubnet": str(cluster.network.pods), "serviceSubnet": str(cluster.network.services)}
    return documents(
        {"apiVersion": api, "kind": "InitConfiguration", "localAPIEndpoint": {"advertiseAddress": node.address},
         "nodeRegistration": registration(node, cluster), "patches": {"directory": PATCHES}},
        {"apiVersion": api, "kind": "ClusterConfiguration", "clusterName": cluster.name, "kubernetesVersion": f"v{cluster.release.version}",
         "controlPlaneEndpoint": cluster.endpoint, "imageRepository": cluster.sources.registry, "networking": networking},
        {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "cgroupDriver": "systemd"},
    )


def join_config(node: Node, cluster: Cluster) -> str:
    """The configuration of `kubeadm join`. Without a ticket yet (in a plan), words stand where it will."""
    ticket = cluster.ticket
    token = {"token": ticket.token.reveal() if ticket else "made when this node asks", "apiServerEndpoint": cluster.endpoint,
             "caCertHashes": [ticket.ca_hash if ticket else "sha256 of the cluster's CA"]}
    return documents(
        {"apiVersion": f"kubeadm.k8s.io/{cluster.release.kubeadm_api}", "kind": "JoinConfiguration", "discovery": {"bootstrapToken": token},
         "nodeRegistration": registration(node, cluster), "patches": {"directory": PATCHES}},
    )


def kubelet_patch(node: Node, cluster: Cluster) -> str:
    """This node's own differences from the cluster's kubelet configuration.

    The resolver's file; cgroup v1 where it is allowed; and a serving certificate of the cluster's, where that was chosen.
    """
    resolver = "/run/systemd/resolve/resolv.conf" if node.facts.resolved else "/etc/resolv.conf"
    patch: dict[str, object] = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "resolvConf": resolver}
    minor = tuple(map(int, cluster.release.minor.split(".")))
    own = {"failCgroupV1": (False, node.facts.cgroup == 1 and minor >= (1, 31)), SERVING: (True, wants_serving(cluster))}
    return documents(patch | {key: value for key, (value, needed) in own.items() if needed})


def wants_serving(cluster: Cluster) -> bool:
    """Shall the kubelets serve with certificates that the cluster signed?"""
    chosen = cluster.addons.metrics_server
    return chosen is not None and chosen.kubelet_tls == "serving"


def documents(*objects: Object) -> str:
    """Objects as YAML documents, keys in the order they were written."""
    return str(yaml.safe_dump_all(objects, sort_keys=False, explicit_start=len(objects) > 1))


def running(verb: str, flags: str, config: str, *, reset: str = "", secret: bool = False) -> Command:
    """kubeadm init or join, from a configuration that is there only meanwhile. `reset`: shell for what an interrupted one left.

    Its preflight comes before the mark: what preflight refuses was there before us, and is never reset. The mark reaches the disk
    before kubeadm begins, and its removal right after kubeadm has ended.
    """
    put = write(CONFIG, config, mode="0600")
    kubeadm = " ".join(filter(None, (f"kubeadm {verb} --config {CONFIG}", flags)))
    shell = (
        f"trap 'rm -f {CONFIG}' EXIT; trap 'exit 143' TERM\n{put.shell}\n{reset}mkdir -p {FOLDER}\n"
        f"kubeadm {verb} phase preflight --config {CONFIG}\n"
        f"touch {PENDING}; sync {FOLDER}\n"
        f"{kubeadm} --skip-phases=preflight\n"
        f"rm -f {PENDING}; sync {FOLDER}"
    )
    shown = f"write {CONFIG} (0600), with a token that is not shown" if secret else put.says
    first = "kubeadm reset -f    (an earlier one was interrupted here)\n" if reset else ""
    return Command(shell, says=f"{first}{shown}\n{kubeadm}", long=True, once=True, waits=True)


FINISHED = Command(f"rm -f {PENDING}; sync {FOLDER}", says=f"rm -f {PENDING}    (it was finished after all)")
COMPLETE = ("configmap/kubeadm-config", "configmap/cluster-info")
LAST = ("deployment.apps/coredns", "daemonset.apps/kube-proxy")     # what init puts into the API at its very end
LIVED = 3600    # seconds


@dataclass(frozen=True)
class ControlPlane(State):
    """A control plane that kubeadm finished: its files, and in its API what init puts there late.

    With the mark of an interrupted init, what comes last must be there too. Such a one is reset only when its API does not come up,
    and when its etcd has not gone on living for long: then it is somebody's cluster, and nothing is touched.
    """

    config: str

    @property
    def about(self) -> str:
        return "control plane"

    def probe(self) -> str:
        return (
            f"[ -e {PENDING} ] && echo pending; [ -e {ADMIN_CONF} ] && echo files && {{\n"
            f"{KUBECTL} -n kube-system get cm/kubeadm-config deploy/coredns ds/kube-proxy -o name --ignore-not-found\n"
            f"{KUBECTL} -n kube-public get cm/cluster-info -o name; }}"
        )

    def met(self, seen: str) -> bool:
        words = seen.split()
        return "pending" not in words and {"files", *COMPLETE} <= set(words)

    def commands(self, seen: str) -> tuple[Command, ...]:
        words = set(seen.split())
        if "pending" in words and {*COMPLETE, *LAST} <= words:
            return (FINISHED,)
        if "pending" in words:
            return (running("init", "--skip-token-print", self.config, reset=self._reset()),)
        return (self._revive(),) if "files" in words else (running("init", "--skip-token-print", self.config),)

    def _reset(self) -> str:
        """Shell that ends well when the cluster turns out to be finished, refuses when it has lived, and resets it otherwise."""
        objects = f"{KUBECTL} -n kube-system get cm/kubeadm-config deploy/coredns ds/kube-proxy >/dev/null 2>&1"
        lived = f"$(($(stat -c %Y /var/lib/etcd/member/snap/db 2>/dev/null || echo 0) - $(stat -c %Y {PENDING})))"
        return (
            f"echo 'kinstall: an earlier kubeadm init was interrupted here: does its API server come up?'\n"
            f"for n in $(seq 20); do if {objects}; then rm -f {PENDING}; sync {FOLDER}; exit 0; fi; sleep 3; done\n"
            f"if [ {lived} -gt {LIVED} ]; then\n"
            "  echo 'kinstall: this control plane has worked for long after that, so it is not reset'\n"
            f"  echo 'kinstall: mend it by hand, then: rm {PENDING}'\n"
            "  exit 1\nfi\nkubeadm reset -f\n"
        )

    def _revive(self) -> Command:
        """A control plane that was there already and does not answer: never reset, only started again."""
        wait = (
            f"systemctl restart kubelet\nfor n in $(seq 60); do {KUBECTL} get --raw /readyz && exit 0; sleep 3; done\n"
            "echo 'kinstall: this control plane was installed before, and its API server does not answer'\n"
            "crictl ps -a | head -20; journalctl -u kubelet -n 20 --no-pager -o cat; exit 1"
        )
        return Command(wait, says=f"systemctl restart kubelet; wait for {KUBECTL} get --raw /readyz", long=True, once=True, waits=True)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command("kubeadm reset -f", long=True),) if "files" in seen.split() else ()


@dataclass(frozen=True)
class Joined(State):
    """A node that belongs to this cluster, and that the cluster knows."""

    name: str
    config: str
    endpoint: str

    @property
    def about(self) -> str:
        return "membership"

    def _ask(self) -> str:
        """Shell that prints what the API server says of this node, with the kubelet's own credentials."""
        return f"{kubectl(KUBELET_CONF)} get node {self.name} -o name 2>&1"

    def probe(self) -> str:
        return (
            f"[ -e {PENDING} ] && echo pending; grep -o 'server: .*' {KUBELET_CONF} && "
            f"case \"$({self._ask()})\" in node/*) echo known ;; *NotFound*) echo unknown ;; esac"
        )

    def met(self, seen: str) -> bool:
        words = seen.split()    # an API server that does not answer just now says neither known nor unknown
        return words[:2] == ["server:", f"https://{self.endpoint}"] and "unknown" not in words

    def commands(self, seen: str) -> tuple[Command, ...]:
        words = seen.split()
        if "pending" in words:
            return (FINISHED,) if "known" in words else (running("join", "", self.config, reset=self._reset(), secret=True),)
        if "unknown" in words:   # deleted with kubectl: the kubelet registers itself again when it starts
            return (Command("systemctl restart kubelet; sleep 5"),)
        return (running("join", "", self.config, secret=True),)

    def _reset(self) -> str:
        """Shell that ends well when the node turns out to be known, refuses when nobody can be asked, and resets it otherwise."""
        return (
            f"if [ -e {KUBELET_CONF} ]; then\n"
            "  echo 'kinstall: an earlier kubeadm join was interrupted here: does the cluster know this node?'\n"
            f"  for n in $(seq 10); do said=$({self._ask()}) || true\n"
            f"    case $said in node/*) rm -f {PENDING}; sync {FOLDER}; exit 0 ;; *NotFound*|*Unauthorized*|*Forbidden*) break ;; esac\n"
            "    sleep 3; done\n"
            "  case $said in *NotFound*|*Unauthorized*|*Forbidden*) ;; *)\n"
            f"    echo \"kinstall: nobody can be asked, so this node is not reset: $said\"; exit 1 ;; esac\nfi\nkubeadm reset -f\n"
        )

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command("kubeadm reset -f", long=True),) if "server:" in seen else ()
