"""The Run screen: the matrix, the log and what went wrong, of a run that is under way or of a recording; it cannot tell which."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Key
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from kinstall.control import Decision
from kinstall.desk import Desk, Stream
from kinstall.errors import DONE
from kinstall.estimate import GUESS, Estimate, estimate
from kinstall.events import AnyEvent, CommandStarted, Output, RunStarted
from kinstall.headless import error_lines, summary
from kinstall.install import dependents
from kinstall.progress import Progress
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.explain import ExplainScreen
from kinstall.screens.help import HelpScreen
from kinstall.screens.steps import StepsScreen
from kinstall.screens.stopping import DETACH, STOP, StopScreen
from kinstall.screens.widgets.clockline import ClockLine, title
from kinstall.screens.widgets.failure import SILENT, FailurePane
from kinstall.screens.widgets.log import Line, LogPane
from kinstall.screens.widgets.matrix import Matrix
from kinstall.screens.widgets.steps import Steps

FRAMES: Final = 20          # draws a second
PEEK_EVERY: Final = 10.0    # seconds between two looks at a silent host
BREATH: Final = 64          # events after which keys have their turn, however many more there are

HELP: Final = """# Run

Each row is a machine, each column a part of the installation. The log below belongs to the row with the mark.
A machine that fails stops alone, says why, and waits for you; the others go on.

`✓` done, `=` was so already, `▶` running, `…` waiting (for whom), `✗` failed, `–` skipped, `·` not yet
"""


class RunScreen(Screen[None]):
    """Shows a stream of events. What a person says to the run goes to its control; a recording has none."""

    CSS_PATH = "run.tcss"
    AUTO_FOCUS = "#matrix"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", priority=True),
        Binding("r", "retry", "Retry", tooltip="try the failed step of this host again"),
        Binding("s", "skip", "Skip", tooltip="go on without the failed step; says what depends on it"),
        Binding("exclamation_mark", "shell", "Shell", key_display="!", tooltip="a shell on this host, in this terminal"),
        Binding("e", "explain", "Explain", tooltip="what this step does, why, and how it is done by hand"),
        Binding("slash", "filter", "Filter", key_display="/", show=False, tooltip="only lines of the log that hold a text"),
        Binding("space", "pause", "Pause", show=False, tooltip="the log stands still, or follows again"),
        Binding("l", "all", "All logs", show=False, tooltip="the log of all hosts, interleaved, or of this one"),
        Binding("w", "wrap", "Wrap", show=False, tooltip="long lines of the log are folded, or cut"),
        Binding("y", "copy", "Copy", show=False, tooltip="what failed, or else the visible log, to the clipboard"),
        Binding("pageup", "scroll(-1)", show=False), Binding("pagedown", "scroll(1)", show=False), Binding("end", "follow", show=False),
        Binding("ctrl+n,enter", "go_on", "Go on", show=False, tooltip="to the result, when it has ended"),
        Binding("escape", "leave_filter", show=False),
        Binding("ctrl+c", "stop", "Stop", priority=True, tooltip="stop, or leave it running"),
    ]

    @dataclass
    class Ended(Message):
        """The run has ended, and the person goes on."""

        progress: Progress
        stream: Stream

    def __init__(self, stream: Stream, desk: Desk | None, *, label: str = "") -> None:
        super().__init__()
        self.stream, self.desk, self.label = stream, desk, label
        self.progress = Progress()
        self.estimate = Estimate(GUESS)
        self.has_ended = False
        self._is_dirty = True
        self._is_of_all = False     # the log shows all hosts
        self._spoke: dict[str, float] = {}      # when each host last said something
        self._peeked: dict[str, tuple[float, Sequence[str]]] = {}

    def compose(self) -> ComposeResult:
        """From top to bottom: stages, clock, matrix, what the host is at, its log."""
        yield Steps("run")
        yield ClockLine(self.label)
        yield Matrix()
        with VerticalScroll(id="why"):
            yield FailurePane()
        yield Static("", id="logbar", markup=False)
        yield LogPane()
        yield Input(placeholder="only lines with this text; Esc: all lines", id="filter")
        yield Static("", id="ended", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """The events begin to come."""
        self.query_one("#filter").display = False
        self.set_interval(1 / FRAMES, self._draw)
        self.set_interval(1, self._tick)
        self._consume()
        if self.stream.control is not None:
            self._measure()

    @work
    async def _measure(self) -> None:
        """Earlier runs say how long this one takes."""
        self.estimate = await asyncio.to_thread(estimate)

    @work
    async def _consume(self) -> None:
        count = 0
        async for event in self.stream:
            self._take(event)
            if (count := count + 1) % BREATH == 0:
                await asyncio.sleep(0)
        self.has_ended, self._is_dirty = True, True
        self._draw()
        if self.stream.code == DONE and self.stream.control is not None:
            self.action_go_on()

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, RunStarted):   # a recording that was wound back begins again
            self.progress = Progress()
            self.query_one(LogPane).lines.clear()
            self._spoke.clear()
        self.progress = self.progress.apply(event)
        self._is_dirty = True
        match event:
            case Output():
                self._spoke[event.host] = event.at
                self.query_one(LogPane).add(Line(event.at, event.host, text) for text in event.lines)
            case CommandStarted():
                self._spoke[event.host] = event.at
                shown = event.shell.splitlines() or [f"(follows {event.unit})"]
                self.query_one(LogPane).add(Line(event.at, event.host, text, is_command=True) for text in shown)

    def _tick(self) -> None:
        """Seconds go by without an event, too."""
        self._is_dirty = True
        host = self.query_one(Matrix).host
        if self.desk and host and not self.has_ended and self._silent(host) >= SILENT:
            at, _ = self._peeked.get(host, (0.0, ()))
            if self.stream.now() - at >= PEEK_EVERY:
                self._peeked[host] = self.stream.now(), self._peeked.get(host, (0.0, ()))[1]
                self._peek(self.desk, host)

    @work
    async def _peek(self, desk: Desk, host: str) -> None:
        self._peeked[host] = self.stream.now(), await desk.peek(host)

    def _silent(self, host: str) -> float:
        """Seconds since a host that is at work said something."""
        seen = self.progress.hosts.get(host)
        if seen is None or seen.command is None:
            return 0.0
        return self.stream.now() - self._spoke.get(host, seen.command.at)

    def _draw(self) -> None:
        """At most twenty times a second, and only what has changed."""
        if not self._is_dirty or not self.is_attached:
            return
        self._is_dirty = False
        now, matrix, log = self.stream.now(), self.query_one(Matrix), self.query_one(LogPane)
        self.query_one(Steps).name_cluster(self.progress.cluster)
        self.query_one(ClockLine).show(self.progress, now, self.estimate)
        matrix.show(self.progress, now)
        silent = self._silent(matrix.host)
        self.query_one(FailurePane).show(
            self.progress, matrix.host, now, asks=self._asks(matrix.host), silent=silent,
            peeked=self._peeked.get(matrix.host, (0.0, ()))[1] if silent >= SILENT else ())
        self._draw_bar(log)
        self._draw_end()
        if log.is_following:
            log.refresh()
        self._name_terminal()

    def _draw_bar(self, log: LogPane) -> None:
        whose = log.host or "all hosts"
        state = "" if log.is_following else "  standing still (space: follow)"
        found = f"  only lines with {log.filter!r}" if log.filter else ""
        keys = "/ filter  space pause  l all  w wrap  y copy"
        left = f"── log {whose}{state}{found} "
        self.query_one("#logbar", Static).update(left + "─" * max(self.size.width - len(left) - len(keys) - 3, 0) + f" {keys} ")

    def _draw_end(self) -> None:
        line = self.query_one("#ended", Static)
        line.display = self.has_ended
        if self.has_ended and self.progress.ended:
            line.update(f"{summary(self.progress, self.progress.ended)}.  Enter: the result")
        elif self.has_ended:
            line.update("It ended without a last word.  Enter: the result")

    _title = ""

    def _name_terminal(self) -> None:
        name = title(self.progress, self.estimate)
        if name != self._title and self.app._driver is not None and not self.app.is_headless:
            self._title = name
            self.app._driver.write(f"\x1b]0;{name}\x07")

    def _asks(self, host: str) -> bool:
        return self.stream.control is not None and host in self.stream.control.open

    # ---- what is pressed ----
    def on_matrix_moved(self, event: Matrix.Moved) -> None:
        """Another host: its log."""
        if not self._is_of_all:
            self.query_one(LogPane).look_at(event.host)
        self._is_dirty = True

    def on_matrix_opened(self, event: Matrix.Opened) -> None:
        """The steps of a cell; when all is over, the result."""
        if self.has_ended and self.stream.control is not None:
            self.action_go_on()
        else:
            self.app.push_screen(StepsScreen(self.progress, event.host, event.phase))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that say something to the run are there when somebody listens."""
        host = self.query_one(Matrix).host if self.is_mounted else ""
        if action in ("retry", "skip"):
            return self._asks(host)
        if action == "shell":
            return self.desk is not None
        return True

    def action_retry(self) -> None:
        """Again."""
        if self.stream.control:
            self.stream.control.answer(self.query_one(Matrix).host, Decision.RETRY)
            self._is_dirty = True

    def action_skip(self) -> None:
        """Without it, after a word about what depends on it."""
        host = self.query_one(Matrix).host
        control = self.stream.control
        if control is None or host not in control.open:
            return
        step = control.open[host]

        def answered(yes: bool | None) -> None:
            if yes:
                control.answer(host, Decision.SKIP)

        needing = dependents(step)
        means = [f"These need it, and may fail without it: {', '.join(needing)}." if needing else "No later step waits for it by name.",
                 "Skip it if you have done by hand what it does (e explains it), or do not want it."]
        self.app.push_screen(ConfirmScreen(f"Skip {step} on {host}?", means, yes="Skip"), answered)

    @work
    async def action_shell(self) -> None:
        """A shell there, and back. The other hosts go on meanwhile."""
        host = self.query_one(Matrix).host
        if self.desk is None or not host:
            return
        with self.app.suspend():
            print(f"\r\nA shell on {host}. exit comes back to kinstall; the other hosts go on meanwhile.\r")  # noqa: T201
            why = await self.desk.shell(host)
        self.app.refresh(layout=True)
        if why:
            self.notify(why, title=f"No shell on {host}", severity="error", markup=False)

    def action_explain(self) -> None:
        """The step under the cursor."""
        cell = self.query_one(Matrix).current()
        if cell:
            self.app.push_screen(ExplainScreen(cell.step))

    def action_filter(self) -> None:
        """Type what the lines must hold."""
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filtered while one types."""
        self.query_one(LogPane).search(event.value)
        self._is_dirty = True

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """The filter stays, the keys are keys again."""
        self.query_one(Matrix).focus()

    def action_leave_filter(self) -> None:
        """All lines again."""
        field = self.query_one("#filter", Input)
        field.value, field.display = "", False
        self.query_one(Matrix).focus()

    def action_pause(self) -> None:
        """Stand still, or follow."""
        log = self.query_one(LogPane)
        if log.is_following:
            log.pause()
        else:
            log.follow()
        self._is_dirty = True

    def action_all(self) -> None:
        """All hosts, or the one with the mark."""
        self._is_of_all = not self._is_of_all
        self.query_one(LogPane).look_at("" if self._is_of_all else self.query_one(Matrix).host)
        self._is_dirty = True

    def action_wrap(self) -> None:
        """Fold, or cut."""
        log = self.query_one(LogPane)
        log.is_wrapped = not log.is_wrapped
        log.refresh()

    def action_scroll(self, pages: int) -> None:
        """The log, by pages."""
        log = self.query_one(LogPane)
        log.scroll_lines(pages * max(log.size.height - 1, 1))
        self._is_dirty = True

    def action_follow(self) -> None:
        """To its end."""
        self.query_one(LogPane).follow()
        self._is_dirty = True

    def action_copy(self) -> None:
        """What failed, or what is seen of the log."""
        seen = self.progress.hosts.get(self.query_one(Matrix).host)
        lines = error_lines(seen.failure) if seen and seen.failure else [line.text for line in self.query_one(LogPane).seen()]
        self.app.copy_to_clipboard("\n".join(lines))
        self.notify(f"{len(lines)} lines copied", timeout=2)

    def action_go_on(self) -> None:
        """The result, if there is one."""
        if self.has_ended:
            self.post_message(self.Ended(self.progress, self.stream))

    def on_key(self, event: Key) -> None:
        """Esc in the filter comes here when the field does not want it."""
        if event.key == "escape" and self.query_one("#filter").display:
            self.action_leave_filter()
            event.stop()

    def action_stop(self) -> None:
        """Three ways out; none when it is over."""
        if self.has_ended or self.stream.control is None:
            self.action_go_on() if self.has_ended and self.stream.control else self.app.exit(0)
            return

        def chosen(way: str | None) -> None:
            if way == STOP and self.stream.control:
                self.stream.control.stop()
                self.notify("What is running comes to its end. Nothing more is begun.", title="Stopping")
            elif way == DETACH:
                self.stream.detach()

        self.app.push_screen(StopScreen(), chosen)

    def action_help(self) -> None:
        """The keys, and what the signs mean."""
        self.app.push_screen(HelpScreen.of(self, HELP))
