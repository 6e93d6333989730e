"""One host's hands: runs commands and probes on it, tells the hub, reconnects, tries again what deserves it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from kinstall import remote
from kinstall.errors import CommandFailed, ConnectionLost, KinstallError
from kinstall.events import CommandEnded, CommandStarted, ConnectionChanged, Failure, Note, Output
from kinstall.hub import Hub
from kinstall.retries import Retry, deserved
from kinstall.states import Command, State, batch, unbatch
from kinstall.transport import Result, Transport

TAIL = 20           # lines of a failed command that its error carries
PROBE_SECONDS = 180
AGAIN = "What runs on the host goes on there. When the host can be reached again, run kinstall again: it goes on from there."


class Runner:
    """Runs things on one host. Raises CommandFailed, ConnectionLost, and what reconnecting raises."""

    def __init__(self, transport: Transport, hub: Hub) -> None:
        self.transport, self.hub = transport, hub
        self.host = transport.name
        self._reopening = 0

    async def observe(self, states: Sequence[State]) -> list[str]:
        """The observations of these states, in one round trip."""
        result = await self.script(batch(states))
        return unbatch(result.out, len(states))

    async def script(self, shell: str) -> Result:
        """A short script that may be run twice, through a broken connection too. Its output is told to nobody: facts, tickets."""
        try:
            return await self.transport.root(shell, timeout=PROBE_SECONDS)
        except ConnectionLost:
            await self._reopen()
            return await self.transport.root(shell, timeout=PROBE_SECONDS)

    async def run(self, step: str, command: Command) -> None:
        """One command, told from its start to its end; tried again where its failure deserves it."""
        tries = 0
        while True:
            tail, status = await self._once(step, command)
            if status == 0:
                return
            retry = None if command.once else deserved(tail)
            if retry is None or tries >= retry.times:
                raise self._failed(step, command, status, tail)
            tries += 1
            await self._pause(step, retry, tries)

    async def attach(self, unit: remote.RunningUnit) -> None:
        """Follow a unit that an earlier kinstall left, to its end. Its exit code matters to nobody: the states are probed afterwards."""
        began = time.monotonic()
        self.hub.emit(CommandStarted(host=self.host, step=unit.step, shell="", unit=unit.name, attached=True))
        result = await remote.attach(self.transport, unit.name, lambda lines: self._tell(unit.step, lines), self._reopen)
        self._ended(unit.step, result.exit_status, began)

    async def _once(self, step: str, command: Command) -> tuple[list[str], int]:
        began, tail = time.monotonic(), deque[str](maxlen=TAIL)
        shell = f"set -e\n{command.shell}"
        unit = remote.unit_name(step, shell) if command.long else ""
        self.hub.emit(CommandStarted(host=self.host, step=step, shell=command.shown, unit=unit))

        def tell(lines: list[str]) -> None:
            tail.extend(lines)
            self._tell(step, lines)

        if command.long:
            status = (await remote.run_unit(self.transport, step, shell, tell, self._reopen)).exit_status
        else:
            result = await self.script(shell)
            status = result.exit_status
            tell((result.out + result.err).splitlines())
        self._ended(step, status, began)
        return list(tail), status

    async def _reopen(self) -> None:
        """Connect again, and tell it: lost once, back once, however many of this host's scripts find out at the same time."""
        self._reopening += 1
        if self._reopening == 1:
            self.hub.emit(ConnectionChanged(host=self.host, lost=True))
        try:
            await self.transport.reopen()
        except BaseException:
            self._reopening -= 1
            raise
        self._reopening -= 1
        if not self._reopening:
            self.hub.emit(ConnectionChanged(host=self.host, lost=False))

    async def _pause(self, step: str, retry: Retry, tries: int) -> None:
        text = f"{retry.name}: trying again in {retry.pause:g} s ({tries} of {retry.times})"
        self.hub.emit(Note(text=text, level="warning", host=self.host, step=step))
        await asyncio.sleep(retry.pause)

    def _tell(self, step: str, lines: list[str]) -> None:
        if lines:
            self.hub.emit(Output(host=self.host, step=step, lines=tuple(lines)))

    def _ended(self, step: str, status: int, began: float) -> None:
        self.hub.emit(CommandEnded(host=self.host, step=step, exit_status=status, seconds=round(time.monotonic() - began, 3)))

    def _failed(self, step: str, command: Command, status: int, tail: Sequence[str]) -> CommandFailed:
        last = command.shown.splitlines()[-1] if command.shown else step
        hint = "Mend the cause and run kinstall again: it goes on from here."
        what = f"`{last.strip()}` ended with exit code {status}"
        return CommandFailed(what, exit_status=status, tail=tail, host=self.host, step=step, hint=hint)


def failure(error: KinstallError) -> Failure:
    """The error as the event that tells it."""
    hint = error.hint or (AGAIN if isinstance(error, ConnectionLost) else "")
    tail = error.tail if isinstance(error, CommandFailed) else ()
    return Failure(message=error.message, hint=hint, host=error.host, step=error.step, tail=tail)
