"""Hosts that answer as a test says, when it says so; and an App that shows one form screen and keeps what it posts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from kinstall.desk import Answer, Desk, Greeting
from kinstall.draft import Draft
from kinstall.screens.stage import Stage
from tests.engine.conftest import until
from tests.screens.conftest import RecordedDesk

GIB = 1 << 30
FINGERPRINT = "SHA256:" + "abcdefghijklmnopqrstuvwxyz0123456789+/ABCDE"
READY = Greeting(host="", answer=Answer.READY, distribution="Debian GNU/Linux 13 (trixie)", kernel="6.12.0", arch="x86_64", cpus=4,
                 memory=8 * GIB)
UNREACHABLE = Greeting(host="", answer=Answer.UNREACHABLE, message="no connection to 10.0.0.9:22: no route to host",
                       hint="is it switched on, and in the same network?")
UNKNOWN = Greeting(host="", answer=Answer.UNKNOWN_KEY, message="its key is not known", fingerprint=FINGERPRINT, hint="compare")
CHANGED = Greeting(host="", answer=Answer.CHANGED_KEY, message=f"its key is not the one expected: SHA256:old; it shows {FINGERPRINT}",
                   hint="Compare on its console.\nIf that is its key:  ssh-keygen -R '10.0.0.3'")
NO_SUDO = Greeting(host="", answer=Answer.REFUSED, message="sudo asks admin for a password, and none was given", needs="sudo_password",
                   hint="give kinstall the password")


@dataclass
class Doors(RecordedDesk):
    """A desk whose hosts say what stands in `says`, by their addresses; nobody answers while `open` is not set."""

    says: dict[str, Greeting] = field(default_factory=dict)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0
    most: int = 0

    async def greet(self, draft: Draft, host: str) -> Greeting:
        address = next(one["address"] for one in draft.get("hosts") if one["name"] == host)
        self.asked.append(("greet", address))
        self.greetings[host] = Greeting(host=host, answer=Answer.CONNECTING)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await self.open.wait()
        finally:
            self.inside -= 1
        self.greetings[host] = replace(self.says.get(address, READY), host=host)
        return self.greetings[host]

    def accept(self, host: str, fingerprint: str) -> None:
        super().accept(host, fingerprint)
        for address, seen in self.says.items():
            if seen.answer is Answer.UNKNOWN_KEY and seen.fingerprint == fingerprint:
                self.says[address] = READY

    def greeted(self) -> list[str]:
        """The addresses that were asked since the last time."""
        found = [str(what) for kind, what in self.asked if kind == "greet"]
        self.asked.clear()
        return found


def doors(says: Mapping[str, Greeting] | None = None, *, shut: bool = False) -> Doors:
    """Open ones, unless told otherwise."""
    made = Doors(says=dict(says or {}))
    if not shut:
        made.open.set()
    return made


class Form(App[int]):
    """Shows it."""

    def __init__(self, screen: Stage) -> None:
        super().__init__()
        self.stage = screen
        self.left: list[Stage.Left] = []
        self.changes = 0

    async def on_mount(self) -> None:
        await self.push_screen(self.stage)

    def on_stage_left(self, event: Stage.Left) -> None:
        self.left.append(event)

    def on_stage_changed(self, _: Stage.Changed) -> None:
        self.changes += 1


@asynccontextmanager
async def shown(kind: type[Stage], draft: Draft, desk: Desk, *, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Form, Pilot[int]]]:
    app = Form(kind(draft, desk))
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.05)
        yield app, pilot


def drafted(*addresses: str, **more: Any) -> Draft:
    """A draft of these, the first one the control plane; their names are h1, h2 ..."""
    hosts = [{"name": f"h{number}", "address": address, "role": "worker" if number > 1 else "control-plane"}
             for number, address in enumerate(addresses, 1)]
    return Draft({"hosts": hosts, **more})


def text(app: App[int]) -> str:
    """The screen as text."""
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in app.screen._compositor.render_strips())


def flat(app: App[int]) -> str:
    """The same without its line breaks, for sentences that were wrapped."""
    return " ".join(text(app).split())


def row(app: App[int], word: str) -> str:
    """The line of the screen that has this word."""
    return next((line for line in text(app).splitlines() if word in line), "")


async def seen(app: App[int], *words: str) -> None:
    """Until all of these are on the screen."""
    try:
        await until(lambda: all(word in text(app) or word in flat(app) for word in words), 5)
    except TimeoutError:
        raise AssertionError(f"{words} not on\n{text(app)}") from None
