"""One option as a line of a form: its label, a control, the reason for what is chosen already; and below, what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Select, Static

from kinstall.draft import Draft
from kinstall.reasons import Option

FIRST_WORKER = ""


class OptionLine(Vertical):
    """Reads the draft, and writes it with every change. What is as it would be anyway is not written."""

    DEFAULT_CSS = """
    OptionLine { height: auto; }
    OptionLine Horizontal { height: 1; }
    OptionLine .label { width: 18; }
    OptionLine .reason { width: 1fr; color: $text-muted; padding-left: 1; }
    OptionLine Input, OptionLine Select, OptionLine Checkbox { width: 26; }
    OptionLine .wrong { height: auto; margin-left: 18; color: $text-error; display: none; }
    """

    @dataclass
    class Edited(Message):
        """Another value is in the draft."""

        option: Option

    def __init__(self, option: Option, draft: Draft) -> None:
        super().__init__()
        self.option, self.draft = option, draft

    def compose(self) -> ComposeResult:
        """Label, control, reason; what is wrong."""
        with Horizontal():
            yield Static(self.option.label, classes="label", markup=False)
            yield self._control()
            yield Static(self.option.reason, classes="reason", markup=False)
        yield Static("", classes="wrong", markup=False)

    @property
    def control(self) -> Widget:
        """Where it is put right."""
        return self.query_one("#control")

    def _control(self) -> Widget:
        option = self.option
        match option.kind:
            case "switch":
                return Checkbox("", self._is_on(option.key), id="control", compact=True)
            case "choice":
                choices = [(words, value) for value, words in option.choices]
                return Select(choices, value=self._choice(), allow_blank=False, id="control", compact=True)
            case "node":
                names = [str(host["name"]) for host in self.draft.get("hosts", default=[])]
                value = self.draft.get(*option.loc, default="")
                shown = [("the first worker", FIRST_WORKER), *((name, name) for name in names)]
                return Select(shown, value=value if value in names else FIRST_WORKER, allow_blank=False, id="control", compact=True)
            case "secret":
                typed = self.draft.secrets.get(option.loc)
                return Input(typed.reveal() if typed else "", password=True, id="control", compact=True)
            case _:
                return Input(str(self.draft.get(*option.loc, default="")), placeholder=option.default, id="control", compact=True)

    def _choice(self) -> str:
        value = str(self.draft.get(*self.option.loc, default=self.option.default))
        return value if value in [known for known, _ in self.option.choices] else self.option.default

    def _is_on(self, key: str) -> bool:
        return self.draft.get(*key.split("."), default=True) is not False

    def refresh_needs(self) -> None:
        """What only matters with something else is there only with that."""
        if self.option.needs:
            self.display = self._is_on(self.option.needs)

    def complain(self, what: str) -> None:
        """Say what is wrong with it; "" for nothing."""
        line = self.query_one(".wrong", Static)
        line.update(what)
        line.display = bool(what)

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """On, which is how it is anyway, or off."""
        if event.value != self._is_on(self.option.key):
            self._put(None if event.value else False)

    def on_select_changed(self, event: Select.Changed) -> None:
        """Chosen."""
        value = str(event.value)
        if value != str(self.draft.get(*self.option.loc, default=self.option.default)):
            self._put(None if value == self.option.default else value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Typed."""
        event.stop()
        text = event.value.strip()
        if self.option.kind == "secret":
            self.draft.keep(event.value, *self.option.loc)
            self.post_message(self.Edited(self.option))
        else:
            self._put(None if text in ("", self.option.default) else int(text) if text.isdigit() else text)

    def _put(self, value: object) -> None:
        self.draft.put(value, *self.option.loc)
        tidy(self.draft, self.option.loc)
        self.post_message(self.Edited(self.option))


def tidy(draft: Draft, loc: tuple[str, ...]) -> None:
    """Take away groups that have become empty."""
    for depth in range(len(loc) - 1, 0, -1):
        if draft.get(*loc[:depth]) == {}:
            draft.put(None, *loc[:depth])
