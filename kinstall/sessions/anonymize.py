"""A session for showing to others: addresses, host names, accounts, domain names and the cluster's name replaced, the same by the same.

It works on every text of every event. What kinstall itself calls things (steps, checks, roles, versions) stays, so that the session
still plays; so do loopback addresses, accounts that every system has (root, ubuntu), and the sites that everybody installs from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from kinstall.events import AnyEvent, RunStarted, texts
from kinstall.sessions.aliases import Addresses, Numbered, ipv6, octets, words
from kinstall.sessions.traces import ACCOUNTS, DOMAINS, EVERYBODYS, is_public

_V4: Final = r"(?<!\d)(?<!\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d)(?!\.\d)"
_V4_DASHED: Final = r"(?<!\d)(?<!\d-)\d{1,3}(?:-\d{1,3}){3}(?!\d)(?!-\d)"
_V6: Final = r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:]|\.\d)"
_MAC: Final = r"(?<![\w:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:])"
_DEFAULT_CLUSTERS: Final = frozenset({"kubernetes", "homelab", "cluster"})

# The names by which hosts and the cluster are looked up; every other Name is kinstall's own word.
IDENTIFYING: Final = frozenset({"host", "hosts", "name", "address"})

ROLES: Final = ("control-plane", "worker")  # in this order they get their numbers


class Anonymizer:
    """Knows what is to be replaced in a session, and by what."""

    def __init__(self, events: Sequence[AnyEvent]) -> None:
        spoken = [text for event in events for text in _texts(event)]
        start = next(event for event in events if isinstance(event, RunStarted))
        hosts = [line.name for line in sorted(start.hosts, key=lambda line: (*ROLES, line.role).index(line.role))]
        named = [line.address for line in start.hosts if octets_of(line.address) is None and not ipv6(line.address)]
        domains = _domains([*spoken, *named], named)
        accounts = _accounts(spoken, [*hosts, *named, *domains])
        cluster = [start.cluster] if start.cluster.lower() not in _DEFAULT_CLUSTERS else []
        reserved = words([*hosts, *domains, *accounts, *cluster])
        self._words = _words(reserved, hosts=hosts, domains=domains, accounts=accounts, cluster=cluster)
        self._addresses = Addresses(_v4(spoken, [line.address for line in start.hosts]))
        self._v6, self._macs = _others(spoken)
        self._names = words(self._words)
        forms = {"mac": _MAC, "v6": _V6, "word": f"(?i:{self._names.pattern})", "v4": _V4, "dashed": _V4_DASHED}
        self._pattern = re.compile("|".join(f"(?P<{name}>{form})" for name, form in forms.items()))

    def text(self, text: str) -> str:
        """A text with everything replaced that is to be."""
        return self._pattern.sub(self._other, text)

    def event(self, event: AnyEvent) -> AnyEvent:
        """An event with every text replaced, and the names that say whose it is."""
        made = self._struct(event)
        return msgspec.structs.replace(made, cluster=self.text(made.cluster)) if isinstance(made, RunStarted) else made

    def _struct(self, struct: msgspec.Struct) -> Any:  # noqa: ANN401  # an event, or a line in one: the same kind again
        changing = texts(type(struct)) | IDENTIFYING
        fields = {name: self._value(getattr(struct, name)) for name in struct.__struct_fields__ if name in changing}
        return msgspec.structs.replace(struct, **fields)

    def _value(self, value: Any) -> Any:  # noqa: ANN401  # whatever an event may hold
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(self._value(item) for item in value)
        return self._struct(value) if isinstance(value, msgspec.Struct) else value

    def _other(self, found: re.Match[str]) -> str:
        text = found.group()
        match found.lastgroup:
            case "mac":
                return self._macs[text.lower()]
            case "v6":
                return self._v6.get(ipv6(text)) or self._names.sub(lambda name: self._words[name.group().lower()], text)  # 12:cafe:59
            case "word":
                return self._words[text.lower()]
        numbers = octets(text)
        return ("." if found.lastgroup == "v4" else "-").join(map(str, self._addresses.of(numbers))) if numbers else text


def anonymized(events: Sequence[AnyEvent]) -> tuple[AnyEvent, ...]:
    """The events of a session for others."""
    anonymizer = Anonymizer(events)
    return tuple(map(anonymizer.event, events))


def octets_of(address: str) -> tuple[int, ...] | None:
    """The numbers of an address that is one, not a name."""
    return octets(address) if re.fullmatch(_V4, address) else None


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401  # an event, or whatever it holds
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)


def _words(
    reserved: re.Pattern[str], *, hosts: Iterable[str], domains: Iterable[str], accounts: Iterable[str], cluster: Iterable[str]
) -> Mapping[str, str]:
    """Each name in lower case, with the other name for it; a name of two kinds is the first of them."""
    kinds = (
        (hosts, Numbered(("node-{}", "host-{}", "machine-{}", "n{}x"), reserved)),
        (domains, Numbered(("site-{}.example", "site-{}.invalid", "s{}x.invalid"), reserved)),
        (accounts, Numbered(("admin{}", "user{}", "u{}x"), reserved)),
        (cluster, Numbered(("cluster-{}", "kubernetes-{}", "c{}x"), reserved)),
    )
    made: dict[str, str] = {}
    for names, numbered in kinds:
        for name in names:
            made.setdefault(name.lower(), numbered.of(name.lower()))
    return made


def _domains(spoken: Iterable[str], named: Iterable[str]) -> list[str]:
    """Domain names that are somebody's: each whole name, and the last two parts, by which others of the same are known."""
    found = (match for text in spoken for pattern in DOMAINS for match in pattern.findall(text))
    private = [name for name in dict.fromkeys([*named, *found]) if not is_public(name)]
    return list(dict.fromkeys([*private, *(".".join(name.split(".")[-2:]) for name in private)]))


def _accounts(spoken: Iterable[str], hosts: Iterable[str]) -> list[str]:
    patterns = [re.compile(form.format(hosts=words(hosts).pattern)) for form in ACCOUNTS]
    found = (match for text in spoken for pattern in patterns for match in pattern.findall(text))
    return [name for name in dict.fromkeys(found) if name.lower() not in EVERYBODYS]


def _v4(spoken: Iterable[str], first: Iterable[str]) -> list[tuple[int, ...]]:
    """Every IPv4 address, those of the hosts first."""
    dotted = [match for text in [*first, *spoken] for match in re.findall(_V4, text)]
    return list(filter(None, map(octets, dotted)))


def _others(spoken: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """IPv6 and hardware addresses, with the others for them."""
    v6: dict[str, str] = {}
    macs: dict[str, str] = {}
    for text in spoken:
        for found in filter(None, map(ipv6, re.findall(_V6, text))):
            v6.setdefault(found, f"fd00::{len(v6) + 1:x}")
        for mac in re.findall(_MAC, text):
            macs.setdefault(mac.lower(), "02:00:00:{:02x}:{:02x}:{:02x}".format(*len(macs).to_bytes(3, "big")))
    return v6, macs
