"""From answers and nodes to add-ons: which host, which directory, which version, whose registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kinstall.addons.choose import choose
from kinstall.addons.model import Addons, Claims, Grafana, Helm, MetricsServer, Prometheus, Storage, Volume
from kinstall.addons.table import ADDONS, chosen
from kinstall.answers import Answers
from kinstall.distro import DISTROS
from kinstall.errors import PlanError
from kinstall.manifests import images
from kinstall.model import Node, Role
from kinstall.secrets import Secret
from kinstall.steps.volumes import in_bytes
from kinstall.versions import helm, table
from tests.golden.samples import node

NAMES = ("kmaster", "w1", "w2")


def nodes(names: Sequence[str] = NAMES) -> tuple[Node, ...]:
    return tuple(node(DISTROS[0], name=name, role=Role.CONTROL_PLANE if name == "kmaster" else Role.WORKER) for name in names)


def answers(addons: object = "all", sources: object = None, names: Sequence[str] = NAMES) -> Answers:
    hosts = [{"name": name, "address": f"10.0.0.{n}", "role": "worker" if n else "control-plane"} for n, name in enumerate(names)]
    return Answers.model_validate({"hosts": hosts, "addons": addons, "sources": sources})


def made(addons: object = "all", sources: object = None, names: Sequence[str] = NAMES, minor: str = "1.37") -> Addons:
    return choose(answers(addons, sources, names), nodes(names), minor)


PROMETHEUS = Volume(
    name="prometheus", node="w1", directory="/var/lib/kinstall/prometheus", size="10Gi", owner="65534:65534", mode="0750")
GRAFANA = Volume(name="grafana", node="w1", directory="/var/lib/kinstall/grafana", size="1Gi", owner="472:0", mode="0750")


def test_the_defaults_are_everything_but_storage() -> None:
    newest = helm("4")
    assert made() == Addons(
        helm=Helm(
            version=newest.version, url="https://get.helm.sh", sha256=newest.sha256,
            charts={"prometheus-community": "https://prometheus-community.github.io/helm-charts"}),
        metrics_server=MetricsServer(), kube_state_metrics=True, node_exporter=True,
        prometheus=Prometheus(volume=PROMETHEUS), grafana=Grafana(volume=GRAFANA), storage=Storage(),
        versions={
            "metrics-server": "0.9.0", "kube-state-metrics": "2.20.0", "node-exporter": "1.12.1", "prometheus": "3.13.5",
            "grafana": "13.2.0",
        },
    )


def test_nothing_is_nothing() -> None:
    assert made("none") == Addons()
    assert chosen(made("none")) == ()


def test_what_is_chosen_is_what_is_written() -> None:
    found = made({
        "helm": False, "metrics-server": {"kubelet_tls": "serving"},
        "prometheus": {"node": "w2", "directory": "/srv/p", "size": "2Gi", "retention": "1y", "node_port": 31000},
        "grafana": {"node": "kmaster", "directory": "/srv/g", "size": "3Gi", "node_port": 31001, "user": "boss"},
    })
    assert (found.helm, found.metrics_server) == (None, MetricsServer(kubelet_tls="serving"))
    assert found.prometheus == Prometheus(
        volume=Volume(name="prometheus", node="w2", directory="/srv/p", size="2Gi", owner="65534:65534", mode="0750"),
        retention="1y", node_port=31000)
    assert found.grafana == Grafana(
        volume=Volume(name="grafana", node="kmaster", directory="/srv/g", size="3Gi", owner="472:0", mode="0750"),
        node_port=31001, user="boss")


@pytest.mark.parametrize(("names", "first"), [(("kmaster",), "kmaster"), (("kmaster", "w2", "w1"), "w2"), (("w2", "kmaster"), "w2")])
def test_data_lie_on_the_first_worker_or_the_only_host(names: tuple[str, ...], first: str) -> None:
    found = made(names=names)
    assert found.prometheus and found.grafana
    assert (found.prometheus.volume.node, found.grafana.volume.node) == (first, first)


def test_the_password_is_passed_on_and_never_shown() -> None:
    found = choose(answers(), nodes(), "1.37", Secret("hunter2"))
    assert found.grafana and found.grafana.password == Secret("hunter2")
    assert "hunter2" not in repr(found)


# ---- versions and hashes ----
@pytest.mark.parametrize("minor", [row.name for row in table().minors])
def test_every_image_has_the_version_of_the_table(minor: str) -> None:
    found = made({"storage": {"class": "local-path"}}, minor=minor)
    for addon in chosen(found):
        if addon.versioned:
            tags = {image.rpartition(":")[2].removeprefix("v") for image in images(addon.objects(found))}
            assert found.versions[addon.id] in tags, addon.id
    assert {addon.id for addon in ADDONS if addon.versioned} == found.versions.keys()


def test_a_minor_without_a_fitting_version() -> None:
    with pytest.raises(PlanError, match=r"metrics-server .* 1\.29"):
        made(minor="1.29")
    with pytest.raises(PlanError, match="kube-state-metrics"):
        made({"metrics-server": False}, minor="1.29")
    only = made({"metrics-server": False, "kube-state-metrics": False, "grafana": False}, minor="1.29")
    assert only.versions.keys() == {"node-exporter", "prometheus"}


OWN, OTHER = "1" * 64, "2" * 64


@pytest.mark.parametrize(("wanted", "source", "version", "hashes"), [
    (True, {}, helm("4").version, helm("4").sha256),
    ({"version": 3}, {}, helm("3").version, helm("3").sha256),
    ({"version": helm("3").version}, {}, helm("3").version, helm("3").sha256),
    (True, {"version": "4.3.1", "sha256": OWN}, "4.3.1", {"amd64": OWN}),
    ({"version": "v4.3.1"}, {"sha256": {"amd64": OWN, "arm64": OTHER}}, "4.3.1", {"amd64": OWN, "arm64": OTHER}),
    ({"version": 4}, {"version": "4.3.1", "sha256": OWN}, "4.3.1", {"amd64": OWN}),
    (True, {"sha256": OWN}, helm("4").version, {"amd64": OWN}),
    (True, {"version": helm("3").version}, helm("3").version, helm("3").sha256),
])
def test_which_helm(wanted: object, source: object, version: str, hashes: dict[str, str]) -> None:
    found = made({"helm": wanted}, {"helm": source}).helm
    assert found and (found.version, found.sha256) == (version, hashes)


def test_a_helm_without_a_hash_is_refused() -> None:
    with pytest.raises(PlanError, match=r"hash of helm 4\.0\.1") as caught:
        made({"helm": {"version": "4.0.1"}})
    assert "sources.helm.sha256" in caught.value.hint


# ---- sources ----
def test_mirrors() -> None:
    sources: dict[str, Any] = {
        "helm": {"url": "http://mirror.lan/helm/"}, "charts": "http://mirror.lan/charts", "images": {"docker.io": "mirror.lan/docker"},
    }
    found = made(sources=sources)
    assert found.helm and found.helm.url == "http://mirror.lan/helm"
    assert found.helm.charts == {"prometheus-community": "http://mirror.lan/charts"}
    assert found.images == {"docker.io": "mirror.lan/docker"}


@pytest.mark.parametrize(("sources", "asked"), [
    ({"registry": "mirror.lan/k8s"}, {"registry.k8s.io": "mirror.lan/k8s"}),
    ({"registry": "mirror.lan/k8s", "images": {"registry.k8s.io": "mirror.lan/all"}}, {"registry.k8s.io": "mirror.lan/all"}),
    ({"registry": "registry.k8s.io"}, {}),
])
def test_the_registry_of_kubernetes_counts_for_addons_too(sources: dict[str, Any], asked: dict[str, str]) -> None:
    assert made(sources=sources).images == asked


# ---- storage ----
def claim(*on: str, **more: Any) -> dict[str, Any]:
    return {"statefulset": "web", "claim": "www", "directory": "/srv/web", "nodes": list(on), **more}


def storage(**wanted: Any) -> Storage:
    return made({"storage": wanted}).storage


def test_a_replica_on_each_host_has_the_directory_as_it_is_written() -> None:
    (found,) = storage(claims=[claim("w1", "w2", size="2Gi")]).claims
    assert found == Claims(statefulset="web", claim="www", namespace="default", volumes=(
        Volume(name="default-www-web-0", node="w1", directory="/srv/web", size="2Gi"),
        Volume(name="default-www-web-1", node="w2", directory="/srv/web", size="2Gi"),
    ))


@pytest.mark.parametrize(("on", "directories"), [
    (("w1",), ["/srv/web"]),
    (("w1", "w1"), ["/srv/web", "/srv/web-1"]),
    (("w1", "w2", "w1"), ["/srv/web", "/srv/web", "/srv/web-2"]),
])
def test_replicas_that_share_a_host_share_no_directory_and_stay_where_they_are(on: tuple[str, ...], directories: list[str]) -> None:
    (found,) = storage(claims=[claim(*on)]).claims
    assert [volume.directory for volume in found.volumes] == directories
    assert len({(volume.node, volume.directory) for volume in found.volumes}) == len(on)


def test_an_owner_and_a_namespace() -> None:
    (found,) = storage(claims=[claim("w1", owner="999:0", namespace="shop")]).claims
    assert found.volumes == (
        Volume(name="shop-www-web-0", node="w1", directory="/srv/web", size="1Gi", owner="999:0", mode="0770"),)


@pytest.mark.parametrize(("on", "proved"), [(["w2", "w1"], ["w2", "w1"]), (["w2"], ["w2", "w2"]), (["w1", "w1", "w2"], ["w1", "w1"])])
def test_claims_are_proved_on_the_hosts_of_the_first(on: list[str], proved: list[str]) -> None:
    found = storage(claims=[claim(*on), claim("kmaster", statefulset="db")])
    assert [(volume.name, volume.node) for volume in found.proof] == [
        ("kinstall-proof-0", proved[0]), ("kinstall-proof-1", proved[1])]
    assert [volume.directory for volume in found.proof] == ["/var/lib/kinstall/proof-0", "/var/lib/kinstall/proof-1"]


def test_local_path_proves_itself() -> None:
    assert storage(**{"class": "local-path"}) == Storage(local_path="/var/lib/kinstall/local-path")
    both = storage(**{"class": "local-path", "directory": "/srv/volumes"}, claims=[claim("w1")])
    assert (both.local_path, both.proof, len(both.claims)) == ("/srv/volumes", (), 1)


def test_every_volume_is_something_that_the_host_can_make() -> None:
    found = made({"storage": {"claims": [claim("w1", "w1", owner="999:0")]}})
    volumes = list(found.volumes)
    assert len(volumes) == 6
    assert len({(volume.node, volume.directory) for volume in volumes}) == len({volume.name for volume in volumes}) == 6
    assert all(in_bytes(volume.size) > 0 for volume in volumes)


@pytest.mark.parametrize("addons", [
    {"prometheus": {"node": "w3"}}, {"grafana": {"node": "w3"}}, {"storage": {"claims": [claim("w1", "w3")]}},
])
def test_a_node_that_there_is_not(addons: dict[str, Any]) -> None:
    with pytest.raises(PlanError, match="w3, which there is not") as caught:
        made(addons)
    assert caught.value.hint == "There are: kmaster, w1, w2."
