"""Trust: keys of hosts that nobody has seen before, side by side, to be compared; and a changed key, which nobody waves through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from rich.text import Text
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static

from kinstall.desk import Answer, Greeting
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.signs import ANSWER_STYLES, answer_sign

IN_QUESTION: Final = (Answer.UNKNOWN_KEY, Answer.CHANGED_KEY)
COMPARE: Final = "for k in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $k; done"
HELP: Final = """# Trust

The first time, ssh cannot know whether it is your machine that answers, or another one in between. Each machine has a key of its own.
Compare the fingerprint here with what the machine itself says, on its own screen:

    for k in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $k; done

A key that you accept goes to `~/.ssh/known_hosts`, as with ssh. A key that is **another than the known one** can have a harmless reason
(the machine was installed anew), or not. It cannot be accepted here: find out, then remove the old one as it says.
"""


class TrustScreen(Stage):
    """Stage 2, left out when every key is known."""

    STEP = "trust"
    HELP_TEXT = HELP
    CSS_PATH: ClassVar[CSSPathType | None] = ["stage.tcss", "trust.tcss"]
    AUTO_FOCUS: ClassVar[str | None] = "#keys"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "accept", "Accept", tooltip="this key is right: it was compared"),
        Binding("A", "accept_all", "Accept all", tooltip="all unknown keys were compared; never a changed one"),
        Binding("r", "again", "Ask again", tooltip="connect again"),
    ]

    def body(self) -> Iterator[Widget]:
        """The keys, and what there is to say of the selected one."""
        yield Static("Is it really your machine that answers? Compare before you say yes. On the machine's own screen:\n"
                     f"  {COMPARE}", id="how", markup=False)
        yield DataTable[Text](cursor_type="row", id="keys")
        yield Static("", id="said", markup=False)

    def on_mount(self) -> None:
        """The columns."""
        table = self.query_one(DataTable)
        for title in ("", "machine", "address", "its key's fingerprint"):
            table.add_column(title)

    @property
    def is_needed(self) -> bool:
        """Whether a key is in question."""
        return bool(self._in_question())

    def _names(self) -> list[str]:
        return [host["name"] for host in self.draft.get("hosts", default=[])]

    def _in_question(self) -> list[Greeting]:
        seen = [self.desk.greetings.get(name) for name in self._names()]
        return [one for one in seen if one and one.answer in IN_QUESTION]

    def entered(self) -> None:
        """Draw what was answered."""
        table = self.query_one(DataTable)
        at = table.cursor_row
        table.clear()
        addresses = {host["name"]: str(host["address"]) for host in self.draft.get("hosts", default=[])}
        for name in self._names():
            seen = self.desk.greetings.get(name)
            if seen:
                table.add_row(*self._cells(seen, addresses[name]), key=name)
        table.move_cursor(row=at)
        self._say()

    def _cells(self, seen: Greeting, address: str) -> list[Text]:
        words = {Answer.UNKNOWN_KEY: seen.fingerprint, Answer.CHANGED_KEY: "ANOTHER KEY than the known one"}
        shown = words.get(seen.answer, "known" if seen.answer is Answer.READY else seen.message)
        style = ANSWER_STYLES[seen.answer]
        return [Text(answer_sign(seen.answer), style), Text(seen.host), Text(address), Text(shown, "" if shown == "known" else style)]

    def _selected(self) -> Greeting | None:
        table = self.query_one(DataTable)
        if not table.row_count:
            return None
        key = table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value
        return self.desk.greetings.get(str(key))

    def _say(self) -> None:
        seen = self._selected()
        text = f"{seen.host}: {seen.message}\n{seen.hint}" if seen and seen.message and seen.answer is not Answer.READY else ""
        self.query_one("#said", Static).update(text or ("" if self.is_needed else "Every key is known. Ctrl-N goes on."))

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Another machine."""
        self._say()

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Enter accepts, as `a`."""
        self.action_accept()

    def action_accept(self) -> None:
        """The selected key is right."""
        seen = self._selected()
        if seen and seen.answer is Answer.UNKNOWN_KEY:
            self._accept([seen])
        elif seen and seen.answer is Answer.CHANGED_KEY:
            self.say(f"{seen.host} shows another key than the known one: that is never accepted here. Below is what to do.")

    def action_accept_all(self) -> None:
        """All unknown ones, after a question; a changed one stays what it is."""
        unknown = [seen for seen in self._in_question() if seen.answer is Answer.UNKNOWN_KEY]
        if not unknown:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._accept(unknown)

        lines = [f"{seen.host:20} {seen.fingerprint}" for seen in unknown]
        count = f"{len(unknown)} key{'s' * (len(unknown) != 1)}"
        question = f"Did you compare {count}? What is right is written to known_hosts."
        self.app.push_screen(ConfirmScreen(question, lines, yes="All are right"), answered)

    def _accept(self, keys: list[Greeting]) -> None:
        for seen in keys:
            self.desk.accept(seen.host, seen.fingerprint)
            self.run_worker(self._greet(seen.host), group=f"greet-{seen.host}", exclusive=True)

    def action_again(self) -> None:
        """Connect to the selected machine again."""
        if seen := self._selected():
            self.run_worker(self._greet(seen.host), group=f"greet-{seen.host}", exclusive=True)

    async def _greet(self, name: str) -> None:
        await self.desk.greet(self.draft, name)
        self.adopt(name)
        self.entered()
        self.say("")

    def obstacle(self) -> Obstacle | None:
        """A key that nobody has said yes to, a changed one, or a machine that will not have us."""
        for row, name in enumerate(self._names()):
            seen = self.desk.greetings.get(name)
            sentence = self._hindering(name, seen)
            if sentence:
                table = self.query_one(DataTable)
                table.move_cursor(row=row)
                return Obstacle(sentence, table)
        return None

    def _hindering(self, name: str, seen: Greeting | None) -> str:
        if seen is None or seen.answer is Answer.CONNECTING:
            return f"Still connecting to {name}: wait a moment."
        if seen.answer is Answer.UNKNOWN_KEY:
            return f"Compare the key of {name}, and accept it with a."
        if seen.answer is Answer.CHANGED_KEY:
            return f"{name} shows another key than the known one. Find out why; what it says below mends it, then r asks again."
        return "" if seen.answer is Answer.READY else f"{name}: {seen.message}. Esc goes back to mend it."
