"""A desk that plays what real runs in the lab recorded, so that a screen can be looked at in any moment of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from kinstall import journal
from kinstall.control import Control
from kinstall.desk import Answer, Greeting
from kinstall.draft import Draft
from kinstall.events import AnyEvent, Found
from kinstall.secrets import Secret

RECORDINGS = Path(__file__).parent / "recordings"


def recorded(name: str) -> list[AnyEvent]:
    """The events of a recording: first, verify, again, worker-fails, plan, check-good, check-spoiled, fix, cut-cable, long-output."""
    return list(journal.read(RECORDINGS / f"{name}.jsonl"))


def until(events: Sequence[AnyEvent], is_last: Callable[[AnyEvent], bool]) -> list[AnyEvent]:
    """The events up to the first one like this, and that one."""
    end = next(number for number, event in enumerate(events) if is_last(event))
    return list(events[: end + 1])


@dataclass
class Tape:
    """A Stream of these events; `hangs`: it does not end with them, as a run that is under way. Time stands still at its last event."""

    events: Sequence[AnyEvent]
    hangs: bool = False
    control: Control | None = field(default_factory=lambda: Control(attended=True))
    code: int | None = None
    shown: Sequence[tuple[str, Secret]] = ()
    journal: str = "/home/admin/.local/state/kinstall/sessions/2026-11-25T105131-lab.jsonl"
    detached: bool = False
    at: float = 0.0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> float:
        return self.at

    def detach(self) -> None:
        self.detached = True
        self.ended.set()

    async def __aiter__(self) -> AsyncIterator[AnyEvent]:
        for event in self.events:
            self.at = event.at
            yield event
        if self.hangs:
            await self.ended.wait()
        self.code = 0


@dataclass
class RecordedDesk:
    """A Desk that answers with greetings and tapes that a test gives it, and writes down what it was asked."""

    greetings: dict[str, Greeting] = field(default_factory=dict)     # by the host's name
    tapes: dict[str, Tape] = field(default_factory=dict)             # check, mend, plan, install, verify
    asked: list[tuple[str, object]] = field(default_factory=list)
    peeks: Sequence[str] = ()
    found: Mapping[str, str] = field(default_factory=dict)

    async def greet(self, draft: Draft, host: str) -> Greeting:
        self.asked.append(("greet", host))
        return self.greetings.get(host, Greeting(host=host, answer=Answer.UNREACHABLE, message="no route to host"))

    def rename(self, host: str, name: str) -> None:
        if greeting := self.greetings.pop(host, None):
            self.greetings[name] = replace(greeting, host=name)

    def accept(self, host: str, fingerprint: str) -> None:
        self.asked.append(("accept", (host, fingerprint)))

    def check(self, draft: Draft) -> Tape:
        return self._tape("check", draft)

    def mend(self, draft: Draft, findings: Sequence[Found]) -> Tape:
        return self._tape("mend", findings)

    def plan(self, draft: Draft) -> Tape:
        return self._tape("plan", draft)

    def install(self, draft: Draft) -> Tape:
        return self._tape("install", draft)

    def verify(self, draft: Draft) -> Tape:
        return self._tape("verify", draft)

    async def peek(self, host: str) -> Sequence[str]:
        self.asked.append(("peek", host))
        return self.peeks

    async def shell(self, host: str) -> str:
        self.asked.append(("shell", host))
        return ""

    async def scan(self, network: str) -> Mapping[str, str]:
        self.asked.append(("scan", network))
        return self.found

    async def close(self) -> None:
        self.asked.append(("close", ""))

    def _tape(self, name: str, what: object) -> Tape:
        self.asked.append((name, what))
        return self.tapes[name]


@pytest.fixture
def desk() -> RecordedDesk:
    return RecordedDesk()
