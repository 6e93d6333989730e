"""One host's hands: runs commands and probes on it, tells the hub, reconnects, tries again what deserves it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

from kinstall import remote
from kinstall.control import Control
from kinstall.diagnosis import Cause, told
from kinstall.doctor import Doctor
from kinstall.errors import CommandFailed, ConnectionLost, KinstallError
from kinstall.events import CommandEnded, CommandStarted, ConnectionChanged, Failure, Note, Output
from kinstall.hub import Hub
from kinstall.retries import Retry, deserved
from kinstall.states import Command, State, batch, unbatch
from kinstall.transport import Result, Transport

TAIL = 20           # lines of a failed command that its error carries
REMEMBERED = 500    # lines of it that are looked through for causes
SILENCE = {True: 5.0, False: 30.0}     # seconds without a line, after which somebody asks why: of what waits, of what works
STOPPED = 143       # the exit status of what was stopped
MEND = "Mend the cause and run kinstall again: it goes on from here."
PROBE_SECONDS = 180
AGAIN = "What runs on the host goes on there. When the host can be reached again, run kinstall again: it goes on from there."


class Runner:
    """Runs things on one host. Raises CommandFailed, ConnectionLost, Stopped, and what reconnecting raises."""

    def __init__(self, transport: Transport, hub: Hub) -> None:
        self.transport, self.hub = transport, hub
        self.host = transport.name
        self.doctor: Doctor | None = None   # who is asked when a command fails or says nothing for long
        self.control = Control()            # who says that nothing more is to be begun, not even another try
        self.lines = deque[str](maxlen=REMEMBERED)  # what the last command printed
        self._reopening, self._spoke = 0, 0.0

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
        began, shell = time.monotonic(), f"set -e\n{command.shell}"
        unit = remote.unit_name(step, shell) if command.long else ""
        self.lines.clear()
        self.hub.emit(CommandStarted(host=self.host, step=step, shell=command.shown, unit=unit))
        if command.long:
            status = await self._watched(step, command, shell)
        else:
            result = await self.script(shell)
            status = result.exit_status
            self._tell(step, (result.out + result.err).splitlines())
        self._ended(step, status, began)
        return list(self.lines)[-TAIL:], status

    async def _watched(self, step: str, command: Command, shell: str) -> int:
        """A unit to its end; one that waits for something that will not come is stopped as soon as that is sure."""
        unit = asyncio.ensure_future(remote.run_unit(self.transport, step, shell, lambda lines: self._tell(step, lines), self._reopen))
        watch = asyncio.ensure_future(self._silence(step, command))
        try:
            await asyncio.wait({unit, watch}, return_when=asyncio.FIRST_COMPLETED)
            if unit.done():
                return (await unit).exit_status
            error = await watch
        finally:
            for task in (unit, watch):
                task.cancel()
            await asyncio.wait({unit, watch})
        await remote.stop(self.transport, remote.unit_name(step, shell))
        raise error

    async def _silence(self, step: str, command: Command) -> CommandFailed:
        """Whenever nothing was printed for a while, ask why. Comes back when the command waits in vain and may be stopped."""
        began = self._spoke = time.monotonic()
        known, patience = "", SILENCE[command.waits]
        while True:
            await asyncio.sleep(max(patience - (time.monotonic() - self._spoke), 1))
            if time.monotonic() - self._spoke < patience or self.doctor is None:
                continue
            cause = await self.doctor.certain(self.host, step, list(self.lines), began)
            if cause and command.waits:
                return self._in_vain(step, cause)
            if cause and cause.sentence != known:
                known = cause.sentence
                self.hub.emit(Note(text=f"silent for {patience:g} s: {known}", level="warning", host=self.host, step=step))
            self._spoke = time.monotonic()

    def _in_vain(self, step: str, cause: Cause) -> CommandFailed:
        first, *rest = told(cause)
        error = CommandFailed(first, exit_status=STOPPED, host=self.host, step=step, tail=list(self.lines)[-TAIL:], hint=MEND)
        error.cause, error.explained = cause.id, ("it waited for what will not come, so kinstall stopped it", *rest)
        return error

    async def reconnected(self) -> None:
        """Be sure of the connection: what went over it besides scripts has broken."""
        try:
            await self.transport.user(":")
        except ConnectionLost:
            await self._reopen()

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
        await self.control.unless_stopped(asyncio.sleep(retry.pause))
        self.control.check()

    def _tell(self, step: str, lines: list[str]) -> None:
        self._spoke = time.monotonic()
        self.lines.extend(lines)
        if lines:
            self.hub.emit(Output(host=self.host, step=step, lines=tuple(lines)))

    def _ended(self, step: str, status: int, began: float) -> None:
        self.hub.emit(CommandEnded(host=self.host, step=step, exit_status=status, seconds=round(time.monotonic() - began, 3)))

    def _failed(self, step: str, command: Command, status: int, tail: Sequence[str]) -> CommandFailed:
        last = command.shown.splitlines()[-1] if command.shown else step
        what = f"`{last.strip()}` ended with exit code {status}"
        return CommandFailed(what, exit_status=status, tail=tail, host=self.host, step=step, hint=MEND)


def failure(error: KinstallError) -> Failure:
    """The error as the event that tells it."""
    hint = error.hint or (AGAIN if isinstance(error, ConnectionLost) else "")
    return Failure(
        message=error.message, hint=hint, host=error.host, step=error.step, tail=error.tail, explained=error.explained, cause=error.cause
    )
