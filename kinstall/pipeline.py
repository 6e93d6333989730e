"""One host's way through its steps: probe, apply what is unmet, prove it, go on. It fails alone, and goes on when somebody says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from kinstall.board import Board
from kinstall.control import Control, Decision
from kinstall.errors import Blocked, KinstallError, NotMet, Stopped
from kinstall.events import Decided, Note, Status, StepChanged
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

    def __init__(self, plan: HostPlan, cluster: Cluster, runner: Runner, board: Board, control: Control | None = None) -> None:
        self.plan, self.cluster, self.runner, self.board = plan, cluster, runner, board
        self.control = control or Control()
        self.host = plan.node.name
        self.changed = 0
        self.error: KinstallError | None = None
        self._at, self._began = LOOK, time.monotonic()
        self._done = 0      # steps that are through, or were left out
        self._left_out = set[str]()
        self._told = set[str]()     # steps that were told to be through: a plan that is gone through again does not tell them anew

    async def run(self) -> None:
        """Every step in order, then the proof that all hold together; after a failure on from there, for as long as somebody says so."""
        while True:
            try:
                await self._steps()
                return
            except KinstallError as error:
                if not await self._goes_on(error):
                    return

    async def _steps(self) -> None:
        left = [planned for planned in self.plan.steps[self._done :] if planned.step.id not in self._left_out]
        self._began = time.monotonic()
        seen = await self.runner.observe([state for planned in left for state in planned.states])
        for planned in left:
            mine, seen = seen[: len(planned.states)], seen[len(planned.states) :]
            self._at = planned.step.id
            self.control.check()
            await self._step(planned, mine)
            await self._through()
        if self.changed:
            await self._prove()

    async def _through(self) -> None:
        self._done = next(number for number, planned in enumerate(self.plan.steps, 1) if planned.step.id == self._at)
        await self.board.through(self.host, self._at)

    async def _step(self, planned: PlannedStep, seen: list[str]) -> None:
        self._began = time.monotonic()
        if self.changed:    # what the first batch saw may not be so any more
            seen = await self.runner.observe(planned.states)
        if _all_met(planned.states, seen):
            if self._at not in self._told:
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
                await self.control.unless_stopped(self.board.wait(step, lambda reason: self._tell("waiting", reason=reason)))
        if not planned.step.asks_ticket:
            return planned.states
        ticket = await self.board.ticket()
        return tuple(planned.step.states(self.plan.node, replace(self.cluster, ticket=ticket)))

    async def _apply(self, states: tuple[State, ...], seen: list[str]) -> None:
        for n, state in enumerate(states):
            if state.met(seen[n]):
                continue
            self.control.check()
            self.changed += 1
            for command in state.commands(seen[n]):
                await self.runner.run(self._at, command)
            seen[n:] = await self.runner.observe(states[n:])
            if not state.met(seen[n]):
                raise self._not_met([(state, seen[n])], "was applied without an error, and does not hold", "")

    async def _prove(self) -> None:
        """One more batch: all states hold together, none has undone another. What does not hold may be a blink: it is looked at again."""
        self._at, self._began = PROOF, time.monotonic()
        broken = await self._broken([
            state for planned in self.plan.steps if planned.step.id not in self._left_out for state in planned.states])
        for _ in range(PROOFS):
            if not broken:
                return
            text = f"{_names(broken)} does not hold just now: looking again in {PROOF_PAUSE:g} s"
            self.runner.hub.emit(Note(text=text, host=self.host, step=self._at))
            await self.control.unless_stopped(asyncio.sleep(PROOF_PAUSE))
            broken = await self._broken([state for state, _ in broken])
        if broken:
            raise self._not_met(broken, "held, and does not hold any more", "\nSomething on this host changes it back.")

    async def _broken(self, states: Sequence[State]) -> list[tuple[State, str]]:
        seen = await self.runner.observe(states)
        return [(state, was) for state, was in zip(states, seen, strict=True) if not state.met(was)]

    def _not_met(self, broken: list[tuple[State, str]], what: str, hint: str) -> NotMet:
        seen = "\n".join(f"seen of {state.about}: {harmless(was.strip())[:SEEN_SHOWN] or 'nothing'}" for state, was in broken)
        return NotMet(f"{_names(broken)} {what}", hint=f"{seen}{hint}", host=self.host, step=self._at)

    async def _goes_on(self, error: KinstallError) -> bool:
        """Tell the error, and whether this host goes on all the same. One that waits in vain, or was stopped, is asked nothing."""
        if error.host not in ("", self.host):   # a ticket is made on another host; it is this one that cannot go on, and is asked about
            error.message = f"{error.host}: {error.message}"
        error.host, error.step = self.host, self._at
        skipped = isinstance(error, Blocked | Stopped)
        if self.runner.doctor and not isinstance(error, Stopped):
            await self.runner.doctor.explain(error, list(self.runner.lines), self._began)
        if not skipped:
            self.runner.hub.emit(failure(error))
        self._tell("skipped" if skipped else "failed", reason=error.message)
        decision = Decision.GIVE_UP if skipped else await self._decided()
        if decision is not Decision.GIVE_UP:
            return decision is Decision.RETRY or await self._leave_out()
        self.error = error
        await self.board.failed(self.host, self._at)
        return False

    async def _decided(self) -> Decision:
        """Ask what becomes of the failed step. A host that cannot even be looked at has no next step: to skip that is to give it up."""
        await self.board.asking(self.host, self._at)
        decision = await self.control.decide(self.host, self._at)
        await self.board.asking(self.host, "")
        if decision is Decision.GIVE_UP or (decision, self._at) == (Decision.SKIP, LOOK):
            return Decision.GIVE_UP
        self.runner.hub.emit(Decided(host=self.host, step=self._at, decision=decision.value))
        if self._at == PROOF:       # what does not hold any more may belong to any step
            self._done = 0
        return decision

    async def _leave_out(self) -> bool:
        """Go on without this step, if there is anything to go on with: after the proof comes nothing."""
        self._tell("skipped", reason="skipped by you")
        if self._at == PROOF:
            return False
        self._left_out.add(self._at)
        await self._through()
        return True

    def _tell(self, status: Status, *, reason: str = "") -> None:
        seconds = round(time.monotonic() - self._began, 3) if status in ("done", "already", "failed") else 0.0
        if status in ("done", "already"):
            self._told.add(self._at)
        self.runner.hub.emit(StepChanged(host=self.host, step=self._at, status=status, seconds=seconds, reason=reason))


def _names(broken: Sequence[tuple[State, str]]) -> str:
    return ", ".join(state.about for state, _ in broken)


def _all_met(states: tuple[State, ...], seen: list[str]) -> bool:
    return all(state.met(was) for state, was in zip(states, seen, strict=True))
