"""What was there already: a draft that somebody began, or an installation that was under way; and the secrets to type again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from kinstall.answers import Loc
from kinstall.draft import Draft


class ResumeScreen(ModalScreen[bool]):
    """True: go on with it. False: start anew. None: leave, and decide another time."""

    CSS_PATH = "resume.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "answer(True)", "Go on"), Binding("n", "answer(False)", "Start anew"), Binding("escape,ctrl+c", "app.quit", "Leave"),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def compose(self) -> ComposeResult:
        """What is there, and the two ways from here."""
        names = [str(host.get("name") or host.get("address", "?")) for host in self._draft.get("hosts", default=[])]
        cluster = self._draft.get("cluster", "name", default="homelab")
        with Vertical(id="box"):
            if self._draft.session:
                yield Label(f"The installation of {cluster} was not finished.", markup=False)
                yield Static("What was running on the hosts went on there. Going on follows it, and does what is left.", markup=False)
                yield Static(f"Its journal: {self._draft.session}", markup=False, classes="quiet")
            else:
                yield Label(f"You began to describe a cluster: {cluster}.", markup=False)
            yield Static(f"{len(names)} host{'s' * (len(names) != 1)}: {', '.join(names[:8])}{' …' * (len(names) > 8)}", markup=False)
            with Horizontal():
                yield Button("Go on (g)", id="on", variant="primary")
                yield Button("Start anew (n)", id="anew")

    def on_mount(self) -> None:
        """Enter goes on."""
        self.query_one("#on", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Clicked, or Enter."""
        self.action_answer(event.button.id == "on")

    def action_answer(self, on: bool) -> None:
        """The choice."""
        self.dismiss(on)


class SecretsScreen(ModalScreen[bool]):
    """The secrets that the draft needs and does not keep. True: all typed, and in the draft."""

    CSS_PATH = "resume.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Back")]

    def __init__(self, draft: Draft, questions: Mapping[str, Loc]) -> None:
        super().__init__()
        self._draft, self._questions = draft, dict(questions)

    def compose(self) -> ComposeResult:
        """An input for each."""
        with Vertical(id="box"):
            yield Label("Secrets are never kept: please type again.", markup=False)
            for number, question in enumerate(self._questions):
                yield Static(question, markup=False)
                yield Input(password=True, id=f"secret-{number}")
            yield Button("Go on", id="on", variant="primary")

    def on_mount(self) -> None:
        """The first one."""
        self.query(Input).first().focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the next empty one, or on."""
        self._on()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """On, if all are there."""
        self._on()

    def _on(self) -> None:
        fields = list(self.query(Input))
        for field in fields:
            if not field.value:
                field.focus()
                return
        for field, loc in zip(fields, self._questions.values(), strict=True):
            self._draft.keep(field.value, *loc)
        self.dismiss(True)
