"""What each step and each add-on does and why, for a person who is learning: assets/explain/ID.md, one file for each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml


def explanation(step_id: str) -> str:
    """The explanation of a step or an add-on as Markdown, its first line `# title`. Raises FileNotFoundError for any other id."""
    return files("kinstall.assets").joinpath("explain", f"{step_id}.md").read_text(encoding="utf-8")


@cache
def terms() -> Mapping[str, str]:
    """What a learner asks: each word, and each other word for it, with a few sentences. Lower case."""
    table = yaml.safe_load(files("kinstall.assets").joinpath("terms.yaml").read_text(encoding="utf-8"))
    return {word: f"# {name}\n\n{row['text']}" for name, row in table.items() for word in (name, *row["also"])}


def explained(word: str) -> str:
    """The page of a step, an add-on or a term. Raises KeyError for any other word."""
    try:
        return explanation(word)
    except FileNotFoundError:
        return terms()[word.lower()]
