"""Runs a plan: a free-running pipeline for each host, barriers only where a step names one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from kinstall.board import Board
from kinstall.control import Control
from kinstall.errors import KinstallError, StepError
from kinstall.model import Ticket
from kinstall.pipeline import Pipeline
from kinstall.plan import Plan
from kinstall.runner import Runner
from kinstall.steps.control_plane import TICKET, ticket


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run of a plan ended: states changed, and the errors of the hosts that stopped."""

    changed: int
    errors: tuple[KinstallError, ...]


class Engine:
    """Runs a plan on the hosts of these runners (by host name)."""

    def __init__(self, plan: Plan, runners: Mapping[str, Runner], control: Control) -> None:
        self.plan, self.runners, self.control = plan, runners, control
        self.board = Board(plan.cluster.first.name, self._ticket)

    async def run(self) -> Outcome:
        """All hosts to their end, each at its own pace. When it is cancelled, what runs on the hosts as a unit goes on there."""
        cluster, board, control = self.plan.cluster, self.board, self.control
        pipelines = [Pipeline(host, cluster, self.runners[host.node.name], board, control) for host in self.plan.hosts]
        async with asyncio.TaskGroup() as group:
            for pipeline in pipelines:
                group.create_task(pipeline.run())
        return Outcome(sum(p.changed for p in pipelines), tuple(p.error for p in pipelines if p.error))

    async def _ticket(self) -> Ticket:
        runner = self.runners[self.board.first]
        result = await runner.script(TICKET)
        try:
            made = ticket(result.out)
        except ValueError as error:
            raise StepError(
                f"no join token could be made: {result.err.strip() or error}", host=runner.host, step="join", hint="Run kinstall again."
            ) from error
        runner.hub.redactor.add(made.token)
        return made
