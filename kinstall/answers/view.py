"""What the rules look at: the texts of the file with their defaults, without those that are wrong by themselves.

So one mistake hides no other, and none is told for what follows from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Final

from pydantic_core import PydanticCustomError

from kinstall.answers.addons import ENTRIES, StorageEntry
from kinstall.answers.marks import Loc, Marks
from kinstall.answers.model import Network
from kinstall.answers.places import default_node
from kinstall.answers.sections import Section
from kinstall.answers.shorthand import expand
from kinstall.answers.switches import SWITCHES, expand_addons, expand_storage, word

_NETWORKS: Final = {name: str(Network.model_fields[name].default) for name in ("pods", "services")}
_RULED: Final = ("class", "directory", "node_port")     # keys of add-ons whose defaults can break a rule
AddonView = Mapping[str, Any] | bool


@dataclass(frozen=True, slots=True)
class View:
    """The answers as far as they are sound: what is absent is unknown, or has no default."""

    hosts: tuple[Mapping[str, Any], ...]
    network: Mapping[str, str]
    access: Mapping[str, Any]
    sources: Mapping[str, Any]
    addons: Mapping[str, AddonView]     # False: off; True: on, without keys
    storage: Mapping[str, Any]
    marks: Marks
    bad: tuple[Loc, ...]

    def access_of(self, host: Mapping[str, Any]) -> Mapping[str, Any]:
        """What counts for this host: the common access, overridden by its own."""
        return {**self.access, **host.get("access", {})}

    def networks(self) -> dict[str, IPv4Network]:
        """The networks whose texts are sound."""
        return {name: IPv4Network(text) for name, text in self.network.items()}

    def is_on(self, addon: str) -> bool:
        """Is it installed? Not while that is not known."""
        return self.addons.get(addon) not in (False, None)

    def keys(self, addon: str) -> Mapping[str, Any]:
        """The keys of an add-on that is on; none of one that is off or unknown."""
        found = self.addons.get(addon)
        return found if isinstance(found, Mapping) else {}

    def claims(self) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
        """The storage's claims, each with its place."""
        yield from ((("addons", "storage", "claims", index), claim) for index, claim in enumerate(self.storage.get("claims", ())))

    def names(self) -> list[str] | None:
        """The names of the hosts; None while one of them is not known."""
        names = [host.get("name") for host in self.hosts]
        return [name for name in names if name] if names and all(names) else None

    def last(self, *places: Loc) -> Loc:
        """The place that is written, or written last: the one to look at. The others may be defaults."""
        return max(places, key=lambda loc: self.marks.lines.get(loc, -1))


def view(data: object, bad: Iterable[Loc], marks: Marks) -> View:
    """The view of such data, in which something is wrong at those places."""
    bad = tuple(bad)
    raw = _at(data, "hosts")
    hosts = tuple(_host(host, ("hosts", index), bad) for index, host in enumerate(raw if isinstance(raw, list) else []))
    addons = _expanded(expand_addons, _at(data, "addons"))
    storage = _expanded(expand_storage, addons.get("storage"))
    return View(
        hosts=hosts,
        network=_sound(_NETWORKS | {key: text for key, text in _group(data, "network").items() if key in _NETWORKS}, ("network",), bad),
        access=_sound(_group(data, "access"), ("access",), bad),
        sources=_sound(_group(data, "sources"), ("sources",), bad),
        addons=_sound({name: _addon(name, addons.get(name, True), _node(hosts), bad) for name in SWITCHES}, ("addons",), bad, whole=True),
        storage=_storage(storage, bad),
        marks=marks,
        bad=bad,
    )


def _host(raw: object, loc: Loc, bad: tuple[Loc, ...]) -> Mapping[str, Any]:
    try:
        host = expand(raw)
    except PydanticCustomError:
        return {}
    sound = _sound({"role": "worker", **_filled(host)}, loc, bad)
    return {**sound, "access": _sound(_group(host, "access"), (*loc, "access"), bad)}


def _node(hosts: Sequence[Mapping[str, Any]]) -> str:
    """Where data go that nobody chose a host for; nothing while that is not known."""
    known = [(host["name"], host["role"] != "control-plane") for host in hosts if "name" in host and "role" in host]
    return default_node(known) if len(known) == len(hosts) else ""


def _addon(name: str, raw: object, node: str, bad: tuple[Loc, ...]) -> AddonView:
    """The keys of an add-on with their defaults, or whether it is on."""
    switched = word(raw)
    if switched is False or name not in ENTRIES:
        return bool(switched)
    keys = _defaults(ENTRIES[name]) | ({"node": node} if node else {}) | _filled(raw)
    return _sound(keys, ("addons", name), bad)


def _storage(raw: Mapping[str, Any], bad: tuple[Loc, ...]) -> Mapping[str, Any]:
    loc: Loc = ("addons", "storage")
    listed = raw.get("claims")
    claims = [
        _sound({"namespace": "default", **_filled(claim)}, (*loc, "claims", index), bad)
        for index, claim in enumerate(listed if isinstance(listed, list) else [])
    ]
    return {**_sound({**_defaults(StorageEntry), **raw}, loc, bad), "claims": claims}


def _defaults(section: type[Section]) -> dict[str, Any]:
    return {name: field.default for name, field in section.written() if name in _RULED and not field.is_required()}


def _sound(group: Mapping[str, Any], loc: Loc, bad: tuple[Loc, ...], *, whole: bool = False) -> dict[str, Any]:
    """The group without the keys at or below which something is wrong; nothing of it, if it is wrong as a whole.

    `whole`: without the keys that are wrong as a whole only.
    """
    if loc in bad:
        return {}
    places = [place[: len(loc) + 1] for place in bad if not whole or len(place) == len(loc) + 1]
    return {key: value for key, value in group.items() if (*loc, key) not in places}


def _expanded(expand_it: Callable[[object], object], raw: object) -> dict[str, Any]:
    try:
        return _filled(expand_it(raw))
    except PydanticCustomError:
        return {}


def _group(data: object, key: str) -> dict[str, Any]:
    return _filled(_at(data, key))


def _at(data: object, key: str) -> object:
    return data.get(key) if isinstance(data, Mapping) else None


def _filled(group: object) -> dict[str, Any]:
    return {key: value for key, value in group.items() if value is not None} if isinstance(group, Mapping) else {}
