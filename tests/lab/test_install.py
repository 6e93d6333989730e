"""From bare machines to a Ready cluster, by kinstall unmodified."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kinstall.events import CommandStarted, ConnectionChanged
from kinstall.journal import read
from kinstall.steps.kubeadm import PENDING
from tests.lab.labctl.lab import Lab
from tests.lab.labctl.paths import PASSWORD
from tests.lab.runs import KINSTALL, KUBECTL, UNITS, environment, install, newest, nodes, process_lists, tokens, wait_for_unit

Answers = Callable[..., Path]
MIXED = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}
V137, V136 = "v1.37.2", "v1.36.3"


def all_ready(lab: Lab, *names: str, version: str = V137) -> None:
    assert nodes(lab) == dict.fromkeys(names, (True, version))


def test_three_bare_hosts_of_different_distributions(lab: Lab, answers: Answers) -> None:
    """A password account whose sudo asks; then the same again; then what was fetched, and what was never shown."""
    lab.fresh(**MIXED)
    lab.truncate_log()
    path = answers()
    with process_lists(lab, *MIXED) as processes:
        first = install(lab, path)
    assert first.code == 0
    assert first.ended.changed > 0
    all_ready(lab, *MIXED)
    assert {(host, "dns") for host in MIXED} <= first.statuses("done")
    _took_the_by_hand_path(lab, first.output("w1", "containerd"))

    again = install(lab, path)
    assert again.code == 0
    assert again.ended.changed == 0
    assert not again.statuses("running")
    assert "nothing to change" in again.out
    assert again.ended.seconds < first.ended.seconds / 4

    secrets = [PASSWORD, *tokens(lab)]
    assert len(secrets) > 1
    for secret in secrets:
        assert secret not in first.everything + again.everything
        assert all(secret not in listed for listed in processes)
    assert any("kubeadm join" in listed for listed in processes), "the process lists saw the run"
    assert first.path.stat().st_mode & 0o777 == 0o600


def _took_the_by_hand_path(lab: Lab, printed: list[str]) -> None:
    assert any("has no containerd.io" in line and "taken by hand" in line for line in printed)
    fetched = {entry.url for entry in lab.access_log() if entry.client == "w1" and entry.status == 200}
    assert any(url.startswith("vault.centos.org/") for url in fetched)
    assert any("/rhel/8/x86_64/stable/Packages/containerd.io-" in url for url in fetched)


def test_a_plan_shows_everything_and_changes_nothing(lab: Lab, answers: Answers) -> None:
    lab.fresh(**MIXED)
    before = {name: _snapshot(lab, name) for name in MIXED}
    shown = install(lab, answers(), "--plan")
    assert shown.code == 0
    for words in SHOWN:
        assert words in shown.out
    for name in MIXED:
        assert _snapshot(lab, name) ^ before[name] == set()


# a file whole, a file edited, a command, the by-hand path, what runs in a unit
SHOWN = (
    "write /etc/modules-load.d/kinstall.conf (0644", "write /etc/hosts", "+ #kinstall# /swap.img", "swapoff -a", "vault.centos.org",
    "firewall-cmd -q --permanent --zone=public --add-port=10250/tcp", "fetch the newest containerd.io RPM",
    "kubeadm init --config", "kubeadm join --config",
)


def _snapshot(lab: Lab, name: str) -> set[str]:
    return set(lab.ssh(name, SNAPSHOT).splitlines())


# every file but those that sudo and rpm touch by being asked, with its time and size; packages; what runs
SNAPSHOT = """
find /etc /opt /usr/local /root /home -xdev -type f ! -name .sudo_as_admin_successful ! -path '/root/.rpmdb/*' -printf '%p %s %T@\\n'
ls /run/kinstall 2>/dev/null; (dpkg -l || rpm -qa) 2>/dev/null | sort | md5sum
cat /proc/swaps; lsmod | sort; sysctl -n net.ipv4.ip_forward
"""


def encrypted_key(lab: Lab, folder: Path, *hosts: str) -> Path:
    """A key with the passphrase "lab-phrase", let in for keyuser on these hosts."""
    key = folder / "id"
    lab.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "lab-phrase", "-f", key)
    public = key.with_suffix(".pub").read_text()
    for name in hosts:
        lab.ssh(name, f"echo '{public.strip()}' >> /home/keyuser/.ssh/authorized_keys")
    return key


def test_apt_only_with_a_locked_key_and_calico(lab: Lab, answers: Answers, tmp_path: Path) -> None:
    """A key account with NOPASSWD; the key's passphrase comes from the environment and shows nowhere."""
    hosts = {"cp1": "debian13", "w1": "debian12"}
    lab.fresh(**hosts)
    key = encrypted_key(lab, tmp_path, *hosts)
    access = {"user": "keyuser", "key": str(key), "key_passphrase": {"env": "PHRASE"}, "password": None, "sudo_password": None}
    kubeconfig = tmp_path / "kube/config"
    path = answers(access=access, network={"plugin": "calico"}, cluster={"kubeconfig": str(kubeconfig)})
    with process_lists(lab, *hosts) as processes:
        run = install(lab, path, PHRASE="lab-phrase")
    assert run.code == 0
    all_ready(lab, *hosts)
    assert "lab-phrase" not in run.everything + "".join(processes)
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    assert lab.ssh("cp1", "kubectl get nodes -o name", root=False).split() == ["node/cp1", "node/w1"]
    again = install(lab, path, "--json", PHRASE="lab-phrase")
    assert again.ended.changed == 0
    assert again.out == again.path.read_text(), "stdout has the very events that the journal has"


def test_as_root_for_an_ordinary_account(lab: Lab, answers: Answers) -> None:
    """No sudo at all; the account named in the answers gets the group that may use sudo, and a kubeconfig."""
    lab.fresh(cp1="debian13")
    lab.ssh("cp1", "install -D -m 600 /home/keyuser/.ssh/authorized_keys /root/.ssh/authorized_keys; chown -R root: /root/.ssh")
    lab.ssh("cp1", "gpasswd -d systemv sudo")
    run = install(lab, answers(account="keyuser", access={"user": "root"}, cluster={"account": "systemv"}))
    assert run.code == 0
    assert ("cp1", "account") in run.statuses("done")
    assert "sudo" in lab.ssh("cp1", "id -nG systemv").split()
    assert lab.ssh("cp1", "runuser -l systemv -c 'kubectl get nodes -o name'") == "node/cp1\n"


PAIRINGS = [
    pytest.param(
        {"cp1": "ubuntu2404", "w1": "rocky9", "w2": "debian11"}, "calico", "keyuser", "auto", V137, id="ubuntu2404-rocky9-debian11"
    ),
    pytest.param({"cp1": "rocky9", "w1": "ubuntu2004"}, "calico", "systemv", "auto", V137, id="rocky9-with-firewalld"),
    pytest.param({"cp1": "centos8", "w1": "debian12"}, "flannel", "keyuser", "1.36.3", V136, id="centos8-with-firewalld-1.36.3"),
]


# podman, whose runc excludes containerd.io; the card in another zone than the default one, a range open that holds the kubelet's port
PODMAN_AND_ANOTHER_ZONE = """
dnf -q -y install podman
for world in "" --permanent; do
  firewall-cmd -q $world --zone=internal --add-service=ssh; firewall-cmd -q $world --zone=internal --add-port=10000-20000/tcp
done
firewall-cmd -q --zone=internal --add-interface=eth0
"""
UFW = """
apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install ufw
ufw allow 22/tcp && ufw --force enable
"""
LIVED_IN = {"rocky9": PODMAN_AND_ANOTHER_ZONE, "ubuntu2404": UFW}
EL_FIREWALL = ("firewall-cmd --state; getenforce", "running\nPermissive\n")
STILL_ON = {"rocky9": EL_FIREWALL, "centos8": EL_FIREWALL, "ubuntu2404": ("ufw status | head -n 1", "Status: active\n")}


@pytest.mark.parametrize(("hosts", "plugin", "account", "wanted", "version"), PAIRINGS)
def test_pairings(lab: Lab, answers: Answers, hosts: dict[str, str], plugin: str, account: str, wanted: str, version: str) -> None:
    """Other control planes and workers, with the firewall on where there is one, and the older minor."""
    lab.fresh(**hosts)
    for name, distro in hosts.items():
        lab.ssh(name, LIVED_IN.get(distro, "true"))
    path = answers(account=account, network={"plugin": plugin}, cluster={"kubernetes": wanted})
    run = install(lab, path)
    assert run.code == 0
    all_ready(lab, *hosts, version=version)
    for name, distro in hosts.items():
        check, said = STILL_ON.get(distro, ("true", ""))
        assert lab.ssh(name, check) == said
    assert install(lab, path).ended.changed == 0


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT], ids=["killed", "stopped"])
def test_ended_in_the_middle_of_a_package_installation(lab: Lab, answers: Answers, sign: signal.Signals) -> None:
    """SIGKILL or Ctrl-C; the unit goes on, the next run attaches to it, follows it to its end and converges."""
    lab.fresh(cp1="debian12")
    path = answers()
    state = path.parent / "state"
    running = lab.popen(KINSTALL, "--headless", path, env=environment(state))
    unit = wait_for_unit(lab, "kinstall-kubernetes-")
    running.send_signal(sign)
    assert running.wait() == {signal.SIGKILL: -signal.SIGKILL, signal.SIGINT: 130}[sign]
    assert unit in lab.ssh("cp1", UNITS), "the unit survives its kinstall"

    again = install(lab, path)
    assert again.code == 0
    assert newest(state) == again.path
    attached = [event for event in again.events if isinstance(event, CommandStarted) and event.attached]
    assert [event.unit for event in attached] == [unit.removesuffix(".service")]
    assert again.output("cp1", "kubernetes"), "its output was followed"
    all_ready(lab, "cp1")
    assert not lab.ssh("cp1", UNITS).strip()
    _survives_a_mark_that_stayed_behind(lab, path)


def _survives_a_mark_that_stayed_behind(lab: Lab, path: Path) -> None:
    """The mark of an interrupted init on a control plane that works: it loses the mark, and nothing else."""
    identity = f"{KUBECTL} get namespace kube-system -o jsonpath='{{.metadata.uid}}'"
    before = lab.ssh("cp1", identity)
    lab.ssh("cp1", f"touch {PENDING}")
    run = install(lab, path)
    assert (run.code, run.ended.changed) == (0, 1)
    assert lab.ssh("cp1", identity) == before
    assert lab.ssh("cp1", f"ls {PENDING} 2>/dev/null || true") == ""


def test_a_power_cut_in_the_middle_of_init(lab: Lab, answers: Answers) -> None:
    """The host loses its power while kubeadm works; the next run finds what is half-done, resets that alone, and converges."""
    lab.fresh(cp1="debian12")
    path = answers()
    running = lab.popen(KINSTALL, "--headless", path, env=environment(path.parent / "state"))
    wait_for_unit(lab, "kinstall-init-")
    _wait_for(lab, f"ls {PENDING} && ls /etc/kubernetes/manifests/etcd.yaml")
    lab.kill("cp1")
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=60) == 130
    lab.start("cp1")
    again = install(lab, path)
    assert again.code == 0
    assert any("interrupted" in line for line in again.output("cp1", "init"))
    all_ready(lab, "cp1")


def _wait_for(lab: Lab, check: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if lab.ssh("cp1", f"{check} >/dev/null 2>&1 && echo yes || true"):
            return
        time.sleep(0.1)
    pytest.fail(f"not within 120 s: {check}")


def test_a_cut_cable_in_the_middle(lab: Lab, answers: Answers) -> None:
    """The connection drops for longer than keepalive allows; kinstall says so, reconnects, follows on, and ends well."""
    lab.fresh(cp1="debian12")
    path = answers()
    state = path.parent / "state"
    running = lab.popen(KINSTALL, "--headless", path, env=environment(state))
    wait_for_unit(lab, "kinstall-tools-")
    lab.cut("cp1")
    time.sleep(30)
    lab.mend("cp1")
    assert running.wait(timeout=400) == 0
    lost = [event.lost for event in read(newest(state)) if isinstance(event, ConnectionChanged)]
    assert lost[:2] == [True, False], "the drop is told, and its end"
    all_ready(lab, "cp1")
