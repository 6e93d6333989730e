"""Trust: keys of hosts that nobody has seen before, side by side, to be compared; and a changed key, which nobody waves through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final

from rich.text import Text
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static

from kinstall.desk import Answer, Greeting
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.host_greeter import Greeter
from kinstall.screens.widgets.host_rows import Column, Row, RowTable
from kinstall.screens.widgets.host_words import called
from kinstall.screens.widgets.signs import ANSWER_STYLES, answer_sign

IN_QUESTION: Final = (Answer.CHANGED_KEY, Answer.UNKNOWN_KEY)
# As kinstall.hostkeys has it, which screens do not reach: a test holds the two together.
COMPARE: Final = "for k in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $k; done"
COLUMNS: Final = (Column("", 2), Column("machine", 11), Column("address"), Column("the fingerprint of its key", 51))
WORDS: Final = {
    Answer.CHANGED_KEY: "ANOTHER KEY than the known one", Answer.CONNECTING: "connecting…", Answer.READY: "known: it lets us in",
}
HOW: Final = f"""\
Is it really your machine that answers, and nobody in between? Type this on the \
machine's own screen, or in a console that you trust:
  {COMPARE}
One of the lines that it prints must have the same fingerprint as here."""
MEANING: Final = (
    "Yes writes them to ~/.ssh/known_hosts. From then on whoever has these keys gets what you type for the machines, passwords too.")
HELP: Final = f"""# Trust

The first time, ssh cannot know whether it is your machine that answers, or another one in between. Each machine has a key of its own.
Compare the fingerprint here with what the machine itself says, on its own screen:

    {COMPARE}

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
        Binding("r", "again", "Ask again", tooltip="connect again, after something was mended"),
    ]

    def body(self) -> Iterator[Widget]:
        """How to compare, the keys, and what there is to say of the selected one."""
        yield Static(HOW, id="how", markup=False)
        yield RowTable(COLUMNS, id="keys")
        yield VerticalScroll(Static("", id="said", markup=False), id="pane", can_focus=False)

    def on_mount(self) -> None:
        """A machine whose key was in question stays in the table, so that one sees what became of it."""
        self._greeter = Greeter(self, self._draw)
        self._asked_about: set[str] = set()     # addresses: a machine may get another name as soon as it lets us in

    @property
    def is_needed(self) -> bool:
        """Whether a key is in question."""
        return bool(self._in_question())

    def _hosts(self) -> list[dict[str, Any]]:
        found = self.draft.get("hosts", default=[])
        return found if isinstance(found, list) else []

    def _in_question(self) -> list[Greeting]:
        seen = [self.desk.greetings.get(str(host.get("name"))) for host in self._hosts()]
        return [one for one in seen if one and one.answer in IN_QUESTION]

    def entered(self) -> None:
        """Draw what was answered."""
        self._draw()

    def _draw(self) -> None:
        """A changed key stands above the unknown ones."""
        asked = {one.host for one in self._in_question()}
        self._asked_about |= {str(host.get("address")) for host in self._hosts() if host.get("name") in asked}
        shown = [(host, self._greeter.seen(str(host.get("name")))) for host in self._hosts() if host.get("address") in self._asked_about]
        shown.sort(key=lambda pair: pair[1] is None or pair[1].answer is not Answer.CHANGED_KEY)
        self.query_one(RowTable).show([Row(str(host.get("name")), self._cells(host, seen)) for host, seen in shown])
        self._tell()

    def _cells(self, host: dict[str, Any], seen: Greeting | None) -> tuple[Text, ...]:
        answer = str(seen.answer) if seen else ""
        style = ANSWER_STYLES[answer]
        name, address = str(host.get("name", "")), str(host.get("address", ""))
        return Text(answer_sign(answer), style), Text(name), Text(address), Text(shown(seen) if seen else "", style)

    def _selected(self) -> Greeting | None:
        name = self.query_one(RowTable).selected
        return self._greeter.seen(name) if name else None

    def _tell(self) -> None:
        """What is so with the selected machine, and what to do."""
        seen = self._selected()
        everybody = [self._greeter.seen(str(host.get("name"))) for host in self._hosts()]
        answers = {one.answer if one else Answer.CONNECTING for one in everybody}
        if not answers & {*IN_QUESTION, Answer.CONNECTING} and (seen is None or seen.answer is Answer.READY):
            text = "Every key is known. Ctrl-N goes on."
        else:
            text = told(self._called(seen.host), seen) if seen else ""
        self.query_one("#said", Static).update(text)

    def _called(self, name: str) -> str:
        return next((called(host) for host in self._hosts() if host.get("name") == name), name)

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Another machine."""
        self._tell()

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Enter accepts, as `a`."""
        self.action_accept()

    def action_accept(self) -> None:
        """The selected key is right."""
        seen = self._selected()
        if seen and seen.answer is Answer.UNKNOWN_KEY:
            self._accept([seen])
        elif seen and seen.answer is Answer.CHANGED_KEY:
            name = self._called(seen.host)
            self.say(f"{name} shows another key than the known one: that is never accepted here. What to do stands above.")

    def action_accept_all(self) -> None:
        """All unknown ones, after a question; a changed one stays what it is."""
        found = self._in_question()
        unknown = [seen for seen in found if seen.answer is Answer.UNKNOWN_KEY]
        if not unknown:
            self.say("There is no new key to accept." + " A changed one is never accepted here." * bool(found))
            return
        question = f"Have you compared {count(len(unknown), 'key')}, each with what its machine itself says?"
        self.app.push_screen(
            ConfirmScreen(question, self._meaning(unknown, len(found) - len(unknown)), yes="All are right", no="Not yet"),
            lambda yes: self._accept(unknown) if yes else None)

    def _meaning(self, unknown: Sequence[Greeting], changed: int) -> list[str]:
        """What yes means."""
        keys = [f"{seen.host:18.18} {seen.fingerprint}" for seen in unknown]
        lines = [*keys, "", MEANING]
        return [*lines, f"{count(changed, 'changed key')} stay{'s' * (changed == 1)} refused."] if changed else lines

    def _accept(self, keys: Sequence[Greeting]) -> None:
        self.say("")
        for seen in keys:
            self.desk.accept(seen.host, seen.fingerprint)
            self._greeter.ask(seen.host)

    def action_again(self) -> None:
        """Connect to the selected machine again."""
        if seen := self._selected():
            self.say("")
            self._greeter.ask(seen.host)

    def obstacle(self) -> Obstacle | None:
        """A key that nobody has said yes to, a changed one, or a machine that will not have us."""
        for host in self._hosts():
            name = str(host.get("name"))
            if sentence := hindering(called(host), self._greeter.seen(name)):
                table = self.query_one(RowTable)
                table.select(name)
                return Obstacle(sentence, table)
        return None


def shown(seen: Greeting) -> str:
    """What stands in the column of fingerprints."""
    if seen.answer is Answer.UNKNOWN_KEY:
        return seen.fingerprint
    return WORDS.get(seen.answer) or seen.message


def told(name: str, seen: Greeting) -> str:
    """What a host's key is, and what to do about it."""
    if seen.answer is Answer.UNKNOWN_KEY:
        return f"{name} shows\n  {seen.fingerprint}\nIf the machine itself says the same, accept it with a."
    if seen.answer in (Answer.READY, Answer.CONNECTING):
        return f"{name}: {'its key is known, and it lets us in.' if seen.answer is Answer.READY else 'connecting…'}"
    return f"{name}: {seen.message}\n{seen.hint}".strip()


def hindering(name: str, seen: Greeting | None) -> str:
    """Why one cannot go on with this host; "" when one can."""
    if seen is None or seen.answer is Answer.CONNECTING:
        return f"Still connecting to {name}: wait a moment."
    if seen.answer is Answer.UNKNOWN_KEY:
        return f"Compare the key of {name}, and accept it with a."
    if seen.answer is Answer.CHANGED_KEY:
        return f"{name} shows another key than the known one. Find out why; what stands above mends it, then r asks again."
    return "" if seen.answer is Answer.READY else f"{name}: {seen.message}. Esc goes back to mend it."


def count(number: int, thing: str) -> str:
    """`3 keys`."""
    return f"{number} {thing}{'s' * (number != 1)}"
