"""From evidence to causes: the root before its symptoms, the first before the last; and what is shown when nobody knows the failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinstall.diagnosis import Evidence, certain, diagnose, explain, informative, told
from kinstall.diagnosis.evidence import timed
from kinstall.diagnosis.table import table

FIXTURES = Path(__file__).parent / "failures"
WAIT = "[kubelet-check] The kubelet is not healthy after 4m0.001263484s"
TOML = "1764057601.5 kmaster containerd[900]: containerd: failed to load TOML: /etc/containerd/config.toml: (12, 3): no value"
SOCKET = (
    '1764057605.0 kmaster kubelet[2101]: E1125 08:00:05.000001    2101 run.go:72] "command failed" err="failed to run Kubelet: '
    'validate service connection: dial unix /run/containerd/containerd.sock: connect: no such file or directory"'
)
SWAP = (
    '1764057610.0 kmaster kubelet[2101]: E1125 08:00:10.000001    2101 run.go:72] "command failed" '
    'err="failed to run Kubelet: running with swap on is not supported, please disable swap!"'
)
DOWN = "Result=exit-code NRestarts=12 Id=containerd.service LoadState=loaded ActiveState=activating SubState=auto-restart"


def ids(evidence: Evidence) -> list[str]:
    return [cause.id for cause in diagnose(evidence)]


def one_host(**places: list[str]) -> Evidence:
    return Evidence({"kmaster": places})


def test_containerd_comes_before_the_kubelet_and_the_kubelet_before_kubeadm() -> None:
    evidence = one_host(output=[WAIT], kubelet=[SOCKET], units=[DOWN, "joined yes"], containerd=[TOML])
    assert ids(evidence) == ["cri-config-refused", "cri-runtime-down", "kubelet-command-failed", "init-kubelet-unhealthy"]
    first, *rest = diagnose(evidence)
    assert (first.host, first.because, first.sure) == ("kmaster", (), True)
    assert all("cri-config-refused" in cause.because for cause in rest)


def test_the_kubelets_journal_explains_why_kubeadm_waits_in_vain() -> None:
    assert ids(one_host(output=[WAIT], kubelet=[SWAP])) == ["kubelet-swap-on", "init-kubelet-unhealthy"]


def test_a_symptom_alone_is_told_and_is_not_sure() -> None:
    (cause,) = diagnose(one_host(output=[WAIT]))
    assert (cause.id, cause.sure) == ("init-kubelet-unhealthy", False)
    assert certain((cause,)) is None


def test_what_one_host_lacks_does_not_explain_what_another_one_suffers() -> None:
    evidence = Evidence({"w1": {"kubelet": [SWAP.replace("kmaster", "w1")]}, "kmaster": {"output": [WAIT]}})
    assert {cause.id: cause.because for cause in diagnose(evidence)} == {"kubelet-swap-on": (), "init-kubelet-unhealthy": ()}


def test_an_api_server_that_is_down_explains_why_a_worker_cannot_join() -> None:
    bind = "2026-11-25T08:00:01Z kube-system/etcd-kmaster/etcd: listen tcp 10.0.2.15:2380: bind: cannot assign requested address"
    refused = "couldn't validate the identity of the API Server: failed to request: dial tcp 192.168.1.31:6443: connect: connection refused"
    unhealthy = "[control-plane-check] kube-apiserver is not healthy after 4m0s"
    evidence = Evidence({"w1": {"output": [refused]}, "kmaster": {"logs": [bind], "output": [unhealthy]}})
    assert [(cause.id, cause.host) for cause in diagnose(evidence)] == [
        ("init-advertise-address", "kmaster"), ("init-component-unhealthy", "kmaster"), ("join-unreachable", "w1"),
    ]


def test_of_two_roots_the_first_in_time_comes_first() -> None:
    flag = SWAP.partition("err=")[0] + 'err="failed to parse kubelet flag: unknown flag: --pod-infra-container-image"'
    later = flag.replace("1764057610.0", "1764057650.0")
    sooner = flag.replace("1764057610.0", "1764057602.0")
    assert ids(one_host(kubelet=[SWAP, later])) == ["kubelet-swap-on", "kubelet-unknown-flag"]
    assert ids(one_host(kubelet=[SWAP, sooner])) == ["kubelet-unknown-flag", "kubelet-swap-on"]


def test_what_the_command_itself_says_comes_before_what_else_is_wrong() -> None:
    expired = "The following signatures were invalid: EXPKEYSIG 234654DA9A296436 isv:kubernetes OBS Project <x@y>"
    assert ids(one_host(output=[expired], kubelet=[SWAP], disk=["inodes 100% used, 0 free: /var (/dev/sda3)"])) == [
        "key-expired", "kubelet-swap-on", "host-disk-full",
    ]


def test_a_full_disk_explains_what_died_of_it() -> None:
    evidence = one_host(output=[WAIT], units=[DOWN], disk=["space 100% used, 0 MB free: /var (/dev/sda3)"])
    assert ids(evidence)[0] == "host-disk-full"
    assert diagnose(evidence)[0].sentence == "The disk /var is full, in space or in inodes."


NOT_YET = (
    '{at} w1 kubelet[21]: E1125 08:00:01.0 21 kubelet.go:3117] "x" err="container runtime network not ready: NetworkReady=false '
    'reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"'
)


@pytest.mark.parametrize(
    ("seen_at", "now", "counts"),
    [
        ((1000, 1030), 1035, False),       # thirty seconds are nothing but a start
        ((1000, 1200), 1205, True),        # it lasts
        ((1000, 1200), 1500, False),       # it lasted, and is over
    ],
)
def test_what_passes_by_itself_counts_when_it_lasts(seen_at: tuple[int, int], now: int, counts: bool) -> None:
    base = 1764056000
    lines = [NOT_YET.format(at=f"{base + at}.0") for at in seen_at]
    evidence = Evidence({"w1": {"kubelet": lines, "time": [f"now {base + now}.5"]}})
    assert ids(evidence) == (["cni-not-installed-yet"] if counts else [])


def test_what_the_failed_command_says_is_not_over() -> None:
    (cause,) = diagnose(one_host(output=["Error from server: etcdserver: request timed out"], logs=[], time=["now 1764057601.0"]))
    assert (cause.id, cause.sure) == ("etcd-slow-disk", False)


def test_what_may_have_nothing_to_do_with_it_is_not_sure() -> None:
    noise = "1764057601.0 w1 kernel: filter_IN_public_REJECT: IN=eth0 OUT= SRC=192.168.1.9 DST=255.255.255.255 PROTO=UDP DPT=1900"
    (cause,) = diagnose(Evidence({"w1": {"kernel": [noise]}}))
    assert (cause.id, cause.sure) == ("fw-firewalld-rejects", False)
    unreached = "couldn't validate the identity of the API Server: dial tcp 192.168.1.31:6443: i/o timeout"
    cause, _ = diagnose(Evidence({"w1": {"kernel": [noise], "output": [unreached]}}))
    assert (cause.id, cause.sure) == ("fw-firewalld-rejects", True)


def test_a_warning_that_may_be_harmless_comes_after_what_is_not() -> None:
    warning = '[WARNING HTTPProxy]: Connection to "https://192.168.1.31" uses proxy "http://192.168.1.9:3128".'
    causes = diagnose(one_host(output=[warning, WAIT], kubelet=[SWAP]))
    assert [cause.id for cause in causes] == ["kubelet-swap-on", "img-proxy-catches-cluster", "init-kubelet-unhealthy"]
    assert not causes[1].sure


def test_only_the_waiting_hosts_own_causes_end_its_wait() -> None:
    causes = diagnose(one_host(kubelet=[SWAP]))
    assert certain(causes, "kmaster") == causes[0]
    assert certain(causes, "w1") is None


def test_a_lock_is_worth_waiting_for() -> None:
    waits = "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 9 (apt)"
    (cause,) = diagnose(one_host(output=[waits]))
    assert (cause.id, certain((cause,))) == ("apt-lock-held", None)
    assert "9 (apt)" in cause.sentence


def test_a_kubelet_that_waits_for_its_first_configuration_is_no_failure() -> None:
    (line, _, _) = (FIXTURES / "kubelet-no-config-yet.txt").read_text(encoding="utf-8").splitlines()
    assert ids(one_host(kubelet=[line.partition(" | ")[2]], units=["joined no"])) == []


def test_an_event_is_told_of_the_node_that_it_is_about() -> None:
    event = '2026-11-25T08:00:01Z node=w2 kube-system/x FailedCreatePodSandBox: failed to find plugin "bridge" in path [/usr/lib/cni]'
    (cause,) = diagnose(one_host(events=[event]))
    assert (cause.host, cause.sentence) == ("w2", "The CNI plugin bridge is not in /usr/lib/cni where containerd looks for it.")
    assert cause.seen[0].line.startswith("node=w2")
    assert cause.seen[0].at == pytest.approx(1795593601)


def test_the_same_failure_on_two_hosts_is_two_causes() -> None:
    evidence = Evidence({name: {"kubelet": [SWAP.replace("kmaster", name)]} for name in ("kmaster", "w1")})
    assert [(cause.id, cause.host) for cause in diagnose(evidence)] == [("kubelet-swap-on", "kmaster"), ("kubelet-swap-on", "w1")]


def test_clocks_are_compared_with_the_control_planes() -> None:
    hosts = {
        "w1": {"time": ["now 1764050400.0"]},
        "kmaster": {"time": ["now 1764057601.0"], "cluster": ["server: https://192.168.1.31:6443"]},
        "w2": {"time": ["now 1764057604.0"]},
    }
    evidence = Evidence(hosts, {"w1": 1764057600.0, "kmaster": 1764057600.0, "w2": 1764057600.0})
    assert [(cause.id, cause.host, cause.sentence[:36]) for cause in diagnose(evidence)] == [
        ("time-skew", "w1", "This host's clock is 7201 s behind k"),
    ]


@pytest.mark.parametrize(
    ("route", "overlaps"),
    [
        ("route 192.168.1.0/24 dev eth0 proto kernel scope link src 192.168.1.31", True),
        ("route 10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.31", False),
        ("route 192.168.77.0/26 dev cali1a2b scope link", False),
        ("route 192.168.77.64/26 via 10.0.0.32 dev eth0 proto bird", False),
        ("route default via 192.168.1.1 dev eth0", False),
    ],
)
def test_the_pod_network_is_compared_with_the_hosts_own_networks(route: str, overlaps: bool) -> None:
    evidence = one_host(cluster=["podSubnet: 192.168.0.0/16", "serviceSubnet: 10.96.0.0/12"], network=[route])
    assert ids(evidence) == (["cni-cidr-overlap"] if overlaps else [])


def test_commands_of_a_mend_are_filled_with_what_the_line_told() -> None:
    (cause,) = diagnose(one_host(output=["	[ERROR Port-10250]: Port 10250 is in use"]))
    assert cause.mend[0].run == ("ss -ltnp 'sport = :10250'",)


def test_causes_are_told_with_place_line_and_commands() -> None:
    lines = told(diagnose(one_host(output=[WAIT], kubelet=[SWAP]))[0])
    assert lines[0] == "kmaster: Swap is on, and the kubelet does not start with it. (kubelet-swap-on)"
    assert lines[1].startswith("  kubelet's journal: kmaster kubelet[2101]: E1125")
    assert "    swapoff -a" in lines
    assert explain(one_host(output=[WAIT], kubelet=[SWAP])) == lines


def test_a_second_root_is_mentioned_and_a_symptom_is_not() -> None:
    lines = explain(one_host(output=[WAIT], kubelet=[SWAP], cgroup=["memory controller missing"]))
    assert [line for line in lines if line.startswith("Also")] == [
        "Also: The kernel runs without the memory cgroup, as the firmware of a Raspberry Pi asks it to. (host-memory-cgroup-off, kmaster)",
    ]


def test_an_unknown_failure_is_told_as_unknown_with_its_best_lines() -> None:
    lines = explain(one_host(output=["Reading package lists...", "frobnicate: cannot open the pod bay doors", "exit status 3"]))
    assert lines[0].startswith("kinstall does not know this failure")
    assert lines[1] == "| frobnicate: cannot open the pod bay doors"


def test_no_evidence_is_no_cause() -> None:
    assert diagnose(Evidence({})) == ()
    assert diagnose(Evidence({"w1": {}})) == ()


ODD = ["", "1764057601", "2026-11-25", "now 5", "node=w1 x", "1764057601.25", "9999-99-99T99:99:99Z x", "\x00\xff",
       "podSubnet: 999.1.1.1/8", "podSubnet: 10.0.0.0/99", "route 999.0.0.0/8 dev eth0 scope link", "now 1.2.3"]


@pytest.mark.parametrize("text", ODD)
def test_any_line_may_come(text: str) -> None:
    timed(text)
    places = ("output", "events", "time", "network", "cluster", "kubelet")
    assert diagnose(Evidence({"w1": {place: [text] for place in places}})) == ()


def test_everything_at_once_is_judged_in_no_time() -> None:
    import time

    lines = [line for path in FIXTURES.glob("*.txt") for line in path.read_text(encoding="utf-8").splitlines()]
    places = {place: [line.partition(" | ")[2] for line in lines] * 2 for place in ("output", "kubelet", "containerd", "logs", "events")}
    began = time.perf_counter()
    causes = diagnose(one_host(**places))
    assert time.perf_counter() - began < 3
    position = {cause.id: n for n, cause in enumerate(causes)}
    for id, explained in table().explains.items():
        assert all(position[id] < position[other] for other in explained if id in position and other in position), id


APT = """\
Reading package lists...
Building dependency tree...
Reading state information...
The following NEW packages will be installed:
  containerd.io
0 upgraded, 1 newly installed, 0 to remove and 12 not upgraded.
Need to get 23.5 MB of archives.
Get:1 https://download.docker.com/linux/debian trixie/stable amd64 containerd.io amd64 2.3.7-1 [23.5 MB]
Fetched 23.5 MB in 1s (31.2 MB/s)
Selecting previously unselected package containerd.io.
(Reading database ... 5%
(Reading database ... 28402 files and directories currently installed.)
Preparing to unpack .../containerd.io_2.3.7-1_amd64.deb ...
Unpacking containerd.io (2.3.7-1) ...
dpkg: error processing archive /var/cache/apt/archives/containerd.io_2.3.7-1_amd64.deb (--unpack):
 trying to overwrite '/usr/bin/runc', which is also in package crun-runc 1.2
Errors were encountered while processing:
 /var/cache/apt/archives/containerd.io_2.3.7-1_amd64.deb
E: Sub-process /usr/bin/dpkg returned an error code (1)
""".splitlines()
KUBEADM = """\
[init] Using Kubernetes version: v1.37.2
[preflight] Running pre-flight checks
[preflight] Pulling images required for setting up a Kubernetes cluster
W1125 08:00:00.000001    1999 initconfiguration.go:362] error unmarshaling configuration: unknown field "spec"
[certs] Generating "ca" certificate and key
error: error execution phase certs/apiserver: failed to write certificate "apiserver": open /etc/kubernetes/pki/x: not permitted
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).Run.func1
	k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow/runner.go:262
k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow.(*Runner).visitAll
	k8s.io/kubernetes/cmd/kubeadm/app/cmd/phases/workflow/runner.go:450
main.main
	k8s.io/kubernetes/cmd/kubeadm/kubeadm.go:25
runtime.main
	runtime/proc.go:283
runtime.goexit
	runtime/asm_amd64.s:1700
To see the stack trace of this error execute with --v=5 or higher
""".splitlines()
JOURNAL = """\
1764057601.000001 w1 systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.
1764057601.100001 w1 kubelet[2101]: I1125 08:00:01.100001    2101 server.go:530] "Kubelet version" kubeletVersion="v1.37.2"
1764057601.200001 w1 kubelet[2101]: E1125 08:00:01.200001    2101 run.go:72] "command failed" err="cannot reach the moon"
1764057601.300001 w1 systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE
1764057601.400001 w1 systemd[1]: kubelet.service: Failed with result 'exit-code'.
1764057611.200001 w1 systemd[1]: kubelet.service: Scheduled restart job, restart counter is at 7.
1764057611.200002 w1 kubelet[2202]: E1125 08:00:11.200001    2202 run.go:72] "command failed" err="cannot reach the moon"
""".splitlines()
CURL = [
    "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current",
    "                                 Dload  Upload   Total   Spent    Left  Speed",
    "\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0",
    "curl: (22) The requested URL returned error: 403",
    "################                 42.1%",
]


@pytest.mark.parametrize(
    ("output", "best", "absent"),
    [
        (APT, "dpkg: error processing archive", "Reading package lists"),
        (KUBEADM, "error: error execution phase certs/apiserver: failed to write", "runner.go"),
        (JOURNAL, "1764057601.200001 w1 kubelet[2101]: E1125", "Scheduled restart"),
        (CURL, "curl: (22) The requested URL returned error: 403", "--:--:--"),
        (["one", "two", "two", "three"], "one", "four"),
    ],
    ids=["apt", "kubeadm", "journal", "curl", "nothing that tells"],
)
def test_the_most_informative_lines_come_first(output: list[str], best: str, absent: str) -> None:
    lines = informative(output)
    assert lines[0].startswith(best)
    assert not any(absent in line for line in lines)
    assert len(lines) == len(set(lines))


def test_a_line_that_differs_in_numbers_only_is_shown_once() -> None:
    assert sum("cannot reach the moon" in line for line in informative(JOURNAL)) == 1


def test_what_only_says_that_something_failed_comes_last() -> None:
    lines = informative(APT)
    assert lines.index("E: Sub-process /usr/bin/dpkg returned an error code (1)") == len(lines) - 1


def test_no_more_lines_than_asked_for() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert len(informative([f"error: {letter} failed" for letter in letters], 5)) == 5
