"""The table of the Hosts screen: a dot, who it is, what it becomes, what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType

from kinstall.desk import Greeting
from kinstall.screens.widgets.host_rows import Column, Row, RowTable
from kinstall.screens.widgets.host_words import ROLES, cell
from kinstall.screens.widgets.signs import ANSWER_STYLES, answer_sign

CONTROL_PLANE: Final = "control-plane"
COLUMNS: Final = (
    Column("", 2), Column("name", 16, wide=100), Column("address", 18), Column("account", 10), Column("role", 14), Column("what answers"))


class HostTable(RowTable):
    """The machines. Its letters are keys only while it has the focus: in a field they are letters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "screen.role('control-plane')", "Control", tooltip="this machine becomes the control plane; there is exactly one"),
        Binding("w", "screen.role('worker')", "Worker", tooltip="this machine becomes a worker"),
        Binding("d,delete", "screen.remove", "Remove", key_display="d", tooltip="this machine does not belong to the cluster"),
        Binding("enter", "select_cursor", "Edit", tooltip="name, address, port, account and keys of this machine"),
        Binding("r", "screen.again", "Try again", show=False, tooltip="connect to this machine again"),
        Binding("i", "screen.import", "Import", tooltip="choose among machines that ssh knows, or that a network has"),
    ]

    def __init__(self) -> None:
        super().__init__(COLUMNS, id="hosts")
        self._is_bright = True

    def draw(self, hosts: Sequence[Mapping[str, Any]], seen: Callable[[str], Greeting | None], account: str) -> None:
        """These hosts, what each was seen to answer, and the account of those that have none of their own."""
        self.show([Row(str(host.get("name")), self._cells(host, seen(str(host.get("name"))), account)) for host in hosts])
        self.set_class(not hosts, "empty")

    def beat(self) -> None:
        """The dots of those that are still connecting beat, seen when they are drawn again."""
        self._is_bright = not self._is_bright

    def _cells(self, host: Mapping[str, Any], seen: Greeting | None, common: str) -> tuple[Text, ...]:
        answer = str(seen.answer) if seen else ""
        dot = "dim" if answer == "connecting" and not self._is_bright else ANSWER_STYLES[answer]
        own = host.get("access", {})
        port = f":{own['port']}" if own.get("port") else ""
        account, role = own.get("user") or common, str(host.get("role", "worker"))
        return (
            Text(answer_sign(answer), dot), Text(str(host.get("name"))), Text(f"{host.get('address', '')}{port}"),
            Text(str(account) or "as ssh", "" if account else "dim"), Text(ROLES.get(role, role), "bold" if role == CONTROL_PLANE else ""),
            Text(cell(seen), ANSWER_STYLES[answer] if answer != "ready" else ""),
        )

    def action_cursor_down(self) -> None:
        """Below the last machine is the line for the next one."""
        if self.cursor_row >= self.row_count - 1:
            self.screen.focus_next()
        else:
            super().action_cursor_down()
