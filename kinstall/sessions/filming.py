"""A recording shown on a terminal that is none: what would be written to it, and how it looks in the end."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kinstall.sessions.cast import Size, Written
from kinstall.sessions.hurry import hurried
from kinstall.sessions.player import Player
from kinstall.sessions.reading import Recording

if TYPE_CHECKING:
    from rich.console import Console

    from kinstall.screens.theatre import Theatre

LINGER: Final = 3.0         # seconds that the last picture stays
SETTLE: Final = 2.0         # seconds in which every screen has drawn what it knows
BEGIN: Final = "\x1b[?1049h\x1b[?25l\x1b[2J\x1b[H"    # the other screen, no cursor, empty


@dataclass
class Film:
    """What a showing leaves."""

    size: Size
    written: list[Written] = field(default_factory=list)
    still: Console | None = None    # has the last picture recorded, when there is one

    def take(self, data: str) -> None:
        """A terminal gets this now."""
        self.written.append(Written(asyncio.get_running_loop().time(), data))

    def picture(self) -> Console:
        """The last picture: it can be had as SVG, HTML or text."""
        assert self.still is not None  # noqa: S101  # a showing ends with it
        return self.still


def film(recording: Recording, size: Size, *, idle: float, speed: float = 1.0) -> Film:
    """All of it, from the first event to the last."""
    return _shown(recording, size, idle=idle, speed=speed, at=None)


def still(recording: Recording, size: Size, *, at: float | None) -> Console:
    """One picture: `at` seconds after its beginning by its own clock, or at its end."""
    end = recording.events[-1].at - recording.start.at
    return _shown(recording, size, idle=0, at=end if at is None else at).picture()


def _shown(recording: Recording, size: Size, *, idle: float, speed: float = 1.0, at: float | None) -> Film:
    taken = Film(size)

    async def showing() -> None:
        player = Player(recording, idle=idle, speed=speed, stays=True)
        app = _theatre(player, taken)

        async def direct(_: object) -> None:
            if at is None:
                await player.over.wait()
                await asyncio.sleep(LINGER)
            else:
                await asyncio.sleep(0)
                player.deck.play(False)
                player.wind(player.timeline.position(recording.start.at + at))
                await asyncio.sleep(SETTLE)
            taken.still = _picture(app, size)
            app.exit(0)

        await app.run_async(size=(size.columns, size.rows), mouse=False, auto_pilot=direct)
        if app._exception:
            raise app._exception

    hurried(showing)
    return taken


def _theatre(player: Player, taken: Film) -> Theatre:
    """The theatre on a terminal that writes into the film, with all colours, whatever the terminal is that kinstall was started on."""
    from textual.drivers.headless_driver import HeadlessDriver

    from kinstall.screens.theatre import Theatre

    class Camera(HeadlessDriver):
        is_headless = False     # Textual writes nothing for those that are

        def write(self, data: str) -> None:
            if taken.still is None:
                taken.take(data)

        def start_application_mode(self) -> None:
            self.write(BEGIN)
            super().start_application_mode()

    app = Theatre(player, driver_class=Camera)
    app.console = _console(taken.size)
    app.animation_level = "none"
    return app


def _picture(app: Theatre, size: Size) -> Console:
    """The screen as it stands, in a console that can say it as SVG, HTML or text: the way in which Textual takes its screenshots."""
    console = _console(size, record=True)
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    return console


def _console(size: Size, *, record: bool = False) -> Console:
    """A terminal of this size with every colour. It does not ask the environment, so that a film is the same everywhere."""
    from rich.console import Console

    return Console(
        width=size.columns, height=size.rows, file=io.StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False,
        safe_box=False, highlight=False, emoji=False, record=record, _environ={})
