"""What add-ons judge by: figures as Prometheus, Grafana and kubelets give them, and what is made of them."""

from __future__ import annotations

import base64
from ipaddress import ip_address
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kinstall.addons.base import Member, argument
from kinstall.addons.dashboards import substituted
from kinstall.addons.handover import facts
from kinstall.addons.kubelet_certificates import USAGES, objection
from kinstall.addons.metrics_server import METRICS_SERVER
from kinstall.addons.model import Addons, Grafana, MetricsServer, Prometheus, Storage, Volume
from kinstall.addons.prometheus import PROMETHEUS, rules_proof, shipped_rules, targets_proof
from kinstall.addons.run import member
from kinstall.addons.storage import LOCAL_PATH, compared
from kinstall.manifests import config_maps, containers, images

NODES = (Member("cp1", "10.0.0.1", ready=True), Member("w1", "10.0.0.2", ready=True))


# ---- Prometheus ----
def target(job: str, health: str = "up", error: str = "") -> dict[str, Any]:
    return {"labels": {"job": job, "instance": "10.0.0.2:9100"}, "health": health, "lastError": error}


def test_targets_hold_when_every_one_is_up_and_every_job_has_one() -> None:
    data = {"data": {"activeTargets": [target("kubelet"), target("node-exporter")]}}
    assert targets_proof(data, ["kubelet", "node-exporter"]).holds
    assert targets_proof(data, ["kubelet"]).figure == "2/2 up"
    without = targets_proof(data, ["kubelet", "coredns"])
    assert (without.figure, without.holds) == ("2/2 up; no target for coredns", False)


def test_a_target_that_is_down_says_why() -> None:
    data = {"data": {"activeTargets": [target("kubelet"), target("node-exporter", "down", "connection refused")]}}
    proof = targets_proof(data, [])
    assert (proof.figure, proof.holds) == ("1/2 up; node-exporter 10.0.0.2:9100: connection refused", False)


@pytest.mark.parametrize("data", [{}, {"data": {}}, {"data": {"activeTargets": []}}])
def test_no_targets_prove_nothing(data: dict[str, Any]) -> None:
    assert not targets_proof(data, []).holds


def test_rules_hold_when_all_are_loaded_and_none_fails() -> None:
    rules = [{"name": "NodeDown", "health": "ok"}] * shipped_rules()
    assert rules_proof({"data": {"groups": [{"rules": rules}]}}).holds
    assert not rules_proof({"data": {"groups": [{"rules": rules[1:]}]}}).holds
    broken = [*rules[1:], {"name": "NodeDown", "health": "err", "lastError": "many-to-many matching"}]
    proof = rules_proof({"data": {"groups": [{"rules": broken}]}})
    assert not proof.holds and "NodeDown: many-to-many matching" in proof.figure


@pytest.mark.parametrize(("word", "is_checked"), [("serving", True), ("insecure", False)])
def test_kubelets_are_checked_where_the_cluster_vouches_for_them(word: str, is_checked: bool) -> None:
    volume = Volume(name="prometheus", node="w1", directory="/srv", size="1Gi")
    addons = Addons(metrics_server=MetricsServer(kubelet_tls=word), prometheus=Prometheus(volume=volume))
    (data,) = config_maps(PROMETHEUS.objects(addons), "prometheus")
    jobs = {job["job_name"]: job.get("tls_config", {}) for job in yaml.safe_load(data["prometheus.yml"])["scrape_configs"]}
    for job in ("kubelet", "cadvisor"):
        assert jobs[job] == (jobs["apiserver"] if is_checked else {"insecure_skip_verify": True})
    (server,) = containers(METRICS_SERVER.objects(addons), "Deployment", "metrics-server")
    assert ("--kubelet-insecure-tls" in server["args"]) is not is_checked


# ---- Grafana ----
@pytest.mark.parametrize(("written", "asked"), [
    ('rate(x{node=~"$node"}[$__rate_interval])', 'rate(x{node=~".*"}[5m])'),
    ('x{a=~"${ns:regex}", b=~"[[pod]]"}', 'x{a=~".*", b=~".*"}'),
    ("up", "up"),
])
def test_a_dashboards_variables_stand_for_everything(written: str, asked: str) -> None:
    assert substituted(written) == asked


# ---- storage ----
def test_storage_holds_when_both_replicas_find_their_data_on_their_node() -> None:
    first = {"kinstall-proof-0": ("w1", "a"), "kinstall-proof-1": ("w2", "b")}
    assert compared(first, dict(first)).figure == "2/2 replicas read their data back on w1, w2"
    assert not compared(first, {**first, "kinstall-proof-1": ("w1", "b")}).holds
    assert not compared(first, {**first, "kinstall-proof-1": ("w2", "c")}).holds
    assert not compared({}, {}).holds
    empty = {"kinstall-proof-0": ("w1", ""), "kinstall-proof-1": ("w2", "")}
    assert not compared(empty, dict(empty)).holds


def test_local_path_takes_its_directory_and_its_helpers_image_from_the_answers() -> None:
    addons = Addons(storage=Storage(local_path="/srv/disks"), images={"docker.io": "mirror.lan/hub"}, versions={"local-path": "0.0.36"})
    objects = LOCAL_PATH.objects(addons)
    (data,) = config_maps(objects, "local-path-config")
    assert "/srv/disks" in data["config.json"] and "/opt" not in data["config.json"]
    assert "image: mirror.lan/hub/library/busybox:" in data["helperPod.yaml"]
    assert images(objects) == ("mirror.lan/hub/rancher/local-path-provisioner:v0.0.36",)


# ---- kubelets' certificates ----
W1 = ("w1", "10.0.0.2")


def request(name: str = "system:node:w1", group: str = "system:nodes", sans: tuple[str, ...] = W1, **spec: Any) -> dict[str, Any]:
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, group), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName([general(san) for san in sans]), critical=False)
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    pem = base64.b64encode(made.public_bytes(Encoding.PEM)).decode()
    return {"username": "system:node:w1", "groups": ["system:nodes"], "usages": sorted(USAGES), "request": pem} | spec


def general(san: str) -> x509.GeneralName:
    if "@" in san:
        return x509.RFC822Name(san)
    try:
        return x509.IPAddress(ip_address(san))
    except ValueError:
        return x509.DNSName(san)


def test_a_kubelets_own_request_is_approved() -> None:
    assert objection(request(), NODES) == ""


@pytest.mark.parametrize(("spec", "why"), [
    (request(username="system:node:stranger"), "no node of this cluster"),
    (request(username="admin"), "no node of this cluster"),
    (request(groups=["system:authenticated"]), "not in the group"),
    (request(usages=["server auth", "client auth"]), "more than serving: client auth"),
    (request(name="system:node:cp1"), "its subject is not that of w1"),
    (request(group="system:masters"), "its subject is not that of w1"),
    (request(sans=("w1", "10.0.0.1")), "it names what is not w1: 10.0.0.1"),
    (request(sans=("w1", "kubernetes.default.svc")), "it names what is not w1: kubernetes.default.svc"),
    (request(sans=("w1", "root@w1")), "neither a host nor an address"),
    (request(sans=()), "it names no host"),
    (request(request="eA=="), "no certificate request"),
])
def test_any_other_request_is_not(spec: dict[str, Any], why: str) -> None:
    assert why in objection(spec, NODES)


# ---- the rest ----
def test_a_node_as_the_cluster_knows_it() -> None:
    node = {"metadata": {"name": "w1"}, "status": {
        "addresses": [{"type": "Hostname", "address": "w1"}, {"type": "InternalIP", "address": "10.0.0.2"}],
        "conditions": [{"type": "Ready", "status": "Unknown"}]}}
    assert member(node) == Member("w1", "10.0.0.2", ready=False)


def test_an_argument_is_set_once() -> None:
    container = {"args": ["--storage.tsdb.retention.time=1d", "--web.enable-lifecycle"]}
    argument(container, "--storage.tsdb.retention.time", "15d")
    assert container["args"] == ["--web.enable-lifecycle", "--storage.tsdb.retention.time=15d"]


def test_what_a_person_gets_into_their_hands() -> None:
    volume = Volume(name="grafana", node="w1", directory="/srv", size="1Gi")
    addons = Addons(prometheus=Prometheus(volume=volume), grafana=Grafana(volume=volume))
    told = [(fact.label.strip(), fact.text) for fact in facts(addons, NODES, "systemv@10.0.0.1", "~/.kube/config")]
    assert ("Prometheus", "http://10.0.0.2:30090") in told
    assert ("Grafana", "http://10.0.0.2:30004") in told
    assert ("account", "admin") in told
    assert ("kubectl", "works on systemv@10.0.0.1; here with ~/.kube/config") in told
    assert sum(text.startswith("kubectl ") and label in ("try", "") for label, text in told) == 3
