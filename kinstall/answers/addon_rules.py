"""What must hold between add-ons, hosts and sources: known hosts, ports and directories apart, what Grafana needs, helm's hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations
from typing import Final

from kinstall import versions
from kinstall.answers.marks import Loc, Mistake, dotted
from kinstall.answers.places import directories, is_at_or_below
from kinstall.answers.view import View

_NEEDED: Final = ("prometheus", "node-exporter", "kube-state-metrics")     # what Grafana's dashboards ask
_WITH_DATA: Final = ("prometheus", "grafana")
_HASHES: Final = ("sources", "helm")


def _nodes_known(view: View) -> Iterator[Mistake]:
    known = view.names()
    chosen: list[tuple[Loc, object]] = [(("addons", name, "node"), view.keys(name).get("node")) for name in _WITH_DATA]
    chosen += [((*loc, "nodes", index), node) for loc, claim in view.claims() for index, node in enumerate(claim.get("nodes", ()))]
    for loc, node in chosen:
        if node and known and node not in known:
            near = get_close_matches(str(node), known, n=1)
            mend = f"did you mean {near[0]}?" if near else f"write the name of one: {', '.join(known[:5])}"
            yield Mistake(loc, "not one of the hosts", mend)


def _ports_apart(view: View) -> Iterator[Mistake]:
    ports = {name: view.keys(name).get("node_port") for name in _WITH_DATA}
    if None not in ports.values() and len({int(port) for port in ports.values() if port}) < len(ports):
        here = view.last(*(("addons", name, "node_port") for name in ports))
        other = next(name for name in ports if name not in here)
        yield Mistake(here, f"the same port as {other} has, {ports[other]}", "give each its own, from 30000 to 32767")


def _grafana_needs(view: View) -> Iterator[Mistake]:
    off = [name for name in _NEEDED if view.addons.get(name) is False] if view.is_on("grafana") else []
    for name in off:
        yield Mistake(("addons", name), "off, and Grafana's dashboards ask for what it tells", "leave it on, or write `grafana: false` too")


@dataclass(frozen=True, slots=True)
class _Place:
    """A directory on a host, and where it is written. On no host in particular: on every one."""

    loc: Loc
    node: str
    directory: str

    def meets(self, other: _Place) -> bool:
        return not self.node or not other.node or self.node == other.node

    def holds(self, other: _Place) -> bool:
        return is_at_or_below(other.directory, self.directory)


def _places(view: View) -> Iterator[_Place]:
    for name in _WITH_DATA:
        keys = view.keys(name)
        if "node" in keys and "directory" in keys:
            yield _Place(("addons", name, "directory"), keys["node"], keys["directory"])
    if view.storage.get("class") == "local-path" and "directory" in view.storage:
        yield _Place(("addons", "storage", "directory"), "", view.storage["directory"])
    for loc, claim in view.claims():
        nodes = [str(node) for node in claim.get("nodes", ())]
        for node, directory in zip(nodes, directories(claim.get("directory", ""), nodes), strict=True):
            if "directory" in claim:
                yield _Place((*loc, "directory"), node, directory)


def _directories_apart(view: View) -> Iterator[Mistake]:
    told: set[tuple[Loc, Loc]] = set()
    for one, other in combinations(_places(view), 2):
        here = one if view.last(other.loc, one.loc) == one.loc and one.loc != other.loc else other
        there = other if here is one else one
        if not one.meets(other) or not (one.holds(other) or other.holds(one)) or (here.loc, there.loc) in told:
            continue
        told.add((here.loc, there.loc))
        how = "the same directory as" if one.holds(other) and other.holds(one) else "in" if there.holds(here) else "around"
        yield Mistake(here.loc, f"{how} that of {_named(view, there.loc)}, on the same host", "give each a directory of its own")


def _named(view: View, loc: Loc) -> str:
    """The other place by its line, or by its key where it is a default."""
    return view.marks.where(loc) if loc in view.marks.lines else dotted(loc)


def _claims_once(view: View) -> Iterator[Mistake]:
    first: dict[str, Loc] = {}
    for loc, claim in view.claims():
        parts = [claim.get(key) for key in ("namespace", "claim", "statefulset")]
        if None in parts:
            continue
        volume = "-".join(map(str, parts))     # what names the volumes
        if volume in first:
            what = f"its volumes would have the same names as those of {view.marks.where(first[volume])}"
            yield Mistake(loc, what, "list each claim of a StatefulSet once, with all of its nodes")
        first.setdefault(volume, loc)


def _local_path_chosen(view: View) -> Iterator[Mistake]:
    loc: Loc = ("addons", "storage", "directory")
    if loc in view.marks.lines and view.storage.get("class") == "none":
        yield Mistake(loc, "nothing uses it: it is where local-path keeps its data", "add `class: local-path`, or leave it out")


def _helm_known(view: View) -> Iterator[Mistake]:
    if any(place[:2] == _HASHES for place in view.bad) or not view.is_on("helm"):
        return
    source = view.sources.get("helm") or {}
    wanted, given = (str(group.get("version", "")).removeprefix("v") for group in (view.keys("helm"), source))
    loc: Loc = ("addons", "helm", "version") if wanted else (*_HASHES, "version")
    if wanted and given and not f"{given}.".startswith(f"{wanted}."):
        yield Mistake(loc, "another version than that of sources.helm", "leave one of them out, or write the same")
    asked = given or (wanted if "." in wanted else "")
    if asked and not _hashed(source.get("sha256")) and not versions.helm(asked).sha256:
        known = " or ".join(release.version for release in versions.table().helm)
        yield Mistake(loc, "kinstall does not know the hash of this version", f"add sources.helm.sha256, or write {known}")


def _hashed(sha256: object) -> bool:
    return any(sha256.values()) if isinstance(sha256, Mapping) else bool(sha256)


ADDON_RULES: Final[tuple[Callable[[View], Iterator[Mistake]], ...]] = (
    _nodes_known, _ports_apart, _grafana_needs, _directories_apart, _claims_once, _local_path_chosen, _helm_known,
)
