"""Hosts: which machines, which account, who is the control plane; and what each of them answers, as soon as its address is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from rich.text import Text
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Paste
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import DataTable, Input, Static

from kinstall.desk import Answer, Greeting
from kinstall.errors import Problem
from kinstall.pasting import hosts
from kinstall.screens.host import HostScreen
from kinstall.screens.importing import ImportScreen
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.signs import ANSWER_STYLES, answer_sign

AT_ONCE: Final = 16         # greetings
PATIENCE: Final = 0.6       # seconds after the last key in a field of the account
GIB: Final = 1 << 30
ROLES: Final = {"control-plane": "control plane", "worker": "worker"}
COLUMNS: Final = (
    ("dot", "", 1), ("address", "address", 16), ("account", "account", 9), ("role", "role", 13), ("answer", "what answers", None))
FIELDS: Final = (      # of all hosts: id, label, what it is for, where it goes, whether it is a secret
    ("user", "Account", "as in ssh; empty: ~/.ssh/config, or your own name", ("access", "user"), False),
    ("key", "Key file", "empty: the agent, and what ~/.ssh/config names", ("access", "key"), False),
    ("password", "Password", "for a login without a key", ("access", "password"), True),
    ("sudo", "For sudo", "if sudo asks for another one", ("access", "sudo_password"), True),
)
WORDS: Final = {
    Answer.CONNECTING: "connecting…", Answer.UNKNOWN_KEY: "key to compare: ^N", Answer.CHANGED_KEY: "ANOTHER KEY than known",
}
HELP: Final = """# Hosts

Your machines: bare Linux hosts that you reach with ssh, with an account that may use sudo. One of them becomes the **control plane**, which
runs the cluster; the others are **workers**, which run what you put into it. One machine alone can be both.

Type an address and press Enter, or paste many: `192.168.1.31-34`, `admin@10.0.0.5:2222`, names from `~/.ssh/config`.

Passwords stay in memory. They are written nowhere, so after a restart you type them again. Nothing is changed on any machine before you say
so on the Plan screen.
"""


class HostTable(DataTable[Text]):
    """The machines. Its letters are keys only while it has the focus: in a field they are letters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "screen.role('control-plane')", "Control plane", tooltip="this machine runs the cluster; there is exactly one"),
        Binding("w", "screen.role('worker')", "Worker"), Binding("d,delete", "screen.remove", "Remove", key_display="d"),
        Binding("i", "screen.import", "Import", tooltip="machines that ssh knows, or that a network has"),
        Binding("r", "screen.again", "Try again", show=False, tooltip="connect to this machine again"),
    ]


class HostsScreen(Stage):
    """Stage 1."""

    STEP = "hosts"
    HELP_TEXT = HELP
    CSS_PATH: ClassVar[CSSPathType | None] = ["stage.tcss", "hosts.tcss"]

    def body(self) -> Iterator[Widget]:
        """The table, the line to type into, the account."""
        yield HostTable(cursor_type="row", zebra_stripes=False, id="hosts")
        yield Input(placeholder="type an address, or paste many: 192.168.1.31-34, user@name:2222, an alias", id="add")
        yield Static("", id="said", markup=False)
        fields = [(label, Input(placeholder=hint, password=secret, id=name, compact=True)) for name, label, hint, _, secret in FIELDS]
        yield Vertical(*(Horizontal(Static(label, classes="label"), field) for label, field in fields), id="account")

    def on_mount(self) -> None:
        """The columns; the line to type into has the focus."""
        table = self.query_one(HostTable)
        for key, title, width in COLUMNS:
            table.add_column(title, key=key, width=width)
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._later: Timer | None = None
        self._asked: dict[str, object] = {}     # how each host was reached when it was last asked

    def entered(self) -> None:
        """Draw the draft, and ask whom nobody has asked yet."""
        for name, _, _, loc, secret in FIELDS:
            field = self.query_one(f"#{name}", Input)
            typed = self.draft.secrets.get(loc) if secret else None
            with field.prevent(Input.Changed):
                field.value = typed.reveal() if typed else "" if secret else str(self.draft.get(*loc, default=""))
        self._draw()
        self._greet_changed()
        if not self.hosts:
            self.query_one("#add", Input).focus()
        elif self.focused is None:
            self.query_one(HostTable).focus()

    @property
    def hosts(self) -> list[dict[str, Any]]:
        """The hosts of the draft."""
        found = self.draft.get("hosts", default=[])
        return found if isinstance(found, list) else []

    # ---- typing ----
    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: add what was typed; elsewhere, try it out at once."""
        if event.input.id == "add":
            self.add(event.value)
        else:
            self._greet_changed()

    def on_input_changed(self, event: Input.Changed) -> None:
        """A field of the account: into the draft, and tried out when one stops typing."""
        found = next((field for field in FIELDS if field[0] == event.input.id), None)
        if found is None:
            return
        *_, loc, secret = found
        if secret:
            self.draft.keep(event.value, *loc)
        else:
            self.draft.put(event.value.strip(), *loc)
        self._problem_at(loc)
        self._changed()
        if self._later:
            self._later.stop()
        self._later = self.set_timer(PATIENCE, self._greet_changed)

    def on_paste(self, event: Paste) -> None:
        """Many lines at once; what a field gets by itself is its own."""
        if "\n" in event.text.strip() or not isinstance(self.focused, Input):
            event.stop()
            event.prevent_default()
            self.add(event.text)

    def add(self, text: str) -> None:
        """The hosts in this text. The first one of all is the control plane."""
        found = hosts(text, self.hosts)
        for host in found.hosts:
            has_control_plane = any(one.get("role") == "control-plane" for one in self.hosts)
            self.draft.put([*self.hosts, host | {"role": "worker" if has_control_plane else "control-plane"}], "hosts")
        self.query_one("#add", Input).value = "" if found.hosts or not found.mistakes else text
        self._say("\n".join(found.mistakes))
        self._changed()
        self._greet_changed()

    def _problem_at(self, loc: tuple[str, ...]) -> None:
        """What is wrong with a field of the account, while one types."""
        key = ".".join(loc)
        wrong = next((problem for problem in self._problems() if problem.key == key), None)
        self._say(f"{wrong.key}: {wrong.what}: {wrong.mend}" if wrong else "")

    def _say(self, text: str) -> None:
        self.query_one("#said", Static).update(text)

    # ---- the table ----
    def _changed(self) -> None:
        self._draw()
        self.post_message(self.Changed())

    def _draw(self) -> None:
        table = self.query_one(HostTable)
        at = table.cursor_row
        table.clear()
        for host in self.hosts:
            table.add_row(*self._cells(host), key=host["name"])
        table.move_cursor(row=min(at, max(len(self.hosts) - 1, 0)))

    def _cells(self, host: dict[str, Any]) -> list[Text]:
        seen = self.desk.greetings.get(host["name"])
        answer = str(seen.answer) if seen else ""
        style = ANSWER_STYLES[answer]
        port = host.get("access", {}).get("port")
        account = host.get("access", {}).get("user") or self.draft.get("access", "user", default="")
        address = str(host.get("address", "")) + (f":{port}" if port else "")
        return [Text(answer_sign(answer), style), Text(address), Text(str(account)), Text(ROLES.get(str(host.get("role")), "worker")),
                Text(said(seen), style if answer != "ready" else "")]

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Another host: what there is to say of it."""
        self._say_of(event.cursor_row)

    def _say_of(self, row: int) -> None:
        """Why this host is not ready. A key to compare is the next screen's business."""
        seen = self.desk.greetings.get(self.hosts[row]["name"]) if row < len(self.hosts) else None
        is_told = seen is not None and seen.message and seen.answer is not Answer.UNKNOWN_KEY
        self._say(f"{seen.host}: {seen.message}\n{seen.hint}".strip() if seen and is_told else "")

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Enter: everything of this host."""
        self._edit(event.cursor_row)

    def _edit(self, index: int) -> None:
        before = self.hosts[index]["name"]

        def edited(yes: bool | None) -> None:
            if yes:
                self.desk.greetings.pop(before, None)
                self._changed()
                self._greet_changed()

        self.app.push_screen(HostScreen(self.draft, index), edited)

    def action_role(self, role: str) -> None:
        """What the selected machine becomes. There is one control plane: making one makes the other a worker."""
        table = self.query_one(HostTable)
        if not self.hosts:
            return
        for number, host in enumerate(self.hosts):
            if number == table.cursor_row:
                host["role"] = role
            elif role == "control-plane":
                host["role"] = "worker"
        self._changed()

    def action_remove(self) -> None:
        """This machine does not belong to it."""
        table = self.query_one(HostTable)
        if self.hosts:
            gone = self.hosts[table.cursor_row]
            self.draft.remove_host(table.cursor_row)
            self.desk.greetings.pop(gone["name"], None)
            if gone.get("role") == "control-plane" and self.hosts:
                self.hosts[0]["role"] = "control-plane"
            self._changed()

    def action_again(self) -> None:
        """Connect again."""
        if self.hosts:
            self._asked.pop(self.hosts[self.query_one(HostTable).cursor_row]["name"], None)
            self._greet_changed()

    def action_import(self) -> None:
        """Machines that ssh knows, or that a network has."""
        self.app.push_screen(ImportScreen(self.desk), lambda text: self.add(text) if text else None)

    # ---- who answers ----
    def _greet_changed(self) -> None:
        """Ask every host whose address, account or secrets are others than when it was last asked."""
        for index, host in enumerate(self.hosts):
            way = self._way(index)
            if self._asked.get(host["name"]) != way:
                self._asked[host["name"]] = way
                self.run_worker(self._greet(host["name"]), group=f"greet-{host['name']}", exclusive=True)

    def _way(self, index: int) -> object:
        host = self.hosts[index]
        own = {loc[2:]: secret for loc, secret in self.draft.secrets.items() if loc[:2] == ("hosts", index)}
        common = {loc: secret for loc, secret in self.draft.secrets.items() if loc[:1] == ("access",)}
        return (host.get("address"), repr(host.get("access")), repr(self.draft.get("access")), own, common)

    async def _greet(self, name: str) -> None:
        async with self._gate:
            if not any(host["name"] == name for host in self.hosts):
                return
            task = asyncio.ensure_future(self.desk.greet(self.draft, name))
            await asyncio.sleep(0)
            self._draw()
            await task
        if (new := self.adopt(name)) != name:
            self._asked[new] = self._asked.pop(name, None)
        self._draw()
        self._say_of(self.query_one(HostTable).cursor_row)

    # ---- on ----
    def _problems(self) -> list[Problem]:
        return [problem for problem in self.draft.problems() if problem.key.startswith(("hosts", "access")) or not problem.key]

    def obstacle(self) -> Obstacle | None:
        """No machines, something that is wrong, a machine that does not answer, or that has not answered yet."""
        if not self.hosts:
            return Obstacle("Type the address of at least one machine.", self.query_one("#add"))
        if problems := self._problems():
            return self._at(problems[0])
        for index, host in enumerate(self.hosts):
            seen = self.desk.greetings.get(host["name"])
            if seen is None or seen.answer in (Answer.CONNECTING, Answer.REFUSED, Answer.UNREACHABLE):
                return self._of_host(index, seen)
        return None

    def _at(self, problem: Problem) -> Obstacle:
        fields = {".".join(loc): name for name, _, _, loc, _ in FIELDS}
        where = f"#{fields[problem.key]}" if problem.key in fields else "#hosts"
        return Obstacle(": ".join(filter(None, (problem.key, problem.what, problem.mend))), self.query_one(where))

    def _of_host(self, index: int, seen: Greeting | None) -> Obstacle:
        name = self.hosts[index]["name"]
        table = self.query_one(HostTable)
        table.move_cursor(row=index)
        if seen is None or seen.answer is Answer.CONNECTING:
            return Obstacle(f"Still connecting to {name}: wait a moment.", table)
        needed = {"password": "#password", "sudo_password": "#sudo", "user": "#user"}
        is_common = not any(loc[:2] == ("hosts", index) for loc in self.draft.secrets)
        widget: Widget = self.query_one(needed[seen.needs]) if seen.needs in needed and is_common else table
        return Obstacle(f"{name}: {seen.message}. Mend it, or remove the machine (d).", widget)


def said(seen: Greeting | None) -> str:
    """What a host answered, in one cell."""
    if seen is None:
        return ""
    if seen.answer is Answer.READY:
        cores = f"{seen.cpus} core{'s' * (seen.cpus != 1)}"
        return f"{seen.distribution.split(' (')[0].replace('GNU/Linux ', '')}  {cores}  {seen.memory / GIB:.1f} G"
    return WORDS.get(seen.answer, seen.message)
