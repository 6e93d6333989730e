"""One run from the command line: answers and secrets, journal, front end, exit code. Every error of the file comes before any contact."""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kinstall import journal
from kinstall.answers import Answers, load, resolve_all
from kinstall.asking import confirm, tell
from kinstall.connecting import Ask, Connector
from kinstall.errors import KinstallError
from kinstall.headless import Events, Lines, LiveTable
from kinstall.hub import Hub, Sink
from kinstall.model import Host
from kinstall.secrets import Redactor, Secret
from kinstall.stopping import supervise


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How a run speaks (`lines` instead of a live table, `json` events), and what is let pass: new host keys, checks that block."""

    lines: bool = False
    json: bool = False
    verbose: bool = False
    accept: bool = False
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What a run works with. `password`: Grafana's, if the answers give one."""

    answers: Answers
    hosts: tuple[Host, ...]
    hub: Hub
    connector: Connector
    password: Secret | None


Front = Callable[[contextlib.ExitStack, How], tuple[Sink, Ask]]


def front_end(stack: contextlib.ExitStack, how: How) -> tuple[Sink, Ask]:
    """The sink that suits the terminal and the flags, and how a question is asked beside it."""
    if how.json:
        return Events(), confirm
    if how.lines or how.verbose or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return Lines(verbose=how.verbose), confirm
    live = stack.enter_context(LiveTable())
    return live, live.aside(confirm)


def run(path: Path, how: How, work: Callable[[Given], Awaitable[int]], front: Front = front_end) -> int:
    """The work over the hosts of this file; the exit code."""
    try:
        answers = load(path).allowing(how.allow)
        found = resolve_all(answers, ask if sys.stdin.isatty() else None, os.environ)
        with contextlib.ExitStack() as stack:
            written = stack.enter_context(journal.new(answers.cluster.name))
            sink, yes = front(stack, how)
            connector = Connector(accept=how.accept, ask=yes if sys.stdin.isatty() and not how.json else None)
            hub = Hub((written, sink), redactor(found.hosts, found.grafana_password))
            code = supervise(work(Given(answers, found.hosts, hub, connector, found.grafana_password)))
    except KinstallError as error:
        tell("\n".join(error.lines()) + "\n")
        return error.exit_code
    tell(f"journal: {written.path}" + (f" (incomplete: {written.broken})" if written.broken else "") + "\n")
    return code


def redactor(hosts: Iterable[Host], password: Secret | None = None) -> Redactor:
    """A redactor that knows every secret of the answers."""
    made = Redactor()
    secrets = [secret for host in hosts for secret in (host.access.password, host.access.sudo_password, host.access.passphrase)]
    for secret in filter(None, (*secrets, password)):
        made.add(secret)
    return made


def ask(question: str) -> str:
    """A secret from the terminal, not echoed."""
    return getpass.getpass(f"{question}: ")
