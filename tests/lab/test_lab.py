"""The laboratory itself, without kinstall: what a test may rely on."""

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.lab.labctl.answers import merged
from tests.lab.labctl.lab import Lab
from tests.lab.labctl.leftovers import leftovers
from tests.lab.labctl.paths import versions
from tests.lab.labctl.plain_yaml import dump
from tests.lab.labctl.process import LabError

HOSTS = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}
HELM = "https://get.helm.sh/helm-latest-version"
CHARTS = "https://prometheus-community.github.io/helm-charts/index.yaml"
IMAGES = {"prometheus": "PROMETHEUS", "node-exporter": "NODE_EXPORTER"}
KEY = "https://pkgs.k8s.io/core:/stable:/v1.37/deb/Release.key"


@pytest.fixture(scope="module")
def hosts(lab: Lab) -> Lab:
    """Three hosts, as `lab up` makes them."""
    lab.fresh(**HOSTS)
    return lab


def status(lab: Lab, url: str) -> str:
    """The HTTP status that the control side sees; 000 when the connection fails."""
    return lab.run("curl", "-sL", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", url).stdout


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_answers_ssh_under_its_name(hosts: Lab, name: str) -> None:
    assert hosts.ssh(name, "hostname; whoami") == f"{name}\nroot\n"
    assert hosts.ssh(name, "whoami", root=False) == "keyuser\n"


@pytest.mark.parametrize("name", HOSTS)
def test_a_fresh_host_is_unprepared(hosts: Lab, name: str) -> None:
    assert "/swap.img" in hosts.ssh(name, "cat /proc/swaps")
    assert hosts.ssh(name, "cat /proc/sys/net/ipv4/ip_forward") == "0\n"
    assert hosts.ssh(name, "test -e /proc/sys/net/bridge/bridge-nf-call-iptables || echo none") == "none\n"
    assert hosts.ssh(name, "command -v containerd kubeadm kubelet || echo none") == "none\n"


def test_a_fresh_centos_guards_itself(hosts: Lab) -> None:
    assert hosts.ssh("w1", "firewall-cmd --state; systemctl is-active firewalld; getenforce") == "running\nactive\nEnforcing\n"


@pytest.mark.parametrize("name", HOSTS)
def test_sudo_asks_systemv_for_the_password(hosts: Lab, name: str) -> None:
    assert hosts.ssh(name, "echo lab-pass | runuser -u systemv -- sudo -S -p '' id -u") == "0\n"
    with pytest.raises(LabError):
        hosts.ssh(name, "echo wrong | runuser -u systemv -- sudo -S -p '' id -u")


def test_hosts_and_the_control_side_resolve_names(hosts: Lab) -> None:
    assert hosts.ssh("w2", "getent ahostsv4 cp1.lab | head -1").startswith("10.77.0.11 ")
    assert hosts.run("getent", "ahostsv4", "w1").stdout.startswith("10.77.0.21 ")
    assert hosts.run("getent", "ahostsv4", "example.com").returncode != 0


def test_the_mirror_serves_a_key_to_a_host(hosts: Lab) -> None:
    hosts.truncate_log()
    assert "PGP PUBLIC KEY" in hosts.ssh("cp1", f"curl -fsSL {KEY}")
    first, second = hosts.access_log()
    assert (first.client, first.host, first.status) == ("cp1", "pkgs.k8s.io", 302)
    assert (second.host, second.status) == ("prod-cdn.packages.k8s.io", 200)


def test_the_mirror_fails_on_request_and_so_often(hosts: Lab) -> None:
    hosts.mirror_fail(r"get\.helm\.sh/", 503, times=2)
    assert [status(hosts, HELM) for _ in range(3)] == ["503", "503", "200"]
    hosts.mirror_fail(r"get\.helm\.sh/", "drop")
    assert status(hosts, HELM) == "000"
    hosts.mirror_clear()
    assert status(hosts, HELM) == "200"


def test_a_wrong_fault_is_refused(hosts: Lab) -> None:
    with pytest.raises(LabError, match="not teapot"):
        hosts.mirror_fail("x", "teapot")
    with pytest.raises(LabError, match="no regular expression"):
        hosts.mirror_fail("(", 503)


def test_a_slow_mirror_takes_its_time(hosts: Lab) -> None:
    url = "https://github.com/flannel-io/flannel/releases/latest/download/kube-flannel.yml"
    size = len(hosts.run("curl", "-sL", url).stdout)
    hosts.mirror_slow(size * 8 // 1000)  # about a second
    began = time.monotonic()
    assert len(hosts.run("curl", "-sL", url).stdout) == size
    assert time.monotonic() - began > 0.7


def test_one_image_of_a_registry_can_fail(hosts: Lab) -> None:
    def manifest(name: str) -> str:
        url = f"https://quay.io/v2/prometheus/{name}"
        return hosts.run("curl", "-s", "-H", "Authorization: Bearer lab", "-o", "/dev/null", "-w", "%{http_code}", url).stdout

    prometheus, exporter = (f"{name}/manifests/v{versions()[key]}" for name, key in IMAGES.items())
    hosts.mirror_fail(r"quay\.io/v2/prometheus/prometheus/manifests/", 500)
    assert (manifest(prometheus), manifest(exporter)) == ("500", "200")
    hosts.mirror_clear()
    assert manifest(prometheus) == "200"


def test_a_chart_is_found_in_the_repository(hosts: Lab) -> None:
    index = yaml.safe_load(hosts.run("curl", "-fsSL", CHARTS).stdout)
    (chart,) = index["entries"]["lab-hello"]
    assert hosts.run("sh", "-c", f"curl -fsSL {chart['urls'][0]} | sha256sum").stdout.split()[0] == chart["digest"]


def test_a_disk_can_be_filled(hosts: Lab) -> None:
    """A small disk for a folder: it lasts until the host loses its power."""
    hosts.ssh("w2", "mkdir -p /srv/small && mount -t tmpfs -o size=1m small /srv/small")
    assert "No space left" in hosts.ssh("w2", "dd if=/dev/zero of=/srv/small/file bs=64k count=17 2>&1 || true")
    hosts.reset("w2")
    assert hosts.ssh("w2", "grep -c /srv/small /proc/mounts || true") == "0\n"


def test_reset_gives_a_fresh_host_with_the_same_keys(hosts: Lab) -> None:
    before = hosts.host("w2").host_key
    hosts.ssh("w2", "swapoff -a; sysctl -qw net.ipv4.ip_forward=1; touch /etc/was-here")
    hosts.reset("w2")
    assert hosts.ssh("w2", "cat /proc/sys/net/ipv4/ip_forward; ls /etc/was-here 2>/dev/null || echo gone") == "0\ngone\n"
    assert "/swap.img" in hosts.ssh("w2", "cat /proc/swaps")
    assert hosts.host("w2").host_key == before


def test_a_killed_host_comes_back_with_its_disk(hosts: Lab) -> None:
    hosts.ssh("w2", "echo kept > /etc/was-here; sync")
    hosts.kill("w2")
    with pytest.raises(LabError):
        hosts.ssh("w2", "true")
    hosts.start("w2")
    assert hosts.ssh("w2", "cat /etc/was-here") == "kept\n"


def test_a_host_reboots(hosts: Lab) -> None:
    before = hosts.ssh("w2", "cat /proc/sys/kernel/random/boot_id")
    hosts.ssh("w2", "systemd-run --on-active=0.1 systemctl reboot")
    for _ in range(50):
        time.sleep(0.2)
        try:
            if hosts.ssh("w2", "cat /proc/sys/kernel/random/boot_id") != before:
                return
        except LabError:
            continue
    pytest.fail("w2 did not come back")


def test_a_cut_cable_is_silence(hosts: Lab) -> None:
    hosts.cut("w1")
    assert hosts.run("timeout", "2", "bash", "-c", "echo > /dev/tcp/w1/22").returncode == 124
    hosts.mend("w1")
    assert hosts.ssh("w1", "echo back") == "back\n"


def test_a_command_on_the_control_side_may_be_signalled(hosts: Lab) -> None:
    running = hosts.popen("bash", "-c", "trap 'echo bye; exit 7' TERM; echo hello; while :; do sleep 0.1; done")
    assert running.stdout
    assert running.stdout.readline() == "hello\n"
    running.terminate()
    assert (running.stdout.read(), running.wait()) == ("bye\n", 7)


def test_the_control_side_is_given_its_environment(hosts: Lab) -> None:
    assert hosts.run("sh", "-c", "echo $LAB_PASSWORD", env={"LAB_PASSWORD": "x"}).stdout == "x\n"


def test_answers_name_the_hosts_and_their_keys(hosts: Lab, answers: Callable[..., Path]) -> None:
    tree = yaml.safe_load(answers(hosts={"cp1": "debian12", "w1": "centos8"}).read_text())
    assert [(h["name"], h["address"], h["role"]) for h in tree["hosts"]] == [
        ("cp1", "10.77.0.11", "control-plane"),
        ("w1", "10.77.0.21", "worker"),
    ]
    scanned = hosts.run("ssh-keyscan", "-t", "ed25519", "w1").stdout
    shown = subprocess.run(["ssh-keygen", "-lf", "-"], input=scanned, capture_output=True, text=True).stdout
    assert tree["hosts"][1]["access"]["host_key"] in shown


@pytest.mark.parametrize("plugin", ["calico", "flannel"])
def test_answers_know_the_manifests_that_are_served(hosts: Lab, answers: Callable[..., Path], plugin: str) -> None:
    source = yaml.safe_load(answers().read_text())["sources"][plugin]
    served = hosts.run("curl", "-fsSL", source["url"]).stdout.encode()
    assert hashlib.sha256(served).hexdigest() == source["sha256"]


def test_answers_take_the_other_account_and_changes(hosts: Lab, answers: Callable[..., Path]) -> None:
    tree = yaml.safe_load(answers(account="keyuser", network={"plugin": "calico"}, allow=[]).read_text())
    assert tree["access"]["user"] == "keyuser"
    assert Path(tree["access"]["key"]).exists()
    assert tree["network"] == {"plugin": "calico", "pods": "10.244.0.0/16", "services": "10.96.0.0/12"}
    assert tree["allow"] == []


def test_answers_know_the_helm_that_is_served(hosts: Lab, answers: Callable[..., Path]) -> None:
    source = yaml.safe_load(answers().read_text())["sources"]["helm"]
    url = f"https://get.helm.sh/helm-v{source['version']}-linux-amd64.tar.gz"
    assert hosts.run("sh", "-c", f"curl -fsSL {url} | sha256sum").stdout.split()[0] == source["sha256"]
    assert hosts.run("curl", "-fsSL", f"{url}.sha256").stdout.strip() == source["sha256"]


def test_answers_want_addons_from_a_person_and_none_from_a_test(hosts: Lab, answers: Callable[..., Path]) -> None:
    assert yaml.safe_load(answers().read_text())["addons"] == "none"
    assert yaml.safe_load(answers(addons={"helm": True}).read_text())["addons"] == {"helm": True}
    assert "addons" not in yaml.safe_load(answers(addons=None).read_text())
    printed = subprocess.run([Path(__file__).with_name("lab"), "answers"], capture_output=True, text=True, check=True).stdout
    assert "addons" not in yaml.safe_load(printed)


@pytest.mark.parametrize("value", ["3.28.5", "1.37", "yes", "12E5", "a: b", "", "10.0.0.0/8", "SHA256:x/+", True, 7, None, ["a", "1"]])
def test_the_small_yaml_says_what_it_was_told(value: object) -> None:
    tree = {"outer": {"inner": value, "deep": {"leaf": value}}, "list": [{"item": value}], "empty": {}}
    assert yaml.safe_load(dump(tree)) == tree


def test_overrides_merge_replace_and_remove() -> None:
    assert merged({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 9}, "d": None}) == {"a": {"b": 9, "c": 2}}


def test_up_names_the_hosts_it_wants_and_no_others(hosts: Lab) -> None:
    hosts.up(cp1="debian12", w2="debian12")
    assert {m.name: m.distro for m in hosts.hosts()} == {"cp1": "debian12", "w2": "debian12"}
    assert hosts.ssh("w2", ". /etc/os-release; echo $VERSION_CODENAME") == "bookworm\n"


def test_down_leaves_nothing_behind(hosts: Lab) -> None:
    hosts.down()
    assert leftovers() == []
    assert json.loads(subprocess.run([Path(__file__).with_name("lab"), "hosts"], capture_output=True, text=True).stdout) == []
