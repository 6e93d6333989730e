"""The end of an installation: the add-ons, and what the person gets into their hands. Imported late: it brings the API's client."""

from __future__ import annotations

from dataclasses import dataclass

from kinstall.addons.handover import facts
from kinstall.addons.run import AddonsRun, members
from kinstall.cluster.api import opened
from kinstall.errors import KinstallError
from kinstall.events import HandedOver
from kinstall.model import Cluster
from kinstall.runner import Runner
from kinstall.secrets import Secret


@dataclass(frozen=True, slots=True)
class Finished:
    """Objects changed, add-ons that failed, and the secrets that were made and must be shown once."""

    changed: int
    errors: tuple[KinstallError, ...]
    shown: tuple[tuple[str, Secret], ...]


async def finish(cluster: Cluster, runner: Runner, merged: str = "") -> Finished:
    """Install and prove the add-ons of a cluster whose nodes are ready. Raises ClusterError when its API cannot be reached."""
    async with opened(runner) as api:
        run = AddonsRun(cluster.addons, api, runner, prune=cluster.prune)
        await run.run()
        nodes = await members(api)
    account = cluster.account or cluster.first.facts.account or "root"
    runner.hub.emit(HandedOver(facts=tuple(facts(cluster.addons, nodes, f"{account}@{cluster.first.address}", merged))))
    return Finished(run.changed, tuple(run.errors), tuple(run.shown))
