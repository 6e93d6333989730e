"""Hosts: which machines, which account, who is the control plane; and what each of them answers, as soon as its address is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.events import DescendantFocus, Paste
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import DataTable, Input, Static

from kinstall.desk import Answer, Greeting
from kinstall.errors import Problem
from kinstall.pasting import hosts
from kinstall.screens.host import HostScreen
from kinstall.screens.importing import ImportScreen
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.host_account import AccountForm
from kinstall.screens.widgets.host_field import AddressField
from kinstall.screens.widgets.host_greeter import Greeter
from kinstall.screens.widgets.host_table import CONTROL_PLANE, HostTable
from kinstall.screens.widgets.host_words import called, hindering, lines, plainly
from kinstall.screens.widgets.signs import level_sign

PATIENCE: Final = 0.6       # seconds after the last key in a field of the account
BEAT: Final = 0.5           # seconds between two looks at those that are still connecting
HOW_TO_ADD: Final = "Enter adds it. Also: 192.168.1.31-34, user@name:2222, a name from ~/.ssh/config, or many pasted at once."
WELCOME: Final = """\
Which machines shall become the cluster?

Type the address of each below and press Enter, or paste many at once. \
Ctrl-O looks for machines: those that ssh knows, or those in a network.

The first becomes the control plane, which runs the cluster. The others are \
workers, which run what you put into it. One machine alone can be both.

You need ssh to each of them, with an account that may use sudo. Nothing is \
changed on any machine before you say so on the screen "Plan"."""
HELP: Final = """# Hosts

Your machines: bare Linux hosts that you reach with ssh, with an account that may use sudo. One of them becomes the **control plane**, which
runs the cluster; the others are **workers**, which run what you put into it. One machine alone can be both.

Type an address and press Enter, or paste many: `192.168.1.31-34`, `admin@10.0.0.5:2222`, names from `~/.ssh/config`. The arrows and Tab go
from the table to the fields and back; the letters below are keys while the table has the focus.

Each machine is asked at once who it is, which reads and changes nothing. Passwords stay in memory. They are written nowhere, so after a
restart you type them again. Nothing is changed on any machine before you say so on the Plan screen.
"""


class HostsScreen(Stage):
    """Stage 1."""

    STEP = "hosts"
    HELP_TEXT = HELP
    CSS_PATH: ClassVar[CSSPathType | None] = ["stage.tcss", "hosts.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "to_table", "To the table", show=False, tooltip="out of a field, to the machines"),
        Binding("ctrl+o", "import", "Look for machines", show=False, tooltip="choose among machines that ssh knows, or that a network has"),
    ]

    def body(self) -> Iterator[Widget]:
        """The table, the line to type into, the account, and a few lines on whatever has the focus."""
        with Vertical(id="machines") as box:
            box.border_title = "Machines"
            yield HostTable()
            yield Static(WELCOME, id="welcome", markup=False)
        yield AddressField(id="add", hint="type an address, or paste many: 192.168.1.31-34, user@name:2222, an alias")
        yield AccountForm(self.draft)
        yield VerticalScroll(Static("", id="word", markup=False), id="words", can_focus=False)

    def on_mount(self) -> None:
        """Nobody has been asked yet."""
        self._greeter = Greeter(self, self._draw)
        self._later: Timer | None = None
        self._mistakes: tuple[str, ...] = ()    # in what was added last
        self._was_blocked = False
        self.set_interval(BEAT, self._beat)

    def entered(self) -> None:
        """Draw the draft, and ask whom nobody has asked yet."""
        self.query_one(AccountForm).read()
        self._greeter.keep_only([str(host.get("name")) for host in self.hosts])
        self._greeter.ask_changed()
        self._draw()
        if not self.hosts:
            self.query_one("#add").focus()
        elif self.focused is None:
            self.query_one(HostTable).focus()

    @property
    def hosts(self) -> list[dict[str, Any]]:
        """The hosts of the draft."""
        found = self.draft.get("hosts", default=[])
        return found if isinstance(found, list) else []

    def _host(self) -> tuple[int, dict[str, Any]] | None:
        """The selected one, with its place."""
        name = self.query_one(HostTable).selected
        return next(((index, host) for index, host in enumerate(self.hosts) if host.get("name") == name), None)

    # ---- typing ----
    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the line below the table."""
        self.add(event.value)

    def on_input_changed(self, _: Input.Changed) -> None:
        """Typing goes on: what was wrong with the last is of no interest any more."""
        if self._mistakes:
            self._mistakes = ()
            self._tell()

    def on_address_field_pasted(self, event: AddressField.Pasted) -> None:
        """Several lines."""
        self.add(event.text)

    def on_paste(self, event: Paste) -> None:
        """Pasted while no field has the focus: what else could it be than addresses."""
        if not isinstance(self.focused, Input):
            event.stop()
            self.add(event.text)

    def on_account_form_edited(self, event: AccountForm.Edited) -> None:
        """The account is another one: tried out at once after Enter, else when one stops typing."""
        self._changed()
        if self._later:
            self._later.stop()
        self._later = None if event.done else self.set_timer(PATIENCE, self._greeter.ask_changed)
        if event.done:
            self._greeter.ask_changed()

    def add(self, text: str) -> None:
        """The hosts in this text. The first one of all is the control plane. What makes no sense stays in the line."""
        found = hosts(text, self.hosts)
        for host in found.hosts:
            has_control_plane = any(one.get("role") == CONTROL_PLANE for one in self.hosts)
            self.draft.put([*self.hosts, host | {"role": "worker" if has_control_plane else CONTROL_PLANE}], "hosts")
        field = self.query_one(AddressField)
        with field.prevent(Input.Changed):
            field.value = "" if found.hosts or not found.mistakes else " ".join(text.split())
        self._mistakes = tuple(found.mistakes)
        if found.mistakes:
            field.focus()
        self._changed()
        self._greeter.ask_changed()
        if found.hosts:
            self.query_one(HostTable).select(found.hosts[-1]["name"])

    # ---- drawing ----
    def _changed(self) -> None:
        self._draw()
        self.post_message(self.Changed())

    def _draw(self) -> None:
        self.query_one(HostTable).draw(self.hosts, self._greeter.seen, str(self.draft.get("access", "user", default="")))
        self.query_one("#welcome").display = not self.hosts
        self._tell()
        if self._was_blocked:
            found = self._hindrance()
            self._block(found[0].sentence if found else "")

    def _beat(self) -> None:
        seen = [self._greeter.seen(str(host.get("name"))) for host in self.hosts]
        if self.is_current and any(one and one.answer is Answer.CONNECTING for one in seen):
            self.query_one(HostTable).beat()
            self._draw()

    def on_descendant_focus(self, _: DescendantFocus) -> None:
        """Another field, another explanation."""
        self._tell()

    def on_data_table_row_highlighted(self, _: DataTable.RowHighlighted) -> None:
        """Another machine."""
        self._tell()

    def _tell(self) -> None:
        """A few lines on whatever has the focus: what is wrong with it, or else what it is for."""
        wrong, fine = self._of_focus()
        line = self.query_one("#word", Static)
        line.set_class(bool(wrong), "wrong")
        line.update(wrong or fine)

    def _of_focus(self) -> tuple[str, str]:
        form = self.query_one(AccountForm)
        if why := form.why(self.focused):
            complaint = form.complaint(self.focused)
            return f"{level_sign('blocking')} {complaint}" if complaint else "", why
        if isinstance(self.focused, AddressField):
            return "\n".join(f"{level_sign('blocking')} {one}" for one in self._mistakes), HOW_TO_ADD
        found = self._host()
        if found is None:
            return "", ""
        index, host = found
        wrong = [plainly(one, self.hosts) for one in self._problems() if one.key.startswith(f"hosts[{index}]")]
        seen = self._greeter.seen(str(host.get("name")))
        return "\n".join(f"{level_sign('blocking')} {called(host)}: {one}" for one in wrong), lines(host, seen)

    # ---- the keys of the table ----
    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Enter: everything of this machine."""
        if found := self._host():
            before = found[1]["name"]
            self.app.push_screen(HostScreen(self.draft, found[0]), lambda yes: self._edited(before) if yes else None)

    def _edited(self, name: str) -> None:
        if all(host["name"] != name for host in self.hosts):
            self._greeter.forget(name)
        self._changed()
        self._greeter.ask_changed()

    def action_role(self, role: str) -> None:
        """What the selected machine becomes. There is one control plane: making one makes the other a worker."""
        found = self._host()
        if found is None:
            return
        if role != CONTROL_PLANE and found[1].get("role") == CONTROL_PLANE:
            self._was_blocked = False
            self.say("One machine must be the control plane: select the one that shall be it, and press c.")
            return
        if role == CONTROL_PLANE:
            for host in self.hosts:
                host["role"] = "worker"
        found[1]["role"] = role
        self.say("")
        self._changed()

    def action_remove(self) -> None:
        """This machine does not belong to it."""
        found = self._host()
        if found is None:
            return
        index, gone = found
        self.draft.remove_host(index)
        self._greeter.forget(str(gone.get("name")))
        if gone.get("role") == CONTROL_PLANE and self.hosts:
            self.hosts[0]["role"] = CONTROL_PLANE
        self._changed()
        if not self.hosts:
            self.query_one("#add").focus()

    def action_again(self) -> None:
        """Connect again."""
        if found := self._host():
            self._greeter.ask(str(found[1].get("name")))

    def action_import(self) -> None:
        """Machines that ssh knows, or that a network has."""
        there = [str(host.get("address")) for host in self.hosts]
        self.app.push_screen(ImportScreen(self.desk, there), lambda text: self.add(text) if text else None)

    def action_to_table(self) -> None:
        """Out of a field."""
        self.query_one(HostTable).focus()

    # ---- on ----
    def _problems(self) -> list[Problem]:
        return [problem for problem in self.draft.problems() if problem.key.startswith(("hosts", "access")) or not problem.key]

    def action_next(self) -> None:
        """On; or to what is in the way, which is told until it is not any more. What was typed just now has not been tried out yet."""
        self._greeter.ask_changed()
        super().action_next()
        self._was_blocked = self.query_one("#obstacle").display

    def _block(self, sentence: str) -> None:
        self.say(sentence)
        self._was_blocked = bool(sentence)

    def obstacle(self) -> Obstacle | None:
        """No machines, something that is wrong, a machine that does not let us in, or one that has not answered yet."""
        found = self._hindrance()
        if found is None:
            return None
        obstacle, name = found
        self.query_one(HostTable).select(name)
        return obstacle

    def _hindrance(self) -> tuple[Obstacle, str] | None:
        """What is in the way, and the host that it is about."""
        if not self.hosts:
            return Obstacle("Type the address of at least one machine, and press Enter.", self.query_one("#add")), ""
        if problems := self._problems():
            return self._of_problem(problems[0])
        seen = [(host, self._greeter.seen(str(host.get("name")))) for host in self.hosts]
        hindered = [(host, one) for host, one in seen if hindering(host, one)]
        # Whoever must be helped comes before those that only need a moment.
        hindered.sort(key=lambda pair: pair[1] is None or pair[1].answer is Answer.CONNECTING)
        return next(((self._of_host(host, one), str(host.get("name"))) for host, one in hindered), None)

    def _of_problem(self, problem: Problem) -> tuple[Obstacle, str]:
        sentence = plainly(problem, self.hosts)
        if found := re.match(r"hosts\[([0-9]+)\]", problem.key):
            host = self.hosts[int(found[1])]
            return Obstacle(f"{called(host)}: {sentence}. Enter edits it.", self.query_one(HostTable)), str(host.get("name"))
        if problem.key.startswith("access."):
            return Obstacle(f"{problem.key}: {sentence}", self.query_one(AccountForm).field_for(problem.key.removeprefix("access."))), ""
        return Obstacle(sentence, self.query_one(HostTable)), ""

    def _of_host(self, host: dict[str, Any], seen: Greeting | None) -> Obstacle:
        needs = seen.needs if seen else ""
        is_own = needs in host.get("access", {})
        field = None if is_own else self.query_one(AccountForm).field_for(needs)
        return Obstacle(hindering(host, seen), field or self.query_one(HostTable))
