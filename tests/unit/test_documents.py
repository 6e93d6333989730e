"""What the documents say is so: the answers load, the links lead somewhere, the flags exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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


def test_every_flag_that_a_document_names_exists() -> None:
    from typer.main import get_command

    known = {flag for parameter in get_command(app).params for flag in parameter.opts} | {"--help"}
    for path in (TOP / "README.md", *TOP.glob("docs/*.md")):
        used = set(re.findall(r"kinstall (?:[^`\n]* )?(--[a-z-]+)", path.read_text(encoding="utf-8")))
        assert used <= known, path.name


def test_every_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.M))
    for path in DOCUMENTS:
        used = set(re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8")))
        assert used <= targets, path.name
