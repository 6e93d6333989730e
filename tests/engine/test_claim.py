"""Two kinstalls on one host: the second is refused and told who holds it; a dead one stands in nobody's way."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kinstall.claim import Claimed, Claims
from kinstall.errors import CANNOT_CONNECT, ConnectionLost, Several
from kinstall.events import AnyEvent
from kinstall.holder import ENDED, Holder, here, holder, ourselves, started
from kinstall.hub import Hub
from kinstall.local import LocalTransport
from kinstall.runner import Runner
from kinstall.secrets import Redactor
from kinstall.transport import Result
from tests.engine.conftest import until


class OnHost:
    """The claim as the host has it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "kinstall.claim"

    @property
    def text(self) -> str:
        return self.path.read_text() if self.path.exists() else ""

    def says(self, *lines: object) -> None:
        self.path.write_text("".join(f"{line}\n" for line in lines))

    def beside(self) -> list[str]:
        return [path.name for path in self.path.parent.iterdir() if path != self.path]


@pytest.fixture
def claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnHost:
    claim = OnHost(tmp_path)
    monkeypatch.setattr("kinstall.claim.CLAIM", str(claim.path))
    return claim


def runner(name: str = "cp1") -> Runner:
    events: list[AnyEvent] = []
    return Runner(LocalTransport(name), Hub([events.append], Redactor()))


def by(me: Holder) -> Claims:
    claims = Claims()
    claims.me = me
    return claims


def uptime() -> int:
    return int(float(Path("/proc/uptime").read_text().split()[0]))


async def test_the_second_is_refused_and_told_by_whom(claim: OnHost) -> None:
    first = Claims()
    await first.take([runner()])
    with pytest.raises(Several) as error:
        await Claims().take([runner("cp1"), runner("w1")])
    assert error.value.exit_code == CANNOT_CONNECT
    assert [one.host for one in error.value.errors] == ["cp1", "w1"]
    assert f"another kinstall works on this host: {first.me.name}, process {os.getpid()}, since " in error.value.errors[0].message
    assert "Ctrl-C" in error.value.errors[0].hint
    await first.take([runner()])    # renewing one's own is no trouble
    await first.release()
    assert claim.text == "" and claim.beside() == []
    await Claims().take([runner()])


async def test_of_many_at_once_one_wins(claim: OnHost) -> None:
    tried = await asyncio.gather(*(Claims().take([runner()]) for _ in range(10)), return_exceptions=True)
    assert [error for error in tried if error is None] == [None]


async def test_only_the_holder_releases(claim: OnHost) -> None:
    first, second = Claims(), Claims()
    await first.take([runner()])
    with pytest.raises(Several):
        await second.take([runner()])
    await second.release()
    assert first.me.id in claim.text


async def test_a_killed_run_of_this_machine_is_in_nobodys_way(claim: OnHost) -> None:
    process = await asyncio.create_subprocess_exec("sleep", "60")
    dead = replace(ourselves(), pid=str(process.pid), started=started(process.pid))
    await by(dead).take([runner()])
    assert not dead.is_gone
    process.kill()
    await process.wait()
    assert dead.is_gone
    await Claims().take([runner()])


async def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it(claim: OnHost) -> None:
    await by(replace(ourselves(), started="1")).take([runner()])
    await Claims().take([runner()])


async def test_a_run_elsewhere_is_dead_after_two_minutes_without_a_sign(claim: OnHost) -> None:
    elsewhere = replace(ourselves(), machine="another-boot/pid:[1]", pid="1", started="1", name="a@b")
    await by(elsewhere).take([runner()])
    claim.says(uptime() - 100, elsewhere)
    with pytest.raises(Several, match=r"a@b, process 1, .* \(last sign of life: 10[01] s ago\)"):
        await Claims().take([runner()])
    claim.says(uptime() - 121, elsewhere)
    await Claims().take([runner()])


@pytest.mark.parametrize("text", ["", "garbage", "x\ny", "1", "$(touch owned)\n'; touch owned"])
async def test_what_is_no_claim_is_none_or_somebodys(claim: OnHost, text: str) -> None:
    claim.says(text)
    try:
        await Claims().take([runner()])
    except Several as error:
        assert "somebody" in error.message
    assert claim.beside() == []


async def test_it_is_renewed_while_the_work_is_done(claim: OnHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.claim.RENEW", 0.05)
    claims = Claims()
    await claims.take([runner()])
    claim.says()  # the host restarted, and /run is empty

    async def work() -> str:
        await until(lambda: claim.text)
        return claim.text

    assert claims.me.id in await claims.during(work())
    await until(lambda: len(asyncio.all_tasks()) == 1)  # nothing is left running


async def test_who_lost_a_host_stops(claim: OnHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.claim.RENEW", 0.05)
    first, stopped = Claims(), asyncio.Event()
    await first.take([runner("cp1"), runner("w1")])

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            stopped.set()

    claim.says(uptime(), replace(ourselves(), name="b@other", machine="x"))
    with pytest.raises(Claimed, match="b@other"):
        await asyncio.wait_for(first.during(work()), 5)
    assert stopped.is_set()
    await until(lambda: len(asyncio.all_tasks()) == 1)


async def test_a_broken_connection_does_not_stop_the_work(claim: OnHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.claim.RENEW", 0.05)
    claims = Claims()
    await claims.take([runner()])

    async def lost(self: LocalTransport, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        raise ConnectionLost("the connection broke", host=self.name)

    monkeypatch.setattr(LocalTransport, "root", lost)
    await claims.during(asyncio.sleep(0.3))
    await claims.release()


async def test_an_error_of_the_work_comes_out_as_it_is(claim: OnHost) -> None:
    async def work() -> None:
        raise ConnectionLost("the very one")

    with pytest.raises(ConnectionLost, match="the very one"):
        await Claims().during(work())


def test_a_holder_is_one_line() -> None:
    me = ourselves()
    assert holder(str(me)) == me
    assert me.machine == here()
    assert abs(me.since - time.time()) < 5
    assert not me.is_gone
    assert not replace(me, machine="elsewhere", started="1").is_gone
    assert replace(me, started=ENDED).is_gone
