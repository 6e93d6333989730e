"""What keeps hosts from becoming a cluster is told before anything is changed, each with its mend."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface, IPv4Network
from typing import Any

import pytest

from kinstall.errors import KinstallError, PlanError
from kinstall.fitness import RULES, belongs_elsewhere, judge, judge_fleet
from kinstall.model import Facts, Host, Role

FIT = Facts(
    os_release={"ID": "debian", "VERSION_ID": "12"}, arch="x86_64", cpus=2, memory=2 << 30, systemd=252, virtualization="kvm",
    controllers=("cpu", "memory"), hostname="cp1", machine_id="1" * 32, boot_id="b1", default_source="192.168.1.11",
    addresses=(("eth0", IPv4Interface("192.168.1.11/24")),), routes=(IPv4Network("192.168.1.0/24"),), free={"/var": 20 * 10**9},
)
CP = Host(name="cp1", address="192.168.1.11", role=Role.CONTROL_PLANE)
W1 = Host(name="w1", address="192.168.1.21", role=Role.WORKER)
WORKER = replace(FIT, hostname="w1", machine_id="2" * 32, boot_id="b2", default_source="192.168.1.21")
PODS, SERVICES = IPv4Network("10.244.0.0/16"), IPv4Network("10.96.0.0/12")
MB = 1 << 20


def fleet(*hosts: tuple[Host, Facts], **options: Any) -> list[KinstallError]:
    return judge_fleet(hosts or ((CP, FIT), (W1, WORKER)), **({"pods": PODS, "services": SERVICES} | options))


def test_what_is_fit_is_fit() -> None:
    assert judge(CP, FIT) == [] and judge(W1, WORKER) == [] and fleet() == []


@pytest.mark.parametrize(("host", "change", "says", "allow"), [
    (CP, {"os_release": {"ID": "arch", "PRETTY_NAME": "Arch Linux"}}, "Arch Linux", ""),
    (CP, {"arch": "armv7l"}, "armv7l", ""),
    (CP, {"arch": ""}, "unknown", ""),
    (CP, {"systemd": 237}, "systemd 237", ""),
    (CP, {"systemd": 0}, "not started by systemd", ""),
    (CP, {"virtualization": "lxc"}, "container", ""),
    (W1, {"virtualization": "openvz"}, "container", ""),
    (W1, {"controllers": ("cpu", "pids")}, "memory cgroup", ""),
    (CP, {"cpus": 1}, "needs 2 CPUs", "low-cpu"),
    (CP, {"memory": 1699 * MB}, "needs 1700 MB", "low-memory"),
    (W1, {"memory": 899 * MB}, "needs 900 MB", "low-memory"),
    (W1, {"free": {"/var": 3_900_000_000}}, "3.9 GB", ""),
])
def test_an_unfit_host(host: Host, change: dict[str, Any], says: str, allow: str) -> None:
    facts = replace(FIT, **change)
    errors = judge(host, facts)
    assert len(errors) == 1 and says in errors[0].message and errors[0].hint and errors[0].host == host.name
    assert (f"allow: [{allow}]" in errors[0].hint) == bool(allow)
    assert bool(judge(host, facts, frozenset({allow}))) == (not allow)


@pytest.mark.parametrize(("host", "change"), [
    (W1, {"cpus": 1}), (W1, {"memory": 1000 * MB}), (CP, {"memory": 1700 * MB}), (CP, {"controllers": ()}), (CP, {"free": {}}),
    (CP, {"virtualization": "systemd-nspawn"}), (CP, {"arch": "aarch64"}), (CP, {"free": {"/var": 1}, "kubelet": "1.37.2"}),
])
def test_what_is_just_enough(host: Host, change: dict[str, Any]) -> None:
    assert judge(host, replace(FIT, **change)) == []


def test_everything_wrong_is_told_at_once() -> None:
    assert len(judge(CP, Facts())) == 5
    assert {rule.allow for rule in RULES if rule.allow} == {"low-cpu", "low-memory"}


@pytest.mark.parametrize(("change", "says"), [
    ({name: getattr(FIT, name) for name in ("machine_id", "boot_id", "default_source", "hostname")}, "the same machine as cp1"),
    ({"machine_id": FIT.machine_id}, "machine-id"),
    ({"machine_id": FIT.machine_id, "boot_id": FIT.boot_id}, "machine-id"),
])
def test_twins(change: dict[str, Any], says: str) -> None:
    errors = fleet((CP, FIT), (W1, replace(WORKER, **change)))
    assert len(errors) == 1 and says in errors[0].message and errors[0].host == "w1" and errors[0].hint


def test_two_nodes_of_one_name_but_hostnames_may_be_the_same() -> None:
    assert "the node cp1" in fleet((CP, FIT), (replace(W1, name="CP1"), WORKER))[0].message
    assert fleet((CP, FIT), (W1, replace(WORKER, hostname="cp1"))) == []
    assert fleet((CP, replace(FIT, machine_id="", hostname="")), (W1, replace(WORKER, machine_id="", hostname=""))) == []


@pytest.mark.parametrize(("options", "facts", "says"), [
    ({"pods": IPv4Network("192.168.0.0/16")}, FIT,
     "the pod network 192.168.0.0/16 overlaps this host's own network 192.168.1.0/24 (eth0)"),
    ({}, replace(FIT, routes=(IPv4Network("10.100.0.0/24"),)),
     "the service network 10.96.0.0/12 overlaps this host's own network 10.100.0.0/24 (a route)"),
])
def test_networks_that_meet(options: dict[str, Any], facts: Facts, says: str) -> None:
    errors = fleet((CP, facts), **options)
    assert [(type(error), error.message, error.host) for error in errors] == [(PlanError, says, "cp1")]


def test_the_networks_of_the_cluster_among_themselves() -> None:
    assert "overlap" in fleet(services=IPv4Network("10.244.128.0/20"))[0].message


@pytest.mark.parametrize(("cluster", "endpoints", "elsewhere"), [
    ("", ["192.168.1.11"], False),
    ("https://192.168.1.11:6443", ["192.168.1.11"], False),
    ("https://API.home:6443", ["192.168.1.11", "api.home"], False),
    ("https://192.168.1.99:6443", ["192.168.1.11"], True),
    ("https://192.168.1.99:6443", [], True),
    ("nonsense", ["192.168.1.11"], True),
    ("https://[::1", ["192.168.1.11"], True),
])
def test_whose_node_it_is(cluster: str, endpoints: list[str], elsewhere: bool) -> None:
    facts = replace(FIT, cluster=cluster)
    assert belongs_elsewhere(facts, endpoints) is elsewhere
    errors = fleet((CP, facts), endpoints=endpoints)
    assert ["kubeadm reset" in error.hint for error in errors] == [True] * elsewhere
