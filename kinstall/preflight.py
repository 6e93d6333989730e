"""The checks as part of a run: looked at, told, stopped by, and mended where that may be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kinstall import versions
from kinstall.addons.model import Addons
from kinstall.answers import Answers
from kinstall.checks import CHECKS, FLEET_CHECKS
from kinstall.checks.model import Level, Result
from kinstall.checks.run import Report, check
from kinstall.connecting import Ask
from kinstall.errors import KinstallError, Preflight
from kinstall.events import Checking, Found, Looked, Note
from kinstall.hub import Hub
from kinstall.model import Host
from kinstall.runner import Runner, failure
from kinstall.states import Command

FIX = "check"   # the step under which mends run


@dataclass(frozen=True, slots=True)
class Look:
    """One look over these hosts, with what the add-ons add to it."""

    answers: Answers
    hosts: Sequence[Host]
    runners: Mapping[str, Runner]
    hub: Hub
    addons: Addons

    async def report(self, *, reach: bool = True, everything: bool = False) -> Report:
        """Every check on every host that can be asked; what is not ok is told. `everything`: what is ok is told too, each as it comes."""
        self.hub.emit(Checking(checks=len(CHECKS) + len(FLEET_CHECKS)))
        told: dict[tuple[str, str], Found] = {}

        def tell(results: Iterable[Result]) -> None:
            for event in map(found, results):
                if told.get((event.host, event.check)) != event:
                    told[event.host, event.check] = event
                    self.hub.emit(event)

        def looked(host: str, results: Sequence[Result]) -> None:
            tell(results)
            self.hub.emit(Looked(host=host))

        report = await check(
            self.answers, self.hosts, self.runners, registries=registries(self.addons), node_ports=node_ports(self.addons),
            node_exporter=self.addons.node_exporter, reach=reach, tell=looked if everything else None,
        )
        tell(report.findings(*Level) if everything else report.findings())
        for word in sorted(overruled(report, self.answers)):
            self.hub.emit(Note(text=f"allowed by the answers: {word}", level="warning"))
        return report

    async def fix(self, report: Report, ask: Ask | None) -> int:
        """Run the mends that lose nothing, and those that a person says yes to; how many were run. One that fails stops no other."""
        found = report.findings(Level.WARNING, Level.BLOCKING)
        able = [one for one in found if one.finding.mend and one.host in self.runners and not self._is_allowed(one)]
        count = 0
        for result in able:
            if result.finding.may_fix or (ask and await ask(question(result))):
                count += await self.mended(result.host, result.check, result.finding.mend)
        return count

    def _is_allowed(self, result: Result) -> bool:
        """What the answers let pass is left as it is."""
        return bool(result.finding.allow) and result.finding.allow in self.answers.allow

    async def mended(self, host: str, check: str, commands: Sequence[str]) -> bool:
        """Run the mend of a finding, and tell whether it went through."""
        try:
            for command in commands:
                await self.runners[host].run(FIX, Command(command, long=True))
        except KinstallError as error:
            self.hub.emit(failure(error))
            return False
        self.hub.emit(Note(text=f"mended on {host}: {check}"))
        return True


def question(result: Result) -> str:
    """What a person is asked before a mend that kinstall may not run by itself."""
    commands = "\n".join(f"    {command}" for command in result.finding.mend)
    return f"{result.host}: {result.finding.sentence}\n{commands}\nRun this on {result.host}?"


def found(result: Result) -> Found:
    """The event that tells of a finding."""
    finding = result.finding
    return Found(
        host=result.host, check=result.check, title=result.title, level=str(finding.level), sentence=finding.sentence, short=finding.short,
        mend=finding.mend, advice=finding.advice, fix=finding.may_fix, allow=finding.allow,
    )


def overruled(report: Report, answers: Answers) -> set[str]:
    """The words of `allow` that let something blocking pass."""
    return {result.check for result in report.findings(Level.BLOCKING) if result.finding.allow in answers.allow}


def refusals(report: Report, answers: Answers) -> list[Preflight]:
    """What stops an installation before it changes anything."""
    return [refusal(result) for result in report.stops(answers.allow)]


def refusal(result: Result) -> Preflight:
    """A blocking finding as an error: what is so, what mends it, and the word that overrules it."""
    finding = result.finding
    lines = [*finding.mend, *filter(None, [finding.advice])]
    if finding.allow:
        lines.append(f"Or, knowingly: --allow {finding.allow}")
    return Preflight(finding.sentence, hint="\n".join(lines), host=result.host, step=result.check)


def registries(addons: Addons) -> list[str]:
    """The registries that the chosen add-ons' images come from."""
    from kinstall.addons.table import applied
    from kinstall.manifests import images

    named = (image for addon in applied(addons) for image in images(addon.objects(addons)))
    return list(dict.fromkeys(image.partition("/")[0] for image in named))


def node_ports(addons: Addons) -> dict[int, str]:
    """The ports that the add-ons' services open on every node."""
    known = ((addons.prometheus, "Prometheus"), (addons.grafana, "Grafana"))
    return {addon.node_port: name for addon, name in known if addon is not None}


def likely_minor(answers: Answers) -> str:
    """The minor that is asked for; the newest when nobody has decided yet."""
    return versions.minor_of(answers.cluster.kubernetes) or versions.table().minors[0].name
