"""The manifests of the add-ons: what every object must have, and the names by which kinstall finds what it sets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from kinstall.manifests import MANAGED, NAME, OURS, WORKLOADS, Object, config_maps, containers, find, named, parse, shipped

FOLDERS: Final = Path(__file__).parents[2] / "assets/manifests"
IDS: Final = ("grafana", "kube-state-metrics", "local-path", "metrics-server", "node-exporter", "prometheus", "proofs", "volumes")
FILES: Final = sorted(FOLDERS.glob("*/*"))
CLUSTER_WIDE: Final = {"APIService", "ClusterRole", "ClusterRoleBinding", "Namespace", "PersistentVolume", "StorageClass"}
# the uid that the image's files and the volume's directory are made for
USERS: Final = {
    "metrics-server": 1000, "kube-state-metrics": 65534, "node-exporter": 65534, "prometheus": 65534, "grafana": 472,
    "local-path-provisioner": 65534, "kinstall-proof": 65534,
}
EVERY: Final = [(folder, item) for folder in IDS for item in shipped(folder)]
PODS: Final = [item for _, item in EVERY if item["kind"] in WORKLOADS]


def every(items: list[Any]) -> pytest.MarkDecorator:
    """One test for each object, under its name."""
    return pytest.mark.parametrize("item", items, ids=lambda item: named(item[1] if isinstance(item, tuple) else item))


def spec(item: Object) -> Any:
    """The pod's."""
    return item["spec"]["template"]["spec"]


# ---- files ----
def test_there_is_a_folder_for_each_add_on_and_no_other() -> None:
    assert sorted(folder.name for folder in FOLDERS.iterdir()) == list(IDS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_file_has_a_place_in_the_order_and_says_what_it_is_for(file: Path) -> None:
    assert re.fullmatch(r"\d\d-[a-z]+(-[a-z]+)*\.yaml", file.name)
    first, *rest = file.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ") and len(first) > 30
    if "dashboard" not in file.name:
        assert max(map(len, rest)) <= 180 and len(rest) < 260


def test_what_others_live_in_comes_first() -> None:
    for folder in IDS:
        items = shipped(folder)
        there = {item["metadata"]["name"]: index for index, item in enumerate(items) if item["kind"] == "Namespace"}
        for index, item in enumerate(items):
            assert there.get(item["metadata"].get("namespace"), -1) < index
        names = [item["metadata"].get("namespace") for item in items if item["metadata"].get("namespace") not in (None, "kube-system")]
        assert set(names) <= {*there, "monitoring"}


def test_the_namespace_of_the_monitoring_is_the_same_wherever_it_is_made() -> None:
    made = [find(shipped(folder), "Namespace", "monitoring") for folder in ("node-exporter", "prometheus", "grafana")]
    assert all(one == other for one, other in pairwise(made))
    assert made[0]["metadata"]["labels"][NAME] == "monitoring"      # no add-on's: removing one leaves it


# ---- objects ----
@every(EVERY)
def test_an_object_says_whose_it_is(item: tuple[str, Object]) -> None:
    folder, thing = item
    labels = thing["metadata"]["labels"]
    assert labels[MANAGED] == OURS
    assert labels[NAME] == ("monitoring" if named(thing) == "Namespace monitoring" else folder)
    assert bool(thing["metadata"].get("namespace")) is (thing["kind"] not in CLUSTER_WIDE)


def test_no_object_is_made_twice() -> None:
    names = [named(item) for _, item in EVERY if named(item) != "Namespace monitoring"]
    assert sorted(set(names)) == sorted(names)


@every(PODS)
def test_a_pod_may_do_no_more_than_it_must(item: Object) -> None:
    pod = spec(item)
    secure = pod["securityContext"]
    assert (secure["runAsNonRoot"], secure["seccompProfile"]) == (True, {"type": "RuntimeDefault"})
    assert secure["runAsUser"] == USERS[item["metadata"]["name"]]
    # a fsGroup would change the owner and mode of the directory that kinstall made
    assert "fsGroup" not in secure
    assert pod["enableServiceLinks"] is False
    assert pod.get("serviceAccountName") or pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert container["readinessProbe"]
        assert container.get("livenessProbe") or item["metadata"]["name"] == "kinstall-proof"
    host = {key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)}
    assert host == ({"hostNetwork", "hostPID"} if item["kind"] == "DaemonSet" else set())


@every(PODS)
def test_a_workload_finds_its_pods_and_what_they_mount(item: Object) -> None:
    labels = item["spec"]["template"]["metadata"]["labels"]
    assert item["spec"]["selector"]["matchLabels"].items() <= labels.items()
    templates = {claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])}
    volumes = {volume["name"] for volume in spec(item).get("volumes", [])} | templates
    mounted = {mount["name"] for container in containers([item]) for mount in container.get("volumeMounts", [])}
    assert mounted == volumes
    known = {(thing["kind"], thing["metadata"].get("namespace"), thing["metadata"]["name"]) for _, thing in EVERY}
    for kind, name in references(spec(item)):
        assert (kind, item["metadata"]["namespace"], name) in known


def references(pod: Object) -> Iterator[tuple[str, str]]:
    """What a pod cannot start without."""
    if "serviceAccountName" in pod:
        yield "ServiceAccount", pod["serviceAccountName"]
    for volume in pod.get("volumes", []):
        sources = [volume, *volume.get("projected", {}).get("sources", [])]
        yield from (("ConfigMap", source["configMap"]["name"]) for source in sources if "configMap" in source)
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in pod["containers"]:
        for variable in container.get("env", []):
            if "secretKeyRef" in variable.get("valueFrom", {}):
                yield "Secret", variable["valueFrom"]["secretKeyRef"]["name"]


def test_every_image_names_its_registry_and_has_a_tag() -> None:
    helper = parse(next(config_maps(shipped("local-path"), "local-path-config"))["helperPod.yaml"])[0]
    images = [container["image"] for container in [*containers([item for _, item in EVERY]), *helper["spec"]["containers"]]]
    assert len(images) == len(PODS) + 1
    for image in images:
        assert re.fullmatch(r"(registry\.k8s\.io|quay\.io|docker\.io)/[a-z0-9/-]+:v?\d+\.\d+(\.\d+)?", image)


@every([item for _, item in EVERY if item["kind"] == "Service"])
def test_a_service_leads_to_ports_of_its_pods(item: Object) -> None:
    (workload,) = [other for other in PODS if other["metadata"]["namespace"] == item["metadata"]["namespace"]
                   and item["spec"]["selector"].items() <= other["spec"]["template"]["metadata"]["labels"].items()]
    ports = {port["name"] for container in containers([workload]) for port in container.get("ports", [])}
    assert {port["targetPort"] for port in item["spec"]["ports"] if "targetPort" in port} <= ports


@every([item for _, item in EVERY if item["kind"].endswith("RoleBinding") or item["kind"] == "ClusterRoleBinding"])
def test_a_binding_binds_what_is_there(item: Object) -> None:
    known = {(thing["kind"], thing["metadata"]["name"]) for _, thing in EVERY}
    kubernetes_own = {"system:auth-delegator", "extension-apiserver-authentication-reader"}
    assert item["roleRef"]["name"] in kubernetes_own or (item["roleRef"]["kind"], item["roleRef"]["name"]) in known
    assert all((subject["kind"], subject["name"]) in known for subject in item["subjects"])


def test_nobody_may_read_secrets() -> None:
    rules = [rule for _, item in EVERY if item["kind"] in ("ClusterRole", "Role") for rule in item["rules"]]
    assert not [rule for rule in rules if {"secrets", "*"} & {*rule.get("resources", []), *rule["verbs"], *rule.get("apiGroups", [])}]


# ---- what kinstall sets values on ----
@pytest.mark.parametrize(("name", "node_port", "port"), [("prometheus", 30090, 8080), ("grafana", 30004, 3000)])
def test_a_server_with_a_volume_and_a_node_port(name: str, node_port: int, port: int) -> None:
    items = shipped(name)
    volume, claim, deployment = (find(items, kind, name) for kind in ("PersistentVolume", "PersistentVolumeClaim", "Deployment"))
    assert volume["spec"]["claimRef"] == {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "monitoring", "name": name}
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["spec"]["local"]["path"] == f"/var/lib/kinstall/{name}"
    assert volume["spec"]["capacity"] == claim["spec"]["resources"]["requests"]
    assert (claim["spec"]["volumeName"], claim["spec"]["storageClassName"], volume["spec"]["storageClassName"]) == (name, "", "")
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}       # two pods cannot share the volume
    assert list(spec(deployment)["nodeSelector"]) == ["kubernetes.io/hostname"]
    (only,) = find(items, "Service", name)["spec"]["ports"]
    assert (only["nodePort"], only["port"]) == (node_port, port)
    assert find(items, "Service", name)["spec"]["type"] == "NodePort"


def test_metrics_server() -> None:
    items = shipped("metrics-server")
    (container,) = containers(items, "Deployment", "metrics-server")
    assert "--kubelet-insecure-tls" in container["args"]
    assert find(items, "APIService", "v1beta1.metrics.k8s.io")["spec"]["service"]["name"] == "metrics-server"


def test_kube_state_metrics_lists_exactly_what_its_role_allows() -> None:
    items = shipped("kube-state-metrics")
    (container,) = containers(items, "Deployment", "kube-state-metrics")
    (asked,) = [word.removeprefix("--resources=") for word in container["args"]]
    rules = find(items, "ClusterRole", "kube-state-metrics")["rules"]
    assert sorted(asked.split(",")) == sorted(resource for rule in rules for resource in rule["resources"])
    assert all(rule["verbs"] == ["list", "watch"] for rule in rules)
    ports = {port["name"]: port["port"] for port in find(items, "Service", "kube-state-metrics")["spec"]["ports"]}
    assert ports == {"http-metrics": 8080, "telemetry": 8081}


def test_node_exporter_runs_on_every_node_and_only_reads_it() -> None:
    items = shipped("node-exporter")
    pod = spec(find(items, "DaemonSet", "node-exporter"))
    assert pod["tolerations"] == [{"operator": "Exists"}]
    (mount,), (volume,) = pod["containers"][0]["volumeMounts"], pod["volumes"]
    assert (mount["mountPath"], mount["readOnly"], volume["hostPath"]["path"]) == ("/host", True, "/")
    assert find(items, "Service", "node-exporter")["spec"]["clusterIP"] == "None"


def test_prometheus_reads_a_changed_config_map_by_itself() -> None:
    items = shipped("prometheus")
    (container,) = containers(items, "Deployment", "prometheus")
    assert "--config.auto-reload" in container["args"]
    assert "--storage.tsdb.retention.time=15d" in container["args"]
    # a file that is mounted by subPath never changes
    assert not [mount for mount in container["volumeMounts"] if "subPath" in mount]
    config = yaml.safe_load(find(items, "ConfigMap", "prometheus")["data"]["prometheus.yml"])
    paths = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert config["rule_files"] == [f"{paths['rules']}/*.yml"]
    assert f"--config.file={paths['config']}/prometheus.yml" in container["args"]


def test_grafana_knows_prometheus_by_name_and_its_dashboards_by_folder() -> None:
    items = shipped("grafana")
    (source,) = yaml.safe_load(find(items, "ConfigMap", "grafana-datasources")["data"]["datasources.yaml"])["datasources"]
    service = find(shipped("prometheus"), "Service", "prometheus")["spec"]["ports"][0]["port"]
    assert (source["uid"], source["url"]) == ("prometheus", f"http://prometheus.monitoring.svc.cluster.local:{service}")
    (provider,) = yaml.safe_load(find(items, "ConfigMap", "grafana-provider")["data"]["dashboards.yaml"])["providers"]
    (container,) = containers(items, "Deployment", "grafana")
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert provider["options"]["path"] == mounts["dashboards"]
    environment = {variable["name"]: variable.get("value") for variable in container["env"]}
    home = Path(str(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]))
    files = [key for item in items if item["metadata"]["name"].startswith("grafana-dashboard-") for key in item["data"]]
    assert str(home.parent) == mounts["dashboards"] and home.name in files


def test_grafanas_account_comes_from_the_secret_and_the_shipped_password_is_no_password() -> None:
    items = shipped("grafana")
    secret = find(items, "Secret", "grafana-admin")["stringData"]
    assert secret == {"admin-user": "admin", "admin-password": "change-me"}
    (container,) = containers(items, "Deployment", "grafana")
    taken = {variable["valueFrom"]["secretKeyRef"]["key"] for variable in container["env"] if "valueFrom" in variable}
    assert taken == set(secret)


def test_local_path_is_the_default_class_and_makes_volumes_late() -> None:
    items = shipped("local-path")
    found = find(items, "StorageClass", "local-path")
    assert found["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert found["volumeBindingMode"] == "WaitForFirstConsumer"
    paths = json.loads(next(config_maps(items, "local-path-config"))["config.json"])["nodePathMap"][0]["paths"]
    assert paths == ["/opt/local-path-provisioner"]


def test_the_pattern_of_a_volume() -> None:
    (volume,) = shipped("volumes")
    assert volume["metadata"]["name"] == "volume"
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["spec"]["claimRef"]["kind"] == "PersistentVolumeClaim"


def test_the_proof_of_storage() -> None:
    items = shipped("proofs")
    workload = find(items, "StatefulSet", "kinstall-proof")
    assert workload["spec"]["replicas"] == 2
    assert find(items, "Service", workload["spec"]["serviceName"])["spec"]["clusterIP"] == "None"
    assert [claim["metadata"]["name"] for claim in workload["spec"]["volumeClaimTemplates"]] == ["data"]
    assert find(items, "Namespace", "kinstall-proof")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
