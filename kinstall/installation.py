"""A whole run: connect, take up what an earlier run left, survey, plan, and then either show the plan or carry it out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from kinstall import remote
from kinstall.addons.choose import choose
from kinstall.addons.removal import leaving
from kinstall.addons.steps import addon_lines, described
from kinstall.answers import Answers
from kinstall.answers.files import located
from kinstall.claim import Claims
from kinstall.connecting import Connector
from kinstall.control import Control, Decision
from kinstall.doctor import ALONE, Doctor
from kinstall.engine import Engine
from kinstall.errors import CANCELLED, DONE, FAILED, KinstallError, Several, Stopped
from kinstall.events import Decided, Described, Note, Planned, StepChanged
from kinstall.hub import Hub
from kinstall.install import INSTALL
from kinstall.kubeconfig import merge_into
from kinstall.model import Cluster, Host
from kinstall.plan import Plan, describe, make
from kinstall.preflight import Look, refusals
from kinstall.runner import Runner, failure
from kinstall.runs import begin, connected, end
from kinstall.secrets import Secret
from kinstall.steps.base import ADMIN_CONF
from kinstall.survey import look, survey
from kinstall.together import done, tried

ADDONS = "addons"   # the step that is decided about when add-ons failed
CLOSING = 20.0  # seconds to let go of all hosts
STOPPED = "stopped by you: what was running has come to its end, and the next run goes on from here"
DETACHED = "stopped; what runs on the hosts as a unit goes on there, and the next run follows it"


@dataclass(slots=True)
class Installation:
    """One run over these hosts. `plan_only`: the plan is told, and nothing is changed anywhere. `prune`: add-ons not chosen are removed.

    `control`: what a person says to it meanwhile. `password`: Grafana's, when the answers give one.

    Afterwards, however it ended, `changed` counts what had to be changed, and `shown` has the secrets that were made, to be shown once.
    """

    answers: Answers
    hosts: Sequence[Host]
    hub: Hub
    connector: Connector
    plan_only: bool = False
    prune: bool = False
    password: Secret | None = None
    control: Control = field(default_factory=Control)
    changed: int = 0
    shown: list[tuple[str, Secret]] = field(default_factory=list)
    runners: dict[str, Runner] = field(default_factory=dict)
    claims: Claims = field(default_factory=Claims)

    async def run(self) -> int:
        """Run it to its end, whatever that is; the exit code. Only a bug raises."""
        began = begin(self.hub, self.answers.cluster.name, self.hosts)
        try:
            code = await self._code()
        except asyncio.CancelledError:
            self.hub.emit(Note(text=DETACHED, level="warning"))
            code = CANCELLED
        finally:
            await self._let_go()
        return end(self.hub, began, code, changed=self.changed)

    async def _code(self) -> int:
        """Where a person said stop, anything but success is the stop that was asked for."""
        try:
            code = FAILED if await self._errors() else DONE
        except Stopped:
            code = CANCELLED
        except KinstallError as error:
            self._tell(error)
            code = error.exit_code
        if code == DONE or not self.control.stopping:
            return code
        self.hub.emit(Note(text=STOPPED, level="warning"))
        return CANCELLED

    async def _let_go(self) -> None:
        """Release and close everything. Who stops the run once more does not wait for the end of that."""
        closing = asyncio.ensure_future(self._close())
        with suppress(asyncio.CancelledError):
            await asyncio.wait({closing}, timeout=CLOSING)
        closing.cancel()

    async def _close(self) -> None:
        await self.claims.release()
        await asyncio.gather(*(runner.transport.close() for runner in self.runners.values()), return_exceptions=True)
        await self.connector.close()

    async def _errors(self) -> Sequence[KinstallError]:
        await self.control.unless_stopped(self._connect_all())
        if self.plan_only:
            return await self._carried_out()
        await self.claims.take(self.runners.values())
        return await self.claims.during(self._carried_out())

    async def _carried_out(self) -> Sequence[KinstallError]:
        if not self.plan_only:
            await done(map(self._take_up, self.runners.values()))
        self.control.check()
        cluster = await survey(self.answers, self.hosts, self.runners, self.hub)
        cluster = replace(cluster, addons=choose(self.answers, self.hosts, cluster.release.minor, self.password), prune=self.prune)
        self.control.check()
        await self._preflight(cluster)
        plan = make(cluster)
        network = f"{cluster.network.plugin} {cluster.network.version}".strip()
        lines = (*plan.step_lines(), *addon_lines(cluster))
        self.hub.emit(Planned(kubernetes=cluster.release.version, network=network, steps=lines))
        if self.plan_only:
            await self._describe(plan)
            return ()
        self._equip(plan)
        self.control.check()
        outcome = await Engine(plan, self.runners, self.control).run()
        self.changed += outcome.changed
        if outcome.errors or self.control.stopping:
            failed = ", ".join(dict.fromkeys(error.host for error in outcome.errors))
            self._skip_addons(cluster, "stopped by you" if self.control.stopping else f"{failed} failed")
            self.control.check()
            return outcome.errors
        return await self._finish(cluster)

    async def _preflight(self, cluster: Cluster) -> None:
        """Everything that would make it fail is told before anything is changed. Who reaches whom is known where all are nodes already."""
        look = Look(self.answers, self.hosts, self.runners, self.hub, cluster.addons)
        report = await look.report(reach=not self.plan_only and not all(node.facts.cluster for node in cluster.nodes))
        if wrong := [*report.errors, *refusals(report, self.answers)]:
            if self.plan_only:
                self._tell(Several(wrong))
            else:
                raise Several(wrong)

    def _equip(self, plan: Plan) -> None:
        """Whom the runners ask why something fails, and who stops them."""
        alone = frozenset(step.id for step in INSTALL if step.phase in ALONE)
        doctor = Doctor(self.runners, plan.cluster.first.name, alone)
        for runner in self.runners.values():
            runner.doctor, runner.control = doctor, self.control

    async def _finish(self, cluster: Cluster) -> Sequence[KinstallError]:
        """The add-ons, again for as long as some of them fail and somebody says so."""
        while True:
            errors = await self._addons(cluster)
            if not errors or await self.control.decide(cluster.first.name, ADDONS) is not Decision.RETRY:
                return errors
            self.hub.emit(Decided(host=cluster.first.name, step=ADDONS, decision=Decision.RETRY.value))

    async def _addons(self, cluster: Cluster) -> Sequence[KinstallError]:
        from kinstall.addons.finish import Finishing

        finishing = Finishing(cluster, self.runners[cluster.first.name], self.control, self.shown)
        try:
            await finishing.run(await self._merge_kubeconfig(cluster))
        except Stopped:
            raise
        except KinstallError as error:
            self._tell(error, cluster.first.name, ADDONS)
            if not finishing.begun:
                self._skip_addons(cluster, error.message)
            return (*finishing.errors, error)
        finally:
            self.changed += finishing.changed
        return finishing.errors

    def _skip_addons(self, cluster: Cluster, reason: str) -> None:
        for line in addon_lines(cluster):
            self.hub.emit(StepChanged(host=cluster.first.name, step=line.id, status="skipped", reason=reason))

    async def _connect_all(self) -> None:
        """Every host at once. When one cannot be used, the others are judged all the same, so that everything is told in one run."""
        errors = [error for error in await tried(map(self._connect, self.hosts)) if error]
        if errors:
            looked = await look(self.answers, self.hosts, self.runners)
            raise Several([*errors, *looked.errors])

    async def _connect(self, host: Host) -> None:
        self.runners[host.name] = await connected(self.connector, host, self.hub)

    async def _take_up(self, runner: Runner) -> None:
        """What an earlier kinstall left running on this host is followed to its end first."""
        for unit in await remote.running_units(runner.transport):
            if unit.active:
                text = f"{unit.name} still runs, started by an earlier kinstall: following it to its end"
                self.hub.emit(Note(text=text, host=runner.host))
            await runner.attach(unit)

    async def _describe(self, plan: Plan) -> None:
        await self._describe_hosts(plan)
        first = plan.cluster.first.name
        if lines := [*described(plan.cluster), *await leaving(plan.cluster, self.runners[first])]:
            title = "The cluster (through its API server: only what differs is changed)"
            self.hub.emit(Described(host=first, title=title, lines=tuple(lines)))

    async def _describe_hosts(self, plan: Plan) -> None:
        observed = await done(self.runners[host.node.name].observe(host.states) for host in plan.hosts)
        for host, seen in zip(plan.hosts, observed, strict=True):
            node = host.node
            title = f"{node.name} ({node.address}, {node.host.role}, {node.distro.title})"
            self.hub.emit(Described(host=node.name, title=title, lines=tuple(describe(host, seen))))

    async def _merge_kubeconfig(self, cluster: Cluster) -> str:
        """The file on this machine that has the cluster's context now; nothing when none was asked for."""
        path = self.answers.cluster.kubeconfig
        if path is None:
            return ""
        result = await self.runners[cluster.first.name].script(f"cat {ADMIN_CONF}")
        path = located(path, self.answers.marks.folder, os.environ)
        if merge_into(path, result.out, cluster.name):
            self.hub.emit(Note(text=f"the context {cluster.name} was added to {path}"))
        return str(path)

    def _tell(self, error: KinstallError, host: str = "", step: str = "") -> None:
        for one in error.errors if isinstance(error, Several) else (error,):
            one.host, one.step = one.host or host, one.step or step
            self.hub.emit(failure(one))

