"""kinstall check on real hosts that are really spoiled: it names what is wrong, and its own mend makes it right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kinstall.events import Checking, Connected, Found
from tests.lab.labctl.lab import Lab
from tests.lab.runs import KINSTALL, Run, environment, install, newest, nodes

Answers = Callable[..., Path]
Seen = Mapping[tuple[str, str], Found]
THREE = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}


def check(lab: Lab, answers: Path, *args: str) -> Run:
    """kinstall check, and what it left behind."""
    state = answers.parent / "state"
    done = lab.run(KINSTALL, "check", answers, *args, env=environment(state), timeout=120)
    return Run(done.returncode, done.stdout, done.stderr, newest(state))


def found(run: Run) -> Seen:
    """(host, check) -> the finding, of the last look of this run."""
    events = run.events
    last = max(number for number, event in enumerate(events) if isinstance(event, Checking))
    return {(event.host, event.check): event for event in events[last:] if isinstance(event, Found)}


DROP_10250 = """(apt-get update && apt-get install -y nftables) >/dev/null 2>&1; nft add table inet mine
nft add chain inet mine in '{ type filter hook input priority 0; policy accept; }'; nft add rule inet mine in tcp dport 10250 drop"""
CARD = "$(ip -o route get 10.77.0.11 | grep -o 'dev [^ ]*' | cut -c5-)"
UNIT = """cat > /etc/systemd/system/{0}.service <<'END'
[Service]
ExecStart={1}
[Install]
WantedBy=multi-user.target
END
systemctl enable --now {0}
"""
PYTHON = '/usr/bin/python3 -c "{0}; import time; time.sleep(600)"'
LISTEN = UNIT.format("squatter", PYTHON.format("import socket; s = socket.create_server(('', 6443))")) + "sleep 0.5"
LOCK = UNIT.format("upgrades", PYTHON.format("import fcntl; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX)"))
HALF_CONFIGURED = "sed -i '/^Package: tar$/,/^Status/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status"
NO_K3S = "systemctl disable --now k3s; rm -rf /usr/local/bin/k3s* /etc/rancher /var/lib/rancher /etc/systemd/system/k3s.service"
K3S = (
    f"""printf '#!/bin/sh\\n{NO_K3S}\\n' > /usr/local/bin/k3s-uninstall.sh; touch /usr/local/bin/k3s; chmod +x /usr/local/bin/k3s*
mkdir -p /etc/rancher/k3s /var/lib/rancher/k3s/agent; """ + UNIT.format("k3s", "/bin/sleep inf")
)
RESOLV = "cp /etc/resolv.conf /root/resolv; echo nameserver {0} > /etc/resolv.conf"
RESOLVED = "cp /root/resolv /etc/resolv.conf"
CNI0 = "ip link add cni0 type bridge; ip addr add 10.200.0.1/24 dev cni0; ip link set cni0 up"
WEAVE = "mkdir -p /etc/cni/net.d; echo '{\"name\": \"weave\"}' > /etc/cni/net.d/05-weave.conflist"
CDROM = "echo 'deb cdrom:[Debian GNU/Linux 13]/ trixie main' >> /etc/apt/sources.list"
XENIAL = "echo 'deb https://apt.kubernetes.io/ kubernetes-xenial main' > /etc/apt/sources.list.d/old.list"
FLEECE = "echo 'https_proxy=http://me:sesame@10.77.0.3:3128' >> /etc/environment"
NO_CA = "cd /usr/local/share/ca-certificates; mv *.crt /root/YOUR-CA.crt; update-ca-certificates"
NEW_CA = "cp /root/YOUR-CA.crt /usr/local/share/ca-certificates/ && update-ca-certificates"
SMALL = "mount -t tmpfs -o size=100m,nr_inodes=10000 small /opt"
POD_ROUTE = "ip link add lan1 type bridge; ip addr add 10.244.3.1/24 dev lan1; ip link set lan1 up"


@dataclass(frozen=True)
class Spoiled:
    """How a host is spoiled, and what is found. `mend` only where the finding has words instead of commands, or the installation mends.

    `fault`: what the mirror answers instead; it is well again when things are mended.
    """

    check: str
    host: str
    spoil: str
    says: str
    mend: str = ""
    level: str = "blocking"
    fault: tuple[str, int] | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.host, self.check


ROUNDS = {
    "leftovers": (
        Spoiled("ports", "cp1", LISTEN, "6443 (kube-apiserver) by python3"),
        Spoiled("etcd-data", "cp1", "mkdir -p /var/lib/etcd/member/snap; echo x > /var/lib/etcd/member/snap/db", "data of another etcd"),
        Spoiled("other-cluster", "cp1", "mkdir -p /etc/kubernetes/pki; echo x > /etc/kubernetes/pki/ca.crt", "kubeadm was here before"),
        Spoiled("package-state", "cp1", HALF_CONFIGURED, "(tar)"),
        Spoiled("cni-interfaces", "w2", CNI0, "cni0"),
        Spoiled("cni-config", "w2", WEAVE, "05-weave.conflist"),
        Spoiled("other-cluster", "w2", K3S, "k3s is installed here"),
        Spoiled("mounts", "w2", "mount -t tmpfs -o noexec,size=2g opt /opt", "/opt is mounted noexec"),
        Spoiled("mounts", "w1", "mount --bind /opt /opt; mount -o remount,bind,noexec /opt", "/opt is mounted noexec"),
        Spoiled("repositories", "w2", CDROM, "CD"),
        Spoiled("localhost", "w2", "sed 's/^127.0.0.1/10.9.9.9/; /^::1/d' /etc/hosts > /tmp/h; cat /tmp/h > /etc/hosts", "10.9.9.9",
                level="warning"),
        Spoiled("machine-id", "w1", ": > /etc/machine-id", "machine-id is empty"),
    ),
    "network": (
        Spoiled("firewall-rules", "w2", DROP_10250, "inet/mine in (1 rules drop)", mend="nft delete table inet mine", level="warning"),
        Spoiled("reach", "w2", "", "10250/tcp cannot be reached from cp1, w1", mend="true"),
        Spoiled("default-route", "w2", "ip route show default > /root/route; ip route del default", "no default route",
                mend="ip route add $(cat /root/route)"),    # this kernel has no dummy interfaces, which its own mend takes
        Spoiled("mtu-differs", "w2", f"ip link set {CARD} mtu 1400", "is 1400, and most of the others have 1500", level="warning"),
        Spoiled("networks", "cp1", POD_ROUTE, "overlaps this host's own network 10.244.3.0/24", mend="ip link delete lan1"),
        Spoiled("dns", "cp1", RESOLV.format("10.77.0.250"), "pkgs.k8s.io", mend=RESOLVED),
        Spoiled("firewall", "w1", "", "firewalld is on; the installation opens 10250/tcp", mend="systemctl stop firewalld",
                level="handled"),
        Spoiled("reach", "w1", "", "firewalld is on, and the installation opens it", mend="true", level="handled"),
        Spoiled("hostnames", "w1", "hostname cp1", "It is called cp1, as cp1 is; the installation calls it w1", mend="hostname w1",
                level="handled"),
        Spoiled("duplicates", "w2", "echo 0123456789abcdef0123456789abcdef > /etc/machine-id", "one is a clone of the other"),
        Spoiled("machine-id", "cp1", "echo 0123456789abcdef0123456789abcdef > /etc/machine-id", "", level="ok"),
    ),
    "outside": (
        Spoiled("sources", "cp1", "", "registry.k8s.io): it answers 502", mend="true", fault=(r"registry\.k8s\.io/v2/", 502)),
        Spoiled("mirrors", "cp1", "", "debian.lab: it answers 503", mend="true", fault=(r"debian\.lab/", 503)),
        Spoiled("sources", "w2", NO_CA, "CA that this host does not know", mend=NEW_CA),
        Spoiled("dns-loop", "w1", RESOLV.format("127.0.0.1"), "names 127.0.0.1", mend=RESOLVED),
        Spoiled("disk", "cp1", SMALL, "are free under /opt", mend="umount /opt"),
        Spoiled("inodes", "cp1", "", "inodes are free for /opt", mend="true"),
        Spoiled("package-lock", "cp1", LOCK, "the installation waits for it", mend="systemctl disable --now upgrades",
                level="handled"),
        Spoiled("repositories", "w2", XENIAL, "is gone; that entry is switched off", mend="rm /etc/apt/sources.list.d/old.list",
                level="handled"),
        Spoiled("swap", "w2", "grep -q '[[:space:]]swap[[:space:]]' /etc/fstab", "brought by /etc/fstab",
                mend="swapoff -a; sed -i '/[[:space:]]swap[[:space:]]/d' /etc/fstab", level="handled"),
        Spoiled("umask", "w1", "echo umask 077 > /etc/profile.d/strict.sh", "umask 077", mend="rm /etc/profile.d/strict.sh",
                level="handled"),
    ),
    "proxy": (
        Spoiled("proxy", "w2", FLEECE, "no_proxy lacks the nodes"),
        Spoiled("mirrors", "w1", "", "vault", mend="true", fault=(r"vault\.centos\.org/", 503)),
    ),
}


@pytest.mark.parametrize("cases", ROUNDS.values(), ids=ROUNDS)
def test_spoiled_hosts_are_named_and_their_mends_mend(lab: Lab, answers: Answers, cases: tuple[Spoiled, ...]) -> None:
    """Spoil, look, do what the findings say, look again. Twice, where one mend brings up the next (a proxy)."""
    lab.fresh(**THREE)
    path = answers()
    before = found(check(lab, path))
    spoil(lab, cases)
    run = check(lab, path)
    seen = found(run)
    assert not [complaint for case in cases if (complaint := complaint_of(case, seen))], run.out
    assert run.code == 1 and "sesame" not in run.everything
    assert not {case.key for case in cases if case.level not in ("handled", "ok")} & set(before), "only what was spoiled is found"
    lab.mirror_clear()
    for _ in range(2):
        mend(lab, cases, seen)
        again = check(lab, path)
        seen = found(again)
        if not still(cases, seen):
            break
    assert not still(cases, seen), again.out
    assert again.code == 0, again.out


def spoil(lab: Lab, cases: Iterable[Spoiled]) -> None:
    for case in cases:
        if case.spoil:
            lab.ssh(case.host, case.spoil)
        if case.fault:
            lab.mirror_fail(*case.fault)


def complaint_of(case: Spoiled, seen: Seen) -> str:
    """What is not as it should be with what was found; "" when all is well."""
    one = seen.get(case.key)
    if one is None:
        return "" if case.level == "ok" else f"{case.key}: nothing was found"
    well = one.level == case.level and case.says in one.sentence and (one.mend or one.advice or case.level == "handled")
    return "" if well else f"{case.key}: {one}"


def mend(lab: Lab, cases: Iterable[Spoiled], seen: Seen) -> None:
    """The commands of each finding that is there, as they were printed, or the given ones where words say what to do."""
    for case in cases:
        if case.key in seen:
            lab.ssh(case.host, "set -e\n" + (case.mend or "\n".join(seen[case.key].mend)))


def still(cases: Iterable[Spoiled], seen: Seen) -> list[Found]:
    return [seen[case.key] for case in cases if case.key in seen]


def test_three_hosts_in_the_time_of_a_connection_and_a_script(lab: Lab, answers: Answers) -> None:
    """Fresh hosts: nothing blocks, nothing is changed; each host was connected to once. --json tells the same as events."""
    lab.fresh(**THREE)
    path = answers()
    for name in THREE:
        lab.ssh(name, MARK)
    run = check(lab, path, "--json")
    assert run.code == 0, run.everything
    assert "blocking" not in {event.level for event in found(run).values()}
    assert sorted(event.host for event in run.events if isinstance(event, Connected)) == sorted(THREE)
    told = [json.loads(line) for line in run.out.splitlines()]
    assert {(one["host"], one["check"]) for one in told if one["type"] == "found"} == set(found(run))
    assert run.ended.seconds < 10
    assert {name: lab.ssh(name, CHANGED) for name in THREE} == dict.fromkeys(THREE, "")


MARK = "touch /root/mark; sleep 0.1"
# what sudo, apt and rpm keep for themselves whenever they are asked something
THEIRS = ("/var/log", "/tmp", "/var/tmp", "/run", "/home", "/var/cache/apt", "*/.rpmdb")
ELSEWHERE = " -o ".join(f"-path '{path}' -prune" for path in THEIRS)
CHANGED = f"find / -xdev {ELSEWHERE} -o -not -type d -cnewer /root/mark -print"


def test_what_may_be_fixed_is_fixed_and_the_installation_then_converges(lab: Lab, answers: Answers) -> None:
    """An installation does not begin before what blocks is mended or allowed, changes nothing till then, and then goes through."""
    lab.fresh(cp1="debian13")
    path = answers()
    lab.ssh("cp1", f"{CNI0}; {WEAVE}; {XENIAL}; {MARK}")
    refused = install(lab, path)
    assert refused.code == 1
    assert "05-weave.conflist" in refused.err and "--allow cni-config" in refused.err and "cni0" in refused.err
    assert lab.ssh("cp1", CHANGED) == "", "nothing was changed"
    fixed = check(lab, path, "--fix")
    assert fixed.code == 0, fixed.everything
    assert "mended on cp1: cni-config" in fixed.err and "2 mended, looking again" in fixed.err
    lab.ssh("cp1", "echo '{}' > /etc/cni/net.d/99-other.conflist")
    run = install(lab, path, "--allow", "cni-config")
    assert run.code == 0, run.everything
    assert "allowed by the answers: cni-config" in run.path.read_text()
    assert nodes(lab) == {"cp1": (True, "v1.37.2")}
