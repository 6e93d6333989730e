"""A run as a whole: everything that is wrong is told at once, and it ends in good order however it is stopped."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from kinstall.answers import parse, resolve
from kinstall.connecting import Connector
from kinstall.errors import CANCELLED, CANNOT_CONNECT, FAILED, CommandFailed, ConnectionLost, Unreachable
from kinstall.events import AnyEvent, Failure, RunEnded
from kinstall.hub import Hub
from kinstall.installation import Installation
from kinstall.local import LocalTransport
from kinstall.model import Host
from kinstall.secrets import Redactor
from kinstall.transport import Result
from tests.engine.conftest import until

ANSWERS = """\
hosts:
  - {name: cp1, address: 10.0.0.1, role: control-plane}
  - {name: w1, address: 10.0.0.2}
  - {name: w2, address: 10.0.0.3}
"""
GOOD = {
    "os_release": "ID=debian\nVERSION_ID=12\nVERSION_CODENAME=bookworm\n", "kernel": "6.1.0", "arch": "x86_64", "systemd": "systemd 252",
    "cgroup": "cgroup2fs", "cpus": "2", "memory": "MemTotal: 4000000 kB", "controllers": "cpu memory",
    "addresses": "2: eth0    inet 10.0.0.{n}/24 brd x", "machine_id": "machine{n}", "boot_id": "boot{n}",
}


class Told(LocalTransport):
    """A host that says of itself what it was told to say."""

    def __init__(self, name: str, facts: Mapping[str, str] | Exception) -> None:
        super().__init__(name)
        self.facts, self.scripts, self.hangs, self.closed = facts, list[str](), asyncio.Event(), False
        self.asked = asyncio.Event()
        self.asked.set()

    async def root(self, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        self.scripts.append(script)
        if "say os_release" not in script:
            return Result(0, "", "") if "systemctl" in script else await super().root(script)
        await self.asked.wait()
        if isinstance(self.facts, Exception):
            raise self.facts
        return Result(0, "".join(f"{key} {base64.b64encode(value.encode()).decode()}\n" for key, value in self.facts.items()), "")

    async def reopen(self, patience: float = 0) -> None:
        raise ConnectionLost("it did not come back", host=self.name)

    async def close(self) -> None:
        self.closed = True
        if self.hangs.is_set():
            await asyncio.sleep(30)


class Hosts(Connector):
    """Connects to hosts that are told what to say, and to no others."""

    def __init__(self, **facts: Mapping[str, str] | Exception) -> None:
        super().__init__(accept=False, ask=None)
        self.made = {name: Told(name, of) for name, of in facts.items()}

    async def connect(self, host: Host) -> Told:
        if host.name not in self.made:
            raise Unreachable("no connection to it", host=host.name)
        return self.made[host.name]


def facts(n: int, **other: str) -> dict[str, str]:
    return {key: value.replace("{n}", str(n)) for key, value in (GOOD | other).items()}


class Run:
    """An installation, and what it told."""

    def __init__(self, connector: Hosts, text: str = ANSWERS, *, plan_only: bool = False) -> None:
        self.events: list[AnyEvent] = []
        answers = parse(text)
        hub = Hub([self.events.append], Redactor())
        self.installation = Installation(answers, resolve(answers, None, {}), hub, connector, plan_only=plan_only)

    @property
    def failures(self) -> dict[str, list[str]]:
        told: dict[str, list[str]] = {}
        for event in self.events:
            if isinstance(event, Failure):
                told.setdefault(event.host, []).append(event.message)
        return told


@pytest.fixture(autouse=True)
def claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kinstall.claim"
    monkeypatch.setattr("kinstall.claim.CLAIM", str(path))
    return path


async def test_an_unreachable_host_does_not_hide_what_is_wrong_with_the_others() -> None:
    hosts = Hosts(w1=facts(2, os_release="ID=slackware\nNAME=Slackware\n"), w2=facts(3, memory="MemTotal: 100000 kB"))
    run = Run(hosts)
    assert await run.installation.run() == CANNOT_CONNECT
    assert list(run.failures) == ["cp1", "w1", "w2"]
    assert run.failures["cp1"] == ["no connection to it"]
    assert "lackware" in run.failures["w1"][0]
    assert "memory" in run.failures["w2"][0]
    assert not any("flock" in script for host in hosts.made.values() for script in host.scripts), "nothing was claimed"


async def test_a_control_plane_that_could_not_be_asked_is_not_taken_for_another_cluster() -> None:
    """It may be called by an address that only it knows."""
    run = Run(Hosts(w1=facts(2, cluster="    server: https://192.168.7.7:6443"), w2=facts(3)))
    await run.installation.run()
    assert list(run.failures) == ["cp1"]


async def test_wrong_addresses_are_told_with_everything_else() -> None:
    elsewhere = "2: eth0    inet 10.9.9.{n}/24 brd x"
    hosts = Hosts(cp1=facts(1, memory="MemTotal: 100000 kB", addresses=""), w1=facts(2), w2=facts(3, cpus="0", addresses=elsewhere))
    run = Run(hosts, ANSWERS.replace("10.0.0.2", "10.0.0.2, node_address: 10.5.5.5"))
    assert await run.installation.run() == FAILED
    assert [len(run.failures[name]) for name in ("cp1", "w1", "w2")] == [2, 1, 1]
    assert "10.5.5.5 is not an address of this host" in run.failures["w1"][0]
    assert "no IPv4 address" in run.failures["cp1"][1]


async def test_a_host_that_cannot_be_asked_does_not_hide_the_others() -> None:
    hangs = CommandFailed("a script did not end within 180 seconds", exit_status=124)
    hosts = Hosts(cp1=hangs, w1=facts(2, cpus="0"), w2=ConnectionLost("the connection broke"))
    run = Run(hosts)
    assert await run.installation.run() == FAILED
    assert set(run.failures) == {"cp1", "w1", "w2"}
    [told] = [event for event in run.events if isinstance(event, Failure) and event.host == "cp1"]
    assert told.step == "facts"
    assert len(asyncio.all_tasks()) == 1, "nothing is left running"


@pytest.mark.parametrize("plan_only", [True, False])
async def test_a_run_claims_its_hosts_and_a_plan_does_not(claim: Path, plan_only: bool) -> None:
    hosts = Hosts(cp1=facts(1, cpus="0"), w1=facts(2), w2=facts(3))
    await Run(hosts, plan_only=plan_only).installation.run()
    scripts = [script for host in hosts.made.values() for script in host.scripts]
    assert sum("flock" in script for script in scripts) == (0 if plan_only else 6), "taken and released on each host"
    assert str(claim) not in map(str, claim.parent.iterdir())


async def test_a_second_stop_cuts_the_cleaning_up_short_and_the_run_still_says_how_it_ended() -> None:
    hosts = Hosts(cp1=facts(1), w1=facts(2), w2=facts(3))
    hosts.made["w1"].hangs.set()
    hosts.made["cp1"].asked.clear()
    run = Run(hosts)
    going = asyncio.create_task(run.installation.run())
    await until(lambda: any("say os_release" in script for script in hosts.made["cp1"].scripts))
    going.cancel()
    await until(lambda: hosts.made["w1"].closed)
    assert not going.done()
    going.cancel()
    assert await asyncio.wait_for(going, 2) == CANCELLED
    assert isinstance(run.events[-1], RunEnded)
    assert (run.events[-1].result, run.events[-1].exit_code) == ("cancelled", CANCELLED)
