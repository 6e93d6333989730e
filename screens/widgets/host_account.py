"""The account for all machines: who logs in, with which key or password. Written to the draft at every keystroke."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Label

from kinstall.draft import Draft
from kinstall.screens.widgets.host_field import Field, waiting_for


@dataclass(frozen=True, slots=True)
class Entry:
    """A field: the key of `access` that it fills, what stands before it and in it, and what it is for, in a sentence."""

    key: str
    label: str
    hint: str
    why: str
    secret: bool = False

    @property
    def id(self) -> str:
        """Of the widget."""
        return f"access-{self.key}"


ENTRIES: Final = (
    Entry("user", "Account", "empty: as with ssh",
          "The account to log in with. It may use sudo, or is root. Empty: what ~/.ssh/config says, or your name here."),
    Entry("key", "Key file", "empty: the usual ones",
          "The private key to log in with. Empty: the keys of your ssh agent, of ~/.ssh/config, and ~/.ssh/id_*."),
    Entry("password", "Password", "only without a key",
          "The account's password, if it logs in without a key. It is kept in memory only.", secret=True),
    Entry("key_passphrase", "Passphrase", "if the key has one",
          "What opens the key file, if it is locked. It is kept in memory only.", secret=True),
    Entry("sudo_password", "For sudo", "if it is another one",
          "The password that sudo asks for. Empty: the password above, or none where sudo asks for none.", secret=True),
)


class AccountForm(Vertical):
    """Two fields in a line."""

    DEFAULT_CSS = """
    AccountForm {
        height: auto;
        padding: 0 1;
    }
    AccountForm .heading {
        color: $text-muted;
    }
    AccountForm Horizontal {
        height: 1;
    }
    AccountForm .label {
        width: 12;
    }
    AccountForm Field.left {
        margin-right: 2;
    }
    """

    @dataclass
    class Edited(Message):
        """The draft has it. `done`: it was left with Enter."""

        done: bool

    def __init__(self, draft: Draft) -> None:
        super().__init__(id="account")
        self._draft = draft

    def compose(self) -> ComposeResult:
        """A heading, and the fields."""
        yield Label("For all machines (Enter on one of them for what is its own)", classes="heading")
        for left, right in ((0, 1), (2, 3), (4, None)):
            yield Horizontal(*self._pair(left), *self._pair(right))

    def _pair(self, number: int | None) -> Iterator[Label | Field]:
        if number is None:
            yield from (Label("", classes="label"), Label(""))
            return
        entry = ENTRIES[number]
        yield Label(entry.label, classes="label")
        field = Field(id=entry.id, hint=entry.hint, secret=entry.secret)
        field.set_class(number % 2 == 0, "left")
        yield field

    def read(self) -> None:
        """Show what the draft has."""
        for entry in ENTRIES:
            field, has = self.field(entry.key), self._draft.get("access", entry.key)
            typed = self._draft.secrets.get(("access", entry.key))
            with field.prevent(Input.Changed):
                field.value = typed.reveal() if typed else "" if entry.secret else str(has or "")
            if entry.secret:
                field.placeholder = waiting_for(has, entry.hint)

    def field(self, key: str) -> Field:
        """Where this key of `access` is typed."""
        return self.query_one(f"#access-{key}", Field)

    def field_for(self, key: str) -> Field | None:
        """The same, or None for a key that is not asked for here."""
        return self.field(key) if any(entry.key == key for entry in ENTRIES) else None

    def why(self, widget: object) -> str:
        """What this field is for; "" for what is none of these."""
        return next((entry.why for entry in ENTRIES if isinstance(widget, Field) and widget.id == entry.id), "")

    def complaint(self, widget: object) -> str:
        """What is wrong with what stands in this field."""
        key = next((f"access.{entry.key}" for entry in ENTRIES if isinstance(widget, Field) and widget.id == entry.id), "")
        return next((": ".join(filter(None, (one.what, one.mend))) for one in self._draft.problems() if key and one.key == key), "")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Typed."""
        event.stop()
        entry = next(entry for entry in ENTRIES if entry.id == event.input.id)
        if entry.secret:
            self._draft.keep(event.value, "access", entry.key)
        else:
            self._draft.put(event.value.strip(), "access", entry.key)
        self._tidy()
        self.post_message(self.Edited(done=False))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.post_message(self.Edited(done=True))

    def _tidy(self) -> None:
        """An account of which nothing is said is not in the answers."""
        if not self._draft.get("access", default={}):
            self._draft.put(None, "access")
