"""Findings as a table, and the mends that are run."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from kinstall.addons.model import Addons
from kinstall.answers import Answers
from kinstall.checks.model import Finding, Result, Wanted, blocking, warning
from kinstall.checks.run import Report
from kinstall.errors import CommandFailed
from kinstall.events import AnyEvent, Failure, Found, Note
from kinstall.findings import drawn, rows
from kinstall.hub import Hub
from kinstall.preflight import Look
from kinstall.secrets import Redactor
from kinstall.states import Command

LONG = "printf 'no_proxy=" + "10.0.0.1," * 30 + "' >> /etc/environment"


def found(host: str, check: str, level: str, **more: Any) -> Found:
    return Found(host=host, check=check, title=check, level=level, **{"sentence": f"{check} is not well, " * 4, **more})


def shown(*events: Found) -> list[str]:
    out = io.StringIO()
    for part in drawn(rows(events)):
        Console(file=out, width=80).print(part, soft_wrap=isinstance(part, Text))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_the_worst_comes_first_and_what_is_alike_once() -> None:
    lines = shown(found("cp1", "swap", "handled"), found("w1", "swap", "handled"), found("w1", "mtu", "warning", advice="Raise it."),
                  found("w2", "ports", "blocking", allow="ports"))
    heads = [line.split()[:3] for line in lines if line and not line.startswith(" ")]
    assert heads == [["blocks", "w2", "ports"], ["warning", "w1", "mtu"], ["handled", "cp1,", "w1"]]
    assert max(map(len, lines)) <= 80 and any("--allow ports" in line for line in lines)


def test_a_command_is_one_line_of_its_own_however_long() -> None:
    lines = shown(found("w2", "proxy", "blocking", mend=(LONG, "systemctl daemon-reload")))
    at = lines.index(f"  {LONG}")
    assert lines[at + 1] == "  systemctl daemon-reload"


def test_of_many_hosts_the_first_are_named() -> None:
    lines = shown(*(found(f"n{number}", "swap", "handled") for number in range(37)))
    assert "31 more" in " ".join(line[9:22].strip() for line in lines)


def test_nothing_found_draws_nothing() -> None:
    assert shown() == []


class Hands:
    """A host's hands that fail at `false`."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def run(self, step: str, command: Command) -> None:
        if command.shell == "false":
            raise CommandFailed("`false` ended with exit code 1", exit_status=1)
        self.done.append(command.shell)


def result(check: str, finding: Finding) -> Result:
    return Result(check, check, "cp1", finding)


@pytest.mark.parametrize(("says_yes", "runs", "count"), [
    (None, ["safe"], 1), (False, ["safe"], 1), (True, ["unsafe", "safe"], 2),
])
async def test_safe_mends_are_run_and_the_others_asked_for(says_yes: bool | None, runs: list[str], count: int) -> None:
    hands, told, asked = Hands(), list[AnyEvent](), list[str]()
    entries = Answers.model_validate({"hosts": [{"name": "cp1", "address": "10.0.0.1", "role": "control-plane"}], "allow": ["cni-config"]})
    report = Report([
        result("broken", blocking("It is broken.", "", "false", "never", may_fix=True)),
        result("cni-config", Finding(blocking("").level, "It is let pass.", mend=("allowed",), may_fix=True, allow="cni-config")),
        result("ports", blocking("A port is taken.", "", "unsafe")),
        result("localhost", warning("It is wrong.", "", "safe", may_fix=True)),
        result("disk", blocking("It is full.", advice="Make room.")),
    ], [], {}, 0.1, Wanted(hosts=(), pods=entries.network.pods, services=entries.network.services, plugin="flannel"))

    async def ask(question: str) -> bool:
        asked.append(question)
        return bool(says_yes)

    runners: Mapping[str, Any] = {"cp1": hands}
    look = Look(entries, (), runners, Hub([told.append], Redactor()), Addons())
    assert await look.fix(report, None if says_yes is None else ask) == count
    assert hands.done == runs and len(asked) == (says_yes is not None)
    assert [event.message for event in told if isinstance(event, Failure)] == ["`false` ended with exit code 1"]
    assert len([event for event in told if isinstance(event, Note)]) == count
