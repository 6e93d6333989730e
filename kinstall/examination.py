"""`kinstall check`: the hosts looked at, and mended where that may be done; nothing is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kinstall.addons.choose import choose
from kinstall.answers import Answers
from kinstall.connecting import Ask, Connector
from kinstall.errors import DONE, FAILED
from kinstall.events import Note
from kinstall.hub import Hub
from kinstall.model import Host
from kinstall.preflight import Look, likely_minor
from kinstall.runner import Runner, failure
from kinstall.runs import begin, connected, end
from kinstall.together import tried


@dataclass(slots=True)
class Examination:
    """One look over these hosts. `fix`: what may be mended is mended, and it is looked again; `ask`: for what a person must say yes to."""

    answers: Answers
    hosts: Sequence[Host]
    hub: Hub
    connector: Connector
    fix: bool = False
    ask: Ask | None = None
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
        report = await look.report()
        if self.fix and (mended := await look.fix(report, self.ask)):
            self.hub.emit(Note(text=f"{mended} mended, looking again"))
            report = await look.report()
        for error in (*errors, *report.errors):
            self.hub.emit(failure(error))
        if errors:
            return max(error.exit_code for error in errors)
        return FAILED if report.errors or report.stops(self.answers.allow) else DONE

    async def _connect(self, host: Host) -> None:
        self.runners[host.name] = await connected(self.connector, host, self.hub)
