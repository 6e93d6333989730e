"""A check and what makes it true: for what is no file, package or service (kubeadm, kubectl, SELinux)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kinstall.states.base import Command, State


def says_yes(seen: str) -> bool:
    """Did the last line that the check printed say `yes`?"""
    return seen.rstrip().rpartition("\n")[2] == "yes"


@dataclass(frozen=True)
class Check(State):
    """`check` is shell that prints what is, `yes` on its last line when all is well (or what `satisfied` accepts)."""

    title: str
    check: str
    run: tuple[Command, ...]
    back: tuple[Command, ...] = ()
    satisfied: Callable[[str], bool] = says_yes

    @property
    def about(self) -> str:
        return self.title

    def probe(self) -> str:
        return self.check

    def met(self, seen: str) -> bool:
        return self.satisfied(seen)

    def commands(self, seen: str) -> tuple[Command, ...]:
        return self.run

    def undo(self, seen: str) -> tuple[Command, ...]:
        return self.back
