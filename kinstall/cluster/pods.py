"""What keeps a pod from running: the last event, the waiting reason, the exit, in one sentence and a verdict. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kinstall.manifests import Object

SOON, LATER, LATE = 20.0, 45.0, 90.0    # seconds that a trouble may last before it counts as final
LONGEST: Final = 300    # characters of what somebody else says
DESCRIBE: Final = "kubectl describe pod tells more."
MOUNTS: Final = ("FailedMount", "FailedAttachVolume", "FailedMapVolume")
SANDBOXES: Final = ("FailedCreatePodSandBox",)
CONFIG_REASONS: Final = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError")
IMAGE_REASONS: Final = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
# what containerd wraps around the registry's own answer
WRAPPED = re.compile(r'^Failed to pull image "[^"]+": (?:rpc error: code = \w+ desc = )?(?:failed to pull and unpack image "[^"]+": )?')
NEVER = re.compile(r"not found|404|manifest unknown|unauthorized|401|403 |denied|InvalidImageName|couldn't parse image", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a pod does not run. `patience`: seconds that it may go on; `logs`: its last log lines say more, from this container."""

    pod: str
    reason: str             # ImagePullBackOff, Unschedulable ...
    sentence: str
    hint: str
    patience: float
    logs: str = ""
    previous: bool = False  # the logs are of the container before the last restart


def label(pod: Object) -> str:
    """The pod in three words: `grafana-7d4 Pending`, `grafana-7d4 ImagePullBackOff`, `grafana-7d4 Running, not ready`."""
    name, status = pod["metadata"]["name"], pod.get("status", {})
    waiting = next((state["reason"] for _, state in _waiting(pod) if "reason" in state), "")
    phase = waiting or status.get("phase", "Unknown")
    return f"{name} {phase}" + (", not ready" if phase == "Running" and not is_ready(pod) else "")


def is_ready(pod: Object) -> bool:
    """Is its condition Ready?"""
    return _condition(pod, "Ready").get("status") == "True"


def trouble(pod: Object, events: Sequence[Object]) -> Trouble | None:
    """What keeps this pod from running, or nothing. `events`: of the whole namespace, in any order."""
    mine = sorted((event for event in events if event.get("involvedObject", {}).get("name") == pod["metadata"]["name"]), key=_when)
    return next((found for look in LOOKS if (found := look(pod, mine))), None)


def _when(event: Object) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp") or "")


def last_message(events: Sequence[Object], reasons: Iterable[str]) -> str:
    """The newest event with one of these reasons, as it says itself."""
    wanted = frozenset(reasons)
    return next((str(event.get("message", "")).strip() for event in reversed(events) if event.get("reason") in wanted), "")


def _condition(pod: Object, kind: str) -> Mapping[str, Any]:
    return next((one for one in pod.get("status", {}).get("conditions") or () if one.get("type") == kind), {})


def _waiting(pod: Object) -> Iterable[tuple[Object, Mapping[str, Any]]]:
    status = pod.get("status", {})
    for container in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]:
        if waiting := container.get("state", {}).get("waiting"):
            yield container, waiting


# ---- the looks, in order: what comes first in a pod's life first ----
def _unschedulable(pod: Object, events: Sequence[Object]) -> Trouble | None:
    condition = _condition(pod, "PodScheduled")
    if condition.get("status") != "False":
        return None
    said = condition.get("message") or last_message(events, ("FailedScheduling",))
    hint = "kubectl describe nodes tells what each node has left, its labels and its taints."
    return Trouble(_name(pod), "Unschedulable", f"no node takes it: {said}", hint, LATE)


def _unmounted(pod: Object, events: Sequence[Object]) -> Trouble | None:
    if pod.get("status", {}).get("phase") != "Pending" or _started(pod):
        return None
    for reasons, what in (MOUNTS, "a volume cannot be mounted"), (SANDBOXES, "it gets no network and no sandbox"):
        if said := last_message(events, reasons):
            return Trouble(_name(pod), reasons[0], f"{what} on {_node(pod)}: {_short(said)}", DESCRIBE, LATE)
    return None


def _started(pod: Object) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return any("running" in status.get("state", {}) or status.get("restartCount") for status in statuses)


def _image(pod: Object, events: Sequence[Object]) -> Trouble | None:
    for container, waiting in _waiting(pod):
        if waiting.get("reason") in IMAGE_REASONS:
            pulls = [event for event in events if "Failed to pull" in str(event.get("message", ""))]
            said = last_message(pulls, ("Failed",)) or waiting.get("message", "")
            image, answer = container.get("image"), _short(WRAPPED.sub("", str(said)))
            sentence = f"the image {image} cannot be pulled on {_node(pod)}: {answer}"
            hint = f"Check the name and the tag; on that node, as root: crictl pull {image}"
            return Trouble(_name(pod), "ImagePullBackOff", sentence, hint, SOON if NEVER.search(answer) else LATER)
    return None


def _config(pod: Object, events: Sequence[Object]) -> Trouble | None:
    for _, waiting in _waiting(pod):
        if waiting.get("reason") in CONFIG_REASONS:
            sentence = f"its container cannot be made: {_short(waiting.get('message', ''))}"
            return Trouble(_name(pod), waiting["reason"], sentence, DESCRIBE, LATER)
    return None


def _crash(pod: Object, events: Sequence[Object]) -> Trouble | None:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        last = container.get("lastState", {}).get("terminated")
        now = container.get("state", {})
        ended = now.get("terminated") or (last if "waiting" in now else None)
        if ended:
            killed = ended.get("reason") == "OOMKilled"
            why = "was killed for want of memory" if killed else f"ended with exit code {ended.get('exitCode')}"
            sentence = f"{container['name']} {why}, {container.get('restartCount', 0) + ('terminated' in now)} times so far"
            logs = f"kubectl -n {pod['metadata'].get('namespace')} logs {_name(pod)} -p"
            return Trouble(_name(pod), "CrashLoopBackOff", sentence, logs, SOON, container["name"], previous="terminated" not in now)
    return None


def _unready(pod: Object, events: Sequence[Object]) -> Trouble | None:
    said = last_message(events, ("Unhealthy",))
    if pod.get("status", {}).get("phase") != "Running" or is_ready(pod) or not said:
        return None
    container = pod["spec"]["containers"][0]["name"]
    return Trouble(_name(pod), "Unhealthy", f"it runs and is not ready: {_short(said)}", DESCRIBE, float("inf"), container)


LOOKS: Final[tuple[Callable[[Object, Sequence[Object]], Trouble | None], ...]] = (
    _unschedulable, _image, _config, _crash, _unmounted, _unready,
)


def _name(pod: Object) -> str:
    return str(pod["metadata"]["name"])


def _node(pod: Object) -> str:
    return str(pod.get("spec", {}).get("nodeName") or "its node")


def _short(text: str) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"


# what a program writes when it ends, and what that means: the sentence for people
LOG_SIGNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"no space left on device", re.IGNORECASE), "the disk under its volume is full"),
    (re.compile(r"read-only file system", re.IGNORECASE), "its volume is mounted read-only"),
    (re.compile(r"permission denied|is not writable", re.IGNORECASE), "it may not write into its volume: the directory has another owner"),
)


def log_cause(lines: Sequence[str]) -> str:
    """What the last log lines of a container mean, when they are of a known kind."""
    return next((meaning for sign, meaning in LOG_SIGNS if any(sign.search(line) for line in lines)), "")
