"""A recording in the Run screen: the same screen, with a line for the player and keys to play it."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.widgets import Static

from kinstall.screens.base import KinstallApp
from kinstall.screens.run import RunScreen
from kinstall.screens.widgets.signs import utf8
from kinstall.sessions.player import Player

LABEL: Final = "RECORDED"
WIND: Final = 10            # seconds


class PlayerLine(Static):
    """` ▶ 4x   00:41 / 02:31 ━━━━━━────── silences cut to 2 s`: whether it plays, how fast, and where it is."""

    DEFAULT_CSS = """
    PlayerLine {
        dock: bottom;
        height: 1;
        margin-bottom: 1;
        background: $panel;
        color: $foreground;
    }
    """

    def __init__(self, player: Player) -> None:
        super().__init__(id="player", markup=False)
        self._player = player

    def on_mount(self) -> None:
        """Drawn four times a second, and after each key."""
        self.draw()
        self.set_interval(0.25, self.draw)

    def draw(self) -> None:
        """As the player is just now."""
        deck, width = self._player.deck, max(self.size.width - 52, 8)
        done = round(width * deck.position / deck.length) if deck.length else width
        full, rest = ("━", "─") if utf8() else ("=", "-")
        idle = f"silences cut to {self._player.idle:g} s" if self._player.idle else "silences as they were"
        bar = Text.assemble((full * done, "bold"), rest * (width - done))
        speed, place = f" {self._sign():8}{deck.speed:g}x".ljust(14), f"{_time(deck.position)} / {_time(deck.length)} "
        self.update(Text.assemble(speed, place, bar, f" {idle}"))

    def _sign(self) -> str:
        if self._player.at_end:
            return "end"
        return "playing" if self._player.deck.playing else "paused"


class TheatreScreen(RunScreen):
    """The Run screen of a recording. Nothing is run: what was said to the run cannot be said to this."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "play", "Play", tooltip="play, or stand still; at the end, from the beginning"),
        Binding("less_than_sign", "faster(-1)", "Slower", key_display="<", show=False, tooltip="half as fast, down to 0.5x"),
        Binding("greater_than_sign", "faster(1)", "Speed", key_display="< >", tooltip="twice as fast, up to 32x; < is slower"),
        Binding("comma", "wind(-1)", "Wind back", key_display=",", show=False, tooltip="back by 10 seconds"),
        Binding("full_stop", "wind(1)", "10 s", key_display=", .", tooltip="on by 10 seconds; , is back (the arrows are the matrix's)"),
        Binding("left_square_bracket", "step(-1)", "Step back", show=False, tooltip="to where the step before began or failed"),
        Binding("right_square_bracket", "step(1)", "Step", key_display="[ ]", tooltip="to where the next step begins or fails"),
        Binding("q", "app.quit", "Quit"),
        Binding("ctrl+c", "app.quit", show=False, priority=True),
    ]

    def __init__(self, player: Player) -> None:
        super().__init__(player, None, label=LABEL)
        self.player = player

    def compose(self) -> ComposeResult:
        """The Run screen, and the player's line over its footer."""
        yield from super().compose()
        yield PlayerLine(self.player)

    def action_play(self) -> None:
        """Play or stand still."""
        self.player.toggle()
        self._draw_player()

    def action_faster(self, steps: int) -> None:
        """Another speed."""
        self.player.faster(steps)
        self._draw_player()

    def action_wind(self, way: int) -> None:
        """Ten seconds on or back."""
        self.player.skip(way * WIND)
        self._draw_player()

    def action_step(self, way: int) -> None:
        """To the next step, or the one before."""
        self.player.step(way > 0)
        self._draw_player()

    def _draw_player(self) -> None:
        self.query_one(PlayerLine).draw()


class Theatre(KinstallApp):
    """Shows one recording."""

    def __init__(self, player: Player, *, driver_class: type[Driver] | None = None) -> None:
        super().__init__(driver_class=driver_class)
        self.player = player

    def on_mount(self) -> None:
        """The curtain."""
        self.push_screen(TheatreScreen(self.player))

    def on_run_screen_ended(self, _: RunScreen.Ended) -> None:
        """Whoever goes on from a recording leaves it."""
        self.exit(0)

    def journal(self) -> str:
        """The recording's."""
        return self.player.journal


def _time(seconds: float) -> str:
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"
