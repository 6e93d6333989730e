"""Objects into the cluster, by server-side apply: what others live in first, and every refusal told, not only the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kinstall.cluster.api import Api
from kinstall.cluster.refusals import INVALID, PORT_TAKEN, Refusal, explain
from kinstall.cluster.waits import Tell, until
from kinstall.errors import ClusterError, Several
from kinstall.manifests import FIRST, Object, named, ordered

ESTABLISHED: Final = 60.0   # seconds for a definition to be served


async def apply(api: Api, objects: Sequence[Object], tell: Tell) -> list[str]:
    """The names of the objects that this changed. Raises Several with every refusal; what could be applied is."""
    changed, errors = [], []
    for item in ordered(objects):
        try:
            if await _applied(api, item):
                changed.append(named(item))
                tell([f"applied {named(item)}"])
        except Refusal as refused:
            errors.append(await _error(api, refused, item))
            if item["kind"] in FIRST:   # all that follows would only fail for want of this one
                break
    if errors:
        raise Several(errors)
    return changed


async def _applied(api: Api, item: Object) -> bool:
    before = await api.find(item)
    after = await api.apply(item)
    if item["kind"] == "CustomResourceDefinition" and before is None:
        await until(lambda: api.find(item), _established, deadline=ESTABLISHED)
        await api.renew()
    return before is None or before["metadata"]["resourceVersion"] != after["metadata"]["resourceVersion"]


def _established(definition: Object | None) -> bool:
    conditions = (definition or {}).get("status", {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


async def _error(api: Api, refused: Refusal, item: Object) -> ClusterError:
    told = explain(refused, item)
    owner = await _owner_of_port(api, item) if refused.status == INVALID and PORT_TAKEN.search(refused.message) else ""
    return ClusterError(told.message + (f": {owner}" if owner else ""), hint=told.hint)


async def _owner_of_port(api: Api, item: Object) -> str:
    wanted = {port.get("nodePort") for port in item["spec"]["ports"]} - {None}
    for service in await api.list("Service"):
        if wanted & {port.get("nodePort") for port in service["spec"].get("ports", [])} and named(service) != named(item):
            return named(service)
    return ""


async def removed(api: Api, objects: Sequence[Object], tell: Tell) -> int:
    """Deletes these objects, the last one first, and waits until they are gone; how many there were."""
    count = 0
    for item in reversed(ordered(objects)):
        if await api.delete(item):
            count += 1
            tell([f"deleted {named(item)}"])
    for item in objects:
        if await until(lambda item=item: api.find(item), lambda seen: seen is None, deadline=ESTABLISHED):  # type: ignore[misc]
            raise ClusterError(f"{named(item)} is still being deleted", hint="kubectl get it -o yaml: its finalizers tell who holds it.")
    return count
