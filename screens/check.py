"""Check: what was found on the machines before anything is changed, as rows of checks and columns of machines; and what mends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual import on
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import DataTable, Static

from kinstall.desk import Desk, Stream
from kinstall.draft import Draft
from kinstall.events import Found
from kinstall.screens.check_details import DetailsScreen, copy
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.looking import LookingStage
from kinstall.screens.stage import Obstacle
from kinstall.screens.widgets.check_sheet import Place, Sheet
from kinstall.screens.widgets.check_words import commands, meaning, named, overruling, several, silence, summary
from kinstall.screens.widgets.findings import Findings

HELP: Final = """# Check

What kinstall found on your machines, before it changes anything.

`✓` as it should be. `⚙` the installation does it by itself. `!` worth knowing. `✗` stands in the way. `…` is being asked.

Below the table is what the selected cell means, and the exact commands that mend it. `f` runs them there, after a question where something
could be lost. You can also run them yourself, and check again with `r`. On the name of a check, at the left, all machines are meant.

What stands in the way and cannot be mended may be overruled with `o`, if you know what you do.
"""
BUSY: Final = "Still looking: wait a moment."
BY_HAND: Final = "kinstall cannot mend this by itself: below is what to do."
NOTHING: Final = "There is nothing to mend here."


class CheckScreen(LookingStage):
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
        Binding("v", "everything", "Show all", show=False, tooltip="the checks that are fine, too; or not"),
        Binding("y", "copy", "Copy", show=False, tooltip="the commands that mend this, to the clipboard"),
    ]

    def __init__(self, draft: Draft, desk: Desk) -> None:
        super().__init__(draft, desk)
        self._earlier: dict[Place, Found] = {}
        self._shows_all = False

    def body(self) -> Iterator[Widget]:
        """A sentence, what was mended, the table, what the selected cell means."""
        yield Static("", id="sum", markup=False)
        yield Static("", id="mended", markup=False)
        yield Findings()
        yield VerticalScroll(Static("", id="meaning"), id="pane")

    def look(self) -> Stream:
        """Every check on every machine."""
        return self.desk.check(self.draft)

    def took_up(self) -> None:
        """What was found stays in sight until it is found anew."""
        names = {"", *(host["name"] for host in self.draft.get("hosts", default=[]) if "name" in host)}
        self._earlier = {place: one for place, one in self.sheet.found.items() if place[1] in names}

    @property
    def sheet(self) -> Sheet:
        """What is known."""
        return Sheet(self.progress, self._earlier, self.draft.get("allow", default=()), self.is_looking, self._shows_all)

    @property
    def table(self) -> Findings:
        """The findings."""
        return self.query_one(Findings)

    def draw(self) -> None:
        """All of it."""
        sheet = self.sheet
        self.query_one("#sum", Static).update(summary(sheet))
        self.table.show(sheet)
        mended = ". ".join(note.text for note in self.progress.notes if note.level == "info")
        line = self.query_one("#mended", Static)
        line.update(mended)
        line.display = bool(mended)
        self._mean()

    @on(DataTable.CellHighlighted)
    def _mean(self) -> None:
        """What the cursor is on."""
        table, pane = self.table, self.query_one("#meaning", Static)
        if table.selected:
            pane.update(meaning(table.selected, table.sheet))
        else:
            pane.update(Text(silence(table.at[1], table.sheet) if table.at and table.at[1] else ""))

    @on(DataTable.CellSelected)
    def _show_details(self) -> None:
        """Enter, or a second click."""
        if found := self.table.selected:
            self.app.push_screen(DetailsScreen(meaning(found, self.sheet), _lines(found)), self._chosen)

    def _chosen(self, action: str | None) -> None:
        if action:
            self.call_later(self.run_action, action)

    # ---- mended, and overruled ----
    def action_mend(self) -> None:
        """What is selected; with a question, where something could be lost, or several machines are meant."""
        found = [one for one in self.table.selected if one.level != "ok"]
        able = [one for one in found if one.mend and one.host]
        if self.is_looking or not able:
            self.say(BUSY if self.is_looking else BY_HAND if any(one.advice or one.mend for one in found) else NOTHING)
        elif len(able) == 1 and able[0].fix:
            self._mend(able)
        else:
            risky = [f"{one.host}: {one.sentence}{f' {one.advice}' if one.advice else ''}" for one in able]
            self._ask(f"Run this as root on {named([one.host for one in able])}?", risky, able)

    def action_mend_all(self) -> None:
        """All that lose nothing."""
        able = self.sheet.able
        if self.is_looking or not able:
            self.say(BUSY if self.is_looking else "Nothing here can be mended without a question: f mends what is selected.")
        else:
            hosts = list(dict.fromkeys(one.host for one in able))
            means = [f"It mends {several(len(able), 'finding')} on {named(hosts)}, loses nothing, and interrupts nobody."]
            self._ask("Run all of this as root?", means, able)

    def _ask(self, question: str, lines: Sequence[str], mends: Sequence[Found]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._mend(mends)

        self.app.push_screen(ConfirmScreen(question, lines, commands=commands(mends), yes="Run", no="Not now"), answered)

    def _mend(self, mends: Sequence[Found]) -> None:
        self.begin(lambda: self.desk.mend(self.draft, mends))

    def action_allow(self) -> None:
        """Go on although this stands in the way; or not any more."""
        found = next((one for one in self.table.selected if one.level == "blocking" or one.allow), None)
        if self.is_looking or found is None or not found.allow:
            stays = "This cannot be overruled: an installation would fail." if found else "Here is nothing to overrule."
            self.say(BUSY if self.is_looking else stays)
            return
        allowed = list(self.draft.get("allow", default=[]))
        if found.allow in allowed:
            self._set_allowed([word for word in allowed if word != found.allow])
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._set_allowed([*allowed, found.allow])

        question = f"Overrule: {found.title}?"
        self.app.push_screen(ConfirmScreen(question, [*overruling(found, self.sheet)], yes="Overrule", no="Not now"), answered)

    def _set_allowed(self, words: list[str]) -> None:
        """What one check lets pass may be another one's answer: it is looked again."""
        self.draft.put(words or None, "allow")
        self.post_message(self.Changed())
        self.entered()

    def action_everything(self) -> None:
        """Fine checks, too; or not."""
        self._shows_all = not self._shows_all
        self.draw()

    def action_copy(self) -> None:
        """The commands of what is selected."""
        copy(self, _lines(self.table.selected))

    def obstacle(self) -> Obstacle | None:
        """What stands in the way, or that it is not known yet."""
        stops, table = self.sheet.stops, self.table
        if self.is_looking or not self.progress.ended:
            return Obstacle(BUSY if self.is_looking else "It was not looked yet: r looks.", table)
        if not stops:
            return None
        first = stops[0]
        table.point(first.check, first.host)
        how = "f mends it." if first.mend and first.host else "below is what to do."
        ways = " Or o, knowingly." if first.allow else ""
        stand = f"{several(len(stops), 'thing')} {'stands' if len(stops) == 1 else 'stand'} in the way."
        return Obstacle(f"{stand} {first.host or 'all'}, {first.title}: {how}{ways}", table)


def _lines(found: Sequence[Found]) -> list[str]:
    """Their commands, each once: to be pasted into a shell."""
    return list(dict.fromkeys(line for one in found for command in one.mend for line in command.splitlines()))
