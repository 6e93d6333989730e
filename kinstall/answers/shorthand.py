"""What a host may leave out: its keys (`admin@192.168.1.31:2222`) and its name (the first part of a host name)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kinstall.answers.scalars import LABEL, LOGIN, wrong
from kinstall.model import LOCAL


def expand(raw: object) -> object:
    """The host with what it left out. Anything that is no host stays as it is, for pydantic to say so."""
    if isinstance(raw, str):
        return _short(raw)
    if not isinstance(raw, Mapping) or raw.get("name") is not None:
        return raw
    name = _derived(str(raw.get("address", "")))
    return {**raw, "name": name} if name else raw


def _short(text: str) -> dict[str, Any]:
    found = LOGIN.fullmatch(text)
    if not found:
        raise wrong("not a host", "write user@address:port, without a password, or the keys name, address and role")
    address = found["address"]
    access = {key: found[key] for key in ("user", "port") if found[key]}
    digits = re.fullmatch(r"[0-9.]+", address)
    name = "node-" + address.replace(".", "-") if digits else _derived(address)
    return {"address": address, "access": access} | ({"name": name} if name else {})


def _derived(address: str) -> str:
    """`kmaster` of kmaster.lan; nothing of an address in digits, or of this very machine."""
    label = address.partition(".")[0].lower()
    return label if re.fullmatch(LABEL, label) and not re.fullmatch(r"[0-9.]+", address) and address != LOCAL else ""


def host_schema(schema: dict[str, Any]) -> None:
    """In the JSON schema, a host is a group of keys whose name may be missing, or a text."""
    keys = schema | {"required": ["address"]}
    schema.clear()
    schema["anyOf"] = [keys, {"type": "string", "description": "user@address:port, a worker"}]
