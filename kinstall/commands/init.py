"""`kinstall init`: the same questions as the wizard's, in lines, and an answers.yaml as the answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import typer

from kinstall.answers import Answers, complaint
from kinstall.asking import tell
from kinstall.draft import Draft
from kinstall.errors import BAD_ANSWERS, CANCELLED, DONE
from kinstall.pasting import hosts
from kinstall.questions import Stopped, confirm, select, text
from kinstall.reasons import Option, groups

SCHEMA: Final = "answers.schema.json"
LOGINS: Final = {"the agent, or the keys that ssh uses": "agent", "a key file": "key", "a password": "password"}
SOURCES: Final[dict[str, dict[str, object]]] = {
    "ask me each time": {"prompt": True}, "the variable KINSTALL_PASSWORD": {"env": "KINSTALL_PASSWORD"},
}
COMMENTS: Final = {
    "cluster:": "the cluster as a whole", "network:": "the networks inside the cluster",
    "access:": "how all machines are reached; no secret is here",
    "hosts:": "the machines; exactly one is the control plane", "addons:": "what is installed at the end; all of it without a word",
    "allow:": "checks that you overrule",
}


def init(file: Path) -> None:
    """Ask, and write."""
    raise typer.Exit(written(file))


def written(file: Path) -> int:
    """Ask, and write this file and its schema; the exit code."""
    if file.exists():
        tell(f"{file} is there already: name another file, or open it on screens with kinstall --from {file}\n")
        return BAD_ANSWERS
    if not sys.stdin.isatty():
        tell("There is nobody to ask: this is no terminal. docs/answers.md has every key of the file.\n")
        return BAD_ANSWERS
    try:
        draft = asked()
    except Stopped:
        tell("Nothing was written.\n")
        return CANCELLED
    save(draft, file)
    tell(f"{file} is written. Next:\n  kinstall check {file}\n  kinstall --headless {file} --plan\n  kinstall --headless {file}\n")
    return DONE


def save(draft: Draft, file: Path) -> None:
    """The file, and the schema that its first line leads editors to."""
    file.write_text(commented(draft), encoding="utf-8")
    file.with_name(SCHEMA).write_text(json.dumps(Answers.json_schema(), indent=2) + "\n", encoding="utf-8")


def asked() -> Draft:
    """The answers to all questions. Raises Stopped."""
    draft = Draft()
    _machines(draft)
    _access(draft)
    if confirm("Everything else has a sensible value. Look at it?", default=False):
        for option in (option for group in groups() if not group.folded for option in group.options):
            _option(draft, option)
    return draft


def _machines(draft: Draft) -> None:
    def judged(typed: str) -> bool | str:
        found = hosts(typed)
        return "; ".join(found.mistakes) if found.mistakes else bool(found.hosts) or "at least one machine, such as 192.168.1.31"

    found = hosts(text("Your machines (addresses, 192.168.1.31-34, user@host:port):", judge=judged)).hosts
    first = found[0]["name"]
    if len(found) > 1:
        first = select("Which one is the control plane?", {f"{host['name']} ({host['address']})": host["name"] for host in found})
    draft.put([host | {"role": "control-plane" if host["name"] == first else "worker"} for host in found], "hosts")


def _access(draft: Draft) -> None:
    draft.put(text("Account on them (empty: as with ssh):", judge=_valid("access.user")), "access", "user")
    login = select("How do you log in?", LOGINS)
    if login == "key":
        draft.put(text("Key file:", default="~/.ssh/id_ed25519"), "access", "key")
    if login == "password":
        draft.put(_source(), "access", "password")
    elif confirm("Does sudo ask for a password there?", default=False):
        draft.put(_source(), "access", "sudo_password")


def _source() -> dict[str, object]:
    return SOURCES[select("Where does kinstall get it from?", {words: words for words in SOURCES})]


def _option(draft: Draft, option: Option) -> None:
    """One option of the wizard's table. Secrets are left to the run, and lists to the file."""
    if option.needs and draft.get(*option.needs.split("."), default=True) is False:
        return
    question = f"{option.label} ({option.reason})"
    if option.kind == "switch":
        draft.put(None if confirm(question, default=option.default == "true") else False, *option.loc)
    elif option.kind == "choice":
        value = select(question, {words: value for value, words in option.choices}, option.default)
        draft.put(None if value == option.default else value, *option.loc)
    elif option.kind in ("text", "number", "offer"):
        value = text(question, option.default, _valid(option.key))
        draft.put(None if value == option.default else int(value) if value.isdigit() else value, *option.loc)


def _valid(key: str) -> Callable[[str], bool | str]:
    def judged(typed: str) -> bool | str:
        return not typed.strip() or complaint(key, typed.strip()) or True

    return judged


def commented(draft: Draft) -> str:
    """The file: the line that editors look for, then the answers with a word on each group."""
    return "\n".join([f"# yaml-language-server: $schema=./{SCHEMA}", *_lines(draft)]) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    for line in draft.yaml().splitlines():
        if line in COMMENTS:
            yield f"\n# {COMMENTS[line]}"
        yield line
