"""Ten hosts that print a thousand lines a second each, with the real stream, hub and journal. The hosts are not there."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
from typing import Final

from kinstall.control import Control
from kinstall.events import CommandStarted, Connected, HostLine, Output, Planned, RunStarted, StepChanged, StepLine
from kinstall.hub import Hub
from kinstall.install import INSTALL
from kinstall.running import Running
from kinstall.secrets import Redactor, Secret

LINES: Final = 1_000        # of a host in a second
BATCH: Final = 0.05         # seconds: a host's lines are one event in this time
WORDS: Final = ("Get:4", "https://download.docker.com/linux/debian", "trixie/stable", "amd64", "Packages", "Setting up", "(1.37.2-1.1)",
                "Unpacking", "kubelet", "containerd.io", "✓", "Reading package lists...", "E:", "W:", "Created symlink")


def flood(hosts: int = 10, lines: int = LINES) -> Running:
    """A run that is at its first step and goes on printing."""
    names = [f"h{number:02}" for number in range(hosts)]
    masks = Redactor()
    masks.add(Secret("correct horse battery staple"))

    async def work(hub: Hub) -> int:
        _begin(hub, names)
        await asyncio.gather(*(_print(hub, name, number, lines) for number, name in enumerate(names)))
        return 0

    return Running("flood", masks, work, control=Control(attended=True), keep=True)


def _begin(hub: Hub, names: list[str]) -> None:
    hub.emit(RunStarted(kinstall="bench", cluster="flood", hosts=tuple(HostLine(name, "192.0.2.1", "worker") for name in names)))
    for name in names:
        hub.emit(Connected(host=name, seconds=0.1))
    steps = tuple(StepLine(step.id, step.phase, step.title, tuple(names)) for step in INSTALL)
    hub.emit(Planned(kubernetes="1.37.2", network="flannel", steps=steps))
    for name in names:
        hub.emit(StepChanged(host=name, step="tools", status="running"))
        hub.emit(CommandStarted(host=name, step="tools", shell="apt-get install -y everything"))  # noqa: S604  # an event


async def _print(hub: Hub, name: str, number: int, lines: int) -> None:
    """Some lines are longer than the screen is wide, as apt's are."""
    dice = random.Random(number)    # noqa: S311  # the same lines each time
    texts = [" ".join(dice.choices(WORDS, k=dice.randint(2, 14))) for _ in range(997)]
    loop, count = asyncio.get_running_loop(), itertools.count()
    due = loop.time() + BATCH * dice.random()
    size = max(int(lines * BATCH), 1)
    while True:
        hub.emit(Output(host=name, step="tools", lines=tuple(f"{next(count)} {texts[next(count) % 997]}" for _ in range(size))))
        due += BATCH
        await asyncio.sleep(max(due - loop.time(), 0))


def memory(process: int | None = None) -> float:
    """Resident megabytes of a process; of this one for None."""
    with open(f"/proc/{process or os.getpid()}/statm") as file:     # noqa: PTH123  # procfs
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
