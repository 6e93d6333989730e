"""A whole look at a cluster that is there: every chosen add-on proves again that it works. Nothing of the add-ons is changed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from kinstall import __version__, versions
from kinstall.addons.base import Addon, Member, Proof, Scene
from kinstall.addons.choose import choose
from kinstall.addons.run import all_hold, members, proved
from kinstall.addons.table import chosen
from kinstall.answers import Answers
from kinstall.cluster.api import Api, opened
from kinstall.cluster.refusals import Refusal
from kinstall.cluster.waits import until
from kinstall.connecting import Connector
from kinstall.errors import DONE, FAILED, KinstallError
from kinstall.events import Connected, HostLine, Output, RunEnded, RunStarted
from kinstall.hub import Hub
from kinstall.model import Host
from kinstall.runner import Runner, failure
from kinstall.secrets import Secret
from kinstall.together import done

PATIENCE = 15.0     # seconds for something that blinks, such as a target between two scrapes
NODES = "nodes"


@dataclass(slots=True)
class Verification:
    """One look over the cluster of these answers, through its first control plane."""

    answers: Answers
    hosts: Sequence[Host]
    hub: Hub
    connector: Connector
    password: Secret | None = None

    async def run(self) -> int:
        """Every proof once; the exit code says whether all hold."""
        began = time.monotonic()
        first = next(host for host in self.hosts if host.is_control_plane)
        line = HostLine(first.name, first.address, str(first.role))
        self.hub.emit(RunStarted(kinstall=__version__, cluster=self.answers.cluster.name, hosts=(line,)))
        try:
            code = await self._all(first)
        except KinstallError as error:
            error.host = error.host or first.name
            self.hub.emit(failure(error))
            code = error.exit_code
        seconds = round(time.monotonic() - began, 3)
        self.hub.emit(RunEnded(result="failed" if code else "done", exit_code=code, seconds=seconds, changed=0))
        return code

    async def _all(self, first: Host) -> int:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.connector.close)
            began = time.monotonic()
            transport = await self.connector.connect(first)
            stack.push_async_callback(transport.close)
            self.hub.emit(Connected(host=first.name, seconds=round(time.monotonic() - began, 3)))
            runner = Runner(transport, self.hub)
            api = await stack.enter_async_context(opened(runner))
            version = (await api.send("get", "/version"))["gitVersion"].removeprefix("v")
            return await self._proofs(runner, api, version)

    async def _proofs(self, runner: Runner, api: Api, version: str) -> int:
        addons = choose(self.answers, self.hosts, versions.minor_of(version), self.password)
        nodes = await members(api)
        there = self._tell(runner, NODES, [nodes_proof(nodes, [host.name for host in self.hosts], version)])

        async def one(addon: Addon) -> bool:
            scene = Scene(addons=addons, api=api, runner=runner, nodes=nodes, tell=lambda lines: self._say(runner, addon.id, lines))
            return self._tell(runner, addon.id, await self._looked(addon, scene))

        holds = await done(one(addon) for addon in chosen(addons))
        return DONE if there and all(holds) else FAILED

    async def _looked(self, addon: Addon, scene: Scene) -> Sequence[Proof]:
        try:
            return await until(lambda: addon.prove(scene), all_hold, deadline=PATIENCE)
        except KinstallError as error:
            return [Proof(addon.title, error.message, False)]
        except Refusal as refused:
            return [Proof(addon.title, refused.message, False)]

    def _tell(self, runner: Runner, step: str, proofs: Sequence[Proof]) -> bool:
        for proof in proofs:
            self.hub.emit(proved(runner.host, step, proof))
        return all_hold(proofs)

    def _say(self, runner: Runner, step: str, lines: list[str]) -> None:
        self.hub.emit(Output(host=runner.host, step=step, lines=tuple(lines)))


def nodes_proof(nodes: Sequence[Member], wanted: Sequence[str], version: str) -> Proof:
    """Is every host of the answers a node that is Ready? Pure."""
    ready = {member.name for member in nodes if member.ready}
    missing = [name for name in wanted if name not in ready]
    figure = f"{len(wanted) - len(missing)}/{len(wanted)} Ready, Kubernetes {version}" + (f": not {', '.join(missing)}" if missing else "")
    return Proof("every host is a node", figure, not missing)
