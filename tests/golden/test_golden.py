"""step x distribution -> commands. The golden files are the specification; `make golden` writes them anew, and the diff is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kinstall.distro import DISTROS
from kinstall.install import INSTALL
from kinstall.model import Cluster, Node, Role, Ticket
from kinstall.plan import make
from kinstall.secrets import Secret
from kinstall.states import Command
from tests.golden.samples import BUSY, LATER, cluster, everything, node, seen

HERE = Path(__file__).parent
TICKET = Ticket(Secret("abcdef.0123456789abcdef"), "sha256:" + "0" * 64)


def shown(command: Command) -> Iterator[str]:
    """A command with the shell behind its words, but for files, whose content the words show."""
    yield f"    $ {command.shown.replace(chr(10), chr(10) + '    ')}" + ("    [unit]" if command.long else "")
    if command.says and "base64 -d" not in command.shell:
        yield from (f"      > {line}" for line in command.shell.splitlines())


def described(one: Node, whole: Cluster) -> str:
    """Every state of this node, probe and commands, as a bare machine would meet them."""
    lines = [f"# {one.distro.title}: {one.host.role}"]
    plan = next(host for host in make(whole).hosts if host.node.name == one.name)
    for planned in plan.steps:
        lines.append(f"{planned.step.id}: {planned.step.title}")
        for state in planned.states:
            met = state.met(seen(state))
            lines.append(f"  {state.about}" + (" (met)" if met else ""))
            if not met:
                lines += [line for command in state.commands(seen(state)) for line in shown(command)]
    return "\n".join(lines) + "\n"


def check(name: str, text: str) -> None:
    """Compare with the golden file, or write it."""
    path = HERE / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing: make golden, and read what it says"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("distro", DISTROS, ids=lambda row: row.id)
def test_a_worker_of_each_distribution(distro: object) -> None:
    """A new row in the table fails here until its golden file is written and read."""
    row = next(row for row in DISTROS if row is distro)
    one = node(row)
    check(f"worker-{row.id}", described(one, cluster(one)))


@pytest.mark.parametrize("distro", DISTROS, ids=lambda row: row.id)
def test_a_control_plane_of_each_distribution(distro: object) -> None:
    row = next(row for row in DISTROS if row is distro)
    one = node(row, name="kmaster", role=Role.CONTROL_PLANE, address="192.168.96.31")
    check(f"control-plane-{row.id}", described(one, replace(cluster(), nodes=(one, node(row)))))


def variants() -> Iterator[tuple[str, Node, Cluster]]:
    """What no distribution shows by itself: other answers, and hosts that have more on them."""
    el9, debian, ubuntu = (next(row for row in DISTROS if row.id == name) for name in ("el9", "debian12", "ubuntu2404"))
    first = node(debian, name="kmaster", role=Role.CONTROL_PLANE, address="192.168.96.31")
    rooted = replace(first, facts=replace(first.facts, account="root"))
    old = node(ubuntu)
    whole = cluster(allow=frozenset({"cgroup-v1"}))
    yield "cgroup-v1-allowed", replace(old, facts=replace(old.facts, cgroup=1)), whole
    yield "firewall-disabled", node(el9), cluster(firewall="disable")
    yield "firewall-left", node(el9), cluster(firewall="leave")
    yield "flannel", node(el9), replace(cluster(), network=replace(whole.network, plugin="flannel"))
    yield "kubernetes-1.30", first, replace(cluster(), release=replace(whole.release, version="1.30.14", kubeadm_api="v1beta3"))
    yield "as-root-for-an-account", rooted, replace(cluster(), account="admin")
    monitored = replace(cluster(node(el9)), addons=everything())
    yield "everything-control-plane", first, monitored
    yield "everything-worker", node(el9), monitored
    yield "everything-control-plane-el9", node(el9, name="kmaster", role=Role.CONTROL_PLANE, address="192.168.96.31"), monitored


@pytest.mark.parametrize(("name", "one", "whole"), list(variants()), ids=lambda value: value if isinstance(value, str) else "")
def test_other_answers(name: str, one: Node, whole: Cluster) -> None:
    others = [other for other in whole.nodes if other.name != one.name]
    check(f"variant-{name}", described(one, replace(whole, nodes=(*others, one))))


def test_a_busy_host() -> None:
    """Ubuntu's firewall, somebody's entry of Docker's repository, docker.io, zram, an interrupted kubeadm: what each state does."""
    one = node(next(row for row in DISTROS if row.id == "ubuntu2404"))
    plan = next(host for host in make(cluster(one)).hosts if host.node.name == one.name)
    lines = []
    for state in plan.states:
        if state.about in BUSY and not state.met(BUSY[state.about]):
            lines += [state.about, *(line for command in state.commands(BUSY[state.about]) for line in shown(command))]
    check("busy-ubuntu2404", "\n".join(lines) + "\n")


def test_a_cluster_that_gets_add_ons_later() -> None:
    """An old kubelet, a directory that somebody made, another helm; and afterwards helm is not chosen any more."""
    first = cluster().first
    whole = replace(cluster(), addons=everything(other=first.name))
    lines = []
    for one in (whole, replace(cluster(), prune=True)):
        for state in make(one).hosts[0].states:
            if state.about in LATER:
                lines += [state.about, *(line for command in state.commands(LATER[state.about]) for line in shown(command))]
    check("later-debian12", "\n".join(lines) + "\n")


def test_no_orphaned_golden_file() -> None:
    wanted = {f"{role}-{row.id}" for row in DISTROS for role in ("worker", "control-plane")}
    wanted |= {f"variant-{name}" for name, _, _ in variants()} | {"busy-ubuntu2404", "later-debian12"}
    assert {path.stem for path in HERE.glob("*.txt")} == wanted


def test_every_step_is_in_some_golden_file() -> None:
    """A step that no golden file shows is a step that nobody reads."""
    text = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("*.txt"))
    assert {step.id for step in INSTALL if f"\n{step.id}: " not in text} == set()


def test_the_token_is_never_in_what_is_shown() -> None:
    one = node(next(row for row in DISTROS if row.id == "el9"))
    whole = replace(cluster(one), ticket=TICKET)
    plan = next(host for host in make(whole).hosts if host.node.name == one.name)
    join = next(planned for planned in plan.steps if planned.step.id == "join")
    commands = [command for state in join.states for command in state.commands("")]
    assert all(TICKET.token.reveal() not in command.shown for command in commands)
    assert all(TICKET.token.reveal() not in command.shell for command in commands)  # base64 in a file of mode 0600
