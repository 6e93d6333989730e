"""The add-ons go into the cluster: applied one after the other, then waited for and proved all at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence

from kinstall.addons.base import PROOF_SECONDS, Addon, Member, Proof, Scene
from kinstall.addons.model import Addons
from kinstall.addons.removal import HELM, helm_left, leftovers, stored
from kinstall.addons.table import ADDONS, applied
from kinstall.cluster.api import Api
from kinstall.cluster.apply import apply, removed
from kinstall.cluster.waits import Tell, rollout, until, workloads
from kinstall.control import Control
from kinstall.errors import Blocked, ClusterError, KinstallError, Several
from kinstall.events import Note, Output, Proved, Status, StepChanged
from kinstall.manifests import Object, named
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
    """One run over the chosen add-ons. Afterwards: `changed` objects, `errors` of the add-ons that failed, `shown` secrets.

    `control` stops it: between two add-ons that are applied, and at once where it only waits.
    """

    def __init__(self, addons: Addons, api: Api, runner: Runner, *, prune: bool = False, control: Control | None = None) -> None:
        self.addons, self.api, self.runner, self.prune = addons, api, runner, prune
        self.control = control or Control()
        self.changed = 0
        self.errors: list[KinstallError] = []
        self.shown: list[tuple[str, Secret]] = []
        self._began: dict[str, float] = {}
        self._through = {addon.id: asyncio.Event() for addon in ADDONS}
        self._failed: set[str] = set()
        self._new: set[str] = set()     # add-ons of which something was changed

    async def run(self) -> None:
        """All of them to their end, each to its own. Raises KinstallError when the cluster tells nothing of itself, and Stopped."""
        wanted = applied(self.addons)
        try:
            self.control.check()
            await self._removals()
            await self._install(wanted, await members(self.api))
        except KinstallError as error:
            for addon in wanted:
                if not self._through[addon.id].is_set():
                    self._status(addon.id, "skipped", error.message)
            raise

    async def _install(self, wanted: Sequence[Addon], nodes: tuple[Member, ...]) -> None:
        scenes = {addon.id: self._scene(addon, nodes) for addon in wanted}
        sound = [addon for addon in wanted if addon.id not in self._failed]     # of one that failed, something old could not be deleted
        good = []
        for addon in sound:
            self.control.check()
            if await self._tried(addon.id, self._apply(addon, scenes[addon.id])):
                good.append(addon)
        ids = {addon.id for addon in wanted}
        self.control.check()
        await self.control.unless_stopped(self._finished(good, scenes, ids))

    async def _finished(self, good: Sequence[Addon], scenes: Mapping[str, Scene], wanted: set[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for addon in good:
                group.create_task(self._tried(addon.id, self._finish(addon, scenes[addon.id], wanted)))

    def _scene(self, addon: Addon, nodes: tuple[Member, ...]) -> Scene:
        return Scene(addons=self.addons, api=self.api, runner=self.runner, nodes=nodes, tell=self._tell(addon.id), shown=self.shown)

    async def _apply(self, addon: Addon, scene: Scene) -> None:
        self._status(addon.id, "running")
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
        await addon.adjust(scene)
        for needed in wanted.intersection(addon.needs):
            await self._through[needed].wait()
            if needed in self._failed:
                raise Blocked(f"it needs {needed}, which does not work", hint=f"Mend {needed} and run kinstall again.")
        await self._prove(addon, scene)
        self._status(addon.id, "done" if addon.id in self._new else "already")
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
        """What is there by kinstall and not chosen any more: deleted when that was asked for, told when not."""
        left = await leftovers(self.api, self.addons)
        for reason in left.reasons:
            self._note(reason)
        for addon, there in left.objects.items():
            if self.prune:
                await self._tried(addon, self._remove(addon, there))
            else:
                names = ", ".join(map(named, there))
                what = f"a part of {addon}" if any(one.id == addon for one in applied(self.addons)) else addon
                self._note(f"{what} is in the cluster and not chosen any more. With --prune these would be deleted: {names}")
        if not self.prune and await helm_left(self.runner, self.addons):    # with it, a step of the host has deleted it by now
            self._note(f"{HELM} is on {self.runner.host} and not chosen any more. With --prune it would be deleted")

    async def _remove(self, addon: str, there: Sequence[Object]) -> None:
        self._status(addon, "running")
        self.changed += await removed(self.api, there, self._tell(addon))
        self._status(addon, "done")
        kept = f"; what it has stored is still there{places}" if (places := stored(there)) else ""
        self._note(f"{addon} was removed ({', '.join(map(named, there))}){kept}")

    async def _tried(self, addon: str, work: Awaitable[None]) -> bool:
        """Whether it went well; what did not is told, and what waits for it learns of it."""
        try:
            await work
        except KinstallError as error:
            self._fail(addon, error.errors if isinstance(error, Several) else (error,))
            return False
        return True

    def _fail(self, addon: str, errors: Iterable[KinstallError]) -> None:
        for error in errors:
            error.host, error.step = error.host or self.runner.host, error.step or addon
            skipped = isinstance(error, Blocked)
            if not skipped:
                self.errors.append(error)
                self.runner.hub.emit(failure(error))
            self._status(addon, "skipped" if skipped else "failed", error.message)
        self._failed.add(addon)
        if addon in self._through:      # what is deleted may have no row any more: a namespace
            self._through[addon].set()

    def _status(self, addon: str, status: Status, reason: str = "") -> None:
        began = self._began.setdefault(addon, time.monotonic())
        seconds = round(time.monotonic() - began, 3) if status in ("done", "already", "failed") else 0.0
        self.runner.hub.emit(StepChanged(host=self.runner.host, step=addon, status=status, seconds=seconds, reason=reason))

    def _tell(self, step: str) -> Tell:
        return lambda lines: self.runner.hub.emit(Output(host=self.runner.host, step=step, lines=tuple(lines)))

    def _note(self, text: str) -> None:
        self.runner.hub.emit(Note(text=text, level="warning"))


def all_hold(proofs: Sequence[Proof]) -> bool:
    """Is everything as it should be?"""
    return all(proof.holds for proof in proofs)


def proved(host: str, step: str, proof: Proof) -> Proved:
    """The event that tells of a proof."""
    return Proved(host=host, step=step, what=proof.what, figure=proof.figure, holds=proof.holds)
