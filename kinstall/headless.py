"""Events -> a terminal, a log, or JSON lines.

stdout has the transitions, the live table or, with --json, the events; stderr has what is told beside: notes, failures.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import IO, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table

from kinstall.errors import told
from kinstall.events import (
    AnyEvent,
    CommandStarted,
    Connected,
    Decided,
    Described,
    Fact,
    FactsRead,
    Failure,
    Found,
    HandedOver,
    Note,
    Output,
    Planned,
    Proved,
    RunEnded,
    RunStarted,
    StepChanged,
    encode,
)
from kinstall.progress import Progress
from kinstall.streams import hardy, same_terminal
from kinstall.table import table

GIB = 1 << 30
SIGNS = {"pending": "·", "waiting": "…", "running": "▶", "done": "✓", "already": "=", "failed": "✗", "skipped": "–"}
ASCII = {"pending": ".", "waiting": "w", "running": ">", "done": "+", "already": "=", "failed": "X", "skipped": "-"}


def signs(stream: IO[str]) -> dict[str, str]:
    """The signs that this stream can show."""
    return SIGNS if (getattr(stream, "encoding", "") or "").lower().replace("-", "") == "utf8" else ASCII


def clock(at: float) -> str:
    """A time of day: 02:31:07."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def error_lines(failure: Failure) -> list[str]:
    """A failure as a person reads it."""
    return told(
        failure.message, hint=failure.hint, host=failure.host, step=failure.step, tail=failure.tail, explained=failure.explained)


def summary(progress: Progress, ended: RunEnded) -> str:
    """The run in one line."""
    seconds = f"{ended.seconds:.0f} s"
    if ended.result == "cancelled":
        return f"{progress.cluster}: stopped after {seconds}"
    if ended.result == "failed":
        failed = [name for name, host in progress.hosts.items() if host.failure]
        return f"{progress.cluster}: failed after {seconds}" + (f" on {', '.join(failed)}" if failed else "")
    if not progress.kubernetes or not any(cell.status != "pending" for host in progress.hosts.values() for cell in host.cells.values()):
        return f"{progress.cluster}: nothing was changed, {seconds}"
    nodes = f"{len(progress.hosts)} node" + ("s" if len(progress.hosts) != 1 else "")
    what = {0: "nothing to change", 1: "1 change"}.get(ended.changed, f"{ended.changed} changes")
    return f"{progress.cluster} is ready{_without(progress)}: {nodes}, Kubernetes {progress.kubernetes}, {what}, {seconds}"


def _without(progress: Progress) -> str:
    """Of a run that went through, what is skipped was left out by a person."""
    cells = ((name, step, cell) for name, host in progress.hosts.items() for step, cell in host.cells.items())
    left_out = [f"{step} on {name}" for name, step, cell in cells if cell.status == "skipped"]
    return f" without {', '.join(left_out)}, as you said" if left_out else ""


def timing(progress: Progress, ended: RunEnded) -> str:
    """How long each phase took, on its slowest host; nothing to say when nothing was changed."""
    if not ended.changed:
        return ""
    return "took: " + ", ".join(f"{phase} {seconds:.0f} s" for phase, seconds in progress.phase_seconds().items() if seconds)


def fact_lines(facts: Iterable[Fact]) -> list[str]:
    """What a person needs next, a line each."""
    return [f"{fact.label:12} {fact.text}" for fact in facts]


def found_line(event: Found) -> str:
    """A finding of the checks in one line."""
    return f"{event.level}: {event.sentence}" + (f" ({event.check})" if event.check else "")


def proof_line(event: Proved, marks: dict[str, str]) -> str:
    """A proof in one line."""
    return f"{marks['done' if event.holds else 'failed']} {event.step:22} {event.what}: {event.figure}"


class Lines:
    """One line per step transition: for logs, pipes, and terminals that can do no more."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, *, verbose: bool = False) -> None:
        self.out, self.err, self.verbose = hardy(out or sys.stdout), hardy(err or sys.stderr), verbose
        self.signs, self.progress, self.width = signs(self.out), Progress(), 8

    def __call__(self, event: AnyEvent) -> None:
        """A sink."""
        self.progress = self.progress.apply(event)
        match event:
            case RunStarted():
                self.width = max((len(line.name) for line in event.hosts), default=8)
            case StepChanged():
                self._line(event.at, event.host, self._step(event))
            case Note() if not event.host or not event.step or self.verbose:
                self._beside(event.at, event.host, f"{event.level}: {event.text}" if event.level != "info" else event.text)
            case Note():
                self._beside(event.at, event.host, f"{event.step}: {event.text}")
            case Found() if event.level == "warning" or self.verbose:
                self._beside(event.at, event.host or "all", found_line(event))
            case Failure():
                print("\n".join(error_lines(event)), file=self.err, flush=True)
            case Described():
                print("\n".join([event.title, *event.lines, ""]), file=self.out, flush=True)
            case Proved() | HandedOver() | RunEnded():
                self._result(event)
            case Connected() | FactsRead() | Planned() | Decided() | CommandStarted() | Output():
                self._other(event)

    def _result(self, event: Proved | HandedOver | RunEnded) -> None:
        match event:
            case Proved():
                self._line(event.at, event.host, proof_line(event, self.signs))
            case HandedOver():
                print("\n".join(["", *fact_lines(event.facts), ""]), file=self.out, flush=True)
            case RunEnded():
                for text in filter(None, (timing(self.progress, event), summary(self.progress, event))):
                    print(f"{clock(event.at)} {text}", file=self.out, flush=True)

    def _other(self, event: Connected | FactsRead | Planned | Decided | CommandStarted | Output) -> None:
        match event:
            case Decided():
                self._line(event.at, event.host, f"{self.signs['pending']} {event.step:22} {event.decision}, as you said")
            case Connected():
                self._beside(event.at, event.host, f"connected, {event.seconds:.1f} s")
            case FactsRead():
                size = f"{event.cpus} cores, {event.memory / GIB:.1f} GiB, cgroup v{event.cgroup}"
                self._beside(event.at, event.host, f"{event.distribution}, kernel {event.kernel}, {size}, {event.address}")
            case Planned():
                self._beside(event.at, "", f"Kubernetes {event.kubernetes}, {event.network}, {len(event.steps)} steps")
            case CommandStarted() if self.verbose and event.shell:
                self._beside(event.at, event.host, f"$ {event.shell}")
            case Output() if self.verbose:
                for line in event.lines:
                    self._beside(event.at, event.host, f"| {line}")

    def _step(self, event: StepChanged) -> str:
        took = f" {event.seconds:6.1f} s" if event.status in ("done", "already", "failed") else ""
        why = {"waiting": f" for {event.reason}", "skipped": f": {event.reason}"}.get(event.status, "")
        return f"{self.signs[event.status]} {event.step:22} {event.status}{took}{why}"

    def _line(self, at: float, host: str, text: str) -> None:
        print(f"{clock(at)} {host:{self.width}} {text}", file=self.out, flush=True)

    def _beside(self, at: float, host: str, text: str) -> None:
        print(f"{clock(at)} {host:{self.width}} {text}" if host else f"{clock(at)} {text}", file=self.err, flush=True)


class Events:
    """One JSON event per line on stdout; the failures, as a person reads them, on stderr."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out, self.err = hardy(out or sys.stdout), hardy(err or sys.stderr)

    def __call__(self, event: AnyEvent) -> None:
        """A sink."""
        print(encode(event).decode(), file=self.out, flush=True)
        if isinstance(event, Failure):
            print("\n".join(error_lines(event)), file=self.err, flush=True)


class LiveTable:
    """A compact table that stays in place on stdout: hosts by phases, and what each host is doing.

    Notes and failures belong to stderr: they scroll above the table when that is the same terminal, and go where it leads when not.
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, *, console: Console | None = None) -> None:
        self.out, self.err = hardy(out or sys.stdout), hardy(err or sys.stderr)
        self.console = console or Console(file=self.out, highlight=False)
        self.together = same_terminal(self.out, self.err)
        self.progress = Progress()
        self.live = Live(
            console=self.console, get_renderable=self._table, refresh_per_second=8, redirect_stdout=False, redirect_stderr=self.together
        )

    def __enter__(self) -> LiveTable:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.refresh()
        self.live.stop()
        if self.progress.ended:
            if self.progress.facts:
                self.console.print("\n".join(["", *fact_lines(self.progress.facts), ""]), markup=False, soft_wrap=True)
            for text in filter(None, (timing(self.progress, self.progress.ended), summary(self.progress, self.progress.ended))):
                self.console.print(text, markup=False)

    def aside(self, ask: Callable[[str], Awaitable[bool]]) -> Callable[[str], Awaitable[bool]]:
        """The same question, asked while the table stands still."""

        async def asked(question: str) -> bool:
            self.live.stop()
            try:
                return await ask(question)
            finally:
                self.live.start(refresh=True)

        return asked

    def __call__(self, event: AnyEvent) -> None:
        """A sink."""
        self.progress = self.progress.apply(event)
        match event:
            case Note():
                self._beside([f"{event.host}: {event.text}" if event.host else event.text], "yellow" if event.level == "warning" else "")
            case Found() if event.level == "warning":
                self._beside([f"{event.host or 'all'}: {found_line(event)}"], "yellow")
            case Failure():
                self._beside(error_lines(event), "red")

    def _table(self) -> Table:
        return table(self.progress, signs(self.out))

    def _beside(self, lines: Iterable[str], style: str) -> None:
        if self.together:
            self.console.print("\n".join(lines), style=style, markup=False)
        else:
            print("\n".join(lines), file=self.err, flush=True)


class AtTheEnd:
    """A sink that prints its result on stdout when the run has ended; notes and failures on stderr as they come."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.out, self.err, self.progress = hardy(out or sys.stdout), hardy(err or sys.stderr), Progress()

    def __call__(self, event: AnyEvent) -> None:
        """A sink."""
        self.progress = self.progress.apply(event)
        match event:
            case Note():
                print(event.text, file=self.err, flush=True)
            case Failure():
                print("\n".join(error_lines(event)), file=self.err, flush=True)
            case RunEnded():
                self._print(Console(file=self.out, highlight=False), event)

    def _print(self, console: Console, ended: RunEnded) -> None:
        raise NotImplementedError
