"""One option as a line of a form: its label, a control, the reason for what is chosen already; and below, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select

from kinstall.draft import Draft
from kinstall.reasons import Option, options
from kinstall.screens.widgets.option_controls import Choice, Field, Offer, Shown, Tick
from kinstall.screens.widgets.option_values import choices, hint_of, matters, put, text_of

KNOWN: Final[Mapping[str, Option]] = {option.key: option for option in options()}
LABEL: Final = 18           # columns
YOURS: Final = " *"         # behind the label of what is not as it comes


class OptionLine(Widget):
    """Reads the draft, and writes it with every change. What is as it would be anyway is not written.

    It draws the words itself, around its control: a widget for each would be hundreds in a form, and slow.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"option--label", "option--reason", "option--wrong"}
    DEFAULT_CSS = """
    OptionLine { height: 1; }
    OptionLine #control { width: 24; height: 1; margin-left: 18; }
    OptionLine Offer Tick { width: 9; }
    OptionLine Offer Field { width: 1fr; }
    OptionLine > .option--reason { color: $text-muted; }
    OptionLine > .option--wrong { color: $text-error; }
    """

    @dataclass
    class Edited(Message):
        """Another value is in the draft."""

        option: Option

    def __init__(self, option: Option, draft: Draft) -> None:
        super().__init__()
        self.option, self.draft = option, draft
        self._last: object = None       # what was written while it mattered: a switch that goes off and on again loses nothing
        self._mattered = True
        self.reason, self.about, self.wrong = option.reason, option.about, ""

    def compose(self) -> ComposeResult:
        """The control."""
        yield self._made()

    # ---- drawn ----
    def render(self) -> Text:
        """Label, reason; below them what is wrong."""
        label, reason, wrong = (self.get_component_rich_style(f"option--{part}", partial=True) for part in ("label", "reason", "wrong"))
        name = self.option.label + YOURS * self._is_own()
        text = Text.assemble((name, label + Style(reverse=self.has_pseudo_class("focus-within"))), no_wrap=True, end="")
        text.append(" " * (self.size.width - self.room - len(name)))
        text.append_text(_cut(Text(self.reason, reason), self.room))
        for line in self._wrong_lines():
            text.append("\n" + " " * LABEL).append(line, wrong)
        return text

    @property
    def room(self) -> int:
        """Columns for the reason."""
        return self.size.width - LABEL - self.query_one("#control").outer_size.width - 1

    def _wrong_lines(self) -> list[str]:
        return wrap(self.wrong, max(self.size.width - LABEL, 10))

    def _is_own(self) -> bool:
        return self.draft.get(*self.option.loc) is not None and (self.option.kind != "switch" or self._is("false"))

    def on_resize(self) -> None:
        """As many lines as it takes."""
        self.styles.height = 1 + len(self._wrong_lines())

    def on_descendant_focus(self) -> None:
        """The label says where one is."""
        self.refresh()

    def on_descendant_blur(self) -> None:
        """Not any more."""
        self.refresh()

    # ---- its control ----
    def _made(self) -> Widget:
        option, text = self.option, text_of(self.draft, self.option)
        match option.kind:
            case "switch":
                return Tick(text == "true", id="control")
            case "choice" | "node":
                return Choice(choices(self.draft, option), value=text, allow_blank=False, id="control", compact=True)
            case "offer":
                return Offer(text, id="control")
            case "fixed" | "listed":
                return Shown(text, id="control", markup=False)
        return Field(self._typed(), placeholder=hint_of(self.draft, option), password=option.kind == "secret", id="control", compact=True)

    def _typed(self) -> str:
        """The text of a field: nothing where the draft says nothing, or a secret that is kept elsewhere."""
        written = self.draft.get(*self.option.loc) is not None
        return text_of(self.draft, self.option) if written else ""

    @property
    def control(self) -> Widget:
        """Where it is put right."""
        found = self.query_one("#control")
        return found.query_one(Tick) if isinstance(found, Offer) else found

    def read(self) -> None:
        """The draft may have changed elsewhere."""
        text = text_of(self.draft, self.option)
        with self.prevent(Checkbox.Changed, Input.Changed, Select.Changed):
            match self.query_one("#control"):
                case Tick() as tick:
                    tick.value = text == "true"
                case Choice() as choice:
                    choice.set_options(choices(self.draft, self.option))
                    choice.value = text
                case Offer() as offer:
                    offer.show(text)
                case Field() as field:
                    field.placeholder, field.value = hint_of(self.draft, self.option), self._typed()
                case Shown() as shown:
                    shown.update(text)
        self.refresh()

    def _is(self, text: str) -> bool:
        return text_of(self.draft, self.option) == text

    def heed(self) -> bool:
        """There while it matters. What it had is taken away with that, and comes back with it; whether that changed anything."""
        does, written = matters(self.draft, self.option, KNOWN), self.draft.get(*self.option.loc)
        changed = False
        if does and written is not None:
            self._last = written
        elif does and not self._mattered and self._last is not None:
            self.draft.put(self._last, *self.option.loc)
            changed = True
        elif does:
            self._last = None
        elif written is not None:
            put(self.draft, self.option, "")
            changed = True
        self._mattered, self.display = does, does
        if changed:
            self.read()
        return changed

    def complain(self, what: str) -> None:
        """Say what is wrong with it; "" for nothing."""
        if what != self.wrong:
            self.wrong = what
            self.on_resize()
            self.refresh()

    def because(self, reason: str, about: str) -> None:
        """A better reason than the table's: what was seen on these machines."""
        self.about = about or self.option.about
        if self.reason != (reason or self.option.reason):
            self.reason = reason or self.option.reason
            self.refresh()

    # ---- changed ----
    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """On, or off."""
        event.stop()
        if self.option.kind == "offer":
            text = self.option.offer if event.value else ""
            with self.prevent(Checkbox.Changed, Input.Changed):
                self.query_one(Offer).show(text)
            self._write(text)
        else:
            self._write("true" if event.value else "false")

    def on_select_changed(self, event: Select.Changed) -> None:
        """Chosen."""
        event.stop()
        self._write(str(event.value))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Typed."""
        event.stop()
        self._write(event.value)

    def _write(self, text: str) -> None:
        """Another value, or the same as before: a control says what it shows when it is made, too."""
        before = self.draft.get(*self.option.loc), self.draft.secrets.get(self.option.loc)
        if self.option.kind == "secret" and not text and not before[1]:
            return      # it comes from elsewhere, and nobody typed another one
        if self.option.kind == "switch" and self._is(text):
            return      # on, with values of its own
        put(self.draft, self.option, text)
        self.refresh()
        if before != (self.draft.get(*self.option.loc), self.draft.secrets.get(self.option.loc)):
            self.post_message(self.Edited(self.option))


def _cut(text: Text, width: int) -> Text:
    text.truncate(max(width, 0), overflow="ellipsis")
    return text
