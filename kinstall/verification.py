"""A whole look at a cluster that is there: every chosen add-on proves again that it works. Nothing of the add-ons is changed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from kinstall import versions
from kinstall.addons.base import Addon, Member, Proof, Scene, all_but
from kinstall.addons.choose import choose
from kinstall.addons.run import all_hold, members, proved
from kinstall.addons.table import chosen
from kinstall.answers import Answers
from kinstall.cluster.api import Api, opened
from kinstall.cluster.waits import until
from kinstall.connecting import Connector
from kinstall.errors import DONE, FAILED, KinstallError
from kinstall.events import Output
from kinstall.hub import Hub
from kinstall.model import Host
from kinstall.runner import Runner, failure
from kinstall.runs import begin, connected, end
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
        first = next(host for host in self.hosts if host.is_control_plane)
        began = begin(self.hub, self.answers.cluster.name, (first,))
        try:
            code = await self._all(first)
        except KinstallError as error:
            error.host = error.host or first.name
            self.hub.emit(failure(error))
            code = error.exit_code
        return end(self.hub, began, code)

    async def _all(self, first: Host) -> int:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.connector.close)
            runner = await connected(self.connector, first, self.hub)
            stack.push_async_callback(runner.transport.close)
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
    return all_but("every host is a node", len(wanted), missing, f"Ready, Kubernetes {version}")
