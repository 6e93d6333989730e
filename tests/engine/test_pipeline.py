"""The engine's own logic, on real shells in a scratch folder: what is met is left alone, what failed stops alone, barriers hold."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kinstall.board import Board
from kinstall.distro import DISTROS
from kinstall.errors import Blocked, CommandFailed, ConnectionLost, NotMet
from kinstall.events import AnyEvent, Failure, Note, StepChanged
from kinstall.hub import Hub
from kinstall.local import LocalTransport
from kinstall.model import Cluster, Node, Role, Ticket
from kinstall.pipeline import Pipeline
from kinstall.plan import HostPlan, PlannedStep
from kinstall.runner import Runner
from kinstall.secrets import Redactor, Secret
from kinstall.states import Check, Command, File, State
from kinstall.steps.base import Step
from kinstall.transport import Result
from tests.golden.samples import cluster, node

States = Callable[[Node, Cluster], Sequence[State]]
OWNER = f"{pwd.getpwuid(os.getuid()).pw_name}:{grp.getgrgid(os.getgid()).gr_name}"
TICKET = Ticket(Secret("abcdef.0123456789abcdef"), "sha256:00")


class Counting(LocalTransport):
    """This machine without sudo, counting the round trips."""

    trips = 0

    async def root(self, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        self.trips += 1
        return await super().root(script, check=check, timeout=timeout)


class House:
    """Two hosts on scratch folders, and everything around them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[AnyEvent] = []
        self.hub = Hub([self.events.append], Redactor())
        debian = DISTROS[1]
        self.first = node(debian, name="first", role=Role.CONTROL_PLANE, address="10.0.0.1")
        self.worker = node(debian, name="worker", address="10.0.0.2")
        self.cluster: Cluster = replace(cluster(), nodes=(self.first, self.worker))
        self.tickets = 0
        self.board = Board("first", self.ticket)
        self.transports = {name: Counting(name) for name in ("first", "worker")}

    async def ticket(self) -> Ticket:
        self.tickets += 1
        await asyncio.sleep(0)
        return TICKET

    def file(self, name: str, content: str = "x\n") -> File:
        return File(str(self.folder / name), content, owner=OWNER)

    def pipeline(self, one: Node, *steps: tuple[str, Sequence[State] | States], **options: object) -> Pipeline:
        planned = []
        for name, states in steps:
            make = states if callable(states) else (lambda n, c, s=states: s)
            step = Step(name, "phase", name, make, **(options if name == "join" else {}))  # type: ignore[arg-type]
            planned.append(PlannedStep(step, tuple(make(one, self.cluster))))
        runner = Runner(self.transports[one.name], self.hub)
        return Pipeline(HostPlan(one, tuple(planned)), self.cluster, runner, self.board)

    def statuses(self, host: str) -> list[str]:
        return [f"{e.step} {e.status}" for e in self.events if isinstance(e, StepChanged) and e.host == host]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_what_is_unmet_is_applied_and_a_second_run_costs_one_trip(house: House) -> None:
    steps = [(f"step{n}", [house.file(f"{n}a"), house.file(f"{n}b")]) for n in range(5)]
    first = house.pipeline(house.first, *steps)
    await first.run()
    assert first.error is None
    assert first.changed == 10
    assert house.statuses("first")[:2] == ["step0 running", "step0 done"]

    house.transports["first"].trips = 0
    again = house.pipeline(house.first, *steps)
    await again.run()
    assert again.changed == 0
    assert house.statuses("first")[-5:] == [f"step{n} already" for n in range(5)]
    assert house.transports["first"].trips == 1


async def test_a_failed_command_stops_this_host_and_says_why(house: House) -> None:
    broken = Check("broken", "false", (Command("echo about to fail; echo 'E: no such thing' >&2; exit 42"),))
    pipeline = house.pipeline(house.first, ("good", [house.file("a")]), ("bad", [broken]), ("never", [house.file("b")]))
    await pipeline.run()
    assert isinstance(pipeline.error, CommandFailed)
    assert pipeline.error.exit_status == 42
    assert pipeline.error.tail == ("about to fail", "E: no such thing")
    assert house.statuses("first") == ["good running", "good done", "bad running", "bad failed"]
    assert not (house.folder / "b").exists()


async def test_commands_that_change_nothing_are_found_out(house: House) -> None:
    pipeline = house.pipeline(house.first, ("lie", [Check("a lie", "echo no", (Command("true"),))]))
    await pipeline.run()
    assert isinstance(pipeline.error, NotMet)
    assert "a lie was applied without an error, and does not hold" in pipeline.error.message
    assert "seen of a lie: no" in pipeline.error.hint


async def test_what_was_seen_is_told_without_credentials(house: House) -> None:
    pipeline = house.pipeline(house.first, ("lie", [Check("a lie", "echo fine; echo 'password = hunter2'", (Command("true"),))]))
    await pipeline.run()
    assert isinstance(pipeline.error, NotMet)
    assert "fine" in pipeline.error.hint
    assert "hunter2" not in pipeline.error.hint


async def test_a_later_step_that_undoes_an_earlier_one_is_found_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.pipeline.PROOF_PAUSE", 0.01)
    file = house.file("a")
    undoes = Check("undoer", f"[ -e {house.folder}/b ] && echo yes", (Command(f"rm {file.path}; touch {house.folder}/b"),))
    pipeline = house.pipeline(house.first, ("one", [file]), ("two", [undoes]))
    await pipeline.run()
    assert isinstance(pipeline.error, NotMet)
    assert f"{file.path} held, and does not hold any more" in pipeline.error.message
    again = [event.text for event in house.events if isinstance(event, Note)]
    assert again == [f"{file.path} does not hold just now: looking again in 0.01 s"] * 3


async def test_a_blink_at_the_end_fails_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole before the proof, once unmet when all is looked at together, whole again: a node that was NotReady for a second."""
    monkeypatch.setattr("kinstall.pipeline.PROOF_PAUSE", 0.01)
    looks = house.folder / "looks"
    looks.touch()
    blinks = Check("ready", f"echo x >> {looks}; [ $(wc -l < {looks}) = 3 ] || echo yes", (Command("true"),))
    pipeline = house.pipeline(house.first, ("one", [house.file("a")]), ("ready", [blinks]))
    await pipeline.run()
    assert looks.read_text().count("x") >= 4, "it did blink"
    assert pipeline.error is None


@pytest.mark.parametrize(("at", "step"), [(1, "look"), (2, "one")])
async def test_a_look_that_hangs_says_where_and_what_to_do(house: House, monkeypatch: pytest.MonkeyPatch, at: int, step: str) -> None:
    monkeypatch.setattr("kinstall.runner.PROBE_SECONDS", 0.5)
    looks = house.folder / "looks"
    looks.touch()
    hangs = Check("hangs", f"echo x >> {looks}; [ $(wc -l < {looks}) = {at} ] && sleep 30", (Command("true"),))
    pipeline = house.pipeline(house.first, ("one", [house.file("a"), hangs]))
    await pipeline.run()
    [told] = [event for event in house.events if isinstance(event, Failure)]
    assert (told.host, told.step) == ("first", step)
    assert told.message == "a script did not end within 0.5 seconds"
    assert "does not answer" in told.hint


async def test_a_connection_that_does_not_come_back_says_what_to_do(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(self: Counting, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        raise ConnectionLost("the connection broke", host=self.name)

    monkeypatch.setattr(Counting, "root", lost)
    await house.pipeline(house.first, ("one", [house.file("a")])).run()
    [told] = [event for event in house.events if isinstance(event, Failure)]
    assert "run kinstall again" in told.hint


async def test_a_state_that_an_earlier_change_made_unmet_is_applied(house: House) -> None:
    """What the first batch saw is not trusted after a change: here the first step's change breaks what the second had met."""
    marker = house.folder / "b"
    marker.touch()
    breaks = Check("breaker", f"[ -e {house.folder}/a ] && echo yes", (Command(f"rm -f {marker}; touch {house.folder}/a"),))
    needs = Check("needs b", f"[ -e {marker} ] && echo yes", (Command(f"touch {marker}"),))
    pipeline = house.pipeline(house.first, ("one", [breaks]), ("two", [needs]))
    await pipeline.run()
    assert pipeline.error is None
    assert house.statuses("first") == ["one running", "one done", "two running", "two done"]


async def test_a_worker_waits_for_its_barrier_and_gets_one_ticket(house: House) -> None:
    def join(one: Node, whole: Cluster) -> Sequence[State]:
        path = house.folder / "joined"
        return [Check("joined", f"[ -s {path} ] && echo yes", (Command(f"echo {bool(whole.ticket)} > {path}"),))]

    worker = house.pipeline(house.worker, ("join", join), needs=("init",), asks_ticket=True)
    first = house.pipeline(house.first, ("init", [house.file("init")]))
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(0.3)
    assert house.statuses("worker") == ["join waiting"]
    await first.run()
    await running
    assert worker.error is None
    assert (house.folder / "joined").read_text() == "True\n"
    assert house.tickets == 1


async def test_a_converged_worker_asks_for_no_ticket_and_waits_for_nobody(house: House) -> None:
    (house.folder / "joined").write_text("x\n")
    (house.folder / "joined").chmod(0o644)
    worker = house.pipeline(house.worker, ("join", [house.file("joined")]), needs=("init",), asks_ticket=True)
    await asyncio.wait_for(worker.run(), 5)
    assert house.statuses("worker") == ["join already"]
    assert house.tickets == 0


async def test_when_the_first_control_plane_fails_who_needs_it_is_skipped_with_the_reason(house: House) -> None:
    worker = house.pipeline(house.worker, ("own", [house.file("own")]), ("join", [house.file("joined")]), needs=("init",))
    first = house.pipeline(house.first, ("init", [Check("init", "false", (Command("exit 1"),))]))
    await asyncio.gather(worker.run(), first.run())
    assert isinstance(worker.error, Blocked)
    assert "first failed at init" in worker.error.message
    assert (house.folder / "own").exists()
    assert house.statuses("worker")[-1] == "join skipped"
    assert [event.host for event in house.events if isinstance(event, Failure)] == ["first"]


async def test_what_deserves_another_try_gets_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.runner.asyncio.sleep", lambda seconds: asyncio.wait([asyncio.ensure_future(asyncio.to_thread(int))]))
    tries = house.folder / "tries"
    shell = f"echo x >> {tries}; [ $(wc -l < {tries}) -ge 3 ] || {{ echo 'curl: (7) Failed to connect'; exit 7; }}"
    state = Check("fetched", f"[ -e {tries} ] && echo yes", (Command(shell),))
    pipeline = house.pipeline(house.first, ("fetch", [state]))
    await pipeline.run()
    assert pipeline.error is None
    assert tries.read_text() == "x\nx\nx\n"


async def test_a_command_that_is_final_is_not_tried_again(house: House) -> None:
    state = Check("final", "false", (Command("echo 'curl: (7) Failed to connect'; exit 7", once=True),))
    pipeline = house.pipeline(house.first, ("final", [state]))
    await asyncio.wait_for(pipeline.run(), 5)
    assert isinstance(pipeline.error, CommandFailed)
