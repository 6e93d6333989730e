"""The end of an installation: the add-ons, and what the person gets into their hands. Imported late: it brings the API's client."""

from __future__ import annotations

from dataclasses import dataclass

from kinstall.addons.handover import facts
from kinstall.addons.run import AddonsRun, members
from kinstall.cluster.api import opened
from kinstall.control import Control
from kinstall.errors import KinstallError
from kinstall.events import HandedOver
from kinstall.model import Cluster
from kinstall.runner import Runner
from kinstall.secrets import Secret


@dataclass(slots=True)
class Finishing:
    """The add-ons of a cluster whose nodes are ready. Afterwards, however it ended: objects `changed`, `errors` of add-ons that failed.

    `shown` gets the secrets that must be shown once as soon as they are made: a run that is stopped has made them all the same.
    """

    cluster: Cluster
    runner: Runner
    control: Control
    shown: list[tuple[str, Secret]]
    changed: int = 0
    errors: tuple[KinstallError, ...] = ()
    begun: bool = False     # the add-ons tell of themselves

    async def run(self, merged: str = "") -> None:
        """Install and prove them. Raises KinstallError when the API cannot be reached, and Stopped."""
        async with opened(self.runner) as api:
            run = AddonsRun(self.cluster.addons, api, self.runner, prune=self.cluster.prune, control=self.control)
            run.shown, self.begun = self.shown, True
            try:
                await run.run()
            finally:
                self.changed, self.errors = run.changed, tuple(run.errors)
            nodes = await members(api)
        self.runner.hub.emit(HandedOver(facts=tuple(facts(self.cluster.addons, nodes, self._login, merged))))

    @property
    def _login(self) -> str:
        first = self.cluster.first
        return f"{self.cluster.account or first.facts.account or 'root'}@{first.address}"
