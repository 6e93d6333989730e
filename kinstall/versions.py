"""Which Kubernetes fits these hosts: the newest minor that every one of them can run, who limits it, and what would lift that. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

import yaml

from kinstall.errors import PlanError
from kinstall.packaging import numbers

if TYPE_CHECKING:
    from kinstall.distro import Distro, Family
    from kinstall.model import Facts

AUTO: Final = "auto"
CGROUP_V1, OLD_KERNEL = "cgroup-v1", "kernel"  # the words for `allow` in the answers that this room heeds

Hosts = Mapping[str, "tuple[Facts, Distro]"]  # by the name of the host


@dataclass(frozen=True, slots=True, kw_only=True)
class Minor:
    """A minor of Kubernetes: its life, what it asks of a host, and what belongs to it."""

    name: str                       # 1.37
    newest: str                     # the newest patch known to the table: 1.37.2
    released: date
    end_of_life: date
    containerd: tuple[str, ...]     # the smallest fitting version of each branch
    pause: str
    etcd: str
    coredns: str
    kubeadm_api: str                # v1beta3 or v1beta4
    kernel: str                     # SystemVerification refuses what is older
    cgroup_v1: Literal["fine", "warn", "refuse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A network plugin in one version: its manifest, pinned by hash, and the images in it."""

    name: str
    version: str
    kubernetes: tuple[str, str]     # first and last minor that it is installed for
    tested: tuple[str, ...]         # minors that its makers test it with; () when they publish no list
    url: str
    sha256: str
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """An add-on in one version, and the first and last minor that it is installed for; () when it fits any."""

    name: str
    version: str
    kubernetes: tuple[str, str] | tuple[()]


@dataclass(frozen=True, slots=True, kw_only=True)
class HelmRelease:
    """A version of helm, and the hashes of its archives by architecture: amd64, arm64."""

    version: str
    sha256: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """assets/versions.yaml: minors, plugins, add-ons and helm, each with the newest first."""

    minors: tuple[Minor, ...]
    plugins: tuple[Plugin, ...]
    addons: tuple[Addon, ...]
    helm: tuple[HelmRelease, ...]
    containerd_branch: str          # 2.3
    containerd_newest: str          # 2.3.7


@dataclass(frozen=True, slots=True)
class Limit:
    """Why a host cannot run a minor, and what would lift that. `allow` is the word for the answers."""

    host: str
    minor: str
    reason: str
    lift: str
    allow: str = ""

    def __str__(self) -> str:
        return f"{self.host} cannot run {self.minor}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Choice:
    """The Kubernetes to install. `patch` is "" when only the minor is decided: then the newest one of today is asked for."""

    minor: str
    patch: str = ""
    limited_by: tuple[Limit, ...] = ()      # who cannot run the next newer minor
    notes: tuple[str, ...] = ()             # what the user should know all the same


def minor_of(version: str) -> str:
    """1.37.2 -> 1.37."""
    return ".".join(str(number) for number in numbers(version)[:2])


@lru_cache(maxsize=1)
def table() -> Table:
    """The table that came with kinstall."""
    return read(files("kinstall.assets").joinpath("versions.yaml").read_text(encoding="utf-8"))


def read(text: str) -> Table:
    """A table out of its YAML."""
    data = yaml.safe_load(text)
    minors = tuple(_minor(name, row) for name, row in data["minors"].items())
    plugins = tuple(_plugin(name, row) for name, rows in data["plugins"].items() for row in rows)
    by_age = sorted(minors, key=lambda minor: numbers(minor.name), reverse=True)
    return Table(
        minors=tuple(by_age), plugins=plugins,
        addons=tuple(_addon(name, row) for name, rows in data["addons"].items() for row in rows),
        helm=tuple(HelmRelease(version=row["version"], sha256=row["sha256"]) for row in data["helm"]),
        containerd_branch=data["containerd"]["branch"], containerd_newest=data["containerd"]["newest"],
    )


def _minor(name: str, row: Mapping[str, Any]) -> Minor:
    return Minor(
        name=name, newest=row["newest"], released=row["released"], end_of_life=row["end-of-life"], containerd=tuple(row["containerd"]),
        pause=row["pause"], etcd=row["etcd"], coredns=row["coredns"], kubeadm_api=row["kubeadm-api"], kernel=row["kernel"]["refuse"],
        cgroup_v1=row["cgroup-v1"],
    )


def _plugin(name: str, row: Mapping[str, Any]) -> Plugin:
    first, last = row["kubernetes"]
    return Plugin(
        name=name, version=row["version"], kubernetes=(first, last), tested=tuple(row["tested"]), url=row["url"], sha256=row["sha256"],
        images=tuple(row["images"]),
    )


def _addon(name: str, row: Mapping[str, Any]) -> Addon:
    return Addon(name=name, version=row["version"], kubernetes=tuple(row.get("kubernetes", ())))


def minor(name: str) -> Minor:
    """The row of a minor; PlanError when the table has none."""
    for row in table().minors:
        if row.name == name:
            return row
    known = table().minors
    raise PlanError(
        f"this kinstall does not know Kubernetes {name}",
        hint=f"It knows {known[-1].name} to {known[0].name}. `kubernetes: auto` takes the newest that every host can run.",
    )


def plugin(name: str, minor_name: str) -> Plugin:
    """The newest version of a network plugin that is installed for this minor."""
    for row in table().plugins:
        if row.name == name and _holds(row.kubernetes, minor_name):
            return row
    raise PlanError(f"no version of {name} that kinstall knows is for Kubernetes {minor_name}", hint="Choose another network plugin.")


def addon(name: str, minor_name: str) -> str:
    """The newest version of an add-on that is installed for this minor."""
    for row in table().addons:
        if row.name == name and (not row.kubernetes or _holds(row.kubernetes, minor_name)):
            return row.version
    raise PlanError(
        f"no version of {name} that kinstall knows is for Kubernetes {minor_name}",
        hint=f"Leave it away: `{name}: false` under `addons`; or choose another version of Kubernetes.",
    )


def helm(wanted: str) -> HelmRelease:
    """helm in this version; of `4` or `3` the newest. Without hashes when the table does not have it."""
    found = (row for row in table().helm if wanted in (row.version, row.version.partition(".")[0]))
    return next(found, HelmRelease(version=wanted, sha256={}))


def _holds(kubernetes: tuple[str, str], minor_name: str) -> bool:
    first, last = kubernetes
    return numbers(first) <= numbers(minor_name) <= numbers(last)


# ---- what a host can run ----
_ARGUMENT: Final = "systemd.unified_cgroup_hierarchy=1"
_TO_CGROUP_V2: Final[Mapping[Family, str]] = {
    "rhel": f'grubby --update-kernel=ALL --args="{_ARGUMENT}", then reboot',
    "debian": f"add {_ARGUMENT} to GRUB_CMDLINE_LINUX in /etc/default/grub, run update-grub, reboot",
}


def concessions(facts: Facts, minor_name: str) -> frozenset[str]:
    """What this host needs to be allowed for this minor.

    Each of them asks for SystemVerification to be ignored on that host; `cgroup-v1` for `failCgroupV1: false` too.
    """
    asked = minor(minor_name)
    needed = {
        CGROUP_V1: facts.cgroup == 1 and asked.cgroup_v1 == "refuse",
        OLD_KERNEL: bool(facts.kernel) and numbers(facts.kernel) < numbers(asked.kernel),
    }
    return frozenset(word for word, is_needed in needed.items() if is_needed)


def refusals(hosts: Hosts, minor_name: str, allow: Collection[str]) -> tuple[Limit, ...]:
    """Every reason why one of the hosts cannot run this minor."""
    return tuple(
        _limit(name, facts, distro, minor_name, word)
        for name, (facts, distro) in hosts.items()
        for word in sorted(concessions(facts, minor_name) - set(allow))
    )


def _limit(host: str, facts: Facts, distro: Distro, minor_name: str, word: str) -> Limit:
    if word == CGROUP_V1:
        reason = f"{distro.title} has booted with cgroup v1, which the kubelet refuses from 1.35 on"
        return Limit(host, minor_name, reason, f"{_TO_CGROUP_V2[distro.family]}; or, knowingly, `allow: [{CGROUP_V1}]`", word)
    reason = f"kubeadm {minor_name} refuses kernels before {minor(minor_name).kernel}, and this one is {facts.kernel}"
    others = ", ".join(row.name for row in table().minors if numbers(row.kernel) <= numbers(facts.kernel))
    return Limit(host, minor_name, reason, f"{others or 'a newer kernel'}; or, knowingly, `allow: [{OLD_KERNEL}]`", word)


# ---- the choice ----
def newest(hosts: Hosts, wanted: str, allow: Collection[str] = frozenset(), existing: str = "", today: date | None = None) -> Choice:
    """The Kubernetes for these hosts. `wanted`: auto, a minor or a version; `existing`: the version of the cluster that is there already.

    An existing cluster keeps its version: running kinstall again never upgrades. PlanError names every host that stands in the way.
    """
    wanted = wanted.removeprefix("v")
    if existing:
        choice = _kept(existing, wanted)
    elif wanted == AUTO:
        choice = _automatic(hosts, allow)
    else:
        choice = _explicit(wanted)
    _must_run(hosts, choice.minor, allow)
    notes = (*choice.notes, *_notes(hosts, minor(choice.minor), today or date.today()))
    return Choice(choice.minor, choice.patch, choice.limited_by, notes)


def _kept(existing: str, wanted: str) -> Choice:
    if wanted not in (AUTO, minor_of(existing), existing):
        raise PlanError(
            f"the cluster runs Kubernetes {existing}, and the answers ask for {wanted}",
            hint="kinstall does not upgrade a cluster (`kubeadm upgrade` does). `kubernetes: auto` keeps the version it has.",
        )
    return Choice(minor_of(existing), existing)


def _explicit(wanted: str) -> Choice:
    if not re.fullmatch(r"[0-9]+\.[0-9]+(\.[0-9]+)?", wanted):
        raise PlanError(f"{wanted!r} is no version of Kubernetes", hint="Write auto, a minor such as 1.37, or a version such as 1.37.2.")
    return Choice(minor_of(wanted), wanted if wanted.count(".") == 2 else "")


def _automatic(hosts: Hosts, allow: Collection[str]) -> Choice:
    limits: tuple[Limit, ...] = ()
    for candidate in table().minors:
        refused = refusals(hosts, candidate.name, allow)
        if not refused:
            return Choice(candidate.name, limited_by=limits)
        limits = refused
    raise _cannot(limits)


def _must_run(hosts: Hosts, minor_name: str, allow: Collection[str]) -> None:
    if refused := refusals(hosts, minor_name, allow):
        raise _cannot(refused)


def _cannot(limits: Sequence[Limit]) -> PlanError:
    return PlanError(
        "; ".join(str(limit) for limit in limits),
        hint="\n".join(f"{limit.host}: {limit.lift}" for limit in limits),
        host=limits[0].host if len({limit.host for limit in limits}) == 1 else "",
    )


def _notes(hosts: Hosts, chosen: Minor, today: date) -> Iterator[str]:
    if today > chosen.end_of_life:
        yield f"Kubernetes {chosen.name} has had no fixes since {chosen.end_of_life:%Y-%m-%d}."
    told: dict[str, list[str]] = {}  # one sentence for all the hosts that it is true of
    for name, (facts, distro) in hosts.items():
        if distro.is_past(today):
            told.setdefault(f"{distro.title} has had no free updates since {distro.end_of_life:%Y-%m-%d}.", []).append(name)
        if facts.cgroup == 1 and chosen.cgroup_v1 != "fine":
            told.setdefault(f"cgroup v1 is on its way out: {_TO_CGROUP_V2[distro.family]}.", []).append(name)
    yield from (f"{', '.join(names)}: {sentence}" for sentence, names in told.items())
