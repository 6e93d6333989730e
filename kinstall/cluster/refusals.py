"""What the API server means when it says no: its Status, in one sentence, with the object, the field, and what to do. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kinstall.errors import ClusterError
from kinstall.manifests import Object, named

NOT_FOUND: Final = 404
CONFLICT: Final = 409
INVALID: Final = 422
# 'conflict with "kubectl-edit" using apps/v1', one for each field in a Status of reason Conflict
OTHER_MANAGER = re.compile(r'conflicts? with "([^"]+)"')
PORT_TAKEN = re.compile(r"provided port is already allocated")


class Refusal(ClusterError):
    """The API server answered with an error. `causes`: (field, message) of each."""

    def __init__(self, status: int, reason: str, message: str, causes: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message, hint="Run kinstall again.")
        self.status, self.reason, self.causes = status, reason, causes


@dataclass(frozen=True, slots=True)
class Explained:
    """A refusal as a person reads it."""

    message: str
    hint: str


def refusal(status: int, body: str) -> Refusal:
    """The Status in an answer; an answer that is none is told by its beginning."""
    try:
        said: Mapping[str, Any] = json.loads(body)
        details = said.get("details") or {}
        causes = tuple((cause.get("field", ""), cause.get("message", "")) for cause in details.get("causes") or ())
        return Refusal(status, said.get("reason", ""), said.get("message", "") or f"HTTP {status}", causes)
    except (ValueError, AttributeError):
        return Refusal(status, "", f"HTTP {status}: {body.strip()[:200]}")


def explain(error: Refusal, item: Object) -> Explained:
    """Why this object was refused. The first row that knows the refusal tells it."""
    return next(tell(error, item) for fits, tell in ROWS if fits(error))


def _conflict(error: Refusal, item: Object) -> Explained:
    fields = [(field, match[1]) for field, message in error.causes if (match := OTHER_MANAGER.search(message))]
    told = "; ".join(f"{field} belongs to {manager}" for field, manager in fields) or error.message
    command = _kubectl("edit", item)
    hint = f"Somebody else has set it. Give it the value that kinstall wants, or delete the object and run kinstall again:\n{command}"
    return Explained(f"{named(item)} was changed by another hand: {told}", hint)


def _port(error: Refusal, item: Object) -> Explained:
    ports = ", ".join(str(port["nodePort"]) for port in item.get("spec", {}).get("ports", []) if "nodePort" in port)
    return Explained(
        f"{named(item)} cannot have the node port {ports}: another service has it already",
        "Choose another `node_port` in the answers, or free this one: kubectl get services -A | grep NodePort",
    )


def _invalid(error: Refusal, item: Object) -> Explained:
    told = "; ".join(f"{field}: {message}" for field, message in error.causes) or error.message
    if "immutable" in told or "forbidden" in told.lower():
        hint = f"This cannot be changed in place. If it may be made anew: {_kubectl('delete', item)}, then run kinstall again."
        return Explained(f"{named(item)} cannot be changed: {told}", hint)
    return Explained(f"{named(item)} was refused: {told}", "The field above is wrong: look at the answers that lead to it.")


def _other(error: Refusal, item: Object) -> Explained:
    return Explained(f"{named(item)} was refused: {error.message}", "Run kinstall again; if it stays so, the API server's log tells more.")


def _kubectl(verb: str, item: Object) -> str:
    metadata = item["metadata"]
    place = f" -n {metadata['namespace']}" if metadata.get("namespace") else ""
    return f"kubectl{place} {verb} {item['kind'].lower()}/{metadata['name']}"


ROWS: Final[tuple[tuple[Callable[[Refusal], bool], Callable[[Refusal, Object], Explained]], ...]] = (
    (lambda error: error.status == CONFLICT and error.reason == "Conflict", _conflict),
    (lambda error: error.status == INVALID and bool(PORT_TAKEN.search(error.message)), _port),
    (lambda error: error.status == INVALID, _invalid),
    (lambda error: True, _other),
)
