"""What only all hosts together show, and whether they reach each other: literal fleets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinstall.checks import FLEET_CHECKS, Finding, Level, Observed, Subject, Wanted, judge_fleet, judge_reach
from kinstall.checks.reach import MESH, NEEDS, Tries, attempts, how, listening, processes, ways
from kinstall.model import Host, Role
from tests.unit.test_checks import CENTOS8, CP, FIT, UBUNTU, W1, WANTED

WORKER = replace(FIT, hostname="w1", machine_id="2" * 32, boot_id="b2", default_source="192.168.1.21",
                 addresses=(("eth0", IPv4Interface("192.168.1.21/24")),))
ID1, ID2 = "uuid 4c4c-1\nmac eth0 52:54:00:00:00:01\nmac lo 00:00:00:00:00:00\n", "uuid 4c4c-2\nmac eth0 52:54:00:00:00:02\n"
SEEN1, SEEN2 = ({"machine-id": text, "mtu": "2: eth0: <UP> mtu 1500 qdisc\n"} for text in (ID1, ID2))
OK, HANDLED, WARNING, BLOCKING = Level


def one(host: Host = CP, seen: Mapping[str, str] = SEEN1, offset: float = 0.0, wanted: Wanted = WANTED, **facts: Any) -> Observed:
    has = replace(FIT if host is CP else WORKER, **facts)
    return Observed(Subject(host, has, wanted), seen, 1000 + offset, 1002 + offset, 999.9, 1002.1)


def two(seen: Mapping[str, str] = SEEN2, offset: float = 0.0, wanted: Wanted = WANTED, **facts: Any) -> tuple[Observed, Observed]:
    """A sound control plane, and a worker that differs in this."""
    return one(wanted=wanted), one(W1, seen, offset, wanted, **facts)


def found(check: str, fleet: tuple[Observed, ...], host: str = "w1") -> Finding:
    return next(result.finding for result in judge_fleet(fleet) if (result.check, result.host) == (check, host))


CASES: list[tuple[str, tuple[Observed, ...], str, Level, str]] = [
    ("clock", two(), "w1", OK, "that of cp1"),
    ("clock", two(offset=4.0), "w1", OK, "within"),
    ("clock", two(offset=-20.0), "w1", WARNING, "20 s behind"),
    ("clock", two(offset=61.0), "w1", BLOCKING, "61 s ahead"),
    ("clock", (one(offset=400.0), one(W1, offset=400.0)), "cp1", WARNING, "kinstall runs on"),
    ("clock", (one(offset=400.0), one(W1, offset=400.0)), "w1", OK, ""),
    ("duplicates", two(), "w1", OK, ""),
    ("duplicates", two(machine_id=FIT.machine_id), "w1", BLOCKING, "clone of the other"),
    ("hostnames", two(), "w1", OK, ""),
    ("hostnames", two(hostname="CP1"), "w1", HANDLED, "calls it w1"),
    ("product-uuid", two(), "w1", OK, ""),
    ("product-uuid", two(seen=SEEN1), "w1", WARNING, "cp1"),
    ("product-uuid", (one(virtualization="lxc"), one(W1, SEEN1, virtualization="lxc")), "w1", OK, ""),
    ("mac", two(), "w1", OK, ""),
    ("mac", two(seen=SEEN1), "w1", BLOCKING, "52:54:00:00:00:01"),
    ("addresses", two(), "w1", OK, ""),
    ("addresses", two(wanted=replace(WANTED, addresses={"cp1": "10.0.2.15", "w1": "10.0.2.15"})), "w1", BLOCKING, "10.0.2.15"),
    ("addresses", two(addresses=()), "w1", BLOCKING, "no IPv4"),
    ("networks", two(), "w1", OK, ""),
    ("networks", two(routes=(IPv4Network("10.244.3.0/24"),)), "w1", BLOCKING, "overlaps this host's own network 10.244.3.0/24"),
    ("networks", two(wanted=replace(WANTED, services=IPv4Network("10.244.128.0/20"))), "", BLOCKING, "overlap"),
    ("versions", two(), "", OK, "1.37"),
    ("versions", two(os_release=UBUNTU, cgroup=1), "", WARNING, "w1 cannot run"),
    ("versions", two(os_release=CENTOS8, cgroup=1, wanted=replace(WANTED, kubernetes="1.37")), "w1", BLOCKING, "cannot run 1.37"),
    ("versions", two(wanted=replace(WANTED, kubernetes="1.99")), "", BLOCKING, "1.99"),
    ("architectures", two(), "w1", OK, ""),
    ("architectures", two(arch="aarch64"), "", WARNING, "aarch64: w1"),
    ("mtu-differs", two(), "w1", OK, ""),
    ("mtu-differs", two(seen={"mtu": "2: eth0: <UP> mtu 9000 qdisc\n"}), "w1", WARNING, "is 9000, and most of the others have 1500"),
    ("mtu-differs", two(seen={"mtu": "2: eth0: <UP> mtu 1400 qdisc\n"}), "w1", WARNING, "is 1400, and most of the others have 1500"),
    ("mtu-differs", two(seen={"mtu": "2: eth0: <UP> mtu 1400 qdisc\n"}), "cp1", OK, ""),
]


@pytest.mark.parametrize(("check", "fleet", "host", "level", "says"), CASES)
def test_a_judgement(check: str, fleet: tuple[Observed, ...], host: str, level: Level, says: str) -> None:
    finding = found(check, fleet, host)
    assert (finding.level, says in finding.sentence) == (level, True), finding
    assert level in (OK, HANDLED) or finding.mend or finding.advice


def test_every_check_has_its_cases() -> None:
    for check in FLEET_CHECKS:
        levels = {level for name, _, _, level, _ in CASES if name == check.id}
        assert len(levels) > 1 and (BLOCKING in levels) == check.blocks, check.id


def test_each_host_has_a_finding_of_each_check() -> None:
    cells = {(result.check, result.host) for result in judge_fleet(two())}
    assert {(check.id, host) for check in FLEET_CHECKS for host in ("cp1", "w1")} <= cells


def test_nobody_is_no_fleet() -> None:
    assert judge_fleet(()) == []


def test_a_slow_way_to_a_host_is_no_skew() -> None:
    slow = Observed(Subject(W1, WORKER, WANTED), SEEN2, 1020.0, 1022.0, 990.0, 1052.0)  # the host's clock lies somewhere within 30 s
    assert (slow.offset, slow.doubt) == (0.0, 30.0)
    late = Observed(Subject(W1, WORKER, WANTED), SEEN2, 1020.0, 1022.0, 1000.0, 1022.5)
    assert late.offset == pytest.approx(9.75) and found("clock", (one(), late)).level is OK
    assert Observed(Subject(W1, WORKER, WANTED), {}).offset is None


# ---- reach ----
def test_which_ways_are_tried() -> None:
    tried = {(way.source, way.target, way.port) for way in ways(WANTED)}
    assert tried == {
        ("w1", "cp1", "6443/tcp"), ("w1", "cp1", "10250/tcp"), ("w1", "cp1", "4789/udp"), ("w1", "cp1", "9100/tcp"),
        ("cp1", "w1", "10250/tcp"), ("cp1", "w1", "4789/udp"), ("cp1", "w1", "9100/tcp"),
    }
    assert {way.port for way in ways(replace(WANTED, plugin="flannel", node_exporter=False))} == {"6443/tcp", "10250/tcp", "8472/udp"}
    assert ways(replace(WANTED, addresses={"cp1": "192.168.1.11"})) == ()


def test_many_hosts_do_not_try_everybody() -> None:
    hosts = tuple(Host(name=f"n{n}", address=f"10.0.0.{n}", role=Role.WORKER) for n in range(1, 101))
    many = ways(replace(WANTED, hosts=(CP, *hosts), addresses={"cp1": "10.0.0.200"} | {host.name: host.address for host in hosts}))
    by_target = {(way.target, way.port): 0 for way in many}
    for way in many:
        by_target[way.target, way.port] += 1
    assert by_target["cp1", "6443/tcp"] == 100 and {by_target[f"n{n}", "10250/tcp"] for n in range(1, 101)} == {MESH}


LISTENS = dict.fromkeys(("6443/tcp", "10250/tcp", "4789/udp", "9100/tcp"), "ours")
OPEN = {("192.168.1.21", port): (0, "") for port in ("10250/tcp", "4789/udp", "9100/tcp")}
REFUSED = (1, "bash: connect: Connection refused")
REJECTED = (1, "bash: connect: No route to host")
SILENT = (124, "")


@pytest.mark.parametrize(("state", "ends", "facts", "firewall", "level", "says"), [
    ({}, {}, {}, "open", OK, "reach it"),
    ({}, {"10250/tcp": REFUSED}, {}, "open", BLOCKING, "10250/tcp cannot be reached from cp1 (the kubelet; refused"),
    ({}, {"10250/tcp": REJECTED, "9100/tcp": REJECTED}, {}, "open", BLOCKING, "10250/tcp, 9100/tcp cannot be reached"),
    ({}, {"4789/udp": SILENT}, {}, "open", BLOCKING, "Calico's VXLAN; no answer: a firewall drops it"),
    ({}, {"10250/tcp": REJECTED}, {"firewalld": True}, "open", HANDLED, "firewalld is on, and the installation opens it"),
    ({}, {"10250/tcp": SILENT}, {"ufw": True}, "disable", HANDLED, "turns it off"),
    ({}, {"10250/tcp": SILENT}, {"ufw": True}, "leave", BLOCKING, "left alone"),
    ({"10250/tcp": "taken", "4789/udp": "taken"}, {"4789/udp": SILENT}, {}, "open", OK, ""),
    ({"10250/tcp": "taken"}, {"10250/tcp": SILENT}, {}, "open", BLOCKING, "10250/tcp"),
    ({"10250/tcp": "failed"}, {"10250/tcp": REFUSED}, {}, "open", WARNING, "could not be tried"),
])
def test_how_a_way_ends(state: dict[str, str], ends: dict[str, tuple[int, str]], facts: dict[str, Any], firewall: str, level: Level,
                        says: str) -> None:
    fleet = two(wanted=replace(WANTED, firewall=firewall), **facts)
    tries = Tries({"w1": LISTENS | state}, {"cp1": OPEN | {("192.168.1.21", port): end for port, end in ends.items()}})
    finding = judge_reach(fleet, tries)[1].finding
    assert (finding.level, says in finding.sentence) == (level, True), finding
    assert finding.allow == ("reach" if level is BLOCKING else "")


def test_who_was_not_asked_was_not_tried() -> None:
    assert {result.finding.short for result in judge_reach(two(), Tries({}, {}))} == {"not tried"}
    assert judge_reach((one(wanted=replace(WANTED, hosts=(CP,))),), Tries({}, {}))[0].finding.level is OK


def test_what_the_scripts_print_is_read() -> None:
    assert listening("tool python\n6443/tcp ours\n8472/udp taken\n9100/tcp failed\npid 12\nrubbish") == {
        "6443/tcp": "ours", "8472/udp": "taken", "9100/tcp": "failed"}
    assert processes("6443/tcp ours\npid 4711\n") == [4711]
    out = "way 10.0.0.1 6443/tcp 0 \nway 10.0.0.2 8472/udp 124 read error: Connection refused\nmotd\n"
    assert attempts(out) == {("10.0.0.1", "6443/tcp"): (0, ""), ("10.0.0.2", "8472/udp"): (124, "read error: Connection refused")}
    assert "unreachable" in how(1, "connect: Network is unreachable") and "rejects" in how(1, "No route to host") and how(0, "") == ""


@given(st.text())
def test_no_reading_ever_raises(out: str) -> None:
    listening(out)
    attempts(out)
    processes(out)


@given(st.dictionaries(st.sampled_from(["machine-id", "mtu"]), st.text()))
def test_no_judgement_ever_raises(seen: dict[str, str]) -> None:
    assert judge_fleet(two(seen=seen))


def test_a_port_is_needed_for_something() -> None:
    assert all(need.what and need.port.partition("/")[2] in ("tcp", "udp") for need in NEEDS)
