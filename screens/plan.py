"""Plan: everything that would be done, machine by machine, to be unfolded; saved as answers.yaml; started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static, Tree

from kinstall.desk import Desk, Stream
from kinstall.draft import Draft
from kinstall.events import Described
from kinstall.headless import error_lines
from kinstall.progress import Progress
from kinstall.screens.saving import SaveScreen
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign

STEP: Final = re.compile(r"  (\S+) +(.*?)(  \(already so\))?$")
HELP: Final = """# Plan

Every command that would run and every file that would be written, machine by machine. Nothing was changed so far.
What is so already has the sign `=`, and is left alone.

`s` saves the answers, so that `kinstall --headless answers.yaml` does the same. No secret is in that file.

**Ctrl-N starts the installation.**
"""


class PlanScreen(Stage):
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
        Binding("x", "unfold", "Unfold all"), Binding("X", "fold", "Fold all", show=False),
        Binding("r", "again", "Again", show=False, tooltip="plan again"),
    ]

    def __init__(self, draft: Draft, desk: Desk) -> None:
        super().__init__(draft, desk)
        self.progress = Progress()
        self._stream: Stream | None = None
        self._of = ""

    def body(self) -> Iterator[Widget]:
        """Why it is so, and the tree."""
        yield Static("", id="why", markup=False)
        tree = Tree[None]("", id="tree")
        tree.show_root = False
        yield tree

    def entered(self) -> None:
        """Plan, unless these very answers were planned already."""
        if self._of != repr(self.draft.data):
            self.action_again()

    def forget(self) -> None:
        """The machines are not what they were."""
        self._of = ""

    @property
    def is_planning(self) -> bool:
        """Whether it is being planned."""
        return self._stream is not None and self._stream.code is None

    def action_again(self) -> None:
        """Plan (again)."""
        if not self.is_planning:
            self._of = repr(self.draft.data)
            self._watch(self.desk.plan(self.draft))

    @work(exclusive=True)
    async def _watch(self, stream: Stream) -> None:
        self._stream = stream
        self.progress = Progress()
        tree = self.query_one(Tree)
        tree.clear()
        self._say("Looking what is there, and what is to be done …")
        async for event in stream:
            self.progress = self.progress.apply(event)
            if isinstance(event, Described):
                self._describe(tree, event)
        if stream.code:
            self._say("\n".join(line for failure in self.progress.failures for line in error_lines(failure)))
        else:
            self._say("\n".join(self._reasons()))

    def _reasons(self) -> Iterator[str]:
        """What is installed, and why that; where it takes little room."""
        hosts = len(self.progress.hosts)
        yield f"{hosts} machine{'s' * (hosts != 1)}, Kubernetes {self.progress.kubernetes}, {self.progress.network}. Ctrl-N starts."
        yield from (f"{f'{note.host}: ' if note.host else ''}{note.text}" for note in self.progress.notes)

    def _say(self, text: str) -> None:
        self.query_one("#why", Static).update(text)

    def _describe(self, tree: Tree[None], event: Described) -> None:
        """A machine: its steps, and in each its commands."""
        steps = [found for line in event.lines if (found := STEP.fullmatch(line))]
        todo = sum(not found[3] for found in steps)
        commands = sum(line.startswith("      $ ") for line in event.lines)
        count = f"  {todo} of {len(steps)} steps to do, {commands} commands" if steps else ""
        host = tree.root.add(Text.assemble((event.title, "bold"), (count, "dim")), expand=len(self.progress.hosts) == 1)
        at = host
        for line in event.lines:
            found = STEP.fullmatch(line) if line.startswith("  ") and not line.startswith("      ") else None
            if found:
                status = "already" if found[3] else "pending"
                label = Text.assemble((f"{status_sign(status)} ", STATUS_STYLES[status]), found[2], (f"  {found[1]}", "dim"))
                at = host.add(label, allow_expand=not found[3])
            else:
                at.add_leaf(Text(line.removeprefix("      "), no_wrap=True))

    def action_unfold(self) -> None:
        """Everything."""
        self.query_one(Tree).root.expand_all()

    def action_fold(self) -> None:
        """Machines only."""
        tree = self.query_one(Tree)
        tree.root.collapse_all()
        tree.root.expand()

    def action_save(self) -> None:
        """The answers as a file."""
        self.app.push_screen(SaveScreen(self.draft))

    def obstacle(self) -> Obstacle | None:
        """No plan yet, or none at all."""
        tree = self.query_one(Tree)
        if self.is_planning:
            return Obstacle("Still planning: wait a moment.", tree)
        if self._stream is None or self._stream.code or not self.progress.steps:
            return Obstacle("There is no plan: above is why. Esc goes back, r plans again.", tree)
        return None

    def action_next(self) -> None:
        """Start, if there is a plan."""
        found = self.obstacle()
        self.say(found.sentence if found else "")
        if not found:
            self.post_message(self.Start())
