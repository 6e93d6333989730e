"""What the checks have found so far, as a sheet of checks and machines: which rows it has, and what stands in each cell. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from rich.text import Text

from kinstall.events import Failure, Found
from kinstall.progress import Progress
from kinstall.screens.widgets.signs import LEVEL_STYLES, level_sign

FLEET: Final = ""           # the column of what is so of the machines together
RANK: Final[Mapping[str, int]] = {"blocking": 0, "warning": 1, "handled": 2, "ok": 3}
SHORT: Final = 14           # cells of a terminal, for what stands beside a sign
MENDING: Final = "check"    # the step under which mends run

Place = tuple[str, str]     # a check, and a host


@dataclass(frozen=True)
class Sheet:
    """`earlier`: what the look before has found, which stands until it is found anew. `allow`: the words that the answers have."""

    progress: Progress = field(default_factory=Progress)
    earlier: Mapping[Place, Found] = field(default_factory=dict)
    allow: Collection[str] = ()
    is_looking: bool = False
    shows_all: bool = False

    @cached_property
    def new(self) -> Mapping[Place, Found]:
        """What this look has found, and what could not be done."""
        return dict(_failed(self.progress)) | {(one.check, one.host): one for one in self.progress.findings}

    @cached_property
    def found(self) -> Mapping[Place, Found]:
        """Everything that is shown."""
        return {**self.earlier, **self.new} if self.is_looking else self.new

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The machines; and at the end all of them together, if there is something to say of that."""
        shown = self.rows
        hosts = dict.fromkeys([*self.progress.hosts, *(host for _, host in self.found if host)])
        return (*hosts, *[FLEET] * any(not host and check in shown for check, host in self.found))

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """The checks that have something to say, the worst first; those that are fine only when they are asked for."""
        worst: dict[str, int] = {}
        for (check, _), one in self.found.items():
            worst[check] = min(worst.get(check, len(RANK)), RANK[one.level])
        return tuple(sorted((check for check, rank in worst.items() if self.shows_all or rank < RANK["ok"]), key=worst.__getitem__))

    @property
    def fine(self) -> int:
        """How many checks are not shown, because there is nothing to say of them."""
        return max(self.progress.checks - len({one.check for one in self.progress.findings if one.level != "ok"}), 0)

    @property
    def stops(self) -> list[Found]:
        """What stands in the way and nobody has allowed, in the order of the rows."""
        order = {check: number for number, check in enumerate(self.rows)}
        return sorted((one for one in self.of("blocking") if not self.is_allowed(one)), key=lambda one: order[one.check])

    @property
    def able(self) -> list[Found]:
        """What may be mended without a question; what was allowed is left as it is."""
        return [one for one in self.of("blocking", "warning") if one.fix and one.mend and one.host and not self.is_allowed(one)]

    def of(self, *levels: str) -> list[Found]:
        """The findings of these levels."""
        return [one for one in self.found.values() if one.level in levels]

    def of_row(self, check: str) -> list[Found]:
        """Everything that a check has found, machine by machine."""
        return [one for host in self.columns if (one := self.found.get((check, host)))]

    def title(self, check: str) -> str:
        """What a row is called."""
        return next((one.title for (name, _), one in self.found.items() if name == check), check)

    def is_allowed(self, found: Found) -> bool:
        """Whether the answers overrule it."""
        return bool(found.allow) and found.allow in self.allow

    def worst(self, check: str) -> str:
        """The machine of which a row says the worst."""
        return min(self.of_row(check), key=lambda one: (self.is_allowed(one), RANK[one.level])).host

    def has_looked(self, host: str) -> bool:
        """Whether every check of a machine was made."""
        seen = self.progress.hosts.get(host)
        return bool(seen and (seen.looked or (seen.connected and not self.is_looking)))

    def is_beyond(self, host: str) -> bool:
        """Whether a machine cannot be asked at all."""
        seen = self.progress.hosts.get(host)
        return bool(seen and seen.failure and not seen.connected)

    def cell(self, check: str, host: str) -> Text:
        """A sign, and a word or two."""
        one = self.found.get((check, host))
        if one is None:
            return self._empty(host)
        short = one.short if len(one.short) <= SHORT else one.short[: SHORT - 1] + "…"
        if (check, host) not in self.new:
            return Text(f"{level_sign('asking')} {short}", LEVEL_STYLES["asking"])
        if one.level == "blocking" and self.is_allowed(one):
            return Text(f"{level_sign('warning')} {short} (allowed)", LEVEL_STYLES["warning"])
        return Text(f"{level_sign(one.level)} {short}", LEVEL_STYLES[one.level])

    def _empty(self, host: str) -> Text:
        if not host:
            return Text("")
        if self.has_looked(host):
            return Text(level_sign("ok"), "dim")
        return Text(level_sign("asking") if self.is_looking and not self.is_beyond(host) else "", LEVEL_STYLES["asking"])


def _failed(progress: Progress) -> Iterator[tuple[Place, Found]]:
    """What could not be done, as rows of their own: a machine that cannot be asked, a mend that failed. A finding told twice is one."""
    found, told = {(one.check, one.host) for one in progress.findings}, set[Place]()
    for failure in progress.failures:
        if (failure.step, failure.host) in found:
            continue
        title = "mend" if failure.step == MENDING else "connection" if failure.host else "answers"
        number = sum(place[1] == failure.host and place[0].startswith(f"{title} ") for place in told) + 1
        place = f"{title} {number}", failure.host
        told.add(place)
        yield place, _as_found(failure, place[0], title)


def _as_found(failure: Failure, check: str, title: str) -> Found:
    """What failed while it was mended is found once more if it still stands in the way: by itself it stops nobody."""
    more = [f"| {line}" for line in failure.tail] + list(failure.explained) + [failure.hint]
    return Found(
        host=failure.host, check=check, title=title, level="warning" if failure.step == MENDING else "blocking",
        sentence=failure.message, short="failed", advice="\n".join(filter(None, more)),
    )
