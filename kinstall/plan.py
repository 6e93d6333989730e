"""Nodes and cluster -> the plan (pure): which states on which host, in which order. And a plan against what is, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kinstall.events import StepLine
from kinstall.install import INSTALL
from kinstall.model import Cluster, Node
from kinstall.states import State
from kinstall.steps.base import Step


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step on a host, with its states."""

    step: Step
    states: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class HostPlan:
    """Everything that must hold on a host, in order."""

    node: Node
    steps: tuple[PlannedStep, ...]

    @property
    def states(self) -> tuple[State, ...]:
        """The states of all its steps."""
        return tuple(state for planned in self.steps for state in planned.states)


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole installation."""

    cluster: Cluster
    hosts: tuple[HostPlan, ...]

    def step_lines(self) -> tuple[StepLine, ...]:
        """The steps in order, each with the hosts that have it."""
        on = {step.id: tuple(h.node.name for h in self.hosts for p in h.steps if p.step is step) for step in INSTALL}
        return tuple(StepLine(step.id, step.phase, step.title, on[step.id]) for step in INSTALL if on[step.id])


def make(cluster: Cluster) -> Plan:
    """The plan for this cluster. Steps without states on a host are left out there."""
    return Plan(cluster, tuple(HostPlan(node, tuple(_steps(node, cluster))) for node in cluster.nodes))


def _steps(node: Node, cluster: Cluster) -> Iterator[PlannedStep]:
    for step in INSTALL:
        states = tuple(step.states(node, cluster)) if step.on(node) else ()
        if states:
            yield PlannedStep(step, states)


def describe(host: HostPlan, seen: Sequence[str]) -> Iterator[str]:
    """The plan of one host against its observations (in the order of `host.states`): every command and file, line by line."""
    observations = iter(seen)
    for planned in host.steps:
        lines = [line for state in planned.states for line in _changes(state, next(observations))]
        yield f"  {planned.step.id:22} {planned.step.title}" + ("" if lines else "  (already so)")
        yield from lines


def _changes(state: State, seen: str) -> list[str]:
    if state.met(seen):
        return []
    return [f"      $ {line}" if n == 0 else f"        {line}" for c in state.commands(seen) for n, line in enumerate(c.shown.splitlines())]
