"""A table of hosts: its columns share the width there is, a cursor stays on its host, and what does not fit ends with an ellipsis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

from rich.text import Text
from textual.events import Resize
from textual.widgets import DataTable


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `width` counts the gap after it; 0: what the others leave. Narrower screens than `wide` do without it."""

    title: str
    width: int = 0
    wide: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One host: its name, and a text for each column."""

    name: str
    cells: tuple[Text, ...]


class RowTable(DataTable[Text]):
    """Rows that come anew with each change; those that are there already are only written over."""

    DEFAULT_CSS = """
    RowTable {
        height: 1fr;
        scrollbar-size-vertical: 1;
        background: transparent;
    }
    """

    def __init__(self, columns: Sequence[Column], *, id: str) -> None:
        super().__init__(cursor_type="row", cell_padding=0, id=id)
        self._columns, self._rows_shown = tuple(columns), tuple[Row, ...]()
        self._drawn: object = None

    @property
    def selected(self) -> str:
        """The name of the host under the cursor; "" when there is none."""
        return self._rows_shown[self.cursor_row].name if 0 <= self.cursor_row < len(self._rows_shown) else ""

    def select(self, name: str) -> None:
        """The cursor goes to this host, if it is there."""
        names = [row.name for row in self._rows_shown]
        if name in names:
            self.move_cursor(row=names.index(name))

    def show(self, rows: Sequence[Row]) -> None:
        """Draw these."""
        before, self._rows_shown = self.selected, tuple(rows)
        self._draw(before)

    def on_resize(self, _: Resize) -> None:
        """The columns share the new width."""
        self._draw(self.selected)

    def _draw(self, selected: str) -> None:
        seen = [self.screen.size.width >= column.wide for column in self._columns]
        widths = self._widths(list(compress(self._columns, seen)))
        rows = [(row.name, [fitted(text, width) for text, width in zip(compress(row.cells, seen), widths, strict=True)])
                for row in self._rows_shown]
        drawn = (widths, [name for name, _ in rows])
        if drawn == self._drawn:
            for name, cells in rows:
                for column, cell in enumerate(cells):
                    self.update_cell(name, str(column), cell)
        else:
            self._drawn = drawn
            self._again(list(compress(self._columns, seen)), widths, rows, selected)

    def _again(self, columns: Sequence[Column], widths: Sequence[int], rows: Sequence[tuple[str, list[Text]]], selected: str) -> None:
        at = self.cursor_row
        self.clear(columns=True)
        for number, (column, width) in enumerate(zip(columns, widths, strict=True)):
            self.add_column(column.title, width=width, key=str(number))
        for name, cells in rows:
            self.add_row(*cells, key=name)
        self.move_cursor(row=min(at, max(len(rows) - 1, 0)))
        self.select(selected)

    def _widths(self, columns: Sequence[Column]) -> list[int]:
        left = max(self.size.width - sum(column.width for column in columns), 4)
        return [column.width or left for column in columns]


def fitted(text: Text, width: int) -> Text:
    """A copy that leaves a gap to the next column."""
    made = text.copy()
    made.truncate(max(width - 1, 1), overflow="ellipsis")
    return made
