"""The choice of a Kubernetes: the table holds to its rules, and the newest minor that every host can run is taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import pytest

from kinstall.distro import DISTROS, Distro
from kinstall.errors import PlanError
from kinstall.model import Facts
from kinstall.packaging import Want, numbers
from kinstall.versions import Addon, HelmRelease, Minor, Plugin, addon, concessions, helm, minor, minor_of, newest, plugin, refusals, table

TODAY = date(2026, 11, 25)
ROWS = {row.id: row for row in DISTROS}
MODERN = (Facts(cgroup=2, kernel="6.1.0-40-amd64"), ROWS["debian12"])
CENTOS8 = (Facts(cgroup=1, kernel="4.18.0-348.7.1.el8_5.x86_64"), ROWS["centos8"])
FOCAL = (Facts(cgroup=1, kernel="5.4.0-216-generic"), ROWS["ubuntu2004"])

every_minor = pytest.mark.parametrize("row", table().minors, ids=lambda row: row.name)
every_addon = pytest.mark.parametrize("row", table().addons, ids=lambda row: f"{row.name}-{row.version}")
every_helm = pytest.mark.parametrize("row", table().helm, ids=lambda row: row.version)
every_plugin = pytest.mark.parametrize("row", table().plugins, ids=lambda row: f"{row.name}-{row.version}")


# ---- the table ----
@every_minor
def test_a_minor_is_whole(row: Minor) -> None:
    assert re.fullmatch(r"1\.\d+", row.name) and minor_of(row.newest) == row.name and numbers(row.newest) > numbers(row.name)
    assert row.released < row.end_of_life
    assert row.kubeadm_api == ("v1beta4" if numbers(row.name) >= (1, 31) else "v1beta3")
    assert row.cgroup_v1 == ("refuse" if numbers(row.name) >= (1, 35) else "warn" if numbers(row.name) >= (1, 31) else "fine")
    assert list(map(numbers, row.containerd)) == sorted(map(numbers, row.containerd))
    assert all(re.fullmatch(r"\d+(\.\d+)+(-\d+)?", version) for version in (row.pause, row.etcd, row.coredns, *row.containerd))


@every_minor
def test_every_minor_has_its_plugins_and_takes_the_containerd_we_install(row: Minor) -> None:
    assert plugin("calico", row.name).images and plugin("flannel", row.name).images
    assert Want("containerd.io", at_least=row.containerd).fits(table().containerd_newest)


@every_minor
def test_every_minor_has_one_version_of_each_addon(row: Minor) -> None:
    for name in {one.name for one in table().addons}:
        fitting = [one.version for one in table().addons if one.name == name and (not one.kubernetes or _within(row.name, one.kubernetes))]
        assert fitting == [addon(name, row.name)]


def _within(name: str, kubernetes: tuple[str, ...]) -> bool:
    return numbers(kubernetes[0]) <= numbers(name) <= numbers(kubernetes[1])


@every_addon
def test_an_addon_is_whole(row: Addon) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", row.version)
    assert list(row.kubernetes) == sorted(row.kubernetes, key=numbers)


def test_the_newest_of_an_addon_comes_first() -> None:
    for name in {row.name for row in table().addons}:
        own = [numbers(row.version) for row in table().addons if row.name == name]
        assert own == sorted(own, reverse=True)


@pytest.mark.parametrize(("name", "minor_name", "version"), [
    ("metrics-server", "1.37", "0.9.0"), ("metrics-server", "1.34", "0.9.0"), ("metrics-server", "1.33", "0.8.1"),
    ("metrics-server", "1.31", "0.8.1"), ("metrics-server", "1.30", "0.7.2"), ("kube-state-metrics", "1.37", "2.20.0"),
    ("kube-state-metrics", "1.36", "2.20.0"), ("kube-state-metrics", "1.35", "2.19.1"), ("kube-state-metrics", "1.30", "2.13.0"),
    ("prometheus", "1.30", "3.13.5"), ("prometheus", "1.38", "3.13.5"),
])
def test_which_version_of_an_addon_fits(name: str, minor_name: str, version: str) -> None:
    assert addon(name, minor_name) == version


def test_an_addon_for_a_minor_that_is_not_known() -> None:
    with pytest.raises(PlanError, match=r"metrics-server .* 1\.38") as caught:
        addon("metrics-server", "1.38")
    assert "metrics-server: false" in caught.value.hint
    with pytest.raises(PlanError, match="longhorn"):
        addon("longhorn", "1.37")


@every_helm
def test_helm_is_pinned_for_both_architectures(row: HelmRelease) -> None:
    assert row.sha256.keys() == {"amd64", "arm64"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in row.sha256.values())
    assert helm(row.version) == row


def test_helm_by_its_major() -> None:
    majors = [row.version.partition(".")[0] for row in table().helm]
    assert majors == sorted(majors, reverse=True)
    assert {"3", "4"} <= set(majors)
    assert helm("4") == table().helm[0]
    assert helm("3").version.startswith("3.")
    assert helm("4.0.1") == HelmRelease(version="4.0.1", sha256={})


def test_the_minors_are_in_one_row_newest_first() -> None:
    seconds = [numbers(row.name)[1] for row in table().minors]
    assert seconds == list(range(seconds[0], seconds[0] - len(seconds), -1))
    assert minor_of(table().containerd_newest) == table().containerd_branch


@every_plugin
def test_a_plugin_is_pinned(row: Plugin) -> None:
    assert re.fullmatch(r"[0-9a-f]{64}", row.sha256)
    assert row.url.startswith("https://") and f"/v{row.version}/" in row.url
    assert all(re.fullmatch(r"[a-z.]+/[a-z/-]+:v[\w.-]+", image) for image in row.images)
    assert numbers(row.kubernetes[0]) <= numbers(row.kubernetes[1])


def test_an_unknown_minor_or_plugin_names_what_is_known() -> None:
    with pytest.raises(PlanError, match=r"1\.38") as caught:
        minor("1.38")
    assert table().minors[0].name in caught.value.hint
    with pytest.raises(PlanError, match="cilium"):
        plugin("cilium", "1.37")


@pytest.mark.parametrize(("version", "name", "fits"), [
    ("1.7.24", "1.33", True), ("1.7.23", "1.33", False), ("1.7.24~ds1", "1.33", True), ("2.0.3", "1.33", False), ("2.1.0", "1.33", True),
    ("1.7.27", "1.35", False), ("1.7.28", "1.35", True), ("2.0.9", "1.35", False), ("2.1.4", "1.35", False), ("2.2.0", "1.35", True),
    ("1.7.30", "1.36", False), ("2.1.9", "1.36", False), ("2.3.7", "1.36", True), ("2.4.0", "1.36", True), ("3.0.0", "1.37", True),
    ("", "1.37", False), ("1.5.9", "1.30", False),
])
def test_which_containerd_fits(version: str, name: str, fits: bool) -> None:
    assert Want("containerd.io", at_least=minor(name).containerd).fits(version) is fits


# ---- the choice ----
@pytest.mark.parametrize(("hosts", "allow", "chosen"), [
    ({"a": MODERN}, [], "1.37"),
    ({"a": MODERN, "b": CENTOS8}, [], "1.34"),
    ({"a": MODERN, "b": CENTOS8}, ["cgroup-v1"], "1.37"),
    ({"a": FOCAL}, [], "1.34"),
    ({"a": FOCAL}, ["kernel"], "1.34"),
    ({}, [], "1.37"),
])
def test_auto(hosts: Mapping[str, tuple[Facts, Distro]], allow: list[str], chosen: str) -> None:
    choice = newest(hosts, "auto", allow, today=TODAY)
    assert (choice.minor, choice.patch) == (chosen, "")


def test_auto_names_who_limits_it_and_what_would_lift_it() -> None:
    choice = newest({"a": MODERN, "b": CENTOS8, "c": FOCAL}, "auto", today=TODAY)
    limits = [(limit.host, limit.minor, limit.allow) for limit in choice.limited_by]
    assert limits == [("b", "1.35", "cgroup-v1"), ("c", "1.35", "cgroup-v1")]
    assert "grubby" in choice.limited_by[0].lift and "update-grub" in choice.limited_by[1].lift
    assert all("allow: [cgroup-v1]" in limit.lift for limit in choice.limited_by)
    assert newest({"a": MODERN}, "auto", today=TODAY).limited_by == ()


def test_old_things_are_told_and_not_refused() -> None:
    notes = newest({"a": CENTOS8, "b": CENTOS8}, "auto", today=TODAY).notes
    assert notes[0] == "Kubernetes 1.34 has had no fixes since 2026-10-27."
    assert any(note.startswith("a, b: CentOS Linux 8 has had no free updates since 2021-12-31") for note in notes)
    assert any("cgroup v1" in note for note in notes)
    assert newest({"a": MODERN}, "1.36", today=TODAY).notes == ()


@pytest.mark.parametrize(("wanted", "minor_name", "patch"), [
    ("1.36", "1.36", ""), ("1.37.2", "1.37", "1.37.2"), ("v1.35.0", "1.35", "1.35.0"),
])
def test_what_was_asked_for_is_taken(wanted: str, minor_name: str, patch: str) -> None:
    choice = newest({"a": MODERN}, wanted, today=TODAY)
    assert (choice.minor, choice.patch) == (minor_name, patch)


@pytest.mark.parametrize("wanted", ["1.36", "1.36.5"])
def test_what_cannot_run_names_every_host(wanted: str) -> None:
    with pytest.raises(PlanError) as caught:
        newest({"a": MODERN, "b": CENTOS8, "c": FOCAL}, wanted, today=TODAY)
    assert "b cannot run 1.36" in caught.value.message and "c cannot run 1.36" in caught.value.message
    assert caught.value.hint.count("allow: [cgroup-v1]") == 2 and caught.value.host == ""


def test_an_old_kernel() -> None:
    with pytest.raises(PlanError, match=r"before 4\.19") as caught:
        newest({"b": CENTOS8}, "1.33", today=TODAY)
    assert caught.value.hint.startswith("b: 1.37, 1.36, 1.35, 1.34, 1.31, 1.30;") and caught.value.host == "b"
    assert newest({"b": CENTOS8}, "1.33", ["kernel"], today=TODAY).minor == "1.33"
    with pytest.raises(PlanError, match=r"2\.6"):
        newest({"b": (Facts(kernel="2.6.32"), ROWS["centos8"])}, "auto", today=TODAY)


@pytest.mark.parametrize("wanted", ["latest", "1", "1.38", "1.38.1", "1.37.x", ""])
def test_what_is_no_version(wanted: str) -> None:
    with pytest.raises(PlanError):
        newest({"a": MODERN}, wanted, today=TODAY)


@pytest.mark.parametrize("wanted", ["auto", "1.36", "1.36.3"])
def test_an_existing_cluster_keeps_its_version(wanted: str) -> None:
    choice = newest({"a": MODERN}, wanted, existing="1.36.3", today=TODAY)
    assert (choice.minor, choice.patch) == ("1.36", "1.36.3")


@pytest.mark.parametrize("wanted", ["1.37", "1.36.5", "1.35"])
def test_an_existing_cluster_is_not_upgraded(wanted: str) -> None:
    with pytest.raises(PlanError, match=r"runs Kubernetes 1\.36\.3") as caught:
        newest({"a": MODERN}, wanted, existing="1.36.3", today=TODAY)
    assert "kubeadm upgrade" in caught.value.hint


def test_a_new_host_must_fit_the_existing_cluster() -> None:
    with pytest.raises(PlanError, match=r"b cannot run 1\.36"):
        newest({"a": MODERN, "b": CENTOS8}, "auto", existing="1.36.3", today=TODAY)


@pytest.mark.parametrize(("host", "name", "words"), [
    (CENTOS8, "1.37", {"cgroup-v1"}), (CENTOS8, "1.34", set()), (CENTOS8, "1.32", {"kernel"}),
    (FOCAL, "1.33", set()), (MODERN, "1.37", set()),
])
def test_what_a_host_needs_to_be_allowed(host: tuple[Facts, Distro], name: str, words: set[str]) -> None:
    assert concessions(host[0], name) == words
    assert {limit.allow for limit in refusals({"x": host}, name, [])} == words
    assert refusals({"x": host}, name, words) == ()
