"""The add-ons go into the cluster: applied one after the other, then waited for and proved all at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable, Sequence

from kinstall.addons.base import PROOF_SECONDS, Addon, Member, Proof, Scene
from kinstall.addons.model import Addons
from kinstall.addons.table import ADDONS, applied
from kinstall.cluster.api import Api
from kinstall.cluster.apply import apply, removed
from kinstall.cluster.waits import Tell, rollout, until, workloads
from kinstall.errors import Blocked, ClusterError, KinstallError, Several
from kinstall.events import Note, Output, Proved, Status, StepChanged
from kinstall.manifests import MANAGED, NAME, OURS, Object, named, shipped
from kinstall.runner import Runner, failure
from kinstall.secrets import Secret

LOOK_AGAIN = 3.0    # seconds between two looks at what does not hold yet


async def members(api: Api) -> tuple[Member, ...]:
    """The nodes, as the cluster knows them."""
    return tuple(member(item) for item in await api.list("Node"))


def member(node: Object) -> Member:
    """A Node object's name, address and state."""
    status = node.get("status", {})
    address = next((one["address"] for one in status.get("addresses", []) if one["type"] == "InternalIP"), "")
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", []))
    return Member(node["metadata"]["name"], address, ready)


class AddonsRun:
    """One run over the chosen add-ons. Afterwards: `changed` objects, `errors` of the add-ons that failed, `shown` secrets."""

    def __init__(self, addons: Addons, api: Api, runner: Runner, *, prune: bool = False) -> None:
        self.addons, self.api, self.runner, self.prune = addons, api, runner, prune
        self.changed = 0
        self.errors: list[KinstallError] = []
        self.shown: list[tuple[str, Secret]] = []
        self._began: dict[str, float] = {}
        self._through = {addon.id: asyncio.Event() for addon in ADDONS}
        self._failed: set[str] = set()
        self._new: set[str] = set()     # add-ons of which something was changed

    async def run(self) -> None:
        """All of them to their end, each to its own."""
        await self._removals()
        nodes = await members(self.api)
        wanted = applied(self.addons)
        scenes = {addon.id: self._scene(addon, nodes) for addon in wanted}
        good = [addon for addon in wanted if await self._tried(addon, self._apply(addon, scenes[addon.id]))]
        async with asyncio.TaskGroup() as group:
            for addon in good:
                group.create_task(self._tried(addon, self._finish(addon, scenes[addon.id], {one.id for one in wanted})))

    def _scene(self, addon: Addon, nodes: tuple[Member, ...]) -> Scene:
        return Scene(addons=self.addons, api=self.api, runner=self.runner, nodes=nodes, tell=self._tell(addon.id), shown=self.shown)

    async def _apply(self, addon: Addon, scene: Scene) -> None:
        self._status(addon, "running")
        objects = addon.objects(self.addons)
        await addon.settle(scene, objects)
        changed = await apply(self.api, objects, scene.tell)
        self.changed += len(changed)
        if changed:
            self._new.add(addon.id)

    async def _finish(self, addon: Addon, scene: Scene, wanted: set[str]) -> None:
        await addon.tend(scene)
        for item in workloads(addon.objects(self.addons)):
            if await rollout(self.api, item, scene.tell):
                self._new.add(addon.id)
        for needed in wanted.intersection(addon.needs):
            await self._through[needed].wait()
            if needed in self._failed:
                raise Blocked(f"it needs {needed}, which does not work", hint=f"Mend {needed} and run kinstall again.")
        await self._prove(addon, scene)
        self._status(addon, "done" if addon.id in self._new else "already")
        self._through[addon.id].set()

    async def _prove(self, addon: Addon, scene: Scene) -> None:
        last = [""]

        async def look() -> Sequence[Proof]:
            proofs = await addon.prove(scene)
            text = "; ".join(f"{proof.what}: {proof.figure}" for proof in proofs if not proof.holds)
            if text and text != last[0]:
                scene.tell([f"not yet: {text}"])
            last[0] = text
            return proofs

        proofs = await until(look, all_hold, deadline=PROOF_SECONDS, every=LOOK_AGAIN)
        for proof in proofs:
            self.runner.hub.emit(proved(self.runner.host, addon.id, proof))
        if not all_hold(proofs):
            raise ClusterError(f"{addon.id} runs and does not work: {last[0]}", hint="kinstall verify ANSWERS looks again.")

    async def _removals(self) -> None:
        """What is in the cluster by kinstall and not chosen any more: deleted when that was asked for, told when not."""
        left = await leftovers(self.api, self.addons)
        for addon, there in left.items():
            names = ", ".join(map(named, there))
            if self.prune:
                self.changed += await removed(self.api, there, self._tell(addon))
                self._note(f"{addon} was removed ({names}); what it stored on a node's disk is still there")
            else:
                self._note(f"{addon} is in the cluster and not chosen any more. With --prune these would be deleted: {names}")

    async def _tried(self, addon: Addon, work: Awaitable[None]) -> bool:
        """Whether it went well; what did not is told, and what waits for it learns of it."""
        try:
            await work
        except KinstallError as error:
            self._fail(addon, error.errors if isinstance(error, Several) else (error,))
            return False
        return True

    def _fail(self, addon: Addon, errors: Iterable[KinstallError]) -> None:
        for error in errors:
            error.host, error.step = error.host or self.runner.host, error.step or addon.id
            skipped = isinstance(error, Blocked)
            if not skipped:
                self.errors.append(error)
                self.runner.hub.emit(failure(error))
            self._status(addon, "skipped" if skipped else "failed", error.message)
        self._failed.add(addon.id)
        self._through[addon.id].set()

    def _status(self, addon: Addon, status: Status, reason: str = "") -> None:
        began = self._began.setdefault(addon.id, time.monotonic())
        seconds = round(time.monotonic() - began, 3) if status in ("done", "already", "failed") else 0.0
        self.runner.hub.emit(StepChanged(host=self.runner.host, step=addon.id, status=status, seconds=seconds, reason=reason))

    def _tell(self, step: str) -> Tell:
        return lambda lines: self.runner.hub.emit(Output(host=self.runner.host, step=step, lines=tuple(lines)))

    def _note(self, text: str) -> None:
        self.runner.hub.emit(Note(text=text, level="warning"))


async def leftovers(api: Api, addons: Addons) -> dict[str, list[Object]]:
    """What kinstall has put into the cluster and these add-ons do not have any more, by the add-on it belongs to."""
    kept = {named(item) for addon in applied(addons) for item in addon.objects(addons)}
    every = [item for addon in ADDONS if addon.manifests for item in shipped(addon.id)]
    left: dict[str, list[Object]] = {}
    for version, kind in dict.fromkeys((item["apiVersion"], item["kind"]) for item in every):
        for item in await api.list(kind, version=version, labels=f"{MANAGED}={OURS}"):
            if named(item) not in kept and "deletionTimestamp" not in item["metadata"]:
                left.setdefault(item["metadata"]["labels"].get(NAME, kind), []).append(item)
    return left


def all_hold(proofs: Sequence[Proof]) -> bool:
    """Is everything as it should be?"""
    return all(proof.holds for proof in proofs)


def proved(host: str, step: str, proof: Proof) -> Proved:
    """The event that tells of a proof."""
    return Proved(host=host, step=step, what=proof.what, figure=proof.figure, holds=proof.holds)
