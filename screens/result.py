"""Result: the cluster as it is now, where its pages are, who logs in, what was proved, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from kinstall.desk import Stream
from kinstall.draft import Draft
from kinstall.progress import Progress
from kinstall.screens.help import HelpScreen
from kinstall.screens.saving import SaveScreen
from kinstall.screens.timeline import TimelineScreen
from kinstall.screens.widgets.result_page import ResultPage
from kinstall.screens.widgets.steps import Steps

HELP: Final = """# Result

The cluster as it was seen at the end, with what each add-on proved.

Links can be clicked in most terminals, with Ctrl or Shift held. What is marked with the mouse is copied with Ctrl-C.

A password that was made is shown with `p`, while this screen is open: no file of kinstall's has it. The cluster keeps it in a Secret; the
command that reads it is on the page.
"""


class ResultScreen(Screen[None]):
    """Of an installation, or of a look at a cluster that exists (`kinstall status`)."""

    @dataclass
    class Export(Message):
        """The session of this journal is to be exported."""

        journal: str

    class Verify(Message):
        """Everything is to be proved again. What comes of it is told with `verified`."""

    class Again(Message):
        """Back to the plan."""

    CSS_PATH = "result.tcss"
    AUTO_FOCUS = "#page"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", priority=True),
        Binding("p", "password", "Password", tooltip="show what was made, or hide it again"),
        Binding("a", "save", "Save", tooltip="save the answers, without secrets"),
        Binding("t", "timeline", "Timeline", tooltip="what took how long"),
        Binding("x", "export", "Export", tooltip="this session as a cast or a picture"),
        Binding("v", "verify", "Verify", tooltip="look again whether everything works"),
        Binding("escape", "again", "Plan", tooltip="back to the plan: what is done already is not done again"),
        Binding("q", "app.quit", "Quit"),
        Binding("ctrl+c", "copy_or_quit", show=False, priority=True),
    ]

    def __init__(self, progress: Progress, stream: Stream | None, *, draft: Draft | None) -> None:
        super().__init__()
        self.progress, self.stream, self.draft = progress, stream, draft
        self._shows_secrets = False
        self.page = ResultPage(progress, journal=stream.journal if stream else "", can_go_back=draft is not None)
        self._hand_secrets()

    def compose(self) -> ComposeResult:
        """One page."""
        yield Steps("result", self.progress.cluster)
        yield self.page
        yield Footer(show_command_palette=False)

    def _hand_secrets(self) -> None:
        """Hand the page what may be shown just now."""
        shown = self.stream.shown if self.stream else ()
        self.page.secrets = [(what, secret.reveal() if self._shows_secrets else "") for what, secret in shown]

    def _draw(self) -> None:
        self._hand_secrets()
        self.page.refresh(recompose=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys for what is there."""
        has_draft, stream = self.draft is not None, self.stream
        needs = {
            "password": bool(stream and stream.shown), "save": has_draft, "again": has_draft, "export": bool(stream and stream.journal),
            "verify": has_draft and not self.page.is_looking, "timeline": bool(self.progress.steps),
        }
        return needs.get(action, True)

    def action_password(self) -> None:
        """Show it, or hide it."""
        self._shows_secrets = not self._shows_secrets
        self._draw()
        self.page.scroll_home(animate=False)

    def on_screen_suspend(self) -> None:
        """Whoever leaves the screen takes no secret with it."""
        if self._shows_secrets:
            self.action_password()

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
        """Look again; the page says so until it is told what came of it."""
        self.page.is_looking = True
        self._draw()
        self.refresh_bindings()
        self.post_message(self.Verify())

    def verified(self, look: Progress) -> None:
        """What came of looking again: its proofs count from now on, all else stays."""
        self.page.is_looking, self.page.look = False, look
        self._draw()
        self.refresh_bindings()

    def action_again(self) -> None:
        """Back to the plan."""
        self.post_message(self.Again())

    async def action_copy_or_quit(self) -> None:
        """What is marked goes to the clipboard; with nothing marked, Ctrl-C leaves as it does everywhere."""
        marked = self.get_selected_text()
        if marked:
            self.app.copy_to_clipboard(marked)
            self.clear_selection()
        else:
            await self.app.action_quit()

    def action_help(self) -> None:
        """The keys."""
        self.app.push_screen(HelpScreen.of(self, HELP))
