"""What it costs to take the events of 200 hosts: the fold alone, and all that the Run screen does with an event before it draws.

`python -m bench.fold`
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Final

from kinstall.estimate import GUESS, Estimate
from kinstall.events import AnyEvent, HostLine, Output, Planned, RunStarted, StepChanged, StepLine
from kinstall.install import INSTALL
from kinstall.progress import Progress
from kinstall.screens.loglines import lines_of
from kinstall.screens.watch import Watch
from kinstall.screens.widgets.phases import Order
from kinstall.screens.widgets.rings import Rings

HOSTS: Final = 200
EVENTS: Final = 20_000
FRAMES: Final = 200


def begun() -> Progress:
    """A run of 200 hosts with every step planned."""
    names = tuple(f"node-{number:03}" for number in range(HOSTS))
    progress = Progress().apply(RunStarted(kinstall="1", cluster="c", hosts=tuple(HostLine(name, "192.0.2.1", "worker") for name in names)))
    steps = tuple(StepLine(step.id, step.phase, step.title, names) for step in INSTALL)
    return progress.apply(Planned(kubernetes="1", network="n", steps=steps))


def events(progress: Progress) -> Sequence[AnyEvent]:
    """Every tenth a step, the others ten lines of output."""
    names, steps = tuple(progress.hosts), [step.id for step in progress.steps]
    lines = tuple(f"Setting up package number {number} of many (1.37.2-1.1) ..." for number in range(10))
    return [StepChanged(seq=number, at=number / 1000, host=names[number % HOSTS], step=steps[number % len(steps)], status="running")
            if number % 10 == 0 else
            Output(seq=number, at=number / 1000, host=names[number * 7 % HOSTS], step="tools", lines=lines) for number in range(EVENTS)]


def main() -> None:
    """Tell the microseconds."""
    progress = begun()
    many = events(progress)
    began = time.process_time()
    for event in many:
        progress = progress.apply(event)
    folded = time.process_time()
    rings, watching = Rings(HOSTS), Watch()
    for event in many:
        watching.take(event)
        rings.add(*lines_of(event, {}))
    taken = time.process_time()
    order, estimate = Order(), Estimate(GUESS)
    for number in range(FRAMES):
        progress = progress.apply(many[number])
        order.of(progress)
        estimate.outlook(progress, progress.at)
    drawn = time.process_time()
    sys.stdout.write(f"{HOSTS} hosts, {len(INSTALL)} steps: fold {(folded - began) / EVENTS * 1e6:.1f} us an event; log and watch "
                     f"{(taken - folded) / EVENTS * 1e6:.1f} us an event of 10 lines; order and "
                     f"estimate {(drawn - taken) / FRAMES * 1e3:.2f} ms a frame\n")


if __name__ == "__main__":
    main()
