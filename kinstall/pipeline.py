"""One host's way through its steps: probe, apply what is unmet, prove it, go on. It stops alone when it fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from kinstall.board import Board
from kinstall.errors import Blocked, KinstallError, NotMet
from kinstall.events import Note, Status, StepChanged
from kinstall.model import Cluster
from kinstall.plan import HostPlan, PlannedStep
from kinstall.runner import Runner, failure
from kinstall.states import State
from kinstall.states.base import harmless

SEEN_SHOWN = 300    # characters of an observation in an error
LOOK, PROOF = "look", "proof"   # where a host is before its first step and after its last
PROOFS = 3          # more looks at what does not hold in the end: a node is NotReady for a second, a DNS answer gets lost
PROOF_PAUSE = 5.0


class Pipeline:
    """Runs a HostPlan. After `run`, `changed` counts the states that had to be changed, and `error` says why it stopped, if it did."""

    def __init__(self, plan: HostPlan, cluster: Cluster, runner: Runner, board: Board) -> None:
        self.plan, self.cluster, self.runner, self.board = plan, cluster, runner, board
        self.host = plan.node.name
        self.changed = 0
        self.error: KinstallError | None = None
        self._at, self._began = LOOK, time.monotonic()

    async def run(self) -> None:
        """Every step in order, then the proof that all hold together."""
        try:
            await self._steps()
        except KinstallError as error:
            await self._stopped(error)

    async def _steps(self) -> None:
        seen = await self.runner.observe(self.plan.states)
        for planned in self.plan.steps:
            mine, seen = seen[: len(planned.states)], seen[len(planned.states) :]
            self._at = planned.step.id
            await self._step(planned, mine)
            await self.board.through(self.host, planned.step.id)
        if self.changed:
            await self._prove()

    async def _step(self, planned: PlannedStep, seen: list[str]) -> None:
        self._began = time.monotonic()
        if self.changed:    # what the first batch saw may not be so any more
            seen = await self.runner.observe(planned.states)
        if _all_met(planned.states, seen):
            self._tell("already")
            return
        states = await self._cleared(planned)
        self._tell("running")
        self._began = time.monotonic()
        if planned.step.needs:  # it may have waited long
            seen = await self.runner.observe(states)
        await self._apply(states, seen)
        self._tell("done")

    async def _cleared(self, planned: PlannedStep) -> tuple[State, ...]:
        """Past the barriers; the states with what had to be waited for."""
        for step in planned.step.needs:
            if not self.board.is_through(step):
                self._tell("waiting", reason=f"{self.board.first} {step}")
                await self.board.wait(step)
        if not planned.step.asks_ticket:
            return planned.states
        ticket = await self.board.ticket()
        return tuple(planned.step.states(self.plan.node, replace(self.cluster, ticket=ticket)))

    async def _apply(self, states: tuple[State, ...], seen: list[str]) -> None:
        for n, state in enumerate(states):
            if state.met(seen[n]):
                continue
            self.changed += 1
            for command in state.commands(seen[n]):
                await self.runner.run(self._at, command)
            seen[n:] = await self.runner.observe(states[n:])
            if not state.met(seen[n]):
                raise self._not_met([(state, seen[n])], "was applied without an error, and does not hold", "")

    async def _prove(self) -> None:
        """One more batch: all states hold together, none has undone another. What does not hold may be a blink: it is looked at again."""
        self._at, self._began = PROOF, time.monotonic()
        broken = await self._broken(self.plan.states)
        for _ in range(PROOFS):
            if not broken:
                return
            text = f"{_names(broken)} does not hold just now: looking again in {PROOF_PAUSE:g} s"
            self.runner.hub.emit(Note(text=text, host=self.host, step=self._at))
            await asyncio.sleep(PROOF_PAUSE)
            broken = await self._broken([state for state, _ in broken])
        if broken:
            raise self._not_met(broken, "held, and does not hold any more", "\nSomething on this host changes it back.")

    async def _broken(self, states: Sequence[State]) -> list[tuple[State, str]]:
        seen = await self.runner.observe(states)
        return [(state, was) for state, was in zip(states, seen, strict=True) if not state.met(was)]

    def _not_met(self, broken: list[tuple[State, str]], what: str, hint: str) -> NotMet:
        seen = "\n".join(f"seen of {state.about}: {harmless(was.strip())[:SEEN_SHOWN] or 'nothing'}" for state, was in broken)
        return NotMet(f"{_names(broken)} {what}", hint=f"{seen}{hint}", host=self.host, step=self._at)

    async def _stopped(self, error: KinstallError) -> None:
        self.error = error
        error.host, error.step = error.host or self.host, error.step or self._at
        skipped = isinstance(error, Blocked)
        if self.runner.doctor:
            await self.runner.doctor.explain(error, list(self.runner.lines), self._began)
        if not skipped:
            self.runner.hub.emit(failure(error))
        self._tell("skipped" if skipped else "failed", reason=error.message)
        await self.board.failed(self.host, self._at)

    def _tell(self, status: Status, *, reason: str = "") -> None:
        seconds = round(time.monotonic() - self._began, 3) if status in ("done", "already", "failed") else 0.0
        self.runner.hub.emit(StepChanged(host=self.host, step=self._at, status=status, seconds=seconds, reason=reason))


def _names(broken: Sequence[tuple[State, str]]) -> str:
    return ", ".join(state.about for state, _ in broken)


def _all_met(states: tuple[State, ...], seen: list[str]) -> bool:
    return all(state.met(was) for state, was in zip(states, seen, strict=True))
