"""What each image of the mirror holds: our binaries under upstream's names, places, entry points and users."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from .settings import HERE, LAB

BIN, BUSYBOX = LAB / "bin", LAB / "pkg/busybox/bin/busybox"
PASSWD = "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
NOBODY, GRAFANA_USER = 65534, 472
Files = dict[str, Path | str]

# nf_conntrack_max belongs to the machine's first network namespace: not writable in a host of the lab
KUBE_PROXY = """#!/bin/sh
n=$#
while [ $n -gt 0 ]; do
  x=$1; shift; n=$((n-1))
  case $x in --config=*)
    sed -e 's/maxPerCore: .*/maxPerCore: 0/' "${x#--config=}" > /tmp/config.conf
    x=--config=/tmp/config.conf;;
  esac
  set -- "$@" "$x"
done
exec /usr/local/bin/kube-proxy.real "$@"
"""


@dataclass
class Image:
    """One image, FROM scratch or on the Debian layer."""

    ref: str
    files: Files  # path in the image -> a file here, or text (a script), or "-> target"
    entry: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    user: str = ""
    base: bool = False  # on the Debian layer with iptables and the like
    dirs: dict[str, int] = field(default_factory=dict)  # directories and their owner
    env: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    workdir: str = "/"
    bind: str = ""  # the file that gets CAP_NET_BIND_SERVICE, as coredns has it


def table() -> list[Image]:
    """Every image; those of Kubernetes 1.36 once they are built (`lab build --with 1.36`)."""
    v, out = versions(), [*samples()]
    for minor, suffix in (("137", ""), ("136", "_136")):
        if is_ready(f"k8s-{v[f'K8S_{minor}']}") or minor == "137":
            out += [*kubernetes(v[f"K8S_{minor}"]), etcd(v[f"ETCD{suffix}"]), coredns(v[f"COREDNS{suffix}"])]
    pause = Image(f"registry.k8s.io/pause:{v['PAUSE']}", {"pause": BIN / "pause"}, ["/pause"], user="65535:65535")
    return [*out, pause, *metrics(v), *prometheus(v), grafana(v), local_path(v), *flannel(v), *calico(v)]


def versions() -> dict[str, str]:
    """What binaries/versions.env says."""
    lines = (HERE.parent / "binaries/versions.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def is_ready(group: str) -> bool:
    """Whether binaries/build.sh has completed the group."""
    ready = BIN / "READY"
    return ready.exists() and group in ready.read_text().split()


def several(folder: Path, to: str, *names: str) -> Files:
    """Files of one folder under the same names in the image."""
    return {f"{to}/{name}": folder / name for name in names}


def kubernetes(version: str) -> Iterable[Image]:
    """The control plane and kube-proxy."""
    folder, tag = BIN / f"k8s-{version}", f"v{version}"
    proxy: Files = {"usr/local/bin/kube-proxy": KUBE_PROXY, "usr/local/bin/kube-proxy.real": folder / "kube-proxy"}
    yield Image(f"registry.k8s.io/kube-proxy:{tag}", proxy, base=True)
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        files = several(folder, "usr/local/bin", name)
        yield Image(f"registry.k8s.io/{name}:{tag}", files, cmd=[f"/usr/local/bin/{name}"])


def etcd(version: str) -> Image:
    """The cluster's database."""
    files = several(BIN / f"etcd-{version}", "usr/local/bin", "etcd", "etcdctl", "etcdutl")
    return Image(f"registry.k8s.io/etcd:{version}-0", files, dirs={"var/etcd": 0}, ports=["2379", "2380"])


def coredns(version: str) -> Image:
    """The cluster's name server."""
    files: Files = {"coredns": BIN / f"coredns-{version}/coredns"}
    ref = f"registry.k8s.io/coredns/coredns:v{version}"
    return Image(ref, files, ["/coredns"], user="65532:65532", ports=["53"], bind="coredns")


def metrics(v: dict[str, str]) -> Iterable[Image]:
    """metrics-server and kube-state-metrics."""
    server: Files = {"metrics-server": BIN / "metrics-server", "etc/passwd": PASSWD}
    yield Image(
        f"registry.k8s.io/metrics-server/metrics-server:v{v['METRICS_SERVER']}",
        server,
        ["/metrics-server"],
        user="65534",
        dirs={"tmp": 0},
    )
    yield Image(
        f"registry.k8s.io/kube-state-metrics/kube-state-metrics:v{v['KUBE_STATE_METRICS']}",
        {"kube-state-metrics": BIN / "kube-state-metrics"},
        ["/kube-state-metrics", "--port=8080", "--telemetry-port=8081"],
        user="65534",
        ports=["8080", "8081"],
    )


def prometheus(v: dict[str, str]) -> Iterable[Image]:
    """Prometheus and its node exporter."""
    exporter: Files = {"bin/node_exporter": BIN / "node_exporter", "etc/passwd": PASSWD}
    yield Image(
        f"quay.io/prometheus/node-exporter:v{v['NODE_EXPORTER']}",
        exporter,
        ["/bin/node_exporter"],
        user="nobody",
        ports=["9100"],
    )
    server: Files = {
        "bin/prometheus": BIN / "prometheus",
        "etc/prometheus/prometheus.yml": "global: {}\nscrape_configs: []\n",
        "etc/passwd": PASSWD,
    }
    yield Image(
        f"quay.io/prometheus/prometheus:v{v['PROMETHEUS']}",
        server,
        ["/bin/prometheus"],
        ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
        user="nobody",
        dirs={"prometheus": NOBODY, "tmp": 0},
        ports=["9090"],
        workdir="/prometheus",
    )


def grafana(v: dict[str, str]) -> Image:
    """The stand-in for Grafana."""
    passwd = f"{PASSWD}grafana:x:{GRAFANA_USER}:0::/usr/share/grafana:/sbin/nologin\n"
    provisioning = "etc/grafana/provisioning"
    owned = ("var/lib/grafana", "var/log/grafana", f"{provisioning}/datasources", f"{provisioning}/dashboards")
    return Image(
        f"docker.io/grafana/grafana:{v['LABGRAFANA'].removesuffix('-standin')}",
        {"usr/share/grafana/bin/grafana": BIN / "labgrafana", "run.sh": "-> usr/share/grafana/bin/grafana", "etc/passwd": passwd},
        ["/run.sh"],
        user=str(GRAFANA_USER),
        dirs=dict.fromkeys(owned, GRAFANA_USER) | {"tmp": 0},
        env=["PATH=/usr/share/grafana/bin:/usr/bin:/bin", "GF_PATHS_DATA=/var/lib/grafana", f"GF_PATHS_PROVISIONING=/{provisioning}"],
        ports=["3000"],
        workdir="/usr/share/grafana",
    )


def local_path(v: dict[str, str]) -> Image:
    """The provisioner of local volumes; its helper pods run busybox."""
    files: Files = {"usr/bin/local-path-provisioner": BIN / "local-path-provisioner"}
    ref = f"docker.io/rancher/local-path-provisioner:v{v['LOCAL_PATH']}"
    return Image(ref, files, cmd=["/usr/bin/local-path-provisioner"])


def flannel(v: dict[str, str]) -> Iterable[Image]:
    """flannel and its CNI plugin."""
    folder = BIN / "flannel"
    daemon = several(folder, "opt/bin", "flanneld", "install-conf")
    yield Image(f"ghcr.io/flannel-io/flannel:v{v['FLANNEL']}", daemon, ["/opt/bin/flanneld"], base=True)
    plugin: Files = {"flannel": folder / "flannel", "bin/busybox": BUSYBOX, "bin/cp": "-> busybox", "bin/sh": "-> busybox"}
    yield Image("ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3", plugin, cmd=["/bin/sh"])


def calico(v: dict[str, str]) -> Iterable[Image]:
    """Calico's node, plugins and controllers."""
    folder, tag = BIN / "calico", f"v{v['CALICO']}"
    node = several(folder, "usr/bin", "calico-node") | several(folder, "usr/sbin", "start_runit")
    yield Image(f"docker.io/calico/node:{tag}", node, ["start_runit"], base=True)
    cni = several(folder, "opt/cni/bin", "install", "calico", "calico-ipam") | several(BIN / "flannel", "opt/cni/bin", "flannel")
    cni |= several(BIN / "cni", "opt/cni/bin", "bandwidth", "host-local", "loopback", "portmap", "tuning")
    yield Image(f"docker.io/calico/cni:{tag}", cni, cmd=["/opt/cni/bin/install"], env=["PATH=/opt/cni/bin:/usr/bin:/bin"])
    controllers = several(folder, "usr/bin", "kube-controllers", "check-status") | {"etc/passwd": PASSWD}
    yield Image(
        f"docker.io/calico/kube-controllers:{tag}",
        controllers,
        ["/usr/bin/kube-controllers"],
        user="999",
        dirs={"tmp": 0, "status": 999, "var/run": 0},
    )


def samples() -> Iterable[Image]:
    """docker.io/library/nginx (the lab's hello server) and busybox (Debian's), under the tags that people write."""
    applets = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
    box: Files = {"bin/busybox": BUSYBOX}
    box |= {f"bin/{applet}": "-> busybox" for applet in applets if applet != "busybox"}
    nginx: Files = box | {"usr/sbin/nginx": BIN / "labhello"}
    shell: Files = box | {"etc/passwd": PASSWD, "etc/group": "root:x:0:\n"}
    for tag in ("latest", "stable", "alpine", "1.29", "1.29-alpine"):
        yield Image(f"docker.io/library/nginx:{tag}", nginx, ["/usr/sbin/nginx", "-listen", ":80"], ports=["80"])
    for tag in ("latest", "stable", "1.36", "1.37"):
        yield Image(f"docker.io/library/busybox:{tag}", shell, cmd=["sh"], dirs={"tmp": 0, "root": 0, "var": 0})
