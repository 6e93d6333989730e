"""The Run screen over a tape, in an App that only shows it, and ways to look at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from textual.app import App
from textual.pilot import Pilot

from kinstall.control import Decision
from kinstall.events import AnyEvent, Failure, HostLine, Output, Planned, RunStarted, Status, StepChanged, StepLine
from kinstall.screens.run import RunScreen
from tests.screens.conftest import RecordedDesk, Tape, recorded

T0 = 1_795_604_500.0


@dataclass
class Live(Tape):
    """A tape that a test goes on writing while it plays."""

    later: asyncio.Queue[AnyEvent | None] = field(default_factory=asyncio.Queue)

    async def __aiter__(self) -> AsyncIterator[AnyEvent]:
        for event in self.events:
            self.at = event.at
            yield event
        while (more := await self.later.get()) is not None:
            self.at = max(self.at, more.at)
            yield more

    def end(self, code: int) -> None:
        self.code = code
        self.later.put_nowait(None)

    def detach(self) -> None:
        self.detached = True
        self.end(130)


class Stage(App[int]):
    """Shows it, and keeps what it says at its end."""

    def __init__(self, stream: Tape, desk: RecordedDesk | None, label: str = "") -> None:
        super().__init__()
        self.run_screen = RunScreen(stream, desk, label=label)
        self.ended: list[RunScreen.Ended] = []

    async def on_mount(self) -> None:
        await self.push_screen(self.run_screen)

    def on_run_screen_ended(self, event: RunScreen.Ended) -> None:
        self.ended.append(event)


@asynccontextmanager
async def staged(
    stream: Tape, desk: RecordedDesk | None = None, *, size: tuple[int, int] = (80, 24), label: str = ""
) -> AsyncIterator[tuple[Stage, Pilot[int]]]:
    app = Stage(stream, desk, label)
    async with app.run_test(size=size) as pilot:
        await drawn(app, stream.events[-1].at)
        yield app, pilot


async def drawn(app: Stage, at: float) -> None:
    """Until the event of this time was taken, and the screen has come to rest: layouts follow by and by, later on a busy machine."""
    async with asyncio.timeout(20):
        while app.run_screen.progress.at < at and not app.run_screen.has_ended:     # noqa: ASYNC110
            await asyncio.sleep(0.02)
    seen: list[str] = []
    while len(seen) < 3 or len(set(seen[-3:])) > 1:
        await asyncio.sleep(0.1)
        seen.append(text(app))


def text(app: App[int]) -> str:
    """The screen as text, lines without their ends."""
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips())


def row(app: App[int], start: str) -> str:
    """The line of the screen that begins so."""
    return next((line for line in text(app).splitlines() if line.startswith(start)), "")


def failed() -> list[AnyEvent]:
    """The recorded run up to where its worker has failed."""
    events = recorded("worker-fails")
    end = next(number for number, event in enumerate(events) if isinstance(event, Failure))
    return events[: end + 2]


async def waiting(stream: Tape, host: str = "w1", step: str = "join") -> None:
    """A host of the stream waits for a decision, as the pipeline does it."""
    assert stream.control is not None
    task = asyncio.ensure_future(stream.control.decide(host, step))
    while host not in stream.control.open and not task.done():  # noqa: ASYNC110
        await asyncio.sleep(0)
    DECISIONS.append(task)


DECISIONS: list[asyncio.Future[Decision]] = []

STEPS = (
    StepLine("tools", "prepare", "Install the tools that kubeadm calls"), StepLine("swap", "prepare", "Turn swap off"),
    StepLine("containerd", "runtime", "Install containerd"), StepLine("images", "packages", "Pull the images"),
    StepLine("init", "control", "Start the control plane"), StepLine("join", "join", "Join the cluster"),
    StepLine("network", "network", "Apply the pod network"), StepLine("grafana", "addons", "Show dashboards"),
)


def begun(hosts: Sequence[str], steps: Sequence[StepLine] = STEPS) -> list[AnyEvent]:
    """A run of these hosts, planned and not begun."""
    lines = tuple(HostLine(name, f"10.0.0.{number % 250}", "worker") for number, name in enumerate(hosts))
    planned = tuple(StepLine(step.id, step.phase, step.title, tuple(hosts)) for step in steps)
    return [RunStarted(seq=1, at=T0, kinstall="1", cluster="homelab", hosts=lines),
            Planned(seq=2, at=T0, kubernetes="1.37.2", network="flannel", steps=planned)]


def step(host: str, name: str, status: Status, *, at: float = 0, seconds: float = 0, reason: str = "") -> StepChanged:
    return StepChanged(at=T0 + at, host=host, step=name, status=status, seconds=seconds, reason=reason)


def output(host: str, *lines: str, at: float = 0, name: str = "tools") -> Output:
    return Output(at=T0 + at, host=host, step=name, lines=lines)
