"""Options: everything has a sensible value already, and a reason beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar, Final

from rich.text import Text
from textual import events
from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Collapsible, Static
from textual.widgets._collapsible import CollapsibleTitle

from kinstall.answers.switches import expand_addons
from kinstall.errors import Problem
from kinstall.events import Found
from kinstall.reasons import PARTNERS, Group, groups
from kinstall.screens.check import CheckScreen
from kinstall.screens.help import HelpScreen
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.option import OptionLine
from kinstall.screens.widgets.option_controls import Form
from kinstall.screens.widgets.option_partners import Partners
from kinstall.screens.widgets.option_values import keys_about, text_of
from kinstall.screens.widgets.steps import Steps
from kinstall.versions import minor_of, table

FOLDED: Final = "For those who want to know: Enter unfolds it."
PARTNERSHIP: Final = "Enter switches on what Grafana's dashboards ask. Or switch Grafana off."
HELP: Final = """# Options

Everything here has a sensible value already: Ctrl-N takes it as it is. What is not as it comes has a star.

Tab and the arrows go from field to field, Page Up and Page Down from group to group. Space switches, Enter opens a list or unfolds.
A dim text is what it will be; the right arrow takes it over, to change a part of it. An empty field is the default again.

What you leave alone is not written to answers.yaml, so that the file stays short; docs/answers.md has every key.
"""


class OptionsScreen(Stage):
    """Stage 4."""

    STEP = "options"
    HELP_TEXT = HELP
    CSS_PATH: ClassVar[CSSPathType | None] = ["stage.tcss", "options.tcss"]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012  # Textual's own, which is an instance's
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "group(1)", "Next group", show=False), Binding("pageup", "group(-1)", "Group before", show=False),
        Binding("g", "partners", "Grafana's needs", show=False, tooltip="switch on what Grafana needs"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def body(self) -> Iterator[Widget]:
        """The groups, those for few folded; and a line for what the focused one is about."""
        yield Form(*(part for group in groups() for part in self._parts(group)), id="form")
        yield Static("", id="about", markup=False)

    def _parts(self, group: Group) -> Iterator[Widget]:
        lines: list[Widget] = [OptionLine(option, self.draft) for option in group.options]
        at = [number for number, option in enumerate(group.options) if option.key == "addons.grafana"]
        for number in at:
            lines.insert(number + 1, Partners(self.draft))
        if group.folded:
            yield Collapsible(*lines, title=group.title)
        else:
            yield Static(group.title, classes="group", markup=False)
            yield from lines

    def entered(self) -> None:
        """The machines may be others than before, and a check may have been overruled."""
        if isinstance(self.draft.get("addons"), bool | str):
            self.draft.put(_spelled(expand_addons(self.draft.get("addons"))), "addons")
        for line in self.query(OptionLine):
            line.read()
        self._judge()
        if self.focused is None:
            self.query(OptionLine).first().control.focus()
        self._say_about()

    # ---- what is focused ----
    def on_descendant_focus(self, _: events.DescendantFocus) -> None:
        """Another one."""
        self._say_about()

    def focused_line(self) -> OptionLine | None:
        """The option that has the focus."""
        at = self.focused
        return next((one for one in at.ancestors_with_self if isinstance(one, OptionLine)), None) if at else None

    def _say_about(self) -> None:
        line = self.focused_line()
        beside = FOLDED if isinstance(self.focused, CollapsibleTitle) else PARTNERSHIP
        text = Text.assemble((f"{line.option.label}: ", "bold"), line.about) if line else Text(beside)
        self.query_one("#about", Static).update(text, layout=False)

    def action_help(self) -> None:
        """What the focused one is about, then the keys."""
        line = self.focused_line()
        first = f"# {line.option.label}\n\n{line.option.reason}. {line.about}\n\n" if line else ""
        self.app.push_screen(HelpScreen.of(self, first + self.HELP_TEXT))

    def action_group(self, way: int) -> None:
        """To the first option of the next group, or of the one before."""
        form = self.query_one("#form")
        heads = [child for number, child in enumerate(form.children) if number and self._opens(form.children[number - 1], child)]
        here = [number for number, child in enumerate(form.children) if self.focused and child in self.focused.ancestors_with_self]
        at = here[0] if here else 0
        found = [head for head in heads if (form.children.index(head) - at) * way > 0]
        if found:
            self.set_focus(self._first(found[0 if way > 0 else -1]))     # at once: the next key may be there already

    def _opens(self, before: Widget, child: Widget) -> bool:
        return before.has_class("group") or isinstance(child, Collapsible)

    def _first(self, head: Widget) -> Widget:
        return head.control if isinstance(head, OptionLine) else head.query_one(CollapsibleTitle)

    # ---- judged ----
    def on_option_line_edited(self, event: OptionLine.Edited) -> None:
        """Judge all again: one value can be wrong because of another."""
        self._judge()
        if event.option.key == "cluster.name":
            self.query_one(Steps).name_cluster(str(self.draft.get("cluster", "name", default="")))
        self.post_message(self.Changed())

    def _judge(self) -> list[tuple[Problem, Widget]]:
        """What is wrong, each with the line or the button that it is said at."""
        lines = {line.option.key: line for line in self.query(OptionLine)}
        for line in lines.values():
            line.heed()
        partners = self.query_one(Partners)
        partners.judge()
        found = [(problem, at) for problem in self.draft.problems() if (at := self._place(problem, lines, partners))]
        said = {at: _sentence(problem, self._host(problem)) for problem, at in reversed(found)}
        for line in lines.values():
            line.complain(said.get(line, ""))
        self._say_versions(lines["cluster.kubernetes"])
        return found

    def _place(self, problem: Problem, lines: dict[str, OptionLine], partners: Partners) -> Widget | None:
        if problem.key in PARTNERS and partners.sentence:
            return partners
        keys = keys_about(problem)
        return next((lines[key] for key in keys if key in lines), None)

    def _host(self, problem: Problem) -> str:
        at = re.match(r"hosts\[(\d+)\]", problem.key)
        return f"{self.draft.get('hosts', int(at[1]), 'name', default='a machine')} " if at else ""

    def _say_versions(self, line: OptionLine) -> None:
        """What the check found out about versions: which is the newest for all, and who limits it. It may be mended by now: no obstacle."""
        found = self._versions()
        if found is None:
            line.because("", "")
            return
        newest, who = found.short, re.search(r"(\S+) cannot run", found.sentence)
        said = " ".join(filter(None, (found.sentence, found.advice)))
        if who:
            line.because(f"auto: {newest}, {who[1]} runs no newer", said)
        else:
            line.because(f"auto: {newest}", f"{said} {line.option.about}")
        if who and _is_newer(text_of(self.draft, line.option), newest):
            line.complain(said)

    def _versions(self) -> Found | None:
        check = self.app.get_screen(CheckScreen.STEP) if self.app.is_screen_installed(CheckScreen.STEP) else None
        found = check.progress.findings if isinstance(check, CheckScreen) else ()
        return next((one for one in found if one.check == "versions" and not one.host), None)

    # ---- mended ----
    def action_partners(self) -> None:
        """What Grafana needs, on."""
        self.query_one(Partners).switch_on()
        for line in self.query(OptionLine):
            line.read()
        self._judge()
        self.post_message(self.Changed())

    def obstacle(self) -> Obstacle | None:
        """The first thing that is not right, unfolded if it is hidden."""
        found = self._judge()
        if not found:
            return None
        problem, at = found[0]
        for fold in self.query(Collapsible):
            if at in fold.walk_children():
                fold.collapsed = False
        if isinstance(at, Partners):
            return Obstacle(f"Grafana {at.sentence}: g switches on what it needs, or switch Grafana off.", at.query_one("#partners"))
        assert isinstance(at, OptionLine)  # noqa: S101  # _place knows no other
        return Obstacle(f"{at.option.label}: {_sentence(problem, self._host(problem))}", at.control)


def _is_newer(version: str, than: str) -> bool:
    """Of versions whose minors the table knows."""
    minors = [minor.name for minor in table().minors]   # the newest first
    one, other = minor_of(version), minor_of(than)
    return one in minors and other in minors and minors.index(one) < minors.index(other)


def _sentence(problem: Problem, host: str) -> str:
    return ": ".join(filter(None, (f"{host}{problem.what}", problem.mend)))


def _spelled(addons: object) -> object:
    """What a word for all of them stands for, without those that are on: that is how they come."""
    return {name: False for name, on in addons.items() if on is False} or None if isinstance(addons, dict) else addons
