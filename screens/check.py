"""Check: what was found on the machines before anything is changed, as rows of checks and columns of machines; and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import work
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static

from kinstall.desk import Desk, Stream
from kinstall.draft import Draft
from kinstall.events import Found
from kinstall.headless import error_lines
from kinstall.progress import Progress
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.signs import LEVEL_STYLES, level_sign

FLEET: Final = ""           # the column of what is so of the machines together
RANK: Final = {"blocking": 0, "warning": 1, "handled": 2, "ok": 3}
SHORT: Final = 12           # of a cell
HELP: Final = """# Check

What kinstall found on your machines, before it changes anything.

`✓` as it should be. `⚙` the installation does it by itself. `!` worth knowing. `✗` stands in the way.

Below the table is what the selected cell means, and the exact commands that mend it. `f` runs them there, after a question where something
could be lost. You can also run them yourself, and check again with `r`. What stands in the way and cannot be mended may be overruled with
`o`, if you know what you do.
"""


class CheckScreen(Stage):
    """Stage 3."""

    STEP = "check"
    HELP_TEXT = HELP
    CSS_PATH: ClassVar[CSSPathType | None] = ["stage.tcss", "check.tcss"]
    AUTO_FOCUS: ClassVar[str | None] = "#findings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "mend", "Mend", tooltip="run the commands that mend this"),
        Binding("F", "mend_all", "Mend all", tooltip="run every mend that loses nothing"),
        Binding("o", "allow", "Overrule", tooltip="go on although this stands in the way"),
        Binding("r", "again", "Again", tooltip="check again"),
        Binding("v", "everything", "Show all", show=False, tooltip="the checks that are fine, too"),
    ]

    def __init__(self, draft: Draft, desk: Desk) -> None:
        super().__init__(draft, desk)
        self.progress = Progress()
        self._stream: Stream | None = None
        self._of = ""               # the draft that was looked at
        self._shows_all = False
        self._rows: list[str] = []
        self._columns: list[str] = []

    def body(self) -> Iterator[Widget]:
        """A sentence, the table, what the selected cell means."""
        yield Static("", id="sum", markup=False)
        yield DataTable[Text](cursor_type="cell", id="findings", fixed_columns=1)
        yield VerticalScroll(Static("", id="meaning", markup=False), id="pane")

    def entered(self) -> None:
        """Look, unless these very answers were looked at already."""
        if self._of != repr(self.draft.data):
            self.action_again()

    def forget(self) -> None:
        """The machines are not what they were."""
        self._of = ""

    @property
    def is_looking(self) -> bool:
        """Whether a look is under way."""
        return self._stream is not None and self._stream.code is None

    def action_again(self) -> None:
        """Look (again)."""
        if not self.is_looking:
            self._of = repr(self.draft.data)
            self._watch(self.desk.check(self.draft))

    @work(exclusive=True)
    async def _watch(self, stream: Stream) -> None:
        self._stream = stream
        self.progress = Progress()
        async for event in stream:
            self.progress = self.progress.apply(event)
            self._draw()
        self._draw()

    # ---- drawn ----
    def _draw(self) -> None:
        table = self.query_one(DataTable)
        at = self._selected_key()
        columns = [*self.progress.hosts, *([FLEET] if any(not one.host for one in self.progress.findings) else [])]
        if columns != self._columns:
            table.clear(columns=True)
            self._columns = columns
            table.add_column("", key="check")
            for name in columns:
                table.add_column(name or "together", key=f"at-{name}")
        else:
            table.clear()
        self._rows = self._checks()
        for check in self._rows:
            table.add_row(Text(check), *(self._cell(check, name) for name in columns), key=check)
        if at[0] in self._rows:
            table.move_cursor(row=self._rows.index(at[0]), column=at[1])
        elif self._rows and columns:
            table.move_cursor(row=0, column=self._worst_column(self._rows[0]))
        self.query_one("#sum", Static).update(self._sum())
        self._say_meaning()

    def _checks(self) -> list[str]:
        """Those that have something to say, the worst first; those that are fine only when they are asked for."""
        worst: dict[str, int] = {}
        for one in self.progress.findings:
            worst[one.check] = min(worst.get(one.check, 9), RANK.get(one.level, 9))
        shown = [check for check, rank in worst.items() if self._shows_all or rank < RANK["ok"]]
        return sorted(shown, key=lambda check: worst[check])

    def _worst_column(self, check: str) -> int:
        ranks = [RANK[one.level] if (one := self._found(check, name)) else 9 for name in self._columns]
        return 1 + ranks.index(min(ranks))

    def _found(self, check: str, host: str) -> Found | None:
        return next((one for one in self.progress.findings if (one.check, one.host) == (check, host)), None)

    def _cell(self, check: str, host: str) -> Text:
        found = self._found(check, host)
        if found is None:
            has_looked = not host or self.progress.hosts[host].looked or not self.is_looking
            return Text("" if not host else level_sign("ok") if has_looked else level_sign("asking"), "dim")
        allowed = " (allowed)" if found.level == "blocking" and self._is_allowed(found) else ""
        return Text(f"{level_sign(found.level)} {found.short[:SHORT]}{allowed}", LEVEL_STYLES[found.level])

    def _sum(self) -> str:
        if self.is_looking:
            looked = sum(host.looked for host in self.progress.hosts.values())
            return f"Looking: {looked} of {len(self.progress.hosts)} machines have answered every check."
        if self.progress.failures and not self.progress.findings:
            return "\n".join(line for failure in self.progress.failures for line in error_lines(failure))
        stops = self._stops()
        needing = {one.host for one in self.progress.findings if one.level in ("blocking", "warning") and one.host}
        hosts = len(self.progress.hosts)
        first = f"{len(stops)} thing{'s' * (len(stops) != 1)} in the way." if stops else "Nothing stands in the way."
        handled = f" The installation does what is marked {level_sign('handled')} by itself." if self._levels("handled") else ""
        fine = len({one.check for one in self.progress.findings}) and self.progress.checks - len(self._checks())
        rest = f" {fine} checks are fine (v shows them)." if fine > 0 and not self._shows_all else ""
        return f"{first} {len(needing)} of {hosts} machine{'s' * (hosts != 1)} have something to say.{handled}{rest}"

    def _levels(self, level: str) -> list[Found]:
        return [one for one in self.progress.findings if one.level == level]

    def _is_allowed(self, found: Found) -> bool:
        return bool(found.allow) and found.allow in self.draft.get("allow", default=[])

    def _stops(self) -> list[Found]:
        return [one for one in self._levels("blocking") if not self._is_allowed(one)]

    # ---- the selected cell ----
    def _selected_key(self) -> tuple[str, int]:
        table = self.query_one(DataTable)
        row = self._rows[table.cursor_row] if table.row_count and table.cursor_row < len(self._rows) else ""
        return row, table.cursor_column

    def selected(self) -> Found | None:
        """The finding under the cursor; beside the cells, the row's worst one."""
        check, column = self._selected_key()
        host = self._columns[column - 1] if 0 < column <= len(self._columns) else None
        found = self._found(check, host) if host is not None else None
        of_row = sorted((one for one in self.progress.findings if one.check == check), key=lambda one: RANK.get(one.level, 9))
        return found or (of_row[0] if of_row and host is None else None)

    def on_data_table_cell_highlighted(self, _: DataTable.CellHighlighted) -> None:
        """Another cell."""
        self._say_meaning()

    def _say_meaning(self) -> None:
        found = self.selected()
        self.query_one("#meaning", Static).update(Text("\n").join(meaning(found)) if found else self._beside())

    def _beside(self) -> str:
        """Of machines that could not be asked."""
        return "\n".join(line for failure in self.progress.failures for line in error_lines(failure))

    # ---- mended, and overruled ----
    def action_mend(self) -> None:
        """What is selected; with a question, where something could be lost."""
        found = self.selected()
        if found is None or not found.mend or not found.host or self.is_looking:
            self.say("There is nothing to run for this one: what it says is to be done by hand." if found and found.advice else "")
        elif found.fix:
            self._watch(self.desk.mend(self.draft, [found]))
        else:
            self._ask(f"Run this as root on {found.host}?", [found.sentence], [found])

    def action_mend_all(self) -> None:
        """All that lose nothing."""
        able = [one for one in self.progress.findings if one.fix and one.mend and one.host and one.level in ("blocking", "warning")]
        if not able or self.is_looking:
            self.say("Nothing here can be mended without a question: f mends one.")
            return
        self._ask(f"Run these {len(able)} mends? They lose nothing, and interrupt nobody.", [], able)

    def _ask(self, question: str, lines: Sequence[str], mends: Sequence[Found]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._watch(self.desk.mend(self.draft, mends))

        commands = [f"{one.host}: {command}" for one in mends for command in one.mend]
        self.app.push_screen(ConfirmScreen(question, lines, commands=commands, yes="Run"), answered)

    def action_allow(self) -> None:
        """Go on although this stands in the way; or not any more."""
        found = self.selected()
        allowed = list(self.draft.get("allow", default=[]))
        if found is None or not found.allow:
            self.say("This cannot be overruled: an installation would fail." if found and found.level == "blocking" else "")
        elif found.allow in allowed:
            self._set_allowed([word for word in allowed if word != found.allow])
        else:
            def answered(yes: bool | None) -> None:
                if yes:
                    self._set_allowed([*allowed, found.allow])

            means = [found.sentence, "", "With this, kinstall goes on all the same. It may fail, or not last. The answers keep it: "
                     f"allow: [{found.allow}]"]
            self.app.push_screen(ConfirmScreen(f"Overrule {found.allow}?", means, yes="Overrule"), answered)

    def _set_allowed(self, words: list[str]) -> None:
        self.draft.put(words or None, "allow")
        self.post_message(self.Changed())
        self.action_again()

    def action_everything(self) -> None:
        """Fine checks, too."""
        self._shows_all = not self._shows_all
        self._draw()

    def obstacle(self) -> Obstacle | None:
        """What stands in the way, or that it is not known yet."""
        table = self.query_one(DataTable)
        if self.is_looking:
            return Obstacle("Still looking: wait a moment.", table)
        if self.progress.failures and not self.progress.findings:
            return Obstacle("Not every machine could be looked at: Esc goes back, r looks again.", table)
        stops = self._stops()
        if stops:
            table.move_cursor(row=self._rows.index(stops[0].check), column=1 + self._columns.index(stops[0].host))
            how = "f mends it" if stops[0].mend else "below is what to do"
            return Obstacle(f"{len(stops)} in the way. {stops[0].host or 'All'}: {stops[0].title}: {how}.", table)
        return None


def meaning(found: Found) -> Iterator[Text]:
    """A finding in full: what it means, what mends it, how it is overruled."""
    where = f"{found.host}: " if found.host else ""
    yield Text.assemble((f"{level_sign(found.level)} ", LEVEL_STYLES[found.level]), (f"{where}{found.title}. ", "bold"), found.sentence)
    yield from (Text(f"    {line}", "bold") for command in found.mend for line in command.splitlines())
    if found.advice:
        yield Text(f"  {found.advice}")
    if found.mend:
        yield Text("  f runs this now" + ("" if found.fix else ", after a question"), "dim")
    if found.allow:
        yield Text(f"  o overrules it ({found.allow})", "dim")
