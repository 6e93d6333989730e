"""replay(record(run)) == run: progress folded from the journal is the progress of the live run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from kinstall.events import AnyEvent, Failure
from kinstall.progress import Progress
from kinstall.sessions.hurry import HurriedLoop
from kinstall.sessions.player import Player
from kinstall.sessions.reading import load
from tests.engine.conftest import LabServer, ed25519, home, server  # noqa: F401  # fixtures
from tests.sessions.conftest import SHIPPED
from tests.sessions.live import run


def folded(events: Iterable[AnyEvent]) -> Progress:
    progress = Progress()
    for event in events:
        progress = progress.apply(event)
    return progress


def replayed(path: Path) -> list[AnyEvent]:
    """What a player gives of a journal."""

    async def play() -> list[AnyEvent]:
        return [event async for event in Player(load(path))]

    loop = HurriedLoop()
    try:
        return loop.run_until_complete(play())
    finally:
        loop.close()


async def test_the_replay_of_a_live_run_is_that_run(server: LabServer, tmp_path: Path) -> None:  # noqa: F811
    live = await run(server, tmp_path)
    progress = folded(live.events)
    assert [cell.status for cell in progress.hosts["cp1"].cells.values()] == ["done", "done", "failed"]
    assert any(isinstance(event, Failure) for event in live.events)
    assert list(load(live.journal).events) == live.events
    assert folded([event async for event in Player(load(live.journal), speed=32)]) == progress


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_recording_folds_the_same_played_and_read(path: Path) -> None:
    progress = folded(load(path).events)
    assert progress.ended
    assert progress.hosts
    assert folded(replayed(path)) == progress
    assert folded([*load(path).events, *load(path).events]) == progress, "wound back to its beginning, nothing of before is left"
