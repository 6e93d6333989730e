"""Result: the cluster as it is now, where its pages are, who logs in, what was proved, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar, Final

from rich.console import Group
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from kinstall.desk import Stream
from kinstall.draft import Draft
from kinstall.headless import GIB, error_lines, fact_lines, summary
from kinstall.progress import Progress
from kinstall.screens.help import HelpScreen
from kinstall.screens.saving import SaveScreen
from kinstall.screens.timeline import TimelineScreen
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign
from kinstall.screens.widgets.steps import Steps

HELP: Final = """# Result

The cluster as it was seen at the end, with what each add-on proved.

A password that was made is shown with `p`, while this screen is open: it is written nowhere here. The cluster keeps it in a Secret; the
command that reads it is on the page.
"""


class ResultScreen(Screen[None]):
    """Of an installation, or of a look at a cluster that exists (`kinstall status`)."""

    @dataclass
    class Export(Message):
        """The session of this journal is to be exported."""

        journal: str

    class Verify(Message):
        """Everything is to be proved again."""

    class Again(Message):
        """Back to the plan."""

    CSS_PATH = "result.tcss"
    AUTO_FOCUS = "#page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", priority=True),
        Binding("p", "password", "Password", tooltip="show what was made, while this screen is open"),
        Binding("a", "save", "Answers", tooltip="save the answers, without secrets"),
        Binding("t", "timeline", "Timeline", tooltip="what took how long"),
        Binding("x", "export", "Export", tooltip="this session as a cast or a picture"),
        Binding("v", "verify", "Verify", tooltip="look again whether everything works"),
        Binding("escape", "again", "Plan", show=False, tooltip="back to the plan"),
        Binding("q,ctrl+c", "app.quit", "Quit", key_display="q"),
    ]

    def __init__(self, progress: Progress, stream: Stream | None, *, draft: Draft | None) -> None:
        super().__init__()
        self.progress, self.stream, self.draft = progress, stream, draft
        self._shows_secrets = False

    def compose(self) -> ComposeResult:
        """One page."""
        yield Steps("result", self.progress.cluster)
        with VerticalScroll(id="page"):
            yield Static("", id="result", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Drawn once."""
        self._draw()

    def _draw(self) -> None:
        shown = self.stream.shown if self.stream else ()
        secrets = [(what, secret.reveal() if self._shows_secrets else "") for what, secret in shown]
        self.query_one("#result", Static).update(Group(*page(self.progress, secrets, self.stream.journal if self.stream else "")))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for what is there."""
        needs = {"password": bool(self.stream and self.stream.shown), "save": self.draft is not None, "verify": self.draft is not None,
                 "export": bool(self.stream and self.stream.journal), "again": self.draft is not None}
        return needs.get(action, True)

    def action_password(self) -> None:
        """Show it, or hide it."""
        self._shows_secrets = not self._shows_secrets
        self._draw()

    def action_save(self) -> None:
        """The answers as a file."""
        if self.draft:
            self.app.push_screen(SaveScreen(self.draft))

    def action_timeline(self) -> None:
        """What took how long."""
        self.app.push_screen(TimelineScreen(self.progress))

    def action_export(self) -> None:
        """This session."""
        if self.stream:
            self.post_message(self.Export(self.stream.journal))

    def action_verify(self) -> None:
        """Look again."""
        self.post_message(self.Verify())

    def action_again(self) -> None:
        """Back to the plan."""
        self.post_message(self.Again())

    def action_help(self) -> None:
        """The keys."""
        self.app.push_screen(HelpScreen.of(self, HELP))


def page(progress: Progress, secrets: list[tuple[str, str]], journal: str) -> Iterator[Text]:
    """Everything, from what matters most."""
    yield from _head(progress)
    yield from _facts(progress)
    for what, secret in secrets:
        yield Text.assemble((f"{what}: ", "bold"), (secret, "bold reverse") if secret else ("p shows it, once", "dim"))
    yield from _nodes(progress)
    yield from _proofs(progress)
    if journal:
        yield Text(f"journal: {journal}", "dim")


def _head(progress: Progress) -> Iterator[Text]:
    ended = progress.ended
    if ended is None:
        yield Text(f"{progress.cluster}: it did not end", STATUS_STYLES["failed"])
        return
    sign = {"done": "done", "failed": "failed", "cancelled": "skipped"}[ended.result]
    is_look = not progress.steps
    words = f"{progress.cluster}: {_proved(progress)}, {ended.seconds:.0f} s" if is_look and progress.proofs else summary(progress, ended)
    yield Text.assemble((f"{status_sign(sign)} ", STATUS_STYLES[sign]), (words, "bold"))
    if ended.result == "failed":
        left = [host.failure for host in progress.hosts.values() if host.failure]
        for failure in left or progress.failures[-1:]:
            yield from (Text(f"  {line}") for line in error_lines(failure))
        yield Text("Mend it, then Esc goes back to the plan: what is done already is not done again.")
    elif ended.result == "cancelled":
        yield Text("Esc goes back to the plan; installing again goes on from here.")


def _proved(progress: Progress) -> str:
    holds = sum(proof.holds for proof in progress.proofs)
    return f"{holds} of {len(progress.proofs)} hold"


def _facts(progress: Progress) -> Iterator[Text]:
    if progress.facts:
        yield Text()
    for fact, line in zip(progress.facts, fact_lines(progress.facts), strict=True):
        text = Text(f"  {line}")
        if fact.text.startswith("http"):
            text.stylize(Style(link=fact.text, underline=True), len(text.plain) - len(fact.text))
        yield text


def _nodes(progress: Progress) -> Iterator[Text]:
    known = [host for host in progress.hosts.values() if host.facts]
    if known:
        yield Text()
    for host in known:
        has = host.facts
        assert has is not None  # noqa: S101  # just asked
        role = "control plane" if host.line.role == "control-plane" else "worker"
        yield Text(f"  {host.line.name:14} {role:14} {has.address:16} {has.distribution.split(' (')[0]:24} {has.cpus} cores  "
                   f"{has.memory / GIB:.1f} G", no_wrap=True, overflow="ellipsis")


def _proofs(progress: Progress) -> Iterator[Text]:
    """An add-on a line: what it is, and every figure; the last word on each counts."""
    last = {(proof.step, proof.what): proof for proof in progress.proofs}
    if last:
        yield Text()
    for step, proofs in groupby(last.values(), key=lambda proof: proof.step):
        those = list(proofs)
        sign = "done" if all(proof.holds for proof in those) else "failed"
        figures = "; ".join(f"{proof.what}: {proof.figure}" for proof in those)
        yield Text.assemble((f"{status_sign(sign)} ", STATUS_STYLES[sign]), (f"{step:20} ", "bold"), figures)
