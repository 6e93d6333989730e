"""The checks carried out: one script a host, then two for who reaches whom, and one that ends those. All hosts at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from kinstall.answers import Answers
from kinstall.checks.listener import attempt, listen, stop
from kinstall.checks.model import Level, Observed, Result, Subject, Wanted
from kinstall.checks.reach import Tries, Way, attempts, listening, processes, ways
from kinstall.checks.script import Printed, read, script
from kinstall.checks.table import judge_fleet, judge_host, judge_reach
from kinstall.checks.wanted import of_answers, placed
from kinstall.errors import KinstallError
from kinstall.model import Facts, Host
from kinstall.runner import Runner
from kinstall.together import tried


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found out, and the errors of hosts that could not be asked."""

    results: Sequence[Result]
    errors: Sequence[KinstallError]
    facts: Mapping[str, Facts]
    seconds: float
    wanted: Wanted = field(repr=False)

    def findings(self, *levels: Level) -> list[Result]:
        """The results of these levels (all but ok, when none is named), the worst first, else in the order of the table."""
        asked = levels or (Level.HANDLED, Level.WARNING, Level.BLOCKING)
        return sorted((result for result in self.results if result.finding.level in asked), key=lambda result: -result.finding.level.rank)

    def stops(self, allow: Collection[str] = ()) -> list[Result]:
        """The blocking ones that nobody allowed."""
        return [result for result in self.findings(Level.BLOCKING) if not result.finding.allow or result.finding.allow not in allow]


async def check(
    answers: Answers,
    hosts: Sequence[Host],
    runners: Mapping[str, Runner],
    *,
    registries: Collection[str] = (),
    node_ports: Mapping[int, str] | None = None,
    node_exporter: bool = True,
    reach: bool = True,
    tell: Callable[[str, Sequence[Result]], None] | None = None,
) -> Report:
    """Look at every host that has a runner. Errors are returned, not raised; only a bug raises.

    `tell` gets each host's own results as soon as that host has answered. Where the hosts' addresses matter, the report has the last word.
    """
    began = time.monotonic()
    asked = [host for host in hosts if host.name in runners]
    wanted = of_answers(answers, hosts, today=date.today(), registries=registries, node_ports=node_ports, node_exporter=node_exporter)

    async def one(host: Host) -> _Timed:
        timed = await _observe(host, runners[host.name], wanted)
        if tell:
            tell(host.name, judge_host(_observed(host, timed, placed(wanted, {host.name: timed.printed.facts}))))
        return timed

    read_all = await tried(map(one, asked))
    seen = {host.name: one for host, one in zip(asked, read_all, strict=True) if isinstance(one, _Timed)}
    errors = [one for one in read_all if isinstance(one, KinstallError)]
    wholly = placed(wanted, {name: one.printed.facts for name, one in seen.items()})
    fleet = [_observed(host, seen[host.name], wholly) for host in asked if host.name in seen]
    results = [result for one in fleet for result in judge_host(one)] + judge_fleet(fleet)
    if reach and len(fleet) > 1:
        tries, failed = await _reach(wholly, {one.subject.name: runners[one.subject.name] for one in fleet})
        results, errors = results + judge_reach(fleet, tries), errors + failed
    return Report(results, errors, {name: one.printed.facts for name, one in seen.items()}, round(time.monotonic() - began, 3), wholly)


@dataclass(frozen=True, slots=True)
class _Timed:
    printed: Printed
    sent: float
    received: float


async def _observe(host: Host, runner: Runner, wanted: Wanted) -> _Timed:
    sent = time.time()
    try:
        result = await runner.script(script(wanted, host.access.user))
    except KinstallError as error:
        error.host, error.step = error.host or host.name, error.step or "check"
        raise
    return _Timed(read(result.out), sent, time.time())


def _observed(host: Host, timed: _Timed, wanted: Wanted) -> Observed:
    printed = timed.printed
    return Observed(Subject(host, printed.facts, wanted), printed.seen, printed.began, printed.ended, timed.sent, timed.received)


async def _reach(wanted: Wanted, runners: Mapping[str, Runner]) -> tuple[Tries, list[KinstallError]]:
    """Listeners on all hosts; then everybody tries everybody; then the listeners are stopped (or go by themselves)."""
    asked = [way for way in ways(wanted) if way.source in runners and way.target in runners]
    targets = {name: _ports(asked, name) for name in runners if _ports(asked, name)}
    listened = await _all({name: listen(words, wanted.addresses[name]) for name, words in targets.items()}, runners)
    sources = {name: [(way.address, way.port) for way in asked if way.source == name] for name in runners}
    tried_out = await _all({name: attempt(places) for name, places in sources.items() if places}, runners)
    await _all({name: stop(pids) for name, out in listened[0].items() if (pids := processes(out))}, runners)
    tries = Tries({name: listening(out) for name, out in listened[0].items()}, {name: attempts(out) for name, out in tried_out[0].items()})
    return tries, [*listened[1], *tried_out[1]]


def _ports(asked: Sequence[Way], target: str) -> list[str]:
    return list(dict.fromkeys(way.port for way in asked if way.target == target))


async def _all(scripts: Mapping[str, str], runners: Mapping[str, Runner]) -> tuple[dict[str, str], list[KinstallError]]:
    """What each host's script printed, and the errors of those that could not be asked."""
    ended = await tried(runners[name].script(shell) for name, shell in scripts.items())
    outs = {name: end.out for name, end in zip(scripts, ended, strict=True) if not isinstance(end, KinstallError)}
    return outs, [end for end in ended if isinstance(end, KinstallError)]
