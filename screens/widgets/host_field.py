"""A line to type into, for hosts: what is pasted into it, and how the arrows leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.message import Message
from textual.widgets import Input


class Field(Input):
    """One line without a frame. The arrows go to the line above and below."""

    DEFAULT_CSS = """
    Field {
        width: 1fr;
        background: $surface-lighten-1;
    }
    Field:focus {
        background: $surface-lighten-2;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False), Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, value: str = "", *, id: str, hint: str = "", secret: bool = False) -> None:
        super().__init__(value, placeholder=hint, password=secret, compact=True, id=id)


class AddressField(Field):
    """Where addresses are typed. An Input keeps the first line of what is pasted; here the others count as well."""

    @dataclass
    class Pasted(Message):
        """Several lines at once."""

        text: str

    def on_paste(self, event: Paste) -> None:
        """One line is typed text like any other."""
        if len(event.text.strip().splitlines()) > 1:
            event.stop()
            event.prevent_default()
            self.post_message(self.Pasted(f"{self.value} {event.text}"))


def waiting_for(reference: Any, hint: str) -> str:  # noqa: ANN401  # whatever answers may hold
    """What stands in the empty field of a secret: where it comes from, or that it is to be typed once more."""
    if not isinstance(reference, dict):
        return hint
    if "prompt" in reference:
        return "type it again: it is kept nowhere"
    return f"from {'the variable' if 'env' in reference else 'the file'} {next(iter(reference.values()), '')}"
