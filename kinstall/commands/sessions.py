"""What was recorded: `kinstall sessions`, `replay`, `demo` and `export`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from kinstall.asking import tell
from kinstall.errors import DONE, KinstallError
from kinstall.sessions.cast import Size
from kinstall.sessions.catalogue import DEMO, Entry, entries, find
from kinstall.sessions.player import IDLE, SPEEDS, Player
from kinstall.sessions.reading import load

SESSIONS: Final = """List the sessions that were recorded: when, where, what came of it.

Every run of kinstall writes one, readable by you alone. Those that came with kinstall stand at the end.

    kinstall sessions

    kinstall sessions --json

Exit codes: 0 done.
"""
REPLAY: Final = """Play a recorded session in the Run screen, exactly as it was. Nothing is installed; no host is needed.

SESSION is the beginning of an id of `kinstall sessions`, a file, or `demo`. Keys: p plays and stands still, < and > change the speed,
, and . wind by 10 seconds, [ and ] go from step to step, q leaves.

    kinstall replay demo --speed 4

    kinstall replay 2026-11-25T105131-lab --headless

Exit codes: 0 done, 1 no such session, or one that cannot be read.
"""
DEMONSTRATION: Final = """Play an installation that was recorded: three machines become a cluster. No host and no root needed.

The same as `kinstall replay demo`.

    kinstall demo --speed 8
"""
EXPORT: Final = """Make something of a session that can be shown: a cast for asciinema, pictures, a journal without names.

The pictures are of the Run screen at --size. What a session holds has no secret in it; --anonymize replaces addresses, host names,
accounts and domain names too, the same by the same.

    kinstall export demo --cast demo.cast --size 120x40

    kinstall export 2026-11-25T1051 --anonymize --svg failed.svg --at 95

Exit codes: 0 done, 1 no such session, or a file that cannot be written.
"""

Session = Annotated[str, typer.Argument(metavar="SESSION", help="An id or its beginning, a file, or `demo`.")]
Json = Annotated[bool, typer.Option("--json", help="One session per line on stdout, as JSON.")]
Speed = Annotated[str, typer.Option("--speed", metavar="N", help=f"How fast: {', '.join(f'{speed:g}' for speed in SPEEDS)}.")]
Idle = Annotated[float, typer.Option("--idle", metavar="SECONDS", min=0, help="Cut silences to so many seconds; 0: as they were.")]
Headless = Annotated[bool, typer.Option("--headless", help="Play it as lines, in the same time.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="With --headless: commands and their output too.")]
Cast = Annotated[Path | None, typer.Option("--cast", metavar="FILE", help="Write a cast in asciinema's format, version 3.")]
Svg = Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write a still as SVG.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a still as HTML.")]
Journal = Annotated[Path | None, typer.Option("--journal", metavar="FILE", help="Write the session itself, to be replayed.")]
SizeOption = Annotated[str, typer.Option("--size", metavar="COLSxROWS", help="Of the terminal in the pictures.")]
At = Annotated[float | None, typer.Option("--at", metavar="SECONDS", min=0, help="Of the still: so long after the beginning.")]
Nameless = Annotated[bool, typer.Option("--anonymize", help="Replace addresses, host names, accounts, domains.")]


def sessions(json: Json = False) -> None:
    """List them; its help is SESSIONS."""
    found = list(entries())
    if json:
        for entry in found:
            typer.echo(msgspec.json.encode(entry).decode())
    else:
        print_table(found)


def replay(session: Session, speed: Speed = "1", idle: Idle = IDLE, headless: Headless = False, verbose: Verbose = False) -> None:
    """Play one; its help is REPLAY."""
    raise typer.Exit(_told(lambda: play(session, speed_of(speed), idle, lines=headless or verbose, verbose=verbose)))


def demo(speed: Speed = "1", idle: Idle = IDLE, headless: Headless = False) -> None:
    """Play the first that came with kinstall; its help is DEMONSTRATION."""
    raise typer.Exit(_told(lambda: play(DEMO, speed_of(speed), idle, lines=headless, verbose=False)))


def export(
    session: Session,
    cast: Cast = None,
    svg: Svg = None,
    html: Html = None,
    journal: Journal = None,
    size: SizeOption = "80x24",
    at: At = None,
    idle: Idle = IDLE,
    speed: Speed = "1",
    anonymize: Nameless = False,
) -> None:
    """Make something to show; its help is EXPORT."""
    from kinstall.sessions.exporting import Wanted, export

    if not (cast or svg or html or journal):
        raise typer.BadParameter("say what is to be made: --cast, --svg, --html or --journal, each with a file")
    wanted = Wanted(
        cast=cast, svg=svg, html=html, journal=journal, size=size_of(size), at=at, idle=idle, speed=speed_of(speed), nameless=anonymize)

    def work() -> int:
        for path in export(load(find(session)), wanted):
            tell(f"{path}: {path.stat().st_size // 1024 + 1} kB\n")
        return DONE

    raise typer.Exit(_told(work))


# Each with its name and its help, for whoever registers them.
COMMANDS: Final[tuple[tuple[str, Callable[..., None], str], ...]] = (
    ("sessions", sessions, SESSIONS), ("replay", replay, REPLAY), ("demo", demo, DEMONSTRATION), ("export", export, EXPORT))


def play(session: str, speed: float, idle: float, *, lines: bool, verbose: bool) -> int:
    """A session on the screen, or as lines where that is wanted or nothing else can be shown; the exit code."""
    from kinstall.start import hindrance

    recording = load(find(session))
    if lines:
        return asyncio.run(as_lines(Player(recording, idle=idle, speed=speed), verbose=verbose))
    if why := hindrance():
        tell(f"{why}, so the session is played as lines.\n")
        return asyncio.run(as_lines(Player(recording, idle=idle, speed=speed), verbose=False))

    async def show() -> int:
        from kinstall.screens.theatre import Theatre

        app = Theatre(Player(recording, idle=idle, speed=speed, stays=True))
        return await app.run_async() or app.return_code or DONE

    return asyncio.run(show())


async def as_lines(player: Player, *, verbose: bool) -> int:
    """A session as a headless run would have told it."""
    from kinstall.headless import Lines

    lines = Lines(verbose=verbose)
    async for event in player:
        lines(event)
    return DONE


def print_table(found: list[Entry]) -> None:
    """The sessions in a table; what is wrong with one is said below it."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("session", "cluster", "hosts", "what", "result", "length", "changed"):
        table.add_column(column, no_wrap=column == "session", justify="right" if column in ("hosts", "length", "changed") else "left")
    for entry in found:
        table.add_row(*row(entry))
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "120")))
    console.print(table)
    for entry in found:
        if entry.note:
            tell(f"{entry.id}: {entry.note}\n")


def row(entry: Entry) -> tuple[str, ...]:
    """A session in a row. When it was is the beginning of its id."""
    if entry.result == "unreadable":
        return (entry.id, "", "", "", entry.result, "", "")
    length = f"{int(entry.seconds) // 60}:{int(entry.seconds) % 60:02}"
    return (entry.id, entry.cluster, str(len(entry.hosts)), entry.purpose, entry.result, length, str(entry.changed))


def speed_of(text: str) -> float:
    """One of the speeds."""
    given = {f"{speed:g}": speed for speed in SPEEDS}.get(text.removesuffix("x"))
    if given is None:
        raise typer.BadParameter(f"--speed {text}: there are {', '.join(f'{speed:g}' for speed in SPEEDS)}")
    return given


def size_of(text: str) -> Size:
    """A terminal's size."""
    try:
        return Size.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"--size {text}: columns x rows, such as 80x24 (from 20x10 to 500x200)") from error


def _told(work: Callable[[], int]) -> int:
    """The work's exit code; an error told as every command tells it."""
    try:
        return work()
    except KinstallError as error:
        tell("\n".join(error.lines()) + "\n")
        return error.exit_code
    except KeyboardInterrupt:
        return DONE
