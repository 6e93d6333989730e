"""What an add-on is: its manifests, what is set on them, what it needs, how it is proved, and how it is removed, in one place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

from kinstall.addons.model import Addons
from kinstall.cluster.api import Api
from kinstall.cluster.waits import Tell
from kinstall.cluster.web import Web, web
from kinstall.manifests import Object, containers, find, mirrored, shipped, tagged
from kinstall.runner import Runner
from kinstall.secrets import Secret

MONITORING: Final = "monitoring"
SYSTEM: Final = "kube-system"
PROOF_SECONDS: Final = 240.0    # that a proof may need to hold: images, two scrapes, a first evaluation


@dataclass(frozen=True, slots=True)
class Member:
    """A node as the cluster knows it."""

    name: str
    address: str
    ready: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that was looked at: what, the figure that was seen (31/31 up), and whether it is as it should be."""

    what: str
    figure: str
    holds: bool


def all_but(what: str, total: int, missing: Sequence[str], words: str) -> Proof:
    """The proof that all of so many are as they should be, or who is not: `2/3 nodes measured: not w1`."""
    figure = f"{total - len(missing)}/{total} {words}" + (f": not {', '.join(missing)}" if missing else "")
    return Proof(what, figure, not missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What an add-on may look at and ask while it is installed or proved. `shown`: secrets made here, to be shown once at the end."""

    addons: Addons
    api: Api
    runner: Runner
    nodes: tuple[Member, ...]
    tell: Tell
    shown: list[tuple[str, Secret]] = field(default_factory=list)

    def address(self, node: str) -> str:
        """The address of a node; of any when the cluster does not know it."""
        return next((member.address for member in self.nodes if member.name == node), self.nodes[0].address)

    def web(self, node: str, port: int, account: tuple[str, Secret] | None = None) -> AbstractAsyncContextManager[Web]:
        """What answers at a port of a node."""
        return web(self.runner, self.address(node), port, account)


async def _nothing(scene: Scene, objects: list[Object]) -> None:
    """Most add-ons have nothing to settle."""


async def _nobody(scene: Scene) -> None:
    """Most add-ons need no one's help to start."""


def _as_shipped(objects: list[Object], addons: Addons) -> None:
    """Nothing to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """One add-on. Its manifests are assets/manifests/ID, its explanation assets/explain/ID.md.

    `values` sets what was decided on the loaded objects; `settle` what only the cluster can tell, right before they are applied; `tend`
    helps what was applied to start, and `adjust` sets right what can only be seen once it runs. `needs`: add-ons that must be proved
    before this one can be. `prove` looks once, and changes nothing.
    """

    id: str
    title: str
    chosen: Callable[[Addons], bool]
    prove: Callable[[Scene], Awaitable[Sequence[Proof]]]
    values: Callable[[list[Object], Addons], None] = _as_shipped
    settle: Callable[[Scene, list[Object]], Awaitable[None]] = _nothing
    tend: Callable[[Scene], Awaitable[None]] = _nobody
    adjust: Callable[[Scene], Awaitable[None]] = _nobody
    needs: tuple[str, ...] = ()
    versioned: tuple[str, ...] = ()     # the containers whose images have the add-on's own version
    manifests: bool = True              # False: nothing is applied, something is proved

    def objects(self, addons: Addons) -> list[Object]:
        """Its objects with every value set that is known without the cluster."""
        if not self.manifests:
            return []
        objects = shipped(self.id)
        version = addons.versions.get(self.id, "")
        for container in containers(objects):
            if version and container["name"] in self.versioned:
                container["image"] = tagged(container["image"], version)
            container["image"] = mirrored(container["image"], addons.images)
        self.values(objects, addons)
        return objects


def node_port(objects: list[Object], service: str, port: int) -> None:
    """This node port on a service of one port."""
    find(objects, "Service", service)["spec"]["ports"][0]["nodePort"] = port


def argument(container: Object, flag: str, value: str) -> None:
    """`--flag=value` instead of the one that is there; added when none is."""
    others = [word for word in container.get("args", []) if word.partition("=")[0] != flag]
    container["args"] = [*others, f"{flag}={value}"]
