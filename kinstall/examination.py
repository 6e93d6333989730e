"""`kinstall check`: the hosts looked at, and mended where that may be done; nothing is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kinstall.addons.choose import choose
from kinstall.answers import Answers
from kinstall.connecting import Ask, Connector
from kinstall.errors import DONE, FAILED
from kinstall.events import Found, Note
from kinstall.hub import Hub
from kinstall.model import Host
from kinstall.preflight import Look, likely_minor
from kinstall.runner import Runner, failure
from kinstall.runs import begin, connected, end
from kinstall.together import tried


@dataclass(slots=True)
class Examination:
    """One look over these hosts. `fix`: what may be mended is mended, and it is looked again; `ask`: for what a person must say yes to.

    `mends`: findings of an earlier look whose mends a person chose; they are run first. `everything`: what is right is told too.
    """

    answers: Answers
    hosts: Sequence[Host]
    hub: Hub
    connector: Connector
    fix: bool = False
    ask: Ask | None = None
    mends: Sequence[Found] = ()
    everything: bool = False
    runners: dict[str, Runner] = field(default_factory=dict)

    async def run(self) -> int:
        """The exit code: 0 when nothing stands in the way of an installation."""
        began = begin(self.hub, self.answers.cluster.name, self.hosts)
        try:
            code = await self._all()
        finally:
            for runner in self.runners.values():
                await runner.transport.close()
            await self.connector.close()
        return end(self.hub, began, code)

    async def _all(self) -> int:
        errors = [error for error in await tried(map(self._connect, self.hosts)) if error]
        addons = choose(self.answers, self.hosts, likely_minor(self.answers), None)
        look = Look(self.answers, self.hosts, self.runners, self.hub, addons)
        await self._mend(look)
        report = await look.report(everything=self.everything)
        if self.fix and (mended := await look.fix(report, self.ask)):
            self.hub.emit(Note(text=f"{mended} mended, looking again"))
            report = await look.report(everything=self.everything)
        for error in (*errors, *report.errors):
            self.hub.emit(failure(error))
        if errors:
            return max(error.exit_code for error in errors)
        return FAILED if report.errors or report.stops(self.answers.allow) else DONE

    async def _mend(self, look: Look) -> None:
        for found in self.mends:
            if found.host in self.runners:
                await look.mended(found.host, found.check, found.mend)

    async def _connect(self, host: Host) -> None:
        self.runners[host.name] = await connected(self.connector, host, self.hub)
