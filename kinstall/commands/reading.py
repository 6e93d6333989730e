"""Commands that only tell something: `kinstall explain`, and `kinstall schema`."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Annotated, Final

import typer

from kinstall.answers import Answers
from kinstall.asking import tell
from kinstall.errors import BAD_ANSWERS
from kinstall.explain import explained, terms
from kinstall.install import INSTALL

EXPLAIN: Final = """Explain a step of the installation, an add-on, or a word of Kubernetes: what, why, and how it is done by hand.

Without a word: which there are.

    kinstall explain join

    kinstall explain "control plane"

Exit codes: 0 done, 2 no such word.
"""
SCHEMA: Final = """Print the JSON schema of answers.yaml, from which an editor knows every key.

    kinstall schema > answers.schema.json
"""

Words = Annotated[list[str] | None, typer.Argument(metavar="[STEP|TERM]", help="A step, an add-on, or a word of Kubernetes.")]


def explain(words: Words = None) -> None:
    """Tell it; its help is EXPLAIN."""
    if not words:
        typer.echo("\n".join(_which()))
        return
    word = " ".join(words)
    try:
        typer.echo(explained(word).strip())
    except KeyError:
        near = get_close_matches(word.lower(), [*terms(), *(step.id for step in INSTALL)], 1)
        tell(f"There is no page about {word}." + (f" Did you mean {near[0]}?" if near else "") + " kinstall explain lists them.\n")
        raise typer.Exit(BAD_ANSWERS) from None


def _which() -> list[str]:
    own = dict.fromkeys(page.partition("\n")[0].removeprefix("# ") for page in terms().values())
    steps = [f"  {step.id:22} {step.title}" for step in INSTALL]
    return ["Steps, in their order:", *steps, "", "Words:", f"  {', '.join(own)}"]


def schema() -> None:
    """Print it; its help is SCHEMA."""
    typer.echo(json.dumps(Answers.json_schema(), indent=2))
