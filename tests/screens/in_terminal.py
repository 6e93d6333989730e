"""The Run screen in a real terminal, over a run that goes on printing, with a shell of this machine. test_run_terminal.py starts it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from kinstall.events import AnyEvent
from kinstall.screens.base import KinstallApp
from kinstall.screens.run import RunScreen
from tests.screens.conftest import RecordedDesk
from tests.screens.stagehand import Live, begun, output, step


class Counting(Live):
    """Prints a number twenty times a second, for ever."""

    async def __aiter__(self) -> AsyncIterator[AnyEvent]:
        async for event in super().__aiter__():
            yield event
            if event is self.events[-1]:
                break
        for number in range(1_000_000):
            yield output("a", f"count {number}.", at=number / 20)
            await asyncio.sleep(0.05)


class Shells(RecordedDesk):
    """A shell here."""

    async def shell(self, host: str) -> str:
        process = await asyncio.create_subprocess_exec("/bin/sh", "-i", env={"PS1": "prompt$ ", "PATH": "/bin:/usr/bin"})
        await process.wait()
        return ""


class InTerminal(KinstallApp):
    """Shows it."""

    def on_mount(self) -> None:
        self.push_screen(RunScreen(Counting([*begun(["a"]), step("a", "tools", "running")]), Shells()))


if __name__ == "__main__":
    InTerminal().run()
