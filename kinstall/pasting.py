"""Hosts out of a text that a person typed or pasted: addresses, ranges, `user@host:port`, names of ssh_config, in any mixture."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from kinstall.answers.asking import complaint
from kinstall.answers.scalars import LABEL, LOGIN

LARGEST: Final = 256    # addresses of one range
RANGE: Final = re.compile(r"(?P<first>[0-9]+(\.[0-9]+){3})-(?P<last>[0-9]+(\.[0-9]+){0,3})")
DIGITS: Final = re.compile(r"[0-9.]+")

Entry = dict[str, Any]


@dataclass(slots=True)
class Pasted:
    """Hosts as in answers.yaml, without a role; and what made no sense, a sentence each."""

    hosts: list[Entry] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)


def hosts(text: str, there: Collection[Entry] = ()) -> Pasted:
    """The hosts in this text, with names that are theirs alone. What is `there` already is left out, and told."""
    made = Pasted()
    taken = {str(host.get("name")) for host in there}
    known = {_key(host) for host in there}
    for piece in filter(None, re.split(r"[\s,;]+", re.sub(r"(?m)(^|\s)#.*$", "", text))):
        try:
            for entry in _entries(piece):
                if _key(entry) in known:
                    made.mistakes.append(f"{entry['address']} is there already")
                    continue
                entry["name"] = named(entry["address"], taken)
                taken.add(entry["name"])
                known.add(_key(entry))
                made.hosts.append(entry)
        except ValueError as error:
            made.mistakes.append(f"{re.sub(r':[^@]*@', ':…@', piece)}: {error}")     # what stands there may be a password
    return made


def named(address: str, taken: Collection[str]) -> str:
    """A node's name: the first part of a host's name; of an address, its last number (`node-31`). A number more, if it is taken."""
    label = re.sub(r"[^a-z0-9-]+", "-", address.partition(".")[0].lower()).strip("-")
    base = f"node-{address.rpartition('.')[2]}" if DIGITS.fullmatch(address) else label if re.fullmatch(LABEL, label) else "node"
    names = [base, *(f"{base}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)


def own_name(host: Entry, hostname: str, others: Collection[str]) -> str:
    """The name that a machine has already, if nobody chose another one and it can be a node's; else the one that was made up."""
    label = hostname.partition(".")[0].lower()
    is_made_up = re.fullmatch(r"node(-[0-9]+)*", str(host.get("name"))) is not None
    is_fit = re.fullmatch(LABEL, label) is not None and label not in others and label not in ("localhost", "raspberrypi")
    return label if is_made_up and is_fit else str(host.get("name"))


def _entries(piece: str) -> Iterator[Entry]:
    """A piece without spaces. Raises ValueError, which says what is wrong with it."""
    found = LOGIN.fullmatch(piece)
    if not found and "@" not in piece and piece.count(":") > 1:
        raise ValueError("IPv6 is not supported yet: write an IPv4 address or a name")
    if not found:
        raise ValueError("no host: write user@address:port, without a password")
    access = {"user": found["user"], "port": int(found["port"]) if found["port"] else None}
    given = {key: value for key, value in access.items() if value}
    for key, value in given.items():
        _check(f"access.{key}", str(value))
    addresses = list(_addresses(found["address"]))
    for address in addresses:
        _check("hosts.address", address)
        yield {"name": "", "address": address} | ({"access": dict(given)} if given else {})


def _check(key: str, value: str) -> None:
    if wrong := complaint(key, value):
        raise ValueError(wrong)


def _addresses(text: str) -> Iterator[str]:
    found = RANGE.fullmatch(text)
    if not found:
        yield text
        return
    parts = found["first"].split(".")
    ending = found["last"].split(".")
    try:
        first, last = IPv4Address(found["first"]), IPv4Address(".".join([*parts[: 4 - len(ending)], *ending]))
    except AddressValueError:
        raise ValueError("no range of IPv4 addresses: write 192.168.1.31-34") from None
    if not 0 <= int(last) - int(first) < LARGEST:
        raise ValueError(f"a range goes upwards, and has {LARGEST} addresses at most")
    yield from (str(IPv4Address(number)) for number in range(int(first), int(last) + 1))


def _key(host: Entry) -> tuple[str, int]:
    return str(host.get("address")), int(host.get("access", {}).get("port") or 22)
