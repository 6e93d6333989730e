"""The plan as a tree: machines, their steps, the commands of a step, what is written into a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from kinstall.screens.widgets.plan_parts import Described, Part, Step
from kinstall.screens.widgets.signs import STATUS_STYLES, status_sign, utf8

ADDED: Final = {"+": "green", "-": "red"}   # what is written, and what is there no more; the sign says it


class Unfold(Tree[str]):
    """Each node's data is its text in full, for what is wider than the screen; a machine's says nothing that its steps do not."""

    ICON_NODE, ICON_NODE_EXPANDED = ("▸ ", "▾ ") if utf8() else ("> ", "v ")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Unfold", tooltip="or fold"),
        Binding("right", "open", "Unfold this", show=False, tooltip="or go into it; a long line moves"),
        Binding("left", "shut", "Fold this", show=False, tooltip="or go to what it belongs to"),
    ]

    def __init__(self) -> None:
        super().__init__("", id="tree")
        self.show_root = False
        self.guide_depth = 2

    def plan(self, plan: Described, *, is_open: bool) -> None:
        """A machine more."""
        label = Text.assemble((plan.name, "bold"), f": {plan.counts}" if plan.steps else ": nothing to do", (f"  {plan.what}", "dim"))
        machine = self.root.add(label, data="", expand=is_open, allow_expand=bool(plan.steps))
        for step in plan.steps:
            self._step(machine, step)

    def _step(self, machine: TreeNode[str], step: Step) -> None:
        status = "already" if step.already else "pending"
        sign = Text(f"{status_sign(status)} ", STATUS_STYLES[status])
        words = [(step.title, "dim" if step.already else ""), (f"  {step.name}", "dim")] if step.title else [(step.name, "")]
        label = Text.assemble(sign if step.title else "", *words)
        if not step.parts:
            machine.add_leaf(Text.assemble(" " * len(self.ICON_NODE), label), data=label.plain)
            return
        node = machine.add(label, data=label.plain)
        for part in step.parts:
            self._part(node, part)

    def _part(self, step: TreeNode[str], part: Part) -> None:
        changed = [line for line in part.lines if line[:1] in ADDED]
        count = f"  {len(changed)} line{'s' * (len(changed) != 1)}" if changed else f"  {' '.join(part.lines)}" if part.lines else ""
        label = Text.assemble(part.text, (count, "dim"), no_wrap=True)
        if not changed:
            step.add_leaf(Text.assemble(" " * len(self.ICON_NODE), label, no_wrap=True), data=label.plain)
            return
        node = step.add(label, data=label.plain)
        for line in part.lines:
            node.add_leaf(Text(line, ADDED.get(line[:1], ""), no_wrap=True), data=line)

    @property
    def long(self) -> str:
        """The text of the node under the cursor, when the tree cannot show all of it."""
        node = self.cursor_node
        if node is None or not node.data:
            return ""
        room = self.scrollable_content_region.width - 2 * self._depth(node) - len(self.ICON_NODE)
        return node.data if len(node.data) > room else ""

    def _depth(self, node: TreeNode[str]) -> int:
        depth, parent = 0, node.parent
        while parent is not None:
            depth, parent = depth + 1, parent.parent
        return depth

    def action_open(self) -> None:
        """Unfold; when it is, go into it; a line that is too long moves."""
        node = self.cursor_node
        if node is None or not node.allow_expand:
            self.scroll_relative(x=8, animate=False)
        elif node.is_expanded:
            self.action_cursor_down()
        else:
            node.expand()

    def action_shut(self) -> None:
        """Move a long line back; fold; when it is, to what it belongs to."""
        node = self.cursor_node
        if self.scroll_x:
            self.scroll_relative(x=-8, animate=False)
        elif node is not None and node.allow_expand and node.is_expanded:
            node.collapse()
        elif node is not None and node.parent is not None and not node.parent.is_root:
            self.move_cursor(node.parent)

    def unfold_all(self) -> None:
        """Everything, the cursor where it was."""
        self._keeping(self.root.expand_all)

    def fold_all(self) -> None:
        """Machines only."""
        node = self.cursor_node
        while node is not None and node.parent is not None and not node.parent.is_root:
            node = node.parent
        for machine in self.root.children:
            machine.collapse_all()
        self.move_cursor(node)

    def _keeping(self, change: Callable[[], object]) -> None:
        node = self.cursor_node
        change()
        self.call_after_refresh(self.move_cursor, node)
