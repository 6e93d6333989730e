"""Options: everything has a sensible value already, and a reason beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from textual._path import CSSPathType
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Collapsible, Static

from kinstall.errors import Problem
from kinstall.reasons import groups
from kinstall.screens.stage import Obstacle, Stage
from kinstall.screens.widgets.option import OptionLine
from kinstall.screens.widgets.steps import Steps

PARTNERS: Final = ("addons.prometheus", "addons.kube-state-metrics", "addons.node-exporter")
OF_OTHERS: Final = ("hosts", "access")
HELP: Final = """# Options

Everything here has a sensible value already: Ctrl-N takes it as it is.

Tab goes from field to field, space switches, Enter opens a list. What you leave alone is not written to answers.yaml, so that the file
stays short. `docs/answers.md` has every key, also those that are not here (mirrors, volumes for StatefulSets).
"""


class OptionsScreen(Stage):
    """Stage 4."""

    STEP = "options"
    HELP_TEXT = HELP
    CSS_PATH: ClassVar[CSSPathType | None] = ["stage.tcss", "options.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "partners", "Grafana's needs", show=False, tooltip="switch on what Grafana needs"),
        Binding("down", "app.focus_next", show=False), Binding("up", "app.focus_previous", show=False),
    ]

    def body(self) -> Iterator[Widget]:
        """The groups, those for few folded."""
        parts: list[Widget] = []
        for group in groups():
            lines = [OptionLine(option, self.draft) for option in group.options]
            if group.folded:
                parts.append(Collapsible(*lines, title=group.title))
            else:
                parts += [Static(group.title, classes="group"), *lines]
        yield VerticalScroll(*parts, Static("", id="more", markup=False), id="form", can_focus=False)

    def entered(self) -> None:
        """The machines may be others than before."""
        if self.is_mounted and self.query(OptionLine):
            for line in self.query(OptionLine):
                if line.option.kind == "node":
                    line.refresh(recompose=True)
            self._judge()
        claims = self.draft.get("addons", "storage", "claims", default=[])
        self.query_one("#more", Static).update(
            f"{len(claims)} volumes for StatefulSets, as the answers say (addons.storage.claims)" if claims else "")
        if self.focused is None:
            self.query(OptionLine).first().control.focus()

    def on_option_line_edited(self, event: OptionLine.Edited) -> None:
        """Judge all again: one value can be wrong because of another."""
        self._judge()
        if event.option.key == "cluster.name":
            self.query_one(Steps).name_cluster(str(self.draft.get("cluster", "name", default="")))
        self.post_message(self.Changed())

    def _judge(self) -> list[tuple[Problem, OptionLine | None]]:
        lines = {line.option.key: line for line in self.query(OptionLine)}
        found = [(problem, self._line(problem, lines)) for problem in self.draft.problems() if not problem.key.startswith(OF_OTHERS)]
        said = {line: ": ".join(filter(None, (problem.what, problem.mend))) for problem, line in reversed(found) if line}
        for line in lines.values():
            line.refresh_needs()
            line.complain(said.get(line, ""))
        return found

    def _line(self, problem: Problem, lines: dict[str, OptionLine]) -> OptionLine | None:
        """The option that a problem is about: the one of its key, or the nearest one around it."""
        parts = problem.key.split(".")
        keys = (".".join(parts[:depth]) for depth in range(len(parts), 0, -1))
        return next((lines[key] for key in keys if key in lines), None)

    def action_partners(self) -> None:
        """What Grafana needs."""
        for key in PARTNERS:
            self.draft.put(None, *key.split("."))
        for line in self.query(OptionLine):
            line.refresh(recompose=True)
        self._judge()
        self.post_message(self.Changed())

    def obstacle(self) -> Obstacle | None:
        """The first thing that is not right, unfolded if it is hidden."""
        found = self._judge()
        if not found:
            return None
        problem, line = found[0]
        for fold in self.query(Collapsible):
            if line in list(fold.query(OptionLine)):
                fold.collapsed = False
        sentence = ": ".join(filter(None, (problem.key, problem.what, problem.mend)))
        return Obstacle(sentence, line.control if line else None)
