"""Every step is explained, under its own title, with the same sections in the same order; nothing else is."""

from __future__ import annotations

from importlib.resources import files

import pytest

from kinstall.explain import explanation
from kinstall.install import INSTALL
from kinstall.steps.base import Step

SECTIONS = ["## Why", "## By hand", "## Undo", "## Pitfall"]
LONGEST = 40  # lines: one screen to scroll, not three


@pytest.mark.parametrize("step", INSTALL, ids=lambda step: step.id)
def test_a_step_is_explained_under_its_title(step: Step) -> None:
    first, empty, *_ = explanation(step.id).splitlines()
    assert first == f"# {step.title}"
    assert empty == ""


@pytest.mark.parametrize("step", INSTALL, ids=lambda step: step.id)
def test_an_explanation_has_its_sections_and_fits(step: Step) -> None:
    lines = explanation(step.id).splitlines()
    assert [line for line in lines if line.startswith("## ")] == SECTIONS
    assert sum(line.startswith("```") for line in lines) % 2 == 0
    assert len(lines) <= LONGEST


def test_no_explanation_is_orphaned() -> None:
    written = {entry.name for entry in files("kinstall.assets").joinpath("explain").iterdir()}
    assert written == {f"{step.id}.md" for step in INSTALL}


def test_an_unknown_step_has_none() -> None:
    with pytest.raises(FileNotFoundError):
        explanation("no-such-step")
