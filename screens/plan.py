"""Plan: everything that would be done, machine by machine, to be unfolded; saved as answers.yaml; started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static, Tree

from kinstall.desk import Stream
from kinstall.events import AnyEvent, Described
from kinstall.headless import error_lines
from kinstall.screens.looking import LookingStage
from kinstall.screens.saving import SaveScreen
from kinstall.screens.stage import Obstacle
from kinstall.screens.widgets.plan_parts import parse
from kinstall.screens.widgets.signs import level_sign
from kinstall.screens.widgets.unfold import Unfold

HELP: Final = """# Plan

Every command that would run and every file that would be written, machine by machine. Nothing was changed so far.
What is so already has the sign `=`, and is left alone.

Enter or the right arrow unfolds, the left one folds; on a line that is longer than the screen they move it.

`s` saves the answers, so that `kinstall --headless answers.yaml` does the same. No secret is in that file.

**Ctrl-N starts the installation**, and so does the button.
"""
BUSY: Final = "Still planning: wait a moment."


class PlanScreen(LookingStage):
    """Stage 5."""

    class Start(Message):
        """Install."""

    STEP = "plan"
    HELP_TEXT = HELP
    CSS_PATH: ClassVar[CSSPathType | None] = ["stage.tcss", "plan.tcss"]
    AUTO_FOCUS: ClassVar[str | None] = "#tree"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n", "next", "Install", priority=True, tooltip="start the installation"),
        Binding("s", "save", "Save", tooltip="the answers as a file, without secrets"),
        Binding("x", "unfold", "Unfold all", tooltip="every machine, step, command and file"),
        Binding("X", "fold", "Fold all", show=False, tooltip="machines only"),
        Binding("r", "again", "Again", show=False, tooltip="plan again"),
    ]

    def body(self) -> Iterator[Widget]:
        """Why it is so, the tree, the line under the cursor when it is long, the button."""
        yield VerticalScroll(Static("", id="why"), id="reasons")
        yield Unfold()
        yield Static("", id="whole", markup=False)
        yield Button("Start the installation", id="start", variant="success", compact=True, disabled=True)

    def look(self) -> Stream:
        """What there is, and what would be done; nothing is changed."""
        return self.desk.plan(self.draft)

    def took_up(self) -> None:
        """A plan of other answers is none."""
        self.query_one(Unfold).clear()

    def took(self, event: AnyEvent) -> None:
        """A machine was planned."""
        if isinstance(event, Described):
            tree = self.query_one(Unfold)
            tree.plan(parse(event.title, event.lines), is_open=len(self.progress.hosts) == 1)
            if tree.cursor_line < 0:
                tree.cursor_line = 0

    def draw(self) -> None:
        """What is planned and why, or why there is no plan."""
        self.query_one("#why", Static).update(Text("\n").join(self._reasons()))
        button = self.query_one("#start", Button)
        button.disabled = self._obstacle() != ""

    def _reasons(self) -> Iterator[Text]:
        for failure in self.progress.failures:
            first, *more = error_lines(failure)
            yield Text.assemble((f"{level_sign('blocking')} ", "bold red"), (first, "bold"))
            yield from map(Text, more)
        if self.is_looking:
            done = sum(host.facts is not None for host in self.progress.hosts.values())
            yield Text(f"Looking what is there, and what is to be done: {done} of {len(self.progress.hosts)} machines.")
        elif self.progress.kubernetes and not self.progress.failures:
            hosts = len(self.progress.hosts)
            yield Text(f"{hosts} machine{'s' * (hosts != 1)}, Kubernetes {self.progress.kubernetes}, {self.progress.network}. "
                       "Nothing was changed yet.", "bold")
        for note in self.progress.notes:
            where = f"{note.host}: " if note.host else ""
            sign = Text.assemble((f"{level_sign('warning')} ", "yellow")) if note.level != "info" else Text("  ")
            yield Text.assemble(sign, where, note.text)

    @on(Tree.NodeHighlighted)
    def _show_whole(self) -> None:
        """What is wider than the screen stands below, in full."""
        whole = self.query_one("#whole", Static)
        text = self.query_one(Unfold).long
        whole.update(text)
        whole.display = bool(text)

    def action_unfold(self) -> None:
        """Everything."""
        self.query_one(Unfold).unfold_all()

    def action_fold(self) -> None:
        """Machines only."""
        self.query_one(Unfold).fold_all()

    def action_save(self) -> None:
        """The answers as a file."""
        self.app.push_screen(SaveScreen(self.draft))

    def _obstacle(self) -> str:
        """Why it cannot be started, in a sentence."""
        if self.is_looking:
            return BUSY
        if self.progress.failures:
            return "This stands in the way: above is what it is. Esc goes back, r plans again."
        if not self.progress.ended or not self.progress.steps:
            return "There is no plan yet: r plans."
        return ""

    def obstacle(self) -> Obstacle | None:
        """No plan yet, or none at all."""
        sentence = self._obstacle()
        where = self.query_one("#reasons" if self.progress.failures else "#tree")
        return Obstacle(sentence, where) if sentence else None

    @on(Button.Pressed, "#start")
    def action_next(self) -> None:
        """Start, if there is a plan."""
        found = self.obstacle()
        self.say(found.sentence if found else "")
        if found and found.widget:
            found.widget.focus()
        if not found:
            self.post_message(self.Start())
