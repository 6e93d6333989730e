"""From pydantic's errors to sentences for someone who writes a file. None quotes a value: it could be a misplaced secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kinstall.answers.marks import Loc, Mistake
from kinstall.answers.scalars import MISTAKE
from kinstall.answers.walk import homes, siblings

# What people write, where the nearest word by its letters is not the one they mean.
_MEANT: Final[Mapping[str, str]] = {
    "ip": "address", "ssh_key": "key", "private_key": "key", "keyfile": "key", "become_pass": "sudo_password", "username": "user",
    "cni": "network", "version": "kubernetes", "nodes": "hosts", "machines": "hosts", "cri": "runtime",
    "path": "directory", "dir": "directory", "storageclass": "class", "storage_class": "class", "replicas": "nodes", "host": "node",
    "volume_claim": "claim", "pvc": "claim", "admin_password": "password", "admin_user": "user", "port": "node_port", "tls": "kubelet_tls",
    "secure": "serving", "signed": "serving",
    "master": "control-plane", "server": "control-plane", "node": "worker", "agent": "worker", "on": "open", "off": "disable",
}
_FOLLOWS: Final = "default_factory_not_called"  # a default that depends on a value which has its own error
_MISSING: Final[Mapping[str, tuple[str, str]]] = {
    "name": ("the host has no name, and its address gives it none", "add one such as `name: node1`"),
    "address": ("the host has no address", "add one such as `address: 192.168.1.31`"),
    "hosts": ("no hosts", "list at least one machine: name, address, and `role: control-plane`"),
}


def mistakes(error: ValidationError) -> list[Mistake]:
    """Everything that pydantic found, in our words."""
    return [_mistake(details) for details in error.errors(include_url=False) if details["type"] != _FOLLOWS]


def _mistake(details: ErrorDetails) -> Mistake:
    what, mend = _SENTENCES.get(details["type"], _unforeseen)(details)
    # `{password: a,b}` makes a key without a value of the password's second half.
    return Mistake(details["loc"], what, mend, unnamed=details["type"] == "extra_forbidden" and details["input"] is None)


def _ours(details: ErrorDetails) -> tuple[str, str]:
    context = details.get("ctx", {})
    return context["what"], context["mend"].replace("$ENV", variable(details["loc"]))


def variable(loc: Loc) -> str:
    """A name for the environment variable of the secret at this place: one of its own for what is no access to a host."""
    parts = [part for part in loc if isinstance(part, str) and part not in ("hosts", "access", "addons")] or ["password"]
    return "KINSTALL_" + re.sub(r"\W", "_", "_".join(parts[-2:])).upper()


def _unknown_key(details: ErrorDetails) -> tuple[str, str]:
    *around, name = details["loc"]
    known = siblings(tuple(around))
    near = _nearest(str(name), known)
    elsewhere = [] if near else homes(str(name))
    mend = f"did you mean {near}?" if near else f"it belongs in {elsewhere[0]}" if elsewhere else f"known here: {', '.join(known)}"
    return "unknown key", mend


def _choice(details: ErrorDetails) -> tuple[str, str]:
    choices = re.findall(r"'([^']+)'", details.get("ctx", {})["expected"])
    near = _nearest(details["input"], choices) if isinstance(details["input"], str) else ""
    return "a value that is not known here", f"did you mean {near}?" if near else f"write {' or '.join(choices)}"


def _nearest(word: str, known: list[str]) -> str:
    meant = _MEANT.get(word.lower(), "")
    return meant if meant in known else next(iter(get_close_matches(word.lower(), known, n=1)), "")


def _missing(details: ErrorDetails) -> tuple[str, str]:
    return _MISSING.get(str(details["loc"][-1]), ("missing", "add it"))


def _must_be(what: str, mend: str = "") -> Callable[[ErrorDetails], tuple[str, str]]:
    return lambda details: (f"must be {what}", mend)


def _unforeseen(details: ErrorDetails) -> tuple[str, str]:
    return "a value that does not fit here", f"see docs/answers.md ({details['type']})"


_TEXT, _LIST = _must_be("a text"), _must_be("a list", "begin each entry with - on its own line")
_GROUP = _must_be("a group of keys", "write its keys indented below it")
_PORT = _must_be("from 1 to 65535")
_WORD = _must_be("true or false")
_NUMBER = _must_be("a whole number")
_SENTENCES: Final[Mapping[str, Callable[[ErrorDetails], tuple[str, str]]]] = {
    MISTAKE: _ours,
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "literal_error": _choice,
    "enum": _choice,
    "string_type": _TEXT,
    "path_type": _must_be("a path"),
    "bool_parsing": _WORD,
    "bool_type": _WORD,
    "int_parsing": _NUMBER,
    "int_type": _NUMBER,
    "int_from_float": _NUMBER,
    "greater_than_equal": _PORT,
    "less_than_equal": _PORT,
    "tuple_type": _LIST,
    "model_type": _GROUP,
}
