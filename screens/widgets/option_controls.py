"""The controls of a form: Textual's own, one line high, that show what they are without colour, and let the arrows pass."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Checkbox, Input, Select, Static


class Form(VerticalScroll, can_focus=False, inherit_bindings=False):
    """What scrolls with the focus: the arrows and the page keys are the screen's."""


class Tick(Checkbox):
    """`[X] on`, `[ ] off`: Textual's own tells them apart by colour alone."""

    BUTTON_LEFT, BUTTON_RIGHT = "[", "]"

    def __init__(self, value: bool, *, id: str | None = None) -> None:
        super().__init__("", value, id=id, compact=True)
        self._word()

    def watch_value(self) -> None:
        """On or off now."""
        self._word()
        super().watch_value()

    def _word(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        self.label = "on" if self.value else "off"


class Field(Input):
    """What is not typed is shown dim, as it will be; the right arrow takes that over, to change a part of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("right", "take", show=False)]

    def action_take(self) -> None:
        """The default as a text, or the cursor to the right."""
        if not self.value and self.placeholder and not self.password:
            self.value = str(self.placeholder)
        else:
            self.action_cursor_right()


class Choice(Select[str], inherit_bindings=False):
    """Enter or space opens it; the arrows go on to the next field."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "show_overlay", "Open", show=False)]


class Shown(Static, can_focus=True):
    """What is not to be decided here; it can be gone to, so that its reason can be read."""


class Offer(Horizontal):
    """`[X] on  ~/.kube/config`: off, or a value that is offered, or another one."""

    def __init__(self, value: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._value = value

    def compose(self) -> ComposeResult:
        """The switch and the field."""
        yield Tick(bool(self._value))
        field = Field(self._value, compact=True)
        field.display = bool(self._value)
        yield field

    def show(self, value: str) -> None:
        """This value, or off."""
        field = self.query_one(Field)
        self.query_one(Tick).value, field.value, field.display = bool(value), value, bool(value)
