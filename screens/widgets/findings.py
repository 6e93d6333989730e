"""The table of findings: a row for each check, a column for each machine. It changes where the sheet has changed, and the cursor stays."""

from __future__ import annotations

from typing import ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable
from textual.widgets.data_table import ColumnKey

from kinstall.events import Found
from kinstall.screens.widgets.check_sheet import Place, Sheet

TITLES: Final = "title"     # the key of the first column
NAME: Final = 16            # cells of a terminal, for the name of a machine


class Findings(DataTable[Text]):
    """Its cursor is on a cell, or on the name of a check: then all that the check has found is meant."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Details", tooltip="all of it, and a way to copy the commands"),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="cell", fixed_columns=1, id="findings")
        self.sheet = Sheet()
        self._columns: tuple[str, ...] = ()
        self._rows: tuple[str, ...] = ()
        self._shown: dict[Place, str] = {}

    def show(self, sheet: Sheet) -> None:
        """Draw this sheet; the cursor stays on its check and machine, and begins on the worst."""
        at, self.sheet = self.at, sheet
        columns, rows = sheet.columns, sheet.rows
        if (columns, rows) == (self._columns, self._rows) and self._renew():
            return
        seen = self.scroll_offset
        self._columns, self._rows = columns, rows
        self._rebuild()
        if at is not None and at[0] in rows:
            self.point(*at)
            self.call_after_refresh(self.scroll_to, *seen, animate=False)
        elif rows:
            self.point(rows[0], sheet.worst(rows[0]))

    def _rebuild(self) -> None:
        """With widths of our own: a DataTable that finds them out later has drawn some rows by then."""
        self.clear(columns=True)
        titles = [Text(self.sheet.title(check)) for check in self._rows]
        self.add_column("", key=TITLES, width=max((title.cell_len for title in titles), default=0))
        cells = {(check, host): self.sheet.cell(check, host) for check in self._rows for host in self._columns}
        for host in self._columns:
            name = Text(host or "all")
            name.truncate(NAME, overflow="ellipsis")
            self.add_column(name, key=f"at {host}", width=max(name.cell_len, *(cells[check, host].cell_len for check in self._rows), 1))
        for check, title in zip(self._rows, titles, strict=True):
            self.add_row(title, *(cells[check, host] for host in self._columns), key=check)
        self._shown = {place: _look(cell) for place, cell in cells.items()}

    def _renew(self) -> bool:
        """Cells that are different now; False when one of them needs a wider column, for which the table is built anew."""
        for place, shown in self._shown.items():
            cell, key = self.sheet.cell(*place), f"at {place[1]}"
            if _look(cell) != shown:
                if cell.cell_len > self.columns[ColumnKey(key)].width:
                    return False
                self._shown[place] = _look(cell)
                self.update_cell(place[0], key, cell)
        return True

    @property
    def at(self) -> tuple[str, str | None] | None:
        """The check and the machine of the cursor; no machine: the check's name."""
        row, column = self.cursor_coordinate
        if row >= len(self._rows):
            return None
        return self._rows[row], self._columns[column - 1] if 0 < column <= len(self._columns) else None

    @property
    def selected(self) -> list[Found]:
        """What the cursor is on: one finding, or all of a check."""
        if self.at is None:
            return []
        check, host = self.at
        if host is None:
            return self.sheet.of_row(check)
        found = self.sheet.found.get((check, host))
        return [found] if found else []

    def point(self, check: str, host: str | None) -> None:
        """Put the cursor there."""
        column = 0 if host is None else 1 + self._columns.index(host) if host in self._columns else 1
        self.move_cursor(row=self._rows.index(check), column=column)


def _look(cell: Text) -> str:
    return f"{cell.style} {cell.plain}"
