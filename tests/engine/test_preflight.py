"""The checks as they are told: each host as soon as it has answered, and the fleet's judgement as the last word."""

from __future__ import annotations

import asyncio

import pytest

from kinstall.addons.model import Addons
from kinstall.answers import parse, resolve
from kinstall.events import AnyEvent, Checking, Found, Looked
from kinstall.hub import Hub
from kinstall.local import LocalTransport
from kinstall.preflight import Look
from kinstall.progress import Progress
from kinstall.runner import Runner
from kinstall.secrets import Redactor
from kinstall.transport import Result
from tests.engine.conftest import until

ANSWERS = "hosts: [{name: cp1, address: 10.0.0.1, role: control-plane}, {name: w1, address: 10.0.0.2}]"


class Silent(LocalTransport):
    """A host that tells nothing of itself, and that not before it may. `heard`: it was asked."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.may = asyncio.Event()

    async def root(self, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        await self.may.wait()
        return Result(0, "", "")


@pytest.mark.parametrize("everything", [True, False])
async def test_a_host_is_told_when_it_has_answered(everything: bool) -> None:
    events: list[AnyEvent] = []
    answers = parse(ANSWERS)
    hosts, hub = resolve(answers, None, {}), Hub([events.append], Redactor())
    machines = {host.name: Silent(host.name) for host in hosts}
    look = Look(answers, hosts, {name: Runner(machine, hub) for name, machine in machines.items()}, hub, Addons())
    going = asyncio.create_task(look.report(reach=False, everything=everything))
    machines["w1"].may.set()
    if everything:
        await until(lambda: any(isinstance(event, Looked) for event in events))
        assert {event.host for event in events if isinstance(event, Found)} == {"w1"}
    machines["cp1"].may.set()
    report = await going
    assert sum(isinstance(event, Checking) for event in events) == 1
    assert [event.host for event in events if isinstance(event, Looked)] == (["w1", "cp1"] if everything else [])
    levels = {event.level for event in events if isinstance(event, Found)}
    assert ("ok" in levels) is everything
    progress = Progress()
    for event in events:
        progress = progress.apply(event)
    wanted = {(result.host, result.check, str(result.finding.level)) for result in (report.results if everything else report.findings())}
    assert {(one.host, one.check, one.level) for one in progress.findings} == wanted
