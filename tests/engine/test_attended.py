"""Whole runs that a person attends: scratch folders as hosts, an API server in this process, and every event that was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kinstall.addons.model import Addons, Grafana, MetricsServer, Volume
from kinstall.answers import parse, resolve
from kinstall.connecting import Connector
from kinstall.control import Control, Decision
from kinstall.distro import DISTROS
from kinstall.errors import CANCELLED, DONE, FAILED, ConnectionLost
from kinstall.events import AnyEvent, CommandEnded, CommandStarted, Decided, Failure, Note, RunEnded, StepChanged
from kinstall.headless import summary
from kinstall.hub import Hub
from kinstall.installation import ADDONS, Installation
from kinstall.local import LocalTransport
from kinstall.model import Cluster, Host, Role
from kinstall.plan import HostPlan, Plan, PlannedStep
from kinstall.progress import Progress
from kinstall.secrets import Redactor
from kinstall.states import Check, Command, State
from kinstall.steps.base import ADMIN_CONF, Step
from kinstall.steps.helm import MARK
from kinstall.transport import Result
from tests.engine.apiserver import ApiServer, serving
from tests.engine.conftest import free_port
from tests.engine.conftest import until as within
from tests.engine.test_addons import MEASURED, NODE
from tests.golden.samples import cluster, node

ANSWERS = "hosts: [{name: cp1, address: 10.0.0.1, role: control-plane}, {name: w1, address: 10.0.0.2}]"
PATIENCE = 60.0     # seconds; the API's client alone takes its time to be imported
METRICS = Addons(metrics_server=MetricsServer())


async def until(condition: Callable[[], object]) -> None:
    await within(condition, PATIENCE)


class Machine(LocalTransport):
    """This machine as a host without units, with an admin.conf. `cut`: it cannot be reached; `trap`: a script that brings that about."""

    admin_conf, trap, cut = "", "", False

    async def root(self, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        self.cut = self.cut or bool(self.trap and self.trap in script)
        if self.cut:
            raise ConnectionLost("the connection broke", host=self.name)
        if "systemctl" in script or MARK in script:
            return Result(0, "", "")
        return Result(0, self.admin_conf, "") if ADMIN_CONF in script else await super().root(script)

    async def reopen(self, patience: float = 0) -> None:
        if self.cut:
            raise ConnectionLost("it did not come back", host=self.name)

    async def user(self, script: str) -> Result:
        return Result(0, "", "")


class Machines(Connector):
    def __init__(self) -> None:
        super().__init__(accept=False, ask=None)
        self.made = {name: Machine(name) for name in ("cp1", "w1")}

    async def connect(self, host: Host) -> Machine:
        return self.made[host.name]


class Stage:
    """An installation of scratch folders, whose checks and survey are somebody else's test."""

    def __init__(self, folder: Path, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.server, self.events = folder, server, list[AnyEvent]()
        self.addons, self.steps, self.machines, self.progress = METRICS, dict[str, Sequence[State]](), Machines(), Progress()
        self.machines.made["cp1"].admin_conf = server.admin_conf
        answers = parse(ANSWERS)
        self.control = Control(attended=True)
        self.run = Installation(
            answers, resolve(answers, None, {}), Hub([self.events.append, self.fold], Redactor()), self.machines, control=self.control)
        nodes = (node(DISTROS[1], name="cp1", role=Role.CONTROL_PLANE, address="10.0.0.1"), node(DISTROS[1], name="w1", address="10.0.0.2"))

        async def survey(*_: object) -> Cluster:
            return replace(cluster(), nodes=nodes)

        async def preflight(*_: object) -> None:
            return None

        monkeypatch.setattr("kinstall.installation.survey", survey)
        monkeypatch.setattr("kinstall.installation.choose", lambda *_: self.addons)
        monkeypatch.setattr("kinstall.installation.make", self.plan)
        monkeypatch.setattr(Installation, "_preflight", preflight)
        monkeypatch.setattr("kinstall.claim.CLAIM", str(folder / "kinstall.claim"))

    def plan(self, whole: Cluster) -> Plan:
        hosts = []
        for one in whole.nodes:
            states = tuple(self.steps.get(one.name, ()))
            hosts.append(HostPlan(one, (PlannedStep(Step("own", "phase", "own", lambda n, c, s=states: s), states),)))  # type: ignore[misc]
        return Plan(whole, tuple(hosts))

    def touches(self, name: str, first: str = "true") -> Check:
        path = self.folder / name
        return Check(name, f"[ -e {path} ] && echo yes", (Command(f"{first}\ntouch {path}"),))

    def fold(self, event: AnyEvent) -> None:
        self.progress = self.progress.apply(event)

    def statuses(self, step: str, host: str = "cp1") -> list[str]:
        return [event.status for event in self.events if isinstance(event, StepChanged) and (event.host, event.step) == (host, step)]

    def reasons(self, step: str) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, StepChanged) and event.step == step]

    def of(self, kind: type[AnyEvent]) -> list[AnyEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def ended(self) -> RunEnded:
        assert isinstance(self.events[-1], RunEnded)
        return self.events[-1]


@pytest.fixture
async def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr("kinstall.addons.run.PROOF_SECONDS", 0.1)
    monkeypatch.setattr("kinstall.addons.run.LOOK_AGAIN", 0.05)
    async with serving(tmp_path / "api") as server:
        server.put(NODE)
        yield Stage(tmp_path, server, monkeypatch)


# ---- a host ----
async def test_what_was_retried_in_the_end_is_no_failure_of_the_run(stage: Stage) -> None:
    stage.server.answers |= MEASURED
    stage.steps["w1"] = [stage.touches("x", f"[ -e {stage.folder}/mended ]")]
    going = asyncio.create_task(stage.run.run())
    await until(lambda: stage.control.open)
    (stage.folder / "mended").touch()
    stage.control.answer("w1", Decision.RETRY)
    assert await going == DONE
    assert stage.statuses("metrics-server") == ["running", "done"], "they come when every host is through"
    assert len(stage.progress.failures) == 1 and not any(host.failure for host in stage.progress.hosts.values())
    assert "is ready: 2 nodes" in summary(stage.progress, stage.ended)


async def test_what_was_left_out_is_told_in_the_end(stage: Stage) -> None:
    stage.server.answers |= MEASURED
    stage.steps["w1"] = [stage.touches("x", "false")]
    going = asyncio.create_task(stage.run.run())
    await until(lambda: stage.control.open)
    stage.control.answer("w1", Decision.SKIP)
    assert await going == DONE
    assert "is ready without own on w1, as you said: 2 nodes" in summary(stage.progress, stage.ended)


async def test_a_host_that_was_cut_off_is_connected_again_first(stage: Stage) -> None:
    stage.server.answers |= MEASURED
    worker, marker = stage.machines.made["w1"], stage.folder / "x"
    stage.steps["w1"] = [stage.touches("x")]
    worker.trap = str(marker)
    going = asyncio.create_task(stage.run.run())
    await until(lambda: stage.control.open)
    stage.control.answer("w1", Decision.RETRY)
    await until(lambda: len(stage.of(Failure)) == 2 and stage.control.open)
    worker.trap, worker.cut = "", False
    stage.control.answer("w1", Decision.RETRY)
    assert await going == DONE
    assert marker.exists() and stage.statuses("own", "w1") == ["running", "done"]
    assert "look" not in stage.progress.hosts["w1"].cells, "nothing is left of the failed look"


# ---- add-ons ----
async def test_add_ons_that_failed_are_tried_again_until_they_are_proved(stage: Stage) -> None:
    going = asyncio.create_task(stage.run.run())
    for number in (1, 2):
        await until(lambda: stage.control.open)
        assert dict(stage.control.open) == {"cp1": ADDONS}
        assert stage.progress.hosts["cp1"].failure and stage.statuses("metrics-server").count("failed") == number
        if number == 2:
            stage.server.answers |= MEASURED
        stage.control.answer("cp1", Decision.RETRY)
        await until(lambda: not stage.control.open)
    assert await going == DONE
    assert stage.statuses("metrics-server") == ["running", "failed", "running", "failed", "running", "already"]
    assert [(event.step, event.decision) for event in stage.events if isinstance(event, Decided)] == [(ADDONS, "retry")] * 2
    assert stage.progress.hosts["cp1"].failure is None and all(proof.holds for proof in stage.progress.proofs)


@pytest.mark.parametrize("decision", [Decision.SKIP, Decision.GIVE_UP])
async def test_add_ons_that_are_not_tried_again_fail_the_run(stage: Stage, decision: Decision) -> None:
    going = asyncio.create_task(stage.run.run())
    await until(lambda: stage.control.open)
    stage.control.answer("cp1", decision)
    assert await going == FAILED
    assert summary(stage.progress, stage.ended).endswith("on cp1")


async def test_an_api_that_cannot_be_reached_is_asked_again(stage: Stage) -> None:
    stage.server.answers |= MEASURED
    first = stage.machines.made["cp1"]
    first.admin_conf = ""
    going = asyncio.create_task(stage.run.run())
    await until(lambda: stage.control.open)
    failed = stage.progress.hosts["cp1"].failure
    assert failed and failed.step == ADDONS and ADMIN_CONF in failed.message
    assert stage.statuses("metrics-server") == ["skipped"]
    first.admin_conf = stage.server.admin_conf
    stage.control.answer("cp1", Decision.RETRY)
    assert await going == DONE
    assert stage.statuses("metrics-server") == ["skipped", "running", "done"]


def grafana() -> Addons:
    volume = Volume(name="grafana", node="w1", directory="/srv/grafana", size="1Gi")
    return Addons(grafana=Grafana(volume=volume, node_port=free_port()))


async def test_a_password_is_shown_however_often_the_add_ons_are_tried(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.addons.grafana.ANSWERS", 0.1)
    stage.addons = grafana()
    going = asyncio.create_task(stage.run.run())
    for decision in (Decision.RETRY, Decision.GIVE_UP):
        await until(lambda: stage.control.open)
        stage.control.answer("cp1", decision)
        await until(lambda: not stage.control.open)
    assert await going == FAILED
    assert [what for what, _ in stage.run.shown] == ["Grafana's password for admin"]


# ---- stop ----
@pytest.mark.parametrize("detach", [False, True], ids=["stop", "detach"])
async def test_a_run_that_ends_while_add_ons_are_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch, detach: bool) -> None:
    monkeypatch.setattr("kinstall.addons.run.PROOF_SECONDS", 300)
    stage.addons = grafana()
    going = asyncio.create_task(stage.run.run())
    await until(lambda: stage.server.has("Deployment", "grafana"))
    going.cancel() if detach else stage.control.stop()
    assert await asyncio.wait_for(going, PATIENCE) == CANCELLED
    assert (stage.ended.result, stage.ended.exit_code) == ("cancelled", CANCELLED)
    assert len(stage.run.shown) == 1, "it is in the cluster: who should know it if not the person"
    if not detach:
        assert (stage.statuses("grafana")[-1], stage.reasons("grafana")[-1]) == ("skipped", "stopped by you")
        assert stage.ended.changed, "what was being applied was applied to its end"
    assert not stage.of(Failure)


async def test_a_stop_lets_commands_end_and_begins_no_add_ons(stage: Stage) -> None:
    started = stage.folder / "started"
    stage.steps["w1"] = [stage.touches("x", f"touch {started}; sleep 0.5"), stage.touches("y")]
    going = asyncio.create_task(stage.run.run())
    await until(started.exists)
    stage.control.stop()
    assert await asyncio.wait_for(going, PATIENCE) == CANCELLED
    assert (stage.folder / "x").exists() and not (stage.folder / "y").exists()
    assert len(stage.of(CommandStarted)) == len(stage.of(CommandEnded)) == 1
    assert (stage.statuses("own", "w1")[-1], stage.statuses("metrics-server")) == ("skipped", ["skipped"])
    assert stage.reasons("metrics-server") == ["stopped by you"]
    assert (stage.ended.result, stage.ended.changed) == ("cancelled", 1)
    assert any("the next run goes on from here" in event.text for event in stage.events if isinstance(event, Note))
    assert not any("PATCH" in asked for asked in stage.server.asked)


async def test_a_stop_while_somebody_is_asked_gives_up_what_is_open(stage: Stage) -> None:
    going = asyncio.create_task(stage.run.run())
    await until(lambda: stage.control.open)
    stage.control.stop()
    assert await asyncio.wait_for(going, PATIENCE) == CANCELLED
    assert stage.ended.result == "cancelled" and not stage.of(Decided)


async def test_a_command_that_would_be_tried_again_is_not_after_a_stop(stage: Stage) -> None:
    stage.steps["w1"] = [stage.touches("x", "echo 'curl: (7) Failed to connect'; exit 7")]
    going = asyncio.create_task(stage.run.run())
    await until(lambda: any("trying again" in event.text for event in stage.events if isinstance(event, Note)))
    stage.control.stop()
    assert await asyncio.wait_for(going, PATIENCE) == CANCELLED
    assert len(stage.of(CommandStarted)) == 1 and stage.statuses("own", "w1")[-1] == "skipped"


async def test_what_is_done_when_somebody_says_stop_is_done(stage: Stage) -> None:
    stage.server.answers |= MEASURED
    assert await stage.run.run() == DONE
    stage.control.stop()
    assert stage.ended.result == "done"
