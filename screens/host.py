"""One host, with everything that can be said of it; what is wrong stands under its field while one types."""

from __future__ import annotations

import copy
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Input, Label, Static

from kinstall.answers import complaint
from kinstall.draft import Draft

# id, label, hint, the key whose rule it must keep, where it goes within the host, whether it is a secret
FIELDS: Final = (
    ("name", "Name", "the node's name in the cluster", "hosts.name", ("name",), False),
    ("address", "Address", "an IPv4 address, a name, or local: this very machine", "hosts.address", ("address",), False),
    ("user", "Account", "empty: that of all hosts", "access.user", ("access", "user"), False),
    ("port", "Port", "empty: 22, or what ~/.ssh/config says", "access.port", ("access", "port"), False),
    ("key", "Key file", "empty: that of all hosts", "access.key", ("access", "key"), False),
    ("passphrase", "Passphrase", "of the key", "", ("access", "key_passphrase"), True),
    ("password", "Password", "empty: that of all hosts", "", ("access", "password"), True),
    ("sudo", "For sudo", "empty: that of all hosts", "", ("access", "sudo_password"), True),
    ("jump", "Jump host", "user@gate:port, or a name of ~/.ssh/config", "access.jump", ("access", "jump"), False),
    ("node", "Node address", "which of its addresses the node uses", "hosts.node_address", ("node_address",), False),
)


class HostScreen(ModalScreen[bool]):
    """True when something was changed. The draft changes only when it is saved."""

    CSS_PATH = "host.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Cancel"), Binding("ctrl+s", "save", "Save", priority=True),
    ]

    def __init__(self, draft: Draft, index: int) -> None:
        super().__init__()
        self._draft, self._index = draft, index

    def compose(self) -> ComposeResult:
        """A line for each field, and one below it for what is wrong."""
        with VerticalScroll(id="box"):
            yield Label(f"Machine {self._index + 1}")
            for name, label, hint, _, loc, secret in FIELDS:
                with Horizontal():
                    yield Static(label, classes="label")
                    yield Input(self._value(loc, secret=secret), placeholder=hint, password=secret, id=name, compact=True)
                yield Static("", id=f"wrong-{name}", classes="wrong", markup=False)
            yield Button("Save (Ctrl-S)", variant="primary", compact=True)
        yield Footer(show_command_palette=False)

    def _value(self, loc: tuple[str, ...], *, secret: bool) -> str:
        if secret:
            typed = self._draft.secrets.get(("hosts", self._index, *loc))
            return typed.reveal() if typed else ""
        return str(self._draft.get("hosts", self._index, *loc, default=""))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judged while it is typed."""
        self.query_one(f"#wrong-{event.input.id}", Static).update(self._wrong(str(event.input.id), event.value.strip()))

    def _wrong(self, name: str, text: str) -> str:
        key, loc = next((key, loc) for one, _, _, key, loc, _ in FIELDS if one == name)
        if not text:
            return f"a machine has {'an' if name == 'address' else 'a'} {name}" if len(loc) == 1 and name != "node" else ""
        others = [host.get("name") for number, host in enumerate(self._draft.get("hosts")) if number != self._index]
        return "another machine is called so" if name == "name" and text in others else complaint(key, text) if key else ""

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Enter saves."""
        self.action_save()

    def on_button_pressed(self, _: Button.Pressed) -> None:
        """Clicked."""
        self.action_save()

    def action_save(self) -> None:
        """Into the draft, if all is right; else to the first field that is not."""
        for name, *_ in FIELDS:
            field = self.query_one(f"#{name}", Input)
            if self._wrong(name, field.value.strip()):
                field.focus()
                return
        before = copy.deepcopy(self._draft.get("hosts", self._index)), dict(self._draft.secrets)
        for name, _, _, _, loc, secret in FIELDS:
            text = self.query_one(f"#{name}", Input).value
            if secret:
                self._draft.keep(text, "hosts", self._index, *loc)
            else:
                self._draft.put(int(text) if name == "port" and text.strip() else text.strip(), "hosts", self._index, *loc)
        if not self._draft.get("hosts", self._index, "access", default=None):
            self._draft.put(None, "hosts", self._index, "access")
        self.dismiss(before != (self._draft.get("hosts", self._index), self._draft.secrets))
