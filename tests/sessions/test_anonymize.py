"""What is made nameless names nothing of the original, and plays the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kinstall.events import (
    AnyEvent,
    CommandStarted,
    Fact,
    FactsRead,
    Failure,
    Found,
    HandedOver,
    HostLine,
    Note,
    Output,
    Planned,
    RunStarted,
    StepChanged,
    StepLine,
    encode,
)
from kinstall.progress import Progress
from kinstall.sessions.anonymize import Anonymizer, anonymized
from kinstall.sessions.reading import load
from kinstall.sessions.traces import EVERYBODYS
from tests.sessions.conftest import SHIPPED

# What kinstall itself writes into every session: a host of such a name is renamed where it is the host, and the word stays.
OWN = frozenset(re.findall(r"[a-z0-9_]+", """
run-started planned facts-read note step command-started output handed-over failure found type seq at kinstall cluster hosts name schema
address role control-plane worker host distribution kernel arch cpus memory cgroup text level info id phase title status running prepare
seconds reason shell lines facts label message hint tail check sentence short mend swap network kubernetes kubectl steps works on
home https curl mirror search etcd ip ssh x kube log in as 0.1.0 1.37.2 x86_64 6.1.0 1 2 3 7
"""))

label = st.from_regex(r"[a-z][a-z0-9]{1,6}(-[a-z0-9]{1,4})?", fullmatch=True)
names = label.filter(lambda name: not OWN & set(name.split("-")) and name not in EVERYBODYS)
numbers = st.tuples(st.integers(1, 223), *[st.integers(0, 255)] * 3).filter(lambda address: address[0] != 127)
addresses = numbers.map(lambda address: ".".join(map(str, address)))
between = st.sampled_from([" ", ":", "/", "@", " - ", "=", '"', "'", "(", ")", "[", ", ", ";", "\n", "//", " 7 ", ": "])


def session(hosts: Mapping[str, str], cluster: str, account: str, domain: str, said: str) -> list[AnyEvent]:
    """A session in which these words stand wherever words can stand."""
    lines = tuple(HostLine(name, address, "control-plane" if n == 0 else "worker") for n, (name, address) in enumerate(hosts.items()))
    first, address = lines[0].name, lines[0].address
    return [
        RunStarted(kinstall="0.1.0", cluster=cluster, hosts=lines),
        FactsRead(host=first, distribution=said, kernel="6.1.0", arch="x86_64", cpus=1, memory=1, cgroup=2, address=address),
        Planned(kubernetes="1.37.2", network=said, steps=(StepLine("swap", "prepare", said, tuple(hosts)),)),
        Note(text=f"log in as {account}"), Note(text=f"/home/{account}/.kube", host=first),
        CommandStarted(host=first, step="swap", shell=f"ssh {account}@{address}; curl https://mirror.{domain}/x"),
        Output(host=first, step="swap", lines=(said, f"search {domain}", f"etcd-{first} {first}.{domain} ip-{address.replace('.', '-')}")),
        StepChanged(host=first, step="swap", status="running", reason=first),
        Failure(message=said, hint=said, host=first, step="swap", tail=(said,)),
        Found(host=first, check="swap", title=said, level="info", sentence=said, mend=(said,)),
        HandedOver(facts=(Fact("kubectl", f"works on {account}@{address}"), Fact(said, said))),
    ]


def has(word: str, text: str) -> bool:
    return bool(re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text, re.IGNORECASE))


@given(
    st.dictionaries(names, addresses, min_size=1, max_size=4), names, names, st.tuples(names, st.sampled_from(["lan", "internal", "com"])),
    st.lists(between, min_size=12, max_size=12))
@example({"w1": "10.0.0.1", "w2": "10.0.0.2"}, "lab", "lab", ("lab", "lan"), [" "] * 12)
@example({"a0": "1.0.0.1"}, "b1", "c2", ("d3", "lan"), [":"] * 12)
@example({"node-1": "10.0.0.2", "node-2": "10.1.0.1"}, "node", "admin1", ("site-1", "internal"), ["/"] * 12)
@example({"cp1": "10.0.0.2", "w1": "10.0.0.1"}, "attic", "jo", ("acme", "com"), [":"] * 12)
def test_no_original_is_left_anywhere(
    hosts: dict[str, str], cluster: str, account: str, domain: tuple[str, str], seams: list[str]
) -> None:
    assume(len(set(hosts.values())) == len(hosts))
    whole = ".".join(domain)
    originals = [*hosts, *hosts.values(), account, whole, cluster]
    said = "".join(part for pair in zip(seams, [*originals, *originals[::-1]], strict=False) for part in pair) + seams[-1]
    events = session(hosts, cluster, account, whole, said)
    out = b"\n".join(map(encode, anonymized(events))).decode()
    left = [word for word in originals if has(word, out)]
    assert not left
    assert not any(has(address.replace(".", "-"), out) for address in hosts.values())


@given(st.dictionaries(names, addresses, min_size=1, max_size=4), names)
def test_the_same_in_gives_the_same_out_and_different_hosts_stay_different(hosts: dict[str, str], account: str) -> None:
    events = session(hosts, "attic", account, "acme.com", " ".join(hosts))
    made = anonymized(events)
    assert made == anonymized(events)
    start = made[0]
    assert isinstance(start, RunStarted)
    assert len({line.name for line in start.hosts}) == len(hosts)
    assert len({line.address for line in start.hosts}) == len(set(hosts.values()))


def statuses(events: list[AnyEvent]) -> list[list[tuple[str, str, float]]]:
    progress = Progress()
    for event in events:
        progress = progress.apply(event)
    return [[(step, cell.status, cell.seconds) for step, cell in host.cells.items()] for host in progress.hosts.values()]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_nameless_session_folds_to_the_same_statuses(path: Path) -> None:
    events = list(load(path).events)
    assert statuses(list(anonymized(events))) == statuses(events)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_of_the_laboratory_is_left_in_a_shipped_session_made_nameless(path: Path) -> None:
    out = b"\n".join(map(encode, anonymized(load(path).events))).decode()
    start = load(path).start
    for word in (start.cluster, "systemv", "debian.lab", *(line.name for line in start.hosts), *(line.address for line in start.hosts)):
        assert not has(word, out), word


@pytest.mark.parametrize(("text", "other"), [
    ("cp1: 192.168.7.31 is up", "node-1: 10.0.0.1 is up"),
    ("route 192.168.7.0/24 via 192.168.7.1", "route 10.0.0.0/24 via 10.0.0.3"),
    ("ip-192-168-7-31.ec2", "ip-10-0-0-1.ec2"),
    ("etcd-cp1 and CP1", "etcd-node-1 and node-1"),
    ("http://127.0.0.1:10248/healthz 255.255.255.0 0.0.0.0", "http://127.0.0.1:10248/healthz 255.255.255.0 0.0.0.0"),
    ("/home/mara/.kube", "/home/admin1/.kube"),
    ("link/ether 92:35:1e:0d:3e:2e fe80::1:2", "link/ether 02:00:00:00:00:00 fd00::1"),
    ("https://download.docker.com/linux/debian", "https://download.docker.com/linux/debian"),
    ("nas.acme.com:5000/pause", "site-1.example:5000/pause"),
    ("git.acme.com, which was only spoken of", "git.site-2.example, which was only spoken of"),
    ("10:52:16 std::string ::1 v1.2.3 4.18.0-305", "10:52:16 std::string ::1 v1.2.3 4.18.0-305"),
    ("worker w2", "worker node-2"),
    ("containerd.service coredns-559f6c778d-568hk", "containerd.service coredns-559f6c778d-568hk"),
])
def test_what_is_replaced_and_what_stays(text: str, other: str) -> None:
    hosts = (HostLine("cp1", "192.168.7.31", "control-plane"), HostLine("w2", "192.168.7.32", "worker"))
    traces = "mara@192.168.7.31 https://nas.acme.com/ fe80::1:2 92:35:1e:0d:3e:2e"
    start = RunStarted(kinstall="0.1.0", cluster="attic", hosts=hosts)
    events: list[AnyEvent] = [start, Note(text="192.168.7.31 192.168.7.32 192.168.7.1"), Note(text=traces)]
    assert Anonymizer(events).text(text) == other


def test_control_planes_get_the_first_numbers() -> None:
    hosts = (HostLine("w2", "192.168.7.32", "worker"), HostLine("cp1", "192.168.7.31", "control-plane"))
    start = anonymized([RunStarted(kinstall="0.1.0", cluster="attic", hosts=hosts)])[0]
    assert isinstance(start, RunStarted)
    assert [(line.name, line.role) for line in start.hosts] == [("node-2", "worker"), ("node-1", "control-plane")]
    assert start.cluster == "cluster-1"


def test_a_host_with_a_name_of_kinstalls_own_is_renamed_where_it_is_the_host() -> None:
    events: list[AnyEvent] = [
        RunStarted(kinstall="0.1.0", cluster="attic", hosts=(HostLine("swap", "10.0.0.1", "worker"),)),
        StepChanged(host="swap", step="swap", status="done")]
    assert anonymized(events)[1] == StepChanged(host="node-1", step="swap", status="done")
