"""Add-ons against servers in this process: an API server's TLS and objects, a kubelet's certificate, a page behind an SSH connection."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kinstall.addons import kubelet_certificates
from kinstall.addons.base import Member, Scene
from kinstall.addons.grafana import GRAFANA
from kinstall.addons.model import Addons, Grafana, MetricsServer, Volume
from kinstall.addons.removal import leaving
from kinstall.addons.run import AddonsRun
from kinstall.cluster.api import Api
from kinstall.cluster.credentials import credentials
from kinstall.cluster.web import Web, basic
from kinstall.errors import ClusterError
from kinstall.events import AnyEvent, ConnectionChanged, Failure, Note, StepChanged
from kinstall.hub import Hub
from kinstall.local import LocalTransport
from kinstall.manifests import Object, shipped
from kinstall.runner import Runner
from kinstall.secrets import Redactor, Secret
from kinstall.ssh import connect
from kinstall.steps.base import ADMIN_CONF
from kinstall.steps.helm import MARK
from kinstall.transport import Result
from tests.engine.apiserver import ApiServer, Authority, path, serving
from tests.engine.conftest import LabServer, free_port, host, program
from tests.golden.samples import cluster

METRICS = Addons(metrics_server=MetricsServer())
NODE: Object = {
    "apiVersion": "v1", "kind": "Node", "metadata": {"name": "w1"},
    "status": {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "conditions": [{"type": "Ready", "status": "True"}]},
}
MEASURED = {"/apis/metrics.k8s.io/v1beta1/nodes": {"items": [{"metadata": {"name": "w1"}, "usage": {"cpu": "1", "memory": "1"}}]}}


class ControlPlane(LocalTransport):
    """This machine, with an admin.conf, and a helm or none."""

    admin_conf, mark = "", ""

    async def root(self, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        for place, text in (ADMIN_CONF, self.admin_conf), (MARK, self.mark):
            if place in script:
                return Result(0, text, "")
        raise AssertionError(script)

    async def user(self, script: str) -> Result:
        return Result(0, "", "")


class House:
    """A control plane, its API server, and what is told."""

    def __init__(self, server: ApiServer) -> None:
        self.server, self.events = server, list[AnyEvent]()
        self.transport = ControlPlane("cp1")
        self.transport.admin_conf = server.admin_conf
        self.runner = Runner(self.transport, Hub([self.events.append], Redactor()))
        self.api = Api(self.runner, credentials(server.admin_conf))

    def scene(self, addons: Addons, said: list[str]) -> Scene:
        return Scene(addons=addons, api=self.api, runner=self.runner, nodes=(Member("w1", "127.0.0.1", ready=True),), tell=said.extend)

    def statuses(self, step: str) -> list[str]:
        return [event.status for event in self.events if isinstance(event, StepChanged) and event.step == step]

    @property
    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Note)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with serving(tmp_path) as server:
        server.put(NODE)
        server.answers |= MEASURED
        made = House(server)
        yield made
        await made.api.close()


def of_grafana() -> list[Object]:
    return [item for item in shipped("grafana") if item["kind"] != "Namespace"]


# ---- what is not chosen any more ----
async def test_what_is_left_is_told_and_stays(house: House) -> None:
    house.server.put(*of_grafana())
    house.transport.mark = "4.3.0\nv4.3.0\n"
    await AddonsRun(METRICS, house.api, house.runner).run()
    assert any("grafana is in the cluster and not chosen" in note and "Deployment monitoring/grafana" in note for note in house.notes)
    assert any("helm is on cp1 and not chosen" in note for note in house.notes)
    assert house.server.has("Deployment", "grafana")
    assert house.statuses("metrics-server") == ["running", "done"]


async def test_a_part_of_an_add_on_that_is_left_is_told_as_such(house: House) -> None:
    (service,) = (item for item in shipped("metrics-server") if item["kind"] == "Service")
    house.server.put({**service, "metadata": {**service["metadata"], "name": "old"}})
    await AddonsRun(METRICS, house.api, house.runner).run()
    (note,) = house.notes
    assert note.startswith("a part of metrics-server is in the cluster") and note.endswith("deleted: Service kube-system/old")


async def test_what_is_left_is_deleted_when_that_was_asked_for(house: House) -> None:
    house.server.put(*of_grafana())
    run = AddonsRun(METRICS, house.api, house.runner, prune=True)
    await run.run()
    assert not [item for item in house.server.objects.values() if "grafana" in item["metadata"]["name"]]
    assert run.changed >= len(of_grafana())
    assert any("still there (/var/lib/kinstall/grafana on w1)" in note for note in house.notes)
    assert house.statuses("grafana") == ["running", "done"]


@pytest.mark.parametrize(("item", "is_mine"), [
    ({"kind": "ConfigMap", "metadata": {"name": "mine"}}, True),
    ({"kind": "PersistentVolumeClaim", "metadata": {"name": "mine", "labels": {"app.kubernetes.io/managed-by": "Helm"}}}, True),
    ({"kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}}, False),
    ({"kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": {"name": "default-token"}}, False),
    ({"kind": "Pod", "metadata": {"name": "grafana-1", "ownerReferences": [{"kind": "ReplicaSet"}]}}, False),
], ids=lambda one: one["metadata"]["name"] if isinstance(one, dict) else "")
async def test_a_namespace_that_others_use_too_stays(house: House, item: Object, is_mine: bool) -> None:
    house.server.put(*shipped("grafana"))
    house.server.put({**item, "apiVersion": "v1", "metadata": {**item["metadata"], "namespace": "monitoring"}})
    await AddonsRun(METRICS, house.api, house.runner, prune=True).run()
    assert house.server.has("Namespace", "monitoring") is is_mine
    told = f"Namespace monitoring stays: it holds what others have made ({item['kind']} monitoring/mine)"
    assert (told in house.notes) is is_mine
    assert not house.server.has("Deployment", "grafana")


async def test_what_cannot_be_deleted_is_a_failed_step_and_the_others_go_on(house: House) -> None:
    house.server.put(*of_grafana())
    house.server.refused.add(next(path(item) for item in of_grafana() if item["kind"] == "Service"))
    run = AddonsRun(METRICS, house.api, house.runner, prune=True)
    await run.run()
    assert house.statuses("grafana") == ["running", "failed"]
    assert house.statuses("metrics-server") == ["running", "done"]
    (failure,) = (event for event in house.events if isinstance(event, Failure))
    assert (failure.host, failure.step) == ("cp1", "grafana")
    assert len(run.errors) == 1
    assert "services/grafana is forbidden" in failure.message


async def test_an_old_object_that_stays_fails_the_add_on_it_belongs_to(house: House) -> None:
    (service,) = (item for item in shipped("metrics-server") if item["kind"] == "Service")
    old = {**service, "metadata": {**service["metadata"], "name": "old"}}
    house.server.put(old)
    house.server.refused.add(path(old))
    await AddonsRun(METRICS, house.api, house.runner, prune=True).run()
    assert house.statuses("metrics-server") == ["running", "failed"]


async def test_a_cluster_that_says_nothing_leaves_no_step_pending(house: House) -> None:
    house.server.answers["/apis"] = {"kind": "APIGroupList", "groups": []}      # it knows none of the kinds
    with pytest.raises(ClusterError, match="knows no"):
        await AddonsRun(METRICS, house.api, house.runner).run()
    assert house.statuses("metrics-server") == ["skipped"]


@pytest.mark.parametrize(("prune", "verb", "words"), [(True, "delete", "Delete it"), (False, "stays", "--prune deletes it")])
async def test_a_plan_tells_what_would_be_deleted(house: House, prune: bool, verb: str, words: str) -> None:
    house.server.put(*of_grafana())
    house.transport.mark = "4.3.0\nv4.3.0\n"
    whole = replace(cluster(), addons=METRICS, prune=prune)
    first = replace(whole.first, facts=replace(whole.first.facts, cluster="https://127.0.0.1:6443"))
    lines = await leaving(replace(whole, nodes=(first,)), house.runner)
    assert lines[0].startswith("  grafana ") and words in lines[0]
    assert f"      {verb} Deployment monitoring/grafana" in lines
    assert "      what it has stored stays (/var/lib/kinstall/grafana on w1)" in lines
    assert any("/usr/local/bin/helm" in line for line in lines) is not prune, "with --prune, deleting it is a step of its host"
    assert not [request for request in house.server.asked if request.startswith(("DELETE", "PATCH"))]


async def test_a_plan_for_bare_machines_asks_nobody(house: House) -> None:
    assert await leaving(replace(cluster(), addons=METRICS, prune=True), house.runner) == []
    assert house.server.asked == []


async def test_a_plan_survives_a_cluster_that_cannot_be_asked(house: House) -> None:
    house.transport.admin_conf = ""
    first = replace(cluster().first, facts=replace(cluster().first.facts, cluster="https://127.0.0.1:6443"))
    (line,) = await leaving(replace(cluster(), nodes=(first,)), house.runner)
    assert "cannot be told: /etc/kubernetes/admin.conf cannot be used" in line


# ---- kubelets' certificates ----
def csr(name: str, **status: object) -> Object:
    """As a kubelet of w1 makes it at each of its starts."""
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"), x509.NameAttribute(NameOID.COMMON_NAME, "system:node:w1")]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    made = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("w1")]), critical=False).sign(
        ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    pem = base64.b64encode(made.public_bytes(Encoding.PEM)).decode()
    spec = {"username": "system:node:w1", "groups": ["system:nodes"], "usages": ["server auth"], "request": pem,
            "signerName": "kubernetes.io/kubelet-serving"}
    return {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name}, "spec": spec,
            "status": status}


@asynccontextmanager
async def kubelet(authority: Authority, folder: Path, *names: str) -> AsyncIterator[int]:
    """A server with a certificate for these names."""
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0, ssl=authority.context(folder, *names))
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def approved(house: House, port: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(kubelet_certificates, "PORT", port)
    monkeypatch.setattr(kubelet_certificates, "SECONDS", 0.2)
    monkeypatch.setattr(kubelet_certificates, "EVERY", 0.05)
    await kubelet_certificates.approve(house.scene(Addons(metrics_server=MetricsServer(kubelet_tls="serving")), said))
    return said


async def test_every_request_of_a_kubelet_is_approved_and_its_certificate_counts(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.server.put(csr("before"), csr("after"))
    async with kubelet(house.server.authority, tmp_path / "kubelet", "w1", "127.0.0.1") as port:
        said = await approved(house, port, monkeypatch)
    assert said == ["approved the serving certificate of w1"] * 2
    conditions = [item["status"]["conditions"] for item in house.server.objects.values() if item["kind"] == "CertificateSigningRequest"]
    assert [one["type"] for (one,) in conditions] == ["Approved", "Approved"]


async def test_a_certificate_that_nobody_fetched_proves_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.server.put(csr("orphan", certificate="eA==", conditions=[{"type": "Approved", "status": "True"}]))
    with pytest.raises(ClusterError, match="no serving certificate for the kubelet of w1"):
        await approved(house, free_port(), monkeypatch)


@pytest.mark.parametrize(("own", "names"), [(True, ("w1", "127.0.0.1")), (False, ("w1", "10.0.0.9"))], ids=["self-signed", "another's"])
async def test_a_certificate_of_another_hand_does_not_count(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool, names: tuple[str, ...]
) -> None:
    async with kubelet(Authority() if own else house.server.authority, tmp_path / "kubelet", *names) as port:
        with pytest.raises(ClusterError, match="no serving certificate"):
            await approved(house, port, monkeypatch)


async def test_a_request_that_was_refused_is_in_the_error(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = csr("stranger")
    wrong["spec"]["groups"] = ["system:authenticated"]
    house.server.put(wrong)
    with pytest.raises(ClusterError, match="request stranger was not approved: who asks is not in the group"):
        await approved(house, free_port(), monkeypatch)


# ---- pages behind the connection ----
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def page(handler: Handler) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_ssh(server: LabServer) -> AsyncIterator[tuple[Runner, list[AnyEvent]]]:
    events: list[AnyEvent] = []
    transport = await connect(host(server))
    try:
        yield Runner(transport, Hub([events.append], Redactor())), events
    finally:
        await transport.close()


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_a_page_is_reached_again_after_the_connection_broke(server: LabServer) -> None:
    async with page(hello) as port, over_ssh(server) as (runner, events):
        site = Web(runner, "127.0.0.1", port)
        assert (await site.get("/")).text == "hello"
        server.drop()
        assert (await site.get("/")).status == 0, "it is told, and looked at again"
        assert (await site.get("/")).text == "hello"
        await site.close()
    assert [event.lost for event in events if isinstance(event, ConnectionChanged)] == [True, False]


async def test_a_way_that_breaks_before_it_is_opened_is_opened_again(server: LabServer) -> None:
    async with page(hello) as port, over_ssh(server) as (runner, _):
        server.drop()
        site = Web(runner, "127.0.0.1", port)
        assert [(await site.get("/")).status for _ in range(2)] == [0, 200]
        await site.close()


async def test_a_port_where_nobody_listens_is_an_answer_too(server: LabServer) -> None:
    async with over_ssh(server) as (runner, events):
        answer = await Web(runner, "127.0.0.1", free_port()).get("/")
    assert answer.status == 0
    assert "the connection broke" not in answer.text, "it did not"
    assert not [event for event in events if isinstance(event, ConnectionChanged)]


# ---- Grafana over an old directory ----
KUBECTL = """#!/bin/sh
echo "$*" >>"$SCRATCH/kubectl.argv"
IFS= read -r password
printf %s "$password" >"$SCRATCH/password"
"""


@pytest.mark.parametrize(("given", "made", "is_reset"), [
    (Secret("it's $new"), None, True), (None, Secret("it's $new"), True), (None, None, False), (Secret("another"), None, False),
], ids=["given", "made", "changed by a person", "not the secret's"])
async def test_an_old_database_gets_the_password_of_this_run_and_of_no_other(
    server: LabServer, tmp_path: Path, given: Secret | None, made: Secret | None, is_reset: bool
) -> None:
    program(server.scratch / "programs" / "kubectl", KUBECTL)
    (server.scratch / "password").write_text("old")

    async def grafana(request: web.Request) -> web.Response:
        now = Secret((server.scratch / "password").read_text())
        return web.Response(status=200 if request.headers["Authorization"] == basic("admin", now) else 401)

    said: list[str] = []
    (tmp_path / "api").mkdir()
    async with page(grafana) as port, over_ssh(server) as (runner, _), serving(tmp_path / "api") as there:
        data = {key: base64.b64encode(text.encode()).decode() for key, text in (("admin-user", "admin"), ("admin-password", "it's $new"))}
        there.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "grafana-admin", "namespace": "monitoring"}, "data": data})
        volume = Volume(name="grafana", node="w1", directory="/srv", size="1Gi")
        addons = Addons(grafana=Grafana(volume=volume, node_port=port, password=given))
        api = Api(runner, credentials(there.admin_conf))
        scene = Scene(addons=addons, api=api, runner=runner, nodes=(Member("w1", "127.0.0.1", ready=True),), tell=said.extend,
                      shown=[("Grafana's", made)] if made else [])
        await GRAFANA.adjust(scene)
        await api.close()
    assert (server.scratch / "password").read_text() == ("it's $new" if is_reset else "old")
    assert said == (["the old password of its database was replaced"] if is_reset else [])
    if is_reset:
        assert "new" not in (server.scratch / "kubectl.argv").read_text()

