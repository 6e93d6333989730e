"""The answers as a file: where to, and a question before another file is lost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from kinstall.draft import Draft
from kinstall.errors import AnswersError
from kinstall.screens.confirm import ConfirmScreen

NAME = "answers.yaml"


class SaveScreen(ModalScreen[str]):
    """The path that was written; "" for none."""

    CSS_PATH = "resume.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Cancel")]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def compose(self) -> ComposeResult:
        """Where to."""
        with Vertical(id="box"):
            yield Label("Save the answers as")
            yield Input(NAME, id="path")
            yield Static("No secret is in it. kinstall --headless asks for those that you typed; {env: NAME} or {file: PATH} in its place "
                         "lets it run without you.", markup=False)
            yield Static("", id="word", markup=False)
            yield Button("Save", variant="primary", compact=True)

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Enter."""
        self._save()

    def on_button_pressed(self, _: Button.Pressed) -> None:
        """Clicked."""
        self._save()

    def _save(self) -> None:
        path = Path(self.query_one(Input).value.strip() or NAME).expanduser()
        if not path.exists():
            self._write(path)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._write(path)

        self.app.push_screen(ConfirmScreen(f"{path} is there already. Write over it?", yes="Write over it"), answered)

    def _write(self, path: Path) -> None:
        try:
            text = self._draft.yaml()
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        except (OSError, AnswersError) as error:
            self.query_one("#word", Static).update(f"It was not saved: {error}")
            return
        self.app.notify(f"saved: {path}", markup=False)
        self.dismiss(str(path))
