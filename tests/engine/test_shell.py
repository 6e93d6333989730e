"""Being cancelled while a command is only about to start: Ctrl-C at the wrong millisecond."""

from __future__ import annotations

import asyncio

import pytest

from kinstall.errors import ConnectionLost
from kinstall.local import LocalProcess, LocalTransport
from kinstall.transport import Result


class Slow(LocalTransport):
    """This machine, where starting a command takes as long as the test wants."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.go, self.error = asyncio.Event(), ConnectionLost("the connection broke")
        self.made: list[LocalProcess] = []
        self.fails = False

    async def _start(self, command: str, *, tty: bool) -> LocalProcess:
        await self.go.wait()
        if self.fails:
            raise self.error
        self.made.append(await super()._start(command, tty=tty))
        return self.made[-1]


@pytest.mark.parametrize("fails", [True, False])
async def test_who_is_cancelled_does_not_wait_and_what_was_begun_is_let_go_of(fails: bool) -> None:
    slow = Slow()
    slow.fails = fails
    running = asyncio.create_task(slow.root("sleep 60"))
    await asyncio.sleep(0.05)
    running.cancel()
    assert await asyncio.wait({running}, timeout=1) == ({running}, set())
    slow.go.set()
    await asyncio.sleep(0.1)
    if not fails:
        [process] = slow.made
        assert await asyncio.wait_for(process.wait(), 5) >= 0
    assert len(asyncio.all_tasks()) == 1


async def test_cancelling_at_any_moment_ends() -> None:
    """create_subprocess_exec of Python 3.11 hangs when it is cancelled at a bad one."""
    transport = LocalTransport("here")
    for n in range(150):
        running: asyncio.Task[Result] = asyncio.create_task(transport.root("echo hello"))
        await asyncio.sleep(n / 25_000)
        running.cancel()
        _, pending = await asyncio.wait({running}, timeout=10)
        assert not pending
    assert (await transport.root("echo hello")).out == "hello\n"
