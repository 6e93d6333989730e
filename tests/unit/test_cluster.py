"""What the API server and the pods say, in one sentence each: literal answers, as real servers give them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kinstall.cluster.credentials import credentials
from kinstall.cluster.pods import label, log_cause, trouble
from kinstall.cluster.refusals import explain, refusal
from kinstall.cluster.waits import is_out
from kinstall.manifests import Object, expanded, images, mirrored, named, ordered, parse, tagged

GRAFANA: Object = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "grafana", "namespace": "monitoring"}}
SERVICE: Object = {
    "apiVersion": "v1", "kind": "Service", "metadata": {"name": "grafana", "namespace": "monitoring"},
    "spec": {"ports": [{"port": 3000, "nodePort": 30004}]},
}


def status(code: int, reason: str, message: str, *causes: tuple[str, str]) -> str:
    details = {"causes": [{"field": field, "message": text} for field, text in causes]}
    return json.dumps({"kind": "Status", "code": code, "reason": reason, "message": message, "details": details})


def test_a_conflict_names_the_object_the_field_and_the_other_hand() -> None:
    body = status(409, "Conflict", "Apply failed with 1 conflict", (".spec.replicas", 'conflict with "kubectl-edit" using apps/v1'))
    told = explain(refusal(409, body), GRAFANA)
    assert told.message == "Deployment monitoring/grafana was changed by another hand: .spec.replicas belongs to kubectl-edit"
    assert "kubectl -n monitoring edit deployment/grafana" in told.hint


def test_a_port_that_is_taken_is_named() -> None:
    said = 'Service "grafana" is invalid: spec.ports[0].nodePort: Invalid value: 30004: provided port is already allocated'
    told = explain(refusal(422, status(422, "Invalid", said, ("spec.ports[0].nodePort", said))), SERVICE)
    assert told.message == "Service monitoring/grafana cannot have the node port 30004: another service has it already"
    assert "node_port" in told.hint


def test_an_immutable_field_says_how_to_make_the_object_anew() -> None:
    body = status(422, "Invalid", "", ("spec.selector", "Invalid value: ...: field is immutable"))
    told = explain(refusal(422, body), GRAFANA)
    assert "cannot be changed: spec.selector" in told.message
    assert "kubectl -n monitoring delete deployment/grafana" in told.hint


@pytest.mark.parametrize("body", ["", "upstream connect error", "[]", '"text"', '{"details": {"causes": null}}'])
def test_an_answer_that_is_no_status_is_told_all_the_same(body: str) -> None:
    assert explain(refusal(503, body), GRAFANA).message.startswith("Deployment monitoring/grafana was refused: HTTP 503")


# ---- pods ----
def pod(**status: Any) -> Object:
    return {
        "metadata": {"name": "grafana-1", "namespace": "monitoring"},
        "spec": {"nodeName": "w1", "containers": [{"name": "grafana"}]},
        "status": {"phase": "Pending", **status},
    }


def event(reason: str, message: str, at: str = "2026-11-25T07:00:00Z") -> Object:
    return {"metadata": {}, "involvedObject": {"name": "grafana-1"}, "reason": reason, "message": message, "lastTimestamp": at}


def waiting(reason: str, **more: Any) -> list[Object]:
    return [{"name": "grafana", "image": "docker.io/grafana/grafana:13.2.0", "state": {"waiting": {"reason": reason}}, **more}]


def test_an_image_names_the_registrys_answer_and_the_node() -> None:
    said = (
        'Failed to pull image "docker.io/grafana/grafana:13.2.0": rpc error: code = NotFound desc = failed to pull and unpack image '
        '"docker.io/grafana/grafana:13.2.0": failed to resolve image: docker.io/grafana/grafana:13.2.0: not found'
    )
    found = trouble(pod(containerStatuses=waiting("ImagePullBackOff")), [event("Failed", said), event("Failed", "Error: ErrImagePull")])
    assert found
    assert found.sentence == (
        "the image docker.io/grafana/grafana:13.2.0 cannot be pulled on w1: "
        "failed to resolve image: docker.io/grafana/grafana:13.2.0: not found"
    )
    assert "crictl pull docker.io/grafana/grafana:13.2.0" in found.hint


def test_a_registry_that_is_down_gets_more_patience_than_an_image_that_is_not_there() -> None:
    pulling = pod(containerStatuses=waiting("ErrImagePull"))
    down = trouble(pulling, [event("Failed", "Failed to pull image: unexpected status: 502 Bad Gateway")])
    missing = trouble(pulling, [event("Failed", "Failed to pull image: not found")])
    assert down and missing and down.patience > missing.patience


def test_pending_names_the_schedulers_message() -> None:
    said = "0/3 nodes are available: 1 node(s) had untolerated taint, 2 node(s) didn't match Pod's node affinity/selector."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    found = trouble(pod(conditions=[condition]), [])
    assert found and found.sentence == f"no node takes it: {said}"


def test_a_crash_names_the_exit_code_and_asks_for_the_last_log() -> None:
    crashed = waiting("CrashLoopBackOff", restartCount=3, lastState={"terminated": {"exitCode": 1}})
    found = trouble(pod(phase="Running", containerStatuses=crashed), [])
    assert found
    assert (found.sentence, found.logs, found.previous) == ("grafana ended with exit code 1, 3 times so far", "grafana", True)


def test_a_container_out_of_memory_says_so() -> None:
    crashed = waiting("CrashLoopBackOff", restartCount=1, lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
    found = trouble(pod(phase="Running", containerStatuses=crashed), [])
    assert found and "want of memory" in found.sentence


def test_a_volume_that_cannot_be_mounted_names_its_path() -> None:
    said = 'MountVolume.NewMounter initialization failed for volume "grafana" : path "/srv/grafana" does not exist'
    found = trouble(pod(containerStatuses=waiting("ContainerCreating")), [event("FailedMount", said)])
    assert found and "/srv/grafana" in found.sentence and found.sentence.startswith("a volume cannot be mounted on w1")


def test_a_pod_that_runs_is_no_trouble() -> None:
    ready, container = {"type": "Ready", "status": "True"}, {"name": "grafana", "state": {"running": {}}}
    running = pod(phase="Running", conditions=[ready], containerStatuses=[container])
    assert trouble(running, [event("FailedMount", "an old one")]) is None
    assert label(running) == "grafana-1 Running"


def test_events_of_other_pods_say_nothing() -> None:
    other = {**event("FailedMount", "x"), "involvedObject": {"name": "another"}}
    assert trouble(pod(containerStatuses=waiting("ContainerCreating")), [other]) is None


def test_the_newest_event_speaks() -> None:
    events = [event("FailedMount", "new", "2026-11-25T07:05:00Z"), event("FailedMount", "old", "2026-11-25T07:00:00Z")]
    found = trouble(pod(), events)
    assert found and found.sentence.endswith("new")


@pytest.mark.parametrize(("line", "meaning"), [
    ('level=error err="opening storage failed: open /prometheus/wal/0: no space left on device"', "the disk under its volume is full"),
    ("open /prometheus/queries.active: permission denied", "it may not write into its volume: the directory has another owner"),
    ("GF_PATHS_DATA='/var/lib/grafana' is not writable.", "it may not write into its volume: the directory has another owner"),
    ("all is well", ""),
])
def test_a_log_of_a_known_kind_is_understood(line: str, meaning: str) -> None:
    assert log_cause(["first", line]) == meaning


# ---- workloads ----
def deployment(**status: int) -> Object:
    return {"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": {"observedGeneration": 2, **status}}


def test_a_deployment_is_out_when_its_newest_form_is_available() -> None:
    good = {"updatedReplicas": 1, "readyReplicas": 1, "replicas": 1, "availableReplicas": 1}
    assert is_out(deployment(**good))
    assert not is_out(deployment(**{**good, "replicas": 2}))            # the old pod is still there
    assert not is_out(deployment(**{**good, "observedGeneration": 1}))  # nobody has looked at it yet
    assert not is_out({})


def test_a_daemon_set_is_out_on_every_node() -> None:
    item: Object = {"kind": "DaemonSet", "metadata": {"generation": 1}, "status": {"observedGeneration": 1, "desiredNumberScheduled": 3}}
    item["status"] |= {"updatedNumberScheduled": 3, "numberAvailable": 2}
    assert not is_out(item)
    item["status"]["numberAvailable"] = 3
    assert is_out(item)
    item["status"] |= {"desiredNumberScheduled": 0, "updatedNumberScheduled": 0, "numberAvailable": 0}
    assert not is_out(item)


# ---- manifests ----
def test_lists_are_taken_apart_and_namespaces_come_first() -> None:
    text = "kind: List\nitems: [{kind: ServiceAccount}, {kind: RoleBindingList, items: [{kind: RoleBinding}]}]\n---\nkind: Namespace\n---\n"
    objects = parse(text)
    assert [item["kind"] for item in objects] == ["ServiceAccount", "RoleBinding", "Namespace"]
    assert [item["kind"] for item in ordered(objects)] == ["Namespace", "ServiceAccount", "RoleBinding"]
    assert list(expanded({"kind": "List"})) == [{"kind": "List"}]


def test_objects_and_images_are_named_as_people_do() -> None:
    assert named(GRAFANA) == "Deployment monitoring/grafana"
    assert named({"kind": "PersistentVolume", "metadata": {"name": "grafana"}}) == "PersistentVolume grafana"
    assert tagged("quay.io/prometheus/node-exporter:v1.0.0", "1.12.1") == "quay.io/prometheus/node-exporter:v1.12.1"
    assert tagged("docker.io/grafana/grafana:13.0.0", "13.2.0") == "docker.io/grafana/grafana:13.2.0"
    assert mirrored("quay.io/prometheus/prometheus:v3", {"quay.io": "mirror:5000/quay"}) == "mirror:5000/quay/prometheus/prometheus:v3"
    assert mirrored("quay.io/x:1", {"docker.io": "mirror.lan"}) == "quay.io/x:1"
    spec = {"initContainers": [{"image": "a"}], "containers": [{"image": "b"}, {"image": "a"}]}
    workload = {"kind": "Deployment", "spec": {"template": {"spec": spec}}}
    assert images([workload]) == ("a", "b")


# ---- credentials ----
@pytest.mark.parametrize("text", ["", "{}", "clusters: []", "a: [", "clusters: [{cluster: {certificate-authority-data: '%'}}]\nusers: []"])
def test_no_kubeconfig_is_told_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError, match="no kubeconfig"):
        credentials(text)


def test_the_key_is_on_the_disk_only_for_a_moment() -> None:
    from pathlib import Path

    data = "eA=="
    known = credentials(
        f"clusters: [{{cluster: {{server: 'https://10.0.0.1:6443', certificate-authority-data: {data}}}}}]\n"
        f"users: [{{user: {{client-certificate-data: {data}, client-key-data: {data}}}}}]\n"
    )
    assert (known.host, known.port, known.ca) == ("10.0.0.1", 6443, "x")
    with known.files() as (certificate, key):
        assert Path(key).read_text() == "x"
        assert Path(key).stat().st_mode & 0o777 == 0o600
        assert Path(key).parent.stat().st_mode & 0o777 == 0o700
    assert not Path(certificate).parent.exists()
    assert "x" not in repr(known.key)
