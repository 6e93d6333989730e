"""Why something failed: evidence of every host involved, in one round trip each, and the causes that the table of failures knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from kinstall.diagnosis import Cause, Evidence, certain, collect, diagnose, explain, merged, parse
from kinstall.errors import CommandFailed, KinstallError, NotMet
from kinstall.events import Examined, Section

if TYPE_CHECKING:
    from kinstall.runner import Runner

MOST: Final = 120               # lines of one section that the journal keeps
SECONDS: Final = 12.0           # for a host to answer; who takes longer is left out
# what happens on a host by itself: the control plane has nothing to say about it
ALONE: Final = frozenset({"prepare", "runtime", "packages", "control"})


class Doctor:
    """One for a run. `alone`: the steps that no other host has a part in; `names`: what each host must be able to look up."""

    def __init__(self, runners: Mapping[str, Runner], first: str, alone: frozenset[str], names: Sequence[str] = ()) -> None:
        self._runners, self._first, self._alone, self._names = runners, first, alone, tuple(names)

    async def explain(self, error: KinstallError, lines: Sequence[str], began: float) -> None:
        """Put into the error why it happened, and what mends it. Errors that say it themselves are left as they are."""
        if not isinstance(error, CommandFailed | NotMet) or error.explained:
            return
        evidence = await self._evidence(error.host, error.step, lines, began)
        causes = diagnose(evidence)
        error.cause = causes[0].id if causes else ""
        error.explained = tuple(explain(evidence))

    async def certain(self, host: str, step: str, lines: Sequence[str], began: float) -> Cause | None:
        """What a step waits for in vain; None when waiting may help."""
        return certain(diagnose(await self._evidence(host, step, lines, began)), host)

    async def _evidence(self, host: str, step: str, lines: Sequence[str], began: float) -> Evidence:
        hosts = [host] if step in self._alone else list(dict.fromkeys((host, self._first)))
        found: dict[str, Mapping[str, Sequence[str]]] = {}
        asked: dict[str, float] = {}
        outs = await asyncio.gather(*(self._collected(name, time.monotonic() - began) for name in hosts))
        for name, (out, at) in zip(hosts, outs, strict=True):
            found[name], asked[name] = merged(parse(out), lines if name == host else ()), at
        sections = tuple(Section(f"{name}: {place}", tuple(texts[:MOST])) for name, places in found.items()
                         for place, texts in places.items() if place != "output")
        self._runners[host].hub.emit(Examined(host=host, step=step, sections=sections))
        return Evidence(found, asked)

    async def _collected(self, name: str, ago: float) -> tuple[str, float]:
        """What the host tells of itself, and when; nothing when it cannot be asked in time."""
        sent = time.time()
        try:
            async with asyncio.timeout(SECONDS):
                out = (await self._runners[name].script(collect(ago=ago, names=self._names))).out
        except (KinstallError, TimeoutError):
            out = ""
        return out, (sent + time.time()) / 2
