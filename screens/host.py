"""One host, with everything that can be said of it; what is wrong stands under its field while one types."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantFocus
from textual.screen import ModalScreen
from textual.widgets import Button, Footer, Input, Label, Static

from kinstall.answers import Loc
from kinstall.answers.marks import dotted
from kinstall.draft import Draft
from kinstall.screens.widgets.host_field import Field, waiting_for
from kinstall.screens.widgets.host_words import plainly


@dataclass(frozen=True, slots=True)
class Entry:
    """A field: its place within the host, what stands before it and in it, and what it is for, in a sentence."""

    loc: Loc
    label: str
    hint: str
    why: str
    secret: bool = False

    @property
    def id(self) -> str:
        """Of the widget."""
        return "-".join(map(str, self.loc))


ENTRIES: Final = (
    Entry(("name",), "Name", "", "What the node is called in the cluster: lowercase letters, digits and -."),
    Entry(("address",), "Address", "", "An IPv4 address, a host name, a name from ~/.ssh/config, or `local`: this very machine."),
    Entry(("access", "port"), "Port", "empty: 22, or what ~/.ssh/config says", "Where SSH answers."),
    Entry(("access", "user"), "Account", "empty: as for all machines", "The account to log in with, if it is another one here."),
    Entry(("access", "key"), "Key file", "empty: as for all machines", "The private key to log in with, if it is another one here."),
    Entry(("access", "key_passphrase"), "Passphrase", "empty: as for all machines", "What opens that key; kept in memory only.", True),
    Entry(("access", "password"), "Password", "empty: as for all machines", "The account's password here; kept in memory only.", True),
    Entry(("access", "sudo_password"), "For sudo", "empty: as for all machines", "What sudo asks for here; kept in memory only.", True),
    Entry(("access", "jump"), "Jump host", "none", "A machine to go through: user@gate:port, or a name from ~/.ssh/config."),
    Entry(("access", "host_key"), "Host key", "empty: known_hosts, or you compare it",
          "The fingerprint that its key must have: SHA256:... Then nobody is asked."),
    Entry(("node_address",), "Node address", "empty: the one of the default route",
          "If it has several IPv4 addresses: the one by which the other machines reach it."),
)
NUMBERS: Final = frozenset({("access", "port")})


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
        with VerticalScroll(id="box", can_focus=False):
            yield Label(f"Machine {self._index + 1} of {len(self._draft.get('hosts'))}")
            for entry in ENTRIES:
                with Horizontal():
                    yield Label(entry.label, classes="label")
                    yield Field(self._value(entry), id=entry.id, hint=self._hint(entry), secret=entry.secret)
                yield Static("", id=f"wrong-{entry.id}", classes="wrong", markup=False)
            yield Static("", id="why", markup=False)
            yield Button("Save (Ctrl-S)", variant="primary", compact=True)
        yield Footer(show_command_palette=False)

    def _value(self, entry: Entry) -> str:
        if entry.secret:
            typed = self._draft.secrets.get(("hosts", self._index, *entry.loc))
            return typed.reveal() if typed else ""
        return str(self._draft.get("hosts", self._index, *entry.loc, default=""))

    def _hint(self, entry: Entry) -> str:
        has = self._draft.get("hosts", self._index, *entry.loc)
        return waiting_for(has, entry.hint) if entry.secret else entry.hint

    def _typed(self, entry: Entry) -> str:
        text = self.query_one(f"#{entry.id}", Field).value
        return text if entry.secret else text.strip()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """What this field is for."""
        why = next((entry.why for entry in ENTRIES if entry.id == event.widget.id), "")
        self.query_one("#why", Static).update(why)

    def on_input_changed(self, _: Input.Changed) -> None:
        """Judged while it is typed."""
        wrong = self._wrong()
        for entry in ENTRIES:
            line = self.query_one(f"#wrong-{entry.id}", Static)
            line.update(wrong.get(entry, ""))
            line.display = entry in wrong

    def _wrong(self) -> dict[Entry, str]:
        """What the answers would say of this host as it is typed, by field. Of two that are alike they blame the later: it is put last."""
        tried = Draft(copy.deepcopy(self._draft.data))
        self._write(tried)
        hosts = tried.get("hosts")
        hosts.append(hosts.pop(self._index))
        problems = {problem.key: plainly(problem, hosts) for problem in tried.problems()}
        places = {entry: dotted(("hosts", len(hosts) - 1, *entry.loc)) for entry in ENTRIES}
        return {entry: problems[key] for entry, key in places.items() if key in problems}

    def _write(self, draft: Draft) -> None:
        for entry in ENTRIES:
            text, loc = self._typed(entry), ("hosts", self._index, *entry.loc)
            if text == self._value(entry):
                continue
            if entry.secret:
                draft.keep(text, *loc)
            else:
                value: Any = int(text) if entry.loc in NUMBERS and text.isdecimal() else text
                draft.put(value, *loc)
        if not draft.get("hosts", self._index, "access", default={}):
            draft.put(None, "hosts", self._index, "access")

    def on_input_submitted(self, _: Input.Submitted) -> None:
        """Enter saves."""
        self.action_save()

    def on_button_pressed(self, _: Button.Pressed) -> None:
        """Clicked."""
        self.action_save()

    def action_save(self) -> None:
        """Into the draft, if all is right; else to the first field that is not."""
        if wrong := self._wrong():
            self.query_one(f"#{next(iter(wrong)).id}", Field).focus()
            return
        before = copy.deepcopy(self._draft.get("hosts", self._index)), dict(self._draft.secrets)
        self._write(self._draft)
        self.dismiss(before != (self._draft.get("hosts", self._index), self._draft.secrets))
