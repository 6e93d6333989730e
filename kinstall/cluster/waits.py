"""Waiting for workloads: every second a look, each change told, and an error with the real cause as soon as it is plain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from kinstall.cluster.api import Api
from kinstall.cluster.pods import Trouble, label, log_cause, trouble
from kinstall.cluster.refusals import Refusal
from kinstall.errors import ClusterError
from kinstall.manifests import WORKLOADS, Object, named

DEADLINE: Final = 300.0     # seconds; images are pulled meanwhile
EVERY: Final = 1.0
TAIL: Final = 12            # lines of a log that an error carries
Tell = Callable[[list[str]], None]
Seen = TypeVar("Seen")


async def rollout(api: Api, item: Object, tell: Tell, *, deadline: float = DEADLINE) -> bool:
    """Until this workload runs as it was applied; whether it had to be waited for. Raises ClusterError with the cause."""
    clock = asyncio.get_running_loop().time
    began, last, since = clock(), "", dict[tuple[str, str], float]()
    while True:
        now = await api.find(item) or {}
        if is_out(now):
            return bool(last)
        found = await _troubles(api, now)
        text = "; ".join(found[0]) or "no pods yet"
        if text != last:
            tell([f"{named(item)}: {text}"])
            last = text
        since = {(one.pod, one.reason): since.get((one.pod, one.reason), clock()) for one in found[1]}
        for one in found[1]:
            if clock() - since[one.pod, one.reason] > one.patience or clock() - began > deadline:
                raise await _error(api, item, one)
        if clock() - began > deadline:
            raise ClusterError(f"{named(item)} does not run after {deadline:.0f} s: {text}", hint="kubectl get events -A tells more.")
        await asyncio.sleep(EVERY)


def is_out(item: Object) -> bool:
    """Does the workload run in its newest form, with all replicas available?"""
    status, spec = item.get("status", {}), item.get("spec", {})
    if item.get("kind") not in WORKLOADS or status.get("observedGeneration", 0) < item["metadata"].get("generation", 1):
        return False
    if item["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        counts = [status.get(key, 0) for key in ("updatedNumberScheduled", "numberAvailable")]
        return wanted > 0 and all(count == wanted for count in counts)
    wanted = spec.get("replicas", 1)
    counts = [status.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "replicas")]
    if item["kind"] == "Deployment":
        counts.append(status.get("availableReplicas", 0))
    return all(count == wanted for count in counts)


async def _troubles(api: Api, item: Object) -> tuple[list[str], list[Trouble]]:
    """The pods of the workload in a few words, and what keeps them from running."""
    namespace = item.get("metadata", {}).get("namespace", "")
    wanted = item.get("spec", {}).get("selector", {}).get("matchLabels", {})
    pods = await api.list("Pod", namespace, labels=",".join(f"{key}={value}" for key, value in wanted.items())) if wanted else []
    living = [pod for pod in pods if pod.get("status", {}).get("phase") not in ("Failed", "Succeeded") and not gone(pod)]
    events = await api.list("Event", namespace) if living else []
    found = [one for pod in living if (one := trouble(pod, events))]
    words = {one.pod: f": {one.sentence}" for one in found}
    return [label(pod) + words.get(pod["metadata"]["name"], "") for pod in living], found


def gone(pod: Object) -> bool:
    """Is it being deleted already?"""
    return "deletionTimestamp" in pod["metadata"]


async def _error(api: Api, item: Object, one: Trouble) -> ClusterError:
    lines = await _log(api, item["metadata"]["namespace"], one) if one.logs else []
    meaning = log_cause(lines)
    sentence = f"{named(item)} does not run: {one.sentence}" + (f": {meaning}" if meaning else "")
    return ClusterError(sentence, hint=one.hint, tail=lines)


async def _log(api: Api, namespace: str, one: Trouble) -> list[str]:
    query = f"container={one.logs}&tailLines={TAIL}" + ("&previous=true" if one.previous else "")
    try:
        text = await api.text(f"/api/v1/namespaces/{namespace}/pods/{one.pod}/log?{query}")
    except Refusal:
        return []
    return text.splitlines()


async def until(look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], bool], *, deadline: float, every: float = EVERY) -> Seen:
    """Looks again until it holds or the deadline is past; the last that was seen."""
    clock = asyncio.get_running_loop().time
    end = clock() + deadline
    while True:
        seen = await look()
        if holds(seen) or clock() > end:
            return seen
        await asyncio.sleep(every)


def workloads(objects: Sequence[Object]) -> list[Object]:
    """Those of the objects that run pods."""
    return [item for item in objects if item["kind"] in WORKLOADS]
