"""What a person says to a run: try again, leave it out, give it up, stop. On real shells, and what failed does fail."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from kinstall.board import Board
from kinstall.control import Control, Decision
from kinstall.errors import Blocked, CommandFailed, StepError, Stopped
from kinstall.events import Decided, Failure, HostLine, RunStarted, StepChanged
from kinstall.model import Ticket
from kinstall.pipeline import Pipeline
from kinstall.progress import Progress
from kinstall.states import Check, Command, State
from tests.engine.conftest import until
from tests.engine.test_pipeline import TICKET, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def attended(pipeline: Pipeline) -> Control:
    pipeline.control = Control(attended=True)
    return pipeline.control


async def asked(pipeline: Pipeline) -> tuple[asyncio.Task[None], Control]:
    """Run it until a person is asked."""
    control = attended(pipeline)
    going = asyncio.create_task(pipeline.run())
    await until(lambda: control.open)
    return going, control


def fails_without(house: House, name: str) -> Check:
    """A state whose command fails as long as a file is not there."""
    path = house.folder / name
    return Check(f"needs {name}", f"[ -e {path}.done ] && echo yes", (Command(f"[ -e {path} ] && touch {path}.done"),))


async def test_retry_goes_on_from_the_step_that_failed(house: House) -> None:
    runs = house.folder / "runs"
    counted = Check("counted", f"[ -e {runs} ] && echo yes", (Command(f"echo x >> {runs}"),))
    pipeline = house.pipeline(
        house.first, ("one", [counted]), ("two", [fails_without(house, "mended")]), ("three", [house.file("three")]))
    going, control = await asked(pipeline)
    assert dict(control.open) == {"first": "two"}
    assert house.statuses("first")[-1] == "two failed"
    assert control.answer("first", Decision.RETRY) and not control.answer("other", Decision.RETRY)
    await until(lambda: house.statuses("first").count("two failed") == 2)
    (house.folder / "mended").touch()
    await until(lambda: control.open)
    control.answer("first", Decision.RETRY)
    await going
    assert pipeline.error is None
    assert house.statuses("first")[-4:] == ["two running", "two done", "three running", "three done"]
    assert runs.read_text() == "x\n", "what was through is not done again"
    assert [event.decision for event in house.events if isinstance(event, Decided)] == ["retry", "retry"]


async def test_a_failure_that_was_mended_is_no_failure_of_the_host(house: House) -> None:
    pipeline = house.pipeline(house.first, ("one", [fails_without(house, "mended")]))
    going, control = await asked(pipeline)
    (house.folder / "mended").touch()
    control.answer("first", Decision.RETRY)
    await going
    progress = Progress().apply(RunStarted(kinstall="0", cluster="c", hosts=(HostLine("first", "10.0.0.1", "control-plane"),)))
    for event in house.events:
        progress = progress.apply(event)
    assert len(progress.failures) == 1
    assert progress.hosts["first"].failure is None


async def test_skip_goes_on_with_the_next_step_and_opens_the_barrier(house: House) -> None:
    worker = house.pipeline(house.worker, ("join", [house.file("joined")]), needs=("init",))
    first = house.pipeline(house.first, ("init", [fails_without(house, "never")]), ("last", [house.file("last")]))
    control = attended(first)
    going = asyncio.gather(first.run(), worker.run())
    await until(lambda: control.open)
    reason = "first init, which failed and waits for you"
    await until(lambda: any(e.reason == reason for e in house.events if isinstance(e, StepChanged)))
    assert house.statuses("worker")[-1] == "join waiting"
    control.answer("first", Decision.SKIP)
    await asyncio.wait_for(going, 10)
    assert first.error is None and worker.error is None
    assert "init skipped" in house.statuses("first") and "last done" in house.statuses("first")
    assert house.statuses("worker")[-1] == "join done"


async def test_give_up_is_what_happens_without_anybody(house: House) -> None:
    worker = house.pipeline(house.worker, ("join", [house.file("joined")]), needs=("init",))
    first = house.pipeline(house.first, ("init", [fails_without(house, "never")]))
    control = attended(first)
    going = asyncio.gather(first.run(), worker.run())
    await until(lambda: control.open)
    control.answer("first", Decision.GIVE_UP)
    await going
    assert isinstance(first.error, CommandFailed) and isinstance(worker.error, Blocked)
    assert not [event for event in house.events if isinstance(event, Decided)]


async def test_a_proof_that_fails_is_tried_again_from_the_first_step(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.pipeline.PROOF_PAUSE", 0.01)
    file = house.file("a")
    undoes = Check("undoer", f"[ -e {house.folder}/b ] && echo yes", (Command(f"rm {file.path}; touch {house.folder}/b"),))
    pipeline = house.pipeline(house.first, ("one", [file]), ("two", [undoes]))
    going, control = await asked(pipeline)
    assert dict(control.open) == {"first": "proof"}
    control.answer("first", Decision.RETRY)
    await going
    assert pipeline.error is None
    assert (house.folder / "a").exists()


async def test_a_proof_that_is_tried_again_tells_nothing_anew(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """What took its time the first time would be told as already so, in no time."""
    monkeypatch.setattr("kinstall.pipeline.PROOF_PAUSE", 0.01)
    shaky = house.folder / "shaky"
    proved = Check("shaky", f"[ -e {house.folder}/a ] && [ ! -e {shaky} ] && echo yes", (Command(f"rm -f {shaky}"),))
    undoes = Check("undoer", f"[ -e {house.folder}/b ] && echo yes", (Command(f"touch {house.folder}/b {shaky}"),))
    pipeline = house.pipeline(house.first, ("one", [house.file("a")]), ("two", [proved]), ("three", [undoes]))
    going, control = await asked(pipeline)
    shaky.unlink()
    control.answer("first", Decision.RETRY)
    await going
    assert pipeline.error is None
    assert house.statuses("first").count("one done") == 1 and "one already" not in house.statuses("first")
    assert house.statuses("first")[-1] == "proof failed"


async def test_a_proof_that_is_skipped_ends_it_well(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.pipeline.PROOF_PAUSE", 0.01)
    file = house.file("a")
    undoes = Check("undoer", f"[ -e {house.folder}/b ] && echo yes", (Command(f"rm {file.path}; touch {house.folder}/b"),))
    pipeline = house.pipeline(house.first, ("one", [file]), ("two", [undoes]))
    going, control = await asked(pipeline)
    trips = house.transports["first"].trips
    control.answer("first", Decision.SKIP)
    await going
    assert pipeline.error is None and house.statuses("first")[-1] == "proof skipped"
    assert house.transports["first"].trips == trips, "there is nothing left to look at"


async def test_a_host_that_cannot_be_looked_at_has_nothing_to_skip(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for it must not wait for ever."""
    monkeypatch.setattr("kinstall.runner.PROBE_SECONDS", 0.3)
    worker = house.pipeline(house.worker, ("join", [house.file("joined")]), needs=("init",))
    first = house.pipeline(house.first, ("init", [Check("hangs", "sleep 30", (Command("true"),))]))
    control = attended(first)
    going = asyncio.gather(first.run(), worker.run())
    await until(lambda: control.open)
    assert dict(control.open) == {"first": "look"}
    control.answer("first", Decision.SKIP)
    await asyncio.wait_for(going, 20)
    assert isinstance(first.error, CommandFailed)
    assert isinstance(worker.error, CommandFailed | Blocked)


async def test_a_ticket_that_cannot_be_made_is_the_failure_of_who_wants_it(house: House) -> None:
    """It is made on the first control plane; the decision, the failed cell and the failure are all about the worker."""
    wrong = [StepError("no join token could be made", host="first", step="join")]

    async def ticket() -> Ticket:
        if wrong:
            raise wrong.pop()
        return TICKET

    house.board = Board("first", ticket)
    await house.board.through("first", "init")
    worker = house.pipeline(house.worker, ("join", [house.file("joined")]), needs=("init",), asks_ticket=True)
    control = attended(worker)
    going = asyncio.create_task(worker.run())
    await until(lambda: control.open)
    assert [(event.host, event.message) for event in house.events if isinstance(event, Failure)] == [
        ("worker", "first: no join token could be made")]
    control.answer("worker", Decision.RETRY)
    await going
    assert worker.error is None and house.statuses("worker")[-1] == "join done"


class TestStop:
    async def test_what_runs_ends_and_nothing_more_is_begun(self, house: House) -> None:
        started, ended = house.folder / "started", house.folder / "ended"
        slow = Check("slow", f"[ -e {ended} ] && echo yes", (Command(f"touch {started}; sleep 0.5; touch {ended}"),))
        after: Sequence[State] = [slow, house.file("next")]
        pipeline = house.pipeline(house.first, ("one", after), ("two", [house.file("two")]))
        control = attended(pipeline)
        going = asyncio.create_task(pipeline.run())
        await until(started.exists)
        control.stop()
        await going
        assert ended.exists() and not (house.folder / "next").exists() and not (house.folder / "two").exists()
        assert isinstance(pipeline.error, Stopped)
        assert house.statuses("first")[-1] == "one skipped"
        assert not [event for event in house.events if isinstance(event, Failure)]

    async def test_who_waits_stops_at_once(self, house: House) -> None:
        worker = house.pipeline(house.worker, ("join", [house.file("joined")]), needs=("init",))
        control = attended(worker)
        going = asyncio.create_task(worker.run())
        await until(lambda: house.statuses("worker") == ["join waiting"])
        control.stop()
        await asyncio.wait_for(going, 2)
        assert isinstance(worker.error, Stopped)

    async def test_who_waits_for_a_decision_is_given_up(self, house: House) -> None:
        first = house.pipeline(house.first, ("init", [fails_without(house, "never")]))
        going, control = await asked(first)
        control.stop()
        await asyncio.wait_for(going, 2)
        assert isinstance(first.error, CommandFailed)
        assert await control.decide("first", "init") is Decision.GIVE_UP

    async def test_cancelling_while_somebody_is_asked_leaves_nothing_open(self, house: House) -> None:
        first = house.pipeline(house.first, ("init", [fails_without(house, "never")]))
        going, control = await asked(first)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        assert not control.open
