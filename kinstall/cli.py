"""The command line: the only room that reaches the screens, and it does so late."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from kinstall import __version__, journal
from kinstall.answers import load, resolve
from kinstall.connecting import Ask, Connector, typed_line
from kinstall.errors import KinstallError
from kinstall.headless import Events, Lines, LiveTable
from kinstall.hub import Hub, Sink
from kinstall.installation import Installation
from kinstall.model import Host
from kinstall.secrets import Redactor
from kinstall.stopping import supervise
from kinstall.streams import hardy

HELP = """Turn bare machines into a Kubernetes cluster, over SSH.

Write an answers.yaml with your machines in it, look at what would happen, then let it happen:

    kinstall --headless answers.yaml --plan

    kinstall --headless answers.yaml

Exit codes: 0 done, 1 failed on some host, 2 bad answers, 3 cannot connect, 130 stopped.
"""
NO_WIZARD = """\
The wizard comes with a later version. Today kinstall works from a file:

    hosts:
      - {name: kmaster, address: 192.168.96.31, role: control-plane}
      - {name: knode, address: 192.168.96.32}

Save this as answers.yaml with your own machines, then

    kinstall --headless answers.yaml --plan      shows every command and file, and changes nothing
    kinstall --headless answers.yaml             installs

`kinstall --help` has the rest; docs/answers.md has every key."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Headless = Annotated[Path | None, typer.Option("--headless", metavar="ANSWERS", help="Install as this file says, without asking.")]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Show every command and every file, host by host, and change nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One event per line on stdout, as JSON.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show commands and their output too.")]
NewKeys = Annotated[bool, typer.Option("--accept-new-host-keys", help="Accept the keys of hosts never seen before; never a changed key.")]
Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


@app.command(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
def command(
    headless: Headless = None,
    plan: PlanOnly = False,
    json: Json = False,
    verbose: Verbose = False,
    accept_new_host_keys: NewKeys = False,
    version: Version = False,
) -> None:
    """kinstall's only command for now; its help is HELP."""
    if version:
        typer.echo(f"kinstall {__version__}")
    elif headless is None:
        typer.echo(NO_WIZARD)
        raise typer.Exit(2 if plan or json else 0)
    else:
        raise typer.Exit(run_headless(headless, plan=plan, json=json, verbose=verbose, accept=accept_new_host_keys))


def run_headless(path: Path, *, plan: bool, json: bool, verbose: bool, accept: bool) -> int:
    """Install from a file; the exit code. Every error of the file is printed before anything is contacted."""
    try:
        answers = load(path)
        hosts = resolve(answers, ask if sys.stdin.isatty() else None, os.environ)
        with contextlib.ExitStack() as stack:
            written = stack.enter_context(journal.new(answers.cluster.name))
            front, yes = front_end(stack, lines_only=plan or verbose, json=json, verbose=verbose)
            connector = Connector(accept=accept, ask=yes if sys.stdin.isatty() and not json else None)
            hub = Hub((written, front), redactor(hosts))
            code = supervise(Installation(answers, hosts, hub, connector, plan_only=plan).run())
    except KinstallError as error:
        tell("\n".join(error.lines()) + "\n")
        return error.exit_code
    tell(f"journal: {written.path}" + (f" (incomplete: {written.broken})" if written.broken else "") + "\n")
    return code


def front_end(stack: contextlib.ExitStack, *, lines_only: bool, json: bool, verbose: bool) -> tuple[Sink, Ask]:
    """The sink that suits the terminal and the flags, and how a question is asked beside it."""
    if json:
        return Events(), confirm
    if lines_only or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return Lines(verbose=verbose), confirm
    live = stack.enter_context(LiveTable())
    return live, live.aside(confirm)


def redactor(hosts: Iterable[Host]) -> Redactor:
    """A redactor that knows every secret of the answers."""
    made = Redactor()
    for host in hosts:
        for secret in filter(None, (host.access.password, host.access.sudo_password, host.access.passphrase)):
            made.add(secret)
    return made


def ask(question: str) -> str:
    """A secret from the terminal, not echoed."""
    return getpass.getpass(f"{question}: ")


async def confirm(question: str) -> bool:
    """An explicit yes from the terminal."""
    while True:
        tell(f"{question} [y/N]: ")
        try:
            line = await typed_line(sys.stdin.fileno())
        except asyncio.CancelledError:
            tell("\n")  # what is told next is not told beside the question
            raise
        if (word := line.strip().lower()) in ("y", "yes"):
            return True
        if word in ("", "n", "no"):
            return False


def tell(text: str) -> None:
    """On stderr, if anybody reads it."""
    print(text, end="", file=hardy(sys.stderr), flush=True)


def main() -> None:
    """The entry point of the installed command."""
    app()
