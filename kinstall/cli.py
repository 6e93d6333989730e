"""The command line: the only room that reaches the screens, and it does so late."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from kinstall import __version__, session
from kinstall.asking import confirm, tell
from kinstall.commands.reading import EXPLAIN, SCHEMA, explain, schema
from kinstall.commands.sessions import COMMANDS
from kinstall.errors import KinstallError
from kinstall.examination import Examination
from kinstall.findings import Findings
from kinstall.headless import AtTheEnd
from kinstall.installation import Installation
from kinstall.proofs import Proofs
from kinstall.secrets import Secret
from kinstall.session import Given, How

HELP = """Turn bare machines into a monitored Kubernetes cluster, over SSH.

`kinstall` alone asks for your machines on screens, shows what it would do, does it, and shows what came of it. What you typed is kept.

The same from a file: look at what would happen, then let it happen:

    kinstall check answers.yaml

    kinstall --headless answers.yaml --plan

    kinstall --headless answers.yaml

    kinstall verify answers.yaml

Exit codes: 0 done, 1 failed on some host, 2 bad answers, 3 cannot connect, 130 stopped.
"""
VERIFY = """Look whether the cluster and every add-on of these answers works, and print what was seen.

Nothing is installed. Each add-on proves itself again: nodes Ready, targets up, dashboards with data. The storage proof makes a small
StatefulSet in a namespace of its own, and removes it again.

    kinstall verify answers.yaml

Exit codes: 0 everything holds, 1 something does not, 2 bad answers, 3 cannot connect.
"""
PLAN = """Show every command and every file of an installation, host by host. Nothing is changed.

The same as `kinstall --headless ANSWERS --plan`.

    kinstall plan answers.yaml

Exit codes: 0 done, 1 a host is not fit, 2 bad answers, 3 cannot connect.
"""
CHECK = """Look at the hosts before anything is installed, and print what was found, the worst first.

Each finding says what it means and the commands that mend it. Nothing is changed; with --fix, mends that lose nothing and interrupt
nobody are run, and you are asked about the others.

    kinstall check answers.yaml

    kinstall check answers.yaml --fix

Exit codes: 0 nothing stands in the way, 1 something does, 2 bad answers, 3 cannot connect.
"""
INIT = """Ask for your machines and write an answers.yaml. Nothing is contacted, and no secret is asked for.

The questions have sensible answers already, and are those of the wizard, in lines: for a terminal that shows no screens, or for whoever
likes files. Beside it stands answers.schema.json, from which editors know every key.

    kinstall init

    kinstall init homelab.yaml

Exit codes: 0 done, 2 the file is there already, or no terminal, 130 stopped.
"""
HELP_FLAGS = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(add_completion=True, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=HELP_FLAGS)

Headless = Annotated[Path | None, typer.Option("--headless", metavar="ANSWERS", help="Install as this file says, without asking.")]
Plain = Annotated[bool, typer.Option("--plain", help="Ask and install in lines, without screens.")]
From = Annotated[Path | None, typer.Option("--from", metavar="ANSWERS", help="Open the screens with what this file says.")]
InitFile = Annotated[Path, typer.Argument(metavar="[FILE]", help="Where to write; answers.yaml without it.")]
AnswersFile = Annotated[Path, typer.Argument(metavar="ANSWERS", help="The answers.yaml of the cluster.")]
PlanOnly = Annotated[bool, typer.Option("--plan", help="Show every command and every file, host by host, and change nothing.")]
Prune = Annotated[bool, typer.Option("--prune", help="Delete the add-ons that are in the cluster and not in the answers any more.")]
Allow = Annotated[list[str], typer.Option("--allow", metavar="CHECK", help="Go on although this check blocks; may be repeated.")]
Fix = Annotated[bool, typer.Option("--fix", help="Run the mends that lose nothing, and ask about the others.")]
Json = Annotated[bool, typer.Option("--json", help="One event per line on stdout, as JSON.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show commands and their output too.")]
NewKeys = Annotated[bool, typer.Option("--accept-new-host-keys", help="Accept the keys of hosts never seen before; never a changed key.")]
Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


@app.callback(help=HELP, invoke_without_command=True)
def command(
    context: typer.Context,
    headless: Headless = None,
    given: From = None,
    plain: Plain = False,
    plan: PlanOnly = False,
    prune: Prune = False,
    allow: Allow = [],  # noqa: B006  # typer reads it, nobody writes it
    json: Json = False,
    verbose: Verbose = False,
    accept_new_host_keys: NewKeys = False,
    version: Version = False,
) -> None:
    """kinstall without a command; its help is HELP."""
    if context.invoked_subcommand:
        return
    if version:
        typer.echo(f"kinstall {__version__}")
    elif headless is None and (plan or json or prune or allow):
        raise typer.BadParameter("these flags are for an installation from a file: add --headless answers.yaml")
    elif headless is None:
        raise typer.Exit(interactive(given, plain=plain))
    else:
        known_checks(allow)
        how = How(lines=plan, json=json, verbose=verbose, accept=accept_new_host_keys, allow=tuple(allow))
        raise typer.Exit(install(headless, how, plan=plan, prune=prune))


@app.command(help=CHECK)
def check(
    answers: AnswersFile, fix: Fix = False, json: Json = False, verbose: Verbose = False, accept_new_host_keys: NewKeys = False
) -> None:
    """Look before anything is changed; its help is CHECK."""

    async def work(given: Given) -> int:
        asking = confirm if sys.stdin.isatty() and not json else None
        return await Examination(given.answers, given.hosts, given.hub, given.connector, fix, asking).run()

    raise typer.Exit(looked(answers, How(lines=True, json=json, verbose=verbose, accept=accept_new_host_keys), work, Findings))


@app.command("plan", help=PLAN)
def show_plan(answers: AnswersFile, json: Json = False, accept_new_host_keys: NewKeys = False) -> None:
    """What would be done; its help is PLAN."""
    raise typer.Exit(install(answers, How(lines=True, json=json, accept=accept_new_host_keys), plan=True, prune=False))


@app.command(help=VERIFY)
def verify(answers: AnswersFile, json: Json = False, verbose: Verbose = False, accept_new_host_keys: NewKeys = False) -> None:
    """Prove every add-on again; its help is VERIFY."""

    async def work(given: Given) -> int:
        from kinstall.verification import Verification

        return await Verification(given.answers, given.hosts, given.hub, given.connector, given.password).run()

    raise typer.Exit(looked(answers, How(lines=True, json=json, verbose=verbose, accept=accept_new_host_keys), work, Proofs))


for _name, _function, _text in (*COMMANDS, ("explain", explain, EXPLAIN), ("schema", schema, SCHEMA)):
    app.command(_name, help=_text)(_function)


@app.command(help=INIT)
def init(file: InitFile = Path("answers.yaml")) -> None:
    """Ask in lines, and write a file; its help is INIT."""
    from kinstall.commands.init import init as ask

    ask(file)


def interactive(given: Path | None, *, plain: bool = False) -> int:
    """The wizard; the same in lines, where the terminal shows no screens or that is wanted; or what to do instead. The exit code."""
    from kinstall.start import NO_SCREEN, has_person, hindrance, wizard

    why = hindrance()
    if has_person() and (why or plain):
        if why:
            tell(f"{why}: kinstall asks in lines.\n")
        return in_lines(given)
    if why:
        typer.echo(NO_SCREEN.format(why=why))
        return 0
    try:
        return wizard(given)
    except KinstallError as error:
        tell("\n".join(error.lines()) + "\n")
        return error.exit_code


def in_lines(answers: Path | None) -> int:
    """The whole way without screens, from this file if there is one; the exit code."""
    from kinstall.commands.plain import plain

    def look(path: Path) -> int:
        async def work(given: Given) -> int:
            return await Examination(given.answers, given.hosts, given.hub, given.connector).run()

        return looked(path, How(lines=True), work, Findings)

    return plain(look, lambda path: install(path, How(lines=True), plan=False, prune=False), answers)


def looked(path: Path, how: How, work: Callable[[Given], Awaitable[int]], table: type[AtTheEnd]) -> int:
    """A run that only looks: its table at the end, or every event as it comes when that is asked for; the exit code."""
    return session.run(path, how, work, session.front_end if how.json or how.verbose else lambda stack, how: (table(), confirm))


def install(path: Path, how: How, *, plan: bool, prune: bool) -> int:
    """Install from a file, and show once what was made; the exit code."""
    shown: list[tuple[str, Secret]] = []

    async def work(given: Given) -> int:
        run = Installation(given.answers, given.hosts, given.hub, given.connector, plan_only=plan, prune=prune, password=given.password)
        try:
            return await run.run()
        finally:
            shown.extend(run.shown)

    code = session.run(path, how, work)
    for what, secret in shown:
        show_once(what, secret)
    return code


def known_checks(words: list[str]) -> None:
    """Complain of words that no check has."""
    from kinstall.checks import ALLOWED

    if unknown := sorted(set(words) - ALLOWED):
        raise typer.BadParameter(f"{', '.join(unknown)}: no check of this name can be overruled. There are: {', '.join(sorted(ALLOWED))}")


def show_once(what: str, secret: Secret) -> None:
    """A secret that was made here goes to the terminal, and nowhere else: output that is kept in a file does not get it."""
    if sys.stderr.isatty():
        tell(f"{what}, shown this once: {secret.reveal()}\n")
    else:
        tell(f"{what} was made; it is not printed here, since this is no terminal. The command above reads it from the cluster.\n")


def main() -> None:
    """The entry point of the installed command."""
    app()
