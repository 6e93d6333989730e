"""A form screen over a desk of tapes, in an App that keeps what it says; and ways to look at it. For the Check and the Plan screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from kinstall.draft import Draft
from kinstall.events import AnyEvent, Checking, Connected, Found, HostLine, Looked, RunEnded, RunStarted
from kinstall.screens.looking import LookingStage
from kinstall.screens.plan import PlanScreen
from kinstall.screens.stage import Stage
from kinstall.secrets import Secret
from tests.screens.conftest import RecordedDesk, Tape

T0 = 1_795_604_500.0


def draft(hosts: tuple[str, ...] = ("cp1", "w1", "w2")) -> Draft:
    """Answers that are right, with a password that was typed."""
    listed = [{"name": name, "address": f"10.77.0.{10 + number}"} for number, name in enumerate(hosts)]
    listed[0]["role"] = "control-plane"
    made = Draft({"cluster": {"name": "lab"}, "access": {"user": "systemv"}, "hosts": listed})
    made.keep("correct horse", "access", "sudo_password")
    return made


@dataclass
class Ended(Tape):
    """A tape that ends with this code, whatever its events say."""

    ends: int = 0

    async def __aiter__(self) -> AsyncIterator[AnyEvent]:
        async for event in super().__aiter__():
            yield event
        self.code = 130 if self.detached else self.ends


@dataclass
class FormApp(App[None]):
    """Shows it, and keeps what it posts."""

    screen_made: LookingStage
    left: list[bool] = field(default_factory=list)
    changed: int = 0
    starts: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    async def on_mount(self) -> None:
        await self.push_screen(self.screen_made)

    def on_stage_left(self, event: Stage.Left) -> None:
        self.left.append(event.forward)

    def on_stage_changed(self, _: Stage.Changed) -> None:
        self.changed += 1

    def on_plan_screen_start(self, _: PlanScreen.Start) -> None:
        self.starts += 1

    @property
    def text(self) -> str:
        """What is on the screen, lines without their ends."""
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in self.screen._compositor.render_strips())

    def row(self, start: str) -> str:
        """The line that begins so, with single spaces."""
        lines = (line.strip() for line in self.text.splitlines())
        return next((" ".join(line.split()) for line in lines if line.startswith(start)), "")

    @property
    def words(self) -> str:
        """Everything on the screen with single spaces, for sentences that are folded."""
        return " ".join(self.text.split())


@asynccontextmanager
async def form(
    make: Callable[[Draft, Any], LookingStage], desk: RecordedDesk, of: Draft | None = None, *, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[FormApp, Pilot[None]]]:
    """Entered, and all that the tape tells at once drawn."""
    app = FormApp(make(of or draft(), desk))
    async with app.run_test(size=size, notifications=True) as pilot:
        await drawn(pilot)
        yield app, pilot


async def drawn(pilot: Pilot[None]) -> None:
    """A frame and a half later."""
    await pilot.pause()
    await asyncio.sleep(0.15)
    await pilot.pause()


def begun(hosts: tuple[str, ...] = ("cp1", "w1", "w2"), connected: tuple[str, ...] | None = None) -> list[AnyEvent]:
    """A look at these hosts that has begun."""
    lines = tuple(HostLine(name, f"10.77.0.{10 + number}", "worker") for number, name in enumerate(hosts))
    there = [Connected(at=T0, host=name, seconds=0.2) for name in (hosts if connected is None else connected)]
    return [RunStarted(seq=1, at=T0, kinstall="1", cluster="lab", hosts=lines), *there, Checking(at=T0, checks=59)]


def looked(host: str) -> Looked:
    return Looked(at=T0, host=host)


def found(host: str, check: str, level: str, **more: Any) -> Found:
    return Found(at=T0, host=host, check=check, level=level, **{"title": check, "sentence": f"{check}!"} | more)


def ended(code: int = 0) -> RunEnded:
    return RunEnded(at=T0, result="failed" if code else "done", exit_code=code, seconds=1, changed=0)


def typed(of: Draft, text: str) -> None:
    """The password, typed again."""
    of.secrets["access", "sudo_password"] = Secret(text)
