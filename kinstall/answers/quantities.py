"""The single values of the add-ons: sizes, durations, node ports, owners, helm's versions. As in scalars.py, none is ever quoted."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from kinstall.answers.scalars import LABEL, Shape, wrong

_SIZE: Final = r"[1-9][0-9]{0,5}(Mi|Gi|Ti)"
_NEARLY: Final = re.compile(r"([1-9][0-9]{0,5})\s*([MGT])i?B?", re.IGNORECASE)
_HELM: Final = r"[34](\.[0-9]+\.[0-9]+)?"
_FIRST_PORT, _LAST_PORT = 30000, 32767     # the API server's range of node ports, as kubeadm leaves it


def _size(text: str) -> str:
    if re.fullmatch(_SIZE, text):
        return text
    near = _NEARLY.fullmatch(text)
    raise wrong("not a size", f"write {near[1]}{near[2].upper()}i" if near else "write a whole number and Mi, Gi or Ti, such as 10Gi")


def _node_port(port: int) -> int:
    if not _FIRST_PORT <= port <= _LAST_PORT:
        raise wrong("not a node port", f"write one from {_FIRST_PORT} to {_LAST_PORT}")
    return port


def _helm_version(value: object) -> str:
    text = str(value).removeprefix("v")
    if not re.fullmatch(_HELM, text):
        raise wrong("not a version of helm", "write 4, 3, or a full one such as 4.3.0")
    return text


def _label(text: str) -> str:
    if not re.fullmatch(LABEL, text):
        raise wrong("not a name in Kubernetes: lowercase letters, digits and - inside, 63 at most", "write it as the cluster has it")
    return text


Quantity = Annotated[str, AfterValidator(_size), WithJsonSchema({"type": "string", "pattern": f"^{_SIZE}$"})]
Duration = Annotated[str, Shape(
    r"(?=.*[1-9])([0-9]{1,5}y)?([0-9]{1,5}w)?([0-9]{1,5}d)?([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?",
    "not a duration as Prometheus writes it", "write a number and y, w, d or h, such as 15d")]
NodePort = Annotated[
    int, AfterValidator(_node_port), WithJsonSchema({"type": "integer", "minimum": _FIRST_PORT, "maximum": _LAST_PORT})]
# Editors read 4 as a number; kinstall reads it as its text.
HelmVersion = Annotated[str, BeforeValidator(_helm_version), WithJsonSchema({"type": ["string", "number"], "examples": ["4", "4.3.0"]})]
Label = Annotated[str, AfterValidator(_label), WithJsonSchema({"type": "string", "pattern": f"^({LABEL})$"})]
Login = Annotated[str, Shape(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", "not an account's name", "write letters, digits and ._@-, such as admin")]
Owner = Annotated[str, Shape(r"[0-9]{1,9}:[0-9]{1,9}", "not an owner", "write two numbers, uid:gid, such as 999:999")]
