"""The Run screen: the matrix, the log and what went wrong, of a run that is under way or of a recording; it cannot tell which."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Footer, Static

from kinstall.control import Decision
from kinstall.desk import Desk, Stream
from kinstall.errors import CANCELLED, DONE
from kinstall.estimate import estimate
from kinstall.events import AnyEvent, Output, Planned, RunStarted
from kinstall.headless import error_lines, summary
from kinstall.install import dependents
from kinstall.progress import HostProgress, Progress
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.explain import ExplainScreen
from kinstall.screens.help import HelpScreen
from kinstall.screens.loglines import lines_of
from kinstall.screens.logscreen import LogScreen
from kinstall.screens.steps import StepsScreen
from kinstall.screens.stopping import DETACH, STOP, StopScreen
from kinstall.screens.title import TerminalTitle
from kinstall.screens.watch import Watch
from kinstall.screens.widgets.clockline import ClockLine
from kinstall.screens.widgets.failure import FailurePane, Situation
from kinstall.screens.widgets.matrix import Matrix
from kinstall.screens.widgets.steps import Steps

FRAMES: Final = 20          # draws a second
BREATH: Final = 16          # events after which keys have their turn, however many more there are
GOES_ON: Final = "Enter: the result"

HELP: Final = """# Run

Each row is a machine, each column a part of the installation. The log below belongs to the row with the mark `>`.
A machine that fails stops alone, says why, and waits for you; the others go on.

`✓` done, `=` was so already, `▶` running, `…` waiting (for whom), `✗` failed, `–` skipped, `·` not yet

The arrows choose a machine and a part, Enter opens its steps, Tab goes from pane to pane. The time that is left is told from earlier runs
on this computer; before there are any, it is a guess, and says `perhaps`.
"""


class RunScreen(LogScreen):
    """Shows a stream of events. What a person says to the run goes to its control; a recording has none."""

    CSS_PATH = "run.tcss"
    AUTO_FOCUS = "#matrix"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", priority=True),
        Binding("r", "retry", "Retry", tooltip="try the failed step of this host again"),
        Binding("s", "skip", "Skip", tooltip="go on without the failed step; says first what depends on it"),
        Binding("exclamation_mark", "shell", "Shell", key_display="!", tooltip="a shell on this host, in this terminal; the others go on"),
        Binding("e", "explain", "Explain", tooltip="what this step does, why, and how it is done by hand"),
        Binding("o", "open", "Steps", show=False, tooltip="the steps of this part on this host, with their seconds"),
        Binding("y", "copy", "Copy", show=False, tooltip="to the clipboard: what is marked, else the command that failed, else the log"),
        Binding("Y", "copy_failure", "Copy all", show=False, tooltip="to the clipboard: the whole failure with its cause"),
        Binding("ctrl+n,enter", "go_on", "Result", show=False, key_display="Enter", tooltip="to the result, when it has ended"),
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
        self.watching = Watch()
        self.has_ended = False
        self.matrix, self.clock, self.why = Matrix(), ClockLine(label), FailurePane()
        self._titles: dict[str, str] = {}
        self._is_dirty, self._is_lent, self._is_left = True, False, False   # to be drawn; a shell has the terminal; detached
        self._may_decide = False

    def compose(self) -> ComposeResult:
        """From top to bottom: stages, clock, matrix, what the host is at, its log."""
        yield Steps("run")
        yield self.clock
        yield self.matrix
        yield self.why
        yield self.log_box
        yield Static("", id="ended", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """The events begin to come."""
        self._terminal = TerminalTitle(self.app)
        self.set_interval(1 / FRAMES, self._draw)
        self.set_interval(1, self._tick)
        self._consume()
        if self.stream.control is not None:
            self._measure()

    def on_unmount(self) -> None:
        """The terminal is given back."""
        self._terminal.reset()

    @work
    async def _measure(self) -> None:
        """Earlier runs say how long this one takes."""
        self.clock.estimate = await asyncio.to_thread(estimate)

    # ---- events ----
    @work
    async def _consume(self) -> None:
        count = 0
        async for event in self.stream:
            self._take(event)
            if (count := count + 1) % BREATH == 0:
                await asyncio.sleep(0)
        self.has_ended, self._is_dirty = True, True
        self._draw()
        if self._is_left:
            self.app.exit(CANCELLED)
        elif self.stream.code == DONE and self.stream.control is not None:
            self.action_go_on()

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, RunStarted):   # a recording that was wound back begins again
            self.progress = Progress()
            self.watching.clear()
            self.log_box.pane.begin(len(event.hosts))
        self.progress = self.progress.apply(event)
        self.watching.take(event)
        if isinstance(event, Planned):
            self._titles = {step.id: step.title for step in event.steps}
        host, lines = lines_of(event, self._titles)
        if lines:
            self.log_box.pane.add(host, lines)
        if not isinstance(event, Output):   # of output nothing but the log changes, and seconds, which tick
            self._is_dirty = True

    def _tick(self) -> None:
        """Seconds go by without an event, too."""
        self._is_dirty = True
        host = self._host
        if self.desk and host and not self.has_ended and self.watching.wants_peek(host, self.stream.now()):
            self._peek(self.desk, host.line.name)

    @work(exclusive=True, group="peek")
    async def _peek(self, desk: Desk, host: str) -> None:
        before = self.watching.of(host).spoke
        lines = await desk.peek(host)
        if self.watching.of(host).spoke == before:
            self.watching.of(host).peek = lines
            self._is_dirty = True

    # ---- drawing ----
    @property
    def _host(self) -> HostProgress | None:
        """The selected one."""
        return self.progress.hosts.get(self.matrix.host)

    def _draw(self) -> None:
        """At most twenty times a second, and only what has changed; nothing while a shell has the terminal."""
        if self._is_lent or not self.is_attached:
            return
        self.log_box.pane.draw()
        if self._is_dirty:
            self._is_dirty = False
            self._draw_all()

    def _draw_all(self) -> None:
        now = self.stream.now()
        self.matrix.show(self.progress, now)
        self._name_cluster()
        self._terminal.set(self.clock.show(self.progress, now))
        host = self._host
        self.why.show(Situation(
            self.progress, host, self.watching.of(host.line.name), now, asks=self._asks, silent=self.watching.silent(host, now),
        ) if host else None)
        self._draw_end()
        if self._may_decide != self._asks:
            self._may_decide = self._asks
            self.refresh_bindings()

    _named = ""

    def _name_cluster(self) -> None:
        if self._named != self.progress.cluster:
            self._named = self.progress.cluster
            self.query_one(Steps).name_cluster(self._named)

    def _draw_end(self) -> None:
        line, text = self.query_one("#ended", Static), self._last_word()
        if bool(text) != line.display:
            line.display = bool(text)
        if text:
            line.update(text, layout=False)

    def _last_word(self) -> str:
        if not self.has_ended:
            stops = self.stream.control is not None and self.stream.control.stopping
            return "Stopping: what runs comes to its end, nothing more is begun." if stops else ""
        if self.progress.ended is None:
            return f"It ended without a last word.   {GOES_ON}"
        left = sum(cell.status in ("failed", "pending", "waiting") for host in self.progress.hosts.values() for cell in host.cells.values())
        more = f", {left} steps are left" if left and self.progress.ended.result != "done" else ""
        return f"{summary(self.progress, self.progress.ended)}{more}.   {GOES_ON}"

    @property
    def _asks(self) -> bool:
        """Whether the selected host waits for a decision."""
        return self.stream.control is not None and self.matrix.host in self.stream.control.open

    # ---- what is pressed ----
    def on_matrix_moved(self, event: Matrix.Moved) -> None:
        """Another host: its log, and what it is at."""
        self.log_box.follow_host(event.host)
        self._is_dirty = True

    def on_matrix_opened(self, _: Matrix.Opened) -> None:
        """The steps of a cell; when all is over, the result."""
        if self.has_ended:
            self.action_go_on()
        else:
            self.action_open()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that say something to the run are there when somebody listens."""
        if action in ("retry", "skip"):
            return self._asks
        return self.desk is not None if action == "shell" else True

    def action_open(self) -> None:
        """The steps of the cell."""
        if self._host and self.matrix.phase:
            self.app.push_screen(StepsScreen(self.progress, self.matrix.host, self.matrix.phase))

    def action_retry(self) -> None:
        """Again."""
        if self.stream.control:
            self.stream.control.answer(self.matrix.host, Decision.RETRY)
            self._is_dirty = True

    def action_skip(self) -> None:
        """Without it, after a word about what depends on it."""
        host, control = self.matrix.host, self.stream.control
        if control is None or host not in control.open:
            return
        step = control.open[host]

        def answered(yes: bool | None) -> None:
            if yes and control.open.get(host) == step:
                control.answer(host, Decision.SKIP)

        question = f"Skip \"{self._titles.get(step, step)}\" on {host}?"
        self.app.push_screen(ConfirmScreen(question, self._consequences(step), yes="Skip", no="Keep waiting"), answered)

    def _consequences(self, step: str) -> list[str]:
        needing = [self._titles[one] for one in dependents(step) if one in self._titles]
        means = ["These need it, and may fail without it:", *(f"  {title}" for title in needing)] if needing else [
            "No other step waits for it by name; later ones on this host may still miss it."]
        return [*means, "", "Skip it if you have done by hand what it does (e explains it), or do not want it."]

    @work(exclusive=True, group="shell")
    async def action_shell(self) -> None:
        """A shell there, and back. The other hosts go on meanwhile; nothing is drawn, or the writer to the terminal would be stuck."""
        host = self.matrix.host
        if self.desk is None or not host or self._is_lent:
            return
        self._is_lent = True
        try:
            with self.app.batch_update(), self.app.suspend():
                print(f"\r\nA shell on {host}. exit comes back to kinstall; the other hosts go on meanwhile.\r", flush=True)  # noqa: T201
                why = await self.desk.shell(host)
        except SuspendNotSupported:
            why = "this terminal cannot be lent to a shell"
        finally:
            self._is_lent, self._is_dirty = False, True
        self.app.refresh(layout=True)
        if why:
            self.notify(why, title=f"No shell on {host}", severity="error", markup=False)

    def action_explain(self) -> None:
        """The step under the cursor."""
        cell = self.matrix.current()
        if cell:
            self.app.push_screen(ExplainScreen(cell.step))

    def action_copy(self) -> None:
        """What is marked, else the command that failed, else what is seen of the log."""
        host = self._host
        command = self.watching.of(host.line.name).command if host and host.failure else None
        self._copied(self.get_selected_text() or (command.shell if command else "") or "\n".join(self.log_box.pane.seen()))

    def action_copy_failure(self) -> None:
        """All that is known of the failure."""
        if self._host and self._host.failure:
            self._copied("\n".join(error_lines(self._host.failure)))

    def _copied(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify(f"{text.count(chr(10)) + 1} lines copied" if "\n" in text else f"copied: {text[:60]}", timeout=2, markup=False)

    def refocus(self) -> None:
        """See LogScreen."""
        self.matrix.focus()

    def action_go_on(self) -> None:
        """The result, if there is one; until then, the steps of the cell."""
        if self.has_ended:
            self.post_message(self.Ended(self.progress, self.stream))

    def action_stop(self) -> None:
        """Three ways out; none when it is over."""
        control = self.stream.control
        if control is None:
            self.app.exit(0)
        elif self.has_ended:
            self.action_go_on()
        else:
            self.app.push_screen(StopScreen(), self._leave)

    def _leave(self, way: str | None) -> None:
        if way == STOP and self.stream.control:
            self.stream.control.stop()
        elif way == DETACH:
            self._is_left = True
            self.stream.detach()
        self._is_dirty = True

    def action_help(self) -> None:
        """The keys, and what the signs mean."""
        self.app.push_screen(HelpScreen.of(self, HELP))
