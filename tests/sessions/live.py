"""A real run: a real SSH server in this process, sudo with a password, real shells, the real pipeline, hub and journal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

from kinstall import journal
from kinstall.board import Board
from kinstall.connecting import Connector
from kinstall.distro import DISTROS
from kinstall.events import AnyEvent, Planned, StepLine
from kinstall.hub import Hub
from kinstall.model import Role
from kinstall.pipeline import Pipeline
from kinstall.plan import HostPlan, PlannedStep
from kinstall.runs import begin, connected, end
from kinstall.secrets import Secret
from kinstall.session import redactor
from kinstall.states import Check, Command, State
from kinstall.steps.base import Step
from tests.engine.conftest import LabServer, host
from tests.engine.test_pipeline import TICKET
from tests.golden.samples import cluster, node


@dataclass
class Live:
    """What a run left: the events as a front end got them, and its journal."""

    events: list[AnyEvent] = field(default_factory=list)
    journal: Path = Path()


def planned(step: str, *states: State) -> PlannedStep:
    return PlannedStep(Step(step, "prepare", step, lambda one, whole: states), states)


async def run(server: LabServer, folder: Path) -> Live:
    """Three steps: one done, one that says passwords, one that fails. The password goes wherever a host can put one."""
    live, one = Live(), replace(host(server), role=Role.CONTROL_PLANE)
    marker = folder / "marker"
    steps = (
        planned("marker", Check("marker", f"[ -e {marker} ] && echo yes", (Command(f"echo making it; touch {marker}"),))),
        planned("tells", Check("told", f"[ -e {marker}2 ] && echo yes", (
            Command(f'echo "the password is $RIGHT"; echo "$RIGHT" >&2; touch {marker}2'),))),
        planned("fails", Check("never", "false", (Command('echo "E: $RIGHT was refused"; exit 42'),))),
    )
    member = node(DISTROS[1], name=one.name, role=Role.CONTROL_PLANE, address=one.address)
    with journal.new("attic", folder / "sessions") as written:
        hub = Hub([written, live.events.append], redactor([one], Secret("grafana's own word")))
        began = begin(hub, "attic", [one])
        runner = await connected(Connector(accept=False, ask=None), one, hub)
        lines = tuple(StepLine(step.step.id, "prepare", step.step.title, (one.name,)) for step in steps)
        hub.emit(Planned(kubernetes="1.37.2", network="flannel", steps=lines))

        async def ticket() -> object:
            await asyncio.sleep(0)
            return TICKET

        pipeline = Pipeline(HostPlan(member, steps), replace(cluster(), nodes=(member,)), runner, Board(one.name, ticket))  # type: ignore[arg-type]
        await pipeline.run()
        await runner.transport.close()
        end(hub, began, 1, changed=pipeline.changed)
    live.journal = written.path
    return live
