"""The live table fits into 80 columns, with every phase's name whole."""

from __future__ import annotations

import contextlib
import io
import os
import pty
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from kinstall.events import AnyEvent, Failure, HostLine, Note, Output, Planned, RunEnded, RunStarted, StepChanged, StepLine
from kinstall.headless import SIGNS, LiveTable
from kinstall.install import INSTALL
from kinstall.progress import Progress
from kinstall.table import table

HOSTS = ("kmaster", "knode1")
STEPS = tuple(StepLine(step.id, step.phase, step.title, HOSTS) for step in INSTALL)
EVENTS: tuple[AnyEvent, ...] = (
    RunStarted(at=1000.0, kinstall="0", cluster="homelab", hosts=tuple(HostLine(name, "10.0.0.1", "worker") for name in HOSTS)),
    Planned(at=1000.0, kubernetes="1.37.2", network="calico", steps=STEPS),
    *(StepChanged(at=1001.0, host="kmaster", step=step.id, status="done") for step in STEPS if step.phase == "prepare"),
    StepChanged(at=1002.0, host="kmaster", step="containerd", status="running"),
    Output(at=1003.0, host="kmaster", step="containerd", lines=("Unpacking containerd.io (2.3.7-1~debian.12~bookworm) ...",)),
    StepChanged(at=1004.0, host="knode1", step="join", status="waiting", reason="kmaster init"),
    RunEnded(at=1062.0, result="failed", exit_code=1, seconds=62.0, changed=3),
)


def drawn(width: int) -> list[str]:
    progress = Progress()
    for event in EVENTS:
        progress = progress.apply(event)
    out = io.StringIO()
    Console(file=out, width=width).print(table(progress, SIGNS))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_at_80_columns_every_phase_is_readable() -> None:
    title, header, kmaster, knode = drawn(80)
    assert title.strip() == "homelab  01:02"
    assert header.split() == list(dict.fromkeys(step.phase for step in INSTALL))
    assert kmaster.split()[:4] == ["kmaster", "✓", "▶", "·"]
    assert "containerd 60 s" in kmaster
    assert "join, for kmaster" in knode
    assert max(map(len, (header, kmaster, knode))) <= 80


def test_a_wide_terminal_shows_more_of_what_is_printed() -> None:
    assert "Unpacking containerd.io (2.3.7-1~debian.12~bookworm)" in drawn(140)[2]


NARRATION = (Note(text="worth knowing", host="kmaster"), Failure(message="it broke", hint="mend it"))
TOLD: tuple[AnyEvent, ...] = (*EVENTS[:-1], *NARRATION, EVENTS[-1])


def on_a_terminal(show: Callable[[int], None]) -> str:
    """What a terminal got of this."""
    ours, theirs = pty.openpty()
    try:
        show(theirs)
        os.set_blocking(ours, False)
        seen = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                seen += os.read(ours, 4096)
        return seen.decode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_narration_goes_where_stderr_leads_and_the_table_stays_on_stdout(tmp_path: Path) -> None:
    def show(terminal: int) -> None:
        with open(terminal, "w", closefd=False) as out, (tmp_path / "err").open("w") as err, LiveTable(out, err) as live:
            for event in TOLD:
                live(event)

    seen = on_a_terminal(show)
    assert (tmp_path / "err").read_text() == "kmaster: worth knowing\nit broke\n    mend it\n"
    assert "worth knowing" not in seen and "mend it" not in seen
    assert "homelab: failed after 62 s" in seen


def test_narration_scrolls_above_the_table_on_one_terminal() -> None:
    def show(terminal: int) -> None:
        with open(terminal, "w", closefd=False) as out, open(terminal, "w", closefd=False) as err, LiveTable(out, err) as live:
            for event in TOLD:
                live(event)

    seen = on_a_terminal(show)
    assert "kmaster: worth knowing" in seen and "    mend it" in seen
    assert seen.rindex("mend it") < seen.rindex("homelab  01:02")


def test_a_terminal_that_is_closed_is_no_error() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as out, LiveTable(out, out) as live:
        live(EVENTS[0])
        os.close(ours)
        for event in TOLD[1:]:
            live(event)
