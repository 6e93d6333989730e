"""What the documents say is so: the answers load, the links lead somewhere, the flags exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from kinstall.answers import parse
from kinstall.cli import app

TOP = Path(__file__).parents[2]
DOCUMENTS = sorted([*TOP.glob("*.md"), *TOP.glob("docs/*.md"), *TOP.glob("tests/lab/*.md")])


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(TOP)) for path in paths]


@pytest.mark.parametrize("path", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (path.parent / link).exists()]
    assert missing == []


def test_the_answers_in_the_readme_load() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (TOP / "README.md").read_text(encoding="utf-8"), re.S)
    assert blocks
    assert all(parse(block).hosts for block in blocks)


def calls(text: str) -> list[list[str]]:
    """The command lines in a document that begin with kinstall, as words: in backticks, and as lines of a fenced block."""
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    lines = [line.strip().removeprefix("$ ") for block in fenced for line in block.splitlines()]
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    return [line.split()[1:] for line in (*lines, *spans) if line.startswith("kinstall ")]


def program() -> TyperGroup:
    found = get_command(app)
    assert isinstance(found, TyperGroup)
    return found


def flags(command: Any) -> set[str]:
    return {flag for parameter in command.params for flag in parameter.opts} | {"-h", "--help"}


def wrong(words: list[str]) -> list[str]:
    """The commands and flags of a command line that there are not."""
    whole, first = program(), words[0]
    if not re.fullmatch(r"[a-z][a-z-]*", first):
        return [word for word in words if word.startswith("-") and word not in flags(whole)]
    if first not in whole.commands:
        return [first]
    return [word for word in words[1:] if word.startswith("-") and word not in flags(whole.commands[first])]


@pytest.mark.parametrize("path", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_command_line_in_a_document_is_one(path: Path) -> None:
    assert [word for words in calls(path.read_text(encoding="utf-8")) for word in wrong(words)] == []


def test_what_is_no_command_and_no_flag_of_it_is_found() -> None:
    told = "`kinstall chek a`, `kinstall verify a --fix`\n```\nkinstall --headless a --dry-run\n```\n`kinstall check a --fix`"
    assert [wrong(words) for words in calls(told)] == [["--dry-run"], ["chek"], ["--fix"], []]


def test_every_flag_that_a_document_names_exists() -> None:
    known = flags(program()).union(*map(flags, program().commands.values()))
    for path in (TOP / "README.md", TOP / "docs/exit-codes.md"):    # what stands alone in backticks there is kinstall's own
        alone = set(re.findall(r"`(--[a-z-]+)(?: [A-Z]+)?`", path.read_text(encoding="utf-8")))
        assert alone
        assert alone <= known, path.name


def test_every_command_is_named_in_the_readme() -> None:
    assert set(program().commands) <= {words[0] for words in calls((TOP / "README.md").read_text(encoding="utf-8"))}


def test_every_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.M))
    for path in DOCUMENTS:
        used = set(re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8")))
        assert used <= targets, path.name
