"""The answers as a file: where to, what will be asked for again, and a question before another file is lost."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from kinstall.answers import asked
from kinstall.answers.translate import variable
from kinstall.draft import Draft
from kinstall.errors import AnswersError
from kinstall.private import write
from kinstall.screens.confirm import ConfirmScreen

NAME: Final = "./answers.yaml"


class SaveScreen(ModalScreen[str]):
    """The path that was written; "" for none."""

    CSS_PATH = "resume.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Cancel")]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def compose(self) -> ComposeResult:
        """Where to, and what of the secrets."""
        with Vertical(id="box"):
            yield Label("Save the answers as")
            yield Input(NAME, id="path")
            yield Static(Text("\n".join(_secrets(self._draft))))
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
        if not path.exists() or path.is_dir():
            self._write(path)
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._write(path)

        self.app.push_screen(ConfirmScreen(f"{path} is there already. Write over it?", yes="Write over it", no="Keep it"), answered)

    def _write(self, path: Path) -> None:
        try:
            write(path, self._draft.yaml())
        except AnswersError as error:
            self._say("\n".join(["The answers are not right yet:", *(f"{one.key}: {one.what}: {one.mend}" for one in error.problems)]))
        except OSError as error:
            self._say(f"{path} cannot be written: {error.strerror}. Choose another place.")
        else:
            self.app.notify(f"{path.absolute()}\nkinstall --headless {shlex.quote(str(path))} does the same.", title="Saved", markup=False)
            self.dismiss(str(path))

    def _say(self, text: str) -> None:
        self.query_one("#word", Static).update(text)
        self.query_one(Input).focus()


def _secrets(draft: Draft) -> Iterator[str]:
    """What the file does not have, and how kinstall gets it."""
    try:
        places = asked(draft.answers())
    except AnswersError:
        places = {}
    if not places:
        yield "No secret is in it, and none is needed."
        return
    yield "No secret is in it. kinstall --headless asks for:"
    yield from (f"  {question}" for question in places)
    yield "To run it without you, write in place of each {prompt: true}:"
    yield from dict.fromkeys(f"  {{env: {variable(loc)}}}" for loc in places.values())
