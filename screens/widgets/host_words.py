"""What there is to say of a host, in words: in a cell, in a few lines, and as what is in the way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kinstall.desk import Answer, Greeting
from kinstall.errors import Problem

GIB: Final = 1 << 30
ROLES: Final[Mapping[str, str]] = {"control-plane": "control plane", "worker": "worker"}
NEEDS: Final[Mapping[str, str]] = {
    "user": "the name of an account", "password": "a key or a password to log in", "sudo_password": "the password for sudo",
    "key_passphrase": "the passphrase of the key",
}
SHORT: Final = (("GNU/Linux ", ""), ("Red Hat Enterprise Linux", "RHEL"))     # of distributions
_CELLS: Final[Mapping[Answer, str]] = {
    Answer.CONNECTING: "connecting…", Answer.UNKNOWN_KEY: "a key to compare (next screen)",
    Answer.CHANGED_KEY: "ANOTHER KEY than the known one",
}
_LINES: Final[Mapping[Answer, str]] = {
    Answer.CONNECTING: "connecting…",
    Answer.UNKNOWN_KEY: "it answers. Nobody has said yet whether it is the right machine: you compare its key on the next screen.",
    Answer.CHANGED_KEY: "it shows another key than the known one. The next screen has both, and what to do.",
}


def called(host: Mapping[str, Any]) -> str:
    """A host as a person knows it: the address that was typed, and the name it got."""
    name, address = str(host.get("name", "")), str(host.get("address", ""))
    return address if name in (address, "") else f"{name} ({address})" if address else name


def plainly(problem: Problem, hosts: Sequence[Mapping[str, Any]]) -> str:
    """A mistake in the answers, with the machines called as a person knows them instead of by their places."""
    sentence = ": ".join(filter(None, (problem.what, problem.mend)))
    return re.sub(r"hosts\[([0-9]+)\](\.\w+)*", lambda found: called(hosts[int(found[1])]), sentence)


def distribution(seen: Greeting) -> str:
    """Its short name: `Debian 13`."""
    name = seen.distribution.partition(" (")[0]
    for long, short in SHORT:
        name = name.replace(long, short)
    return name


def cell(seen: Greeting | None) -> str:
    """What a host answered, in one cell."""
    if seen is None:
        return ""
    if seen.answer is not Answer.READY:
        return _CELLS.get(seen.answer) or brief(seen)
    return f"{distribution(seen)}  {cores(seen)}  {seen.memory / GIB:.1f} G"


def cores(seen: Greeting) -> str:
    """`4 cores`."""
    return f"{seen.cpus} core{'s' * (seen.cpus != 1)}"


def brief(seen: Greeting) -> str:
    """Why a host does not let us in, without the address that stands beside it; what it needs, if that is known."""
    if seen.answer is Answer.REFUSED and seen.needs in NEEDS:
        return f"needs {NEEDS[seen.needs]}"
    return seen.message.rpartition(": ")[2] if seen.message.startswith("no connection to ") else seen.message


def lines(host: Mapping[str, Any], seen: Greeting | None) -> str:
    """Everything there is to say of a host, for whoever has selected it."""
    if seen is None:
        return called(host)
    if seen.answer in _LINES:
        return f"{called(host)}: {_LINES[seen.answer]}"
    if seen.answer is not Answer.READY:
        return f"{called(host)}: {seen.message}\n{seen.hint}".strip()
    what = f"{seen.distribution}, kernel {seen.kernel}, {seen.arch}, {cores(seen)}, {seen.memory / GIB:.1f} GiB"
    return f"{called(host)}: {what}\n{seen.message}".strip()


def hindering(host: Mapping[str, Any], seen: Greeting | None) -> str:
    """Why one cannot go on with this host; "" when one can. A key in question is no hindrance yet: that is what the next screen is for."""
    if seen is None or seen.answer is Answer.CONNECTING:
        return f"Still connecting to {called(host)}: wait a moment."
    if seen.answer is Answer.REFUSED and seen.needs in NEEDS:
        return f"{called(host)} needs {NEEDS[seen.needs]}: {seen.message}"
    if seen.answer in (Answer.REFUSED, Answer.UNREACHABLE):
        hint = seen.hint.partition("\n")[0]
        return f"{called(host)}: {'. '.join(filter(None, (seen.message, hint)))}. Mend it, or remove it with d in the table."
    return ""
