"""Every step and every add-on is explained, under its own title, with the same sections in the same order; nothing else is."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from kinstall.addons.base import Addon
from kinstall.addons.table import ADDONS
from kinstall.explain import explanation
from kinstall.install import INSTALL
from kinstall.steps.base import Step

EXPLAINED: tuple[Step | Addon, ...] = (*INSTALL, *ADDONS)     # helm is both
SECTIONS = ["## Why", "## By hand", "## Undo", "## Pitfall"]
LONGEST = 40  # lines: one screen to scroll, not three


@pytest.mark.parametrize("one", EXPLAINED, ids=lambda one: one.id)
def test_it_is_explained_under_its_title(one: Step | Addon) -> None:
    first, empty, *_ = explanation(one.id).splitlines()
    assert first == f"# {one.title}"
    assert empty == ""


@pytest.mark.parametrize("one", EXPLAINED, ids=lambda one: one.id)
def test_an_explanation_has_its_sections_and_fits(one: Step | Addon) -> None:
    lines = explanation(one.id).splitlines()
    assert [line for line in lines if line.startswith("## ")] == SECTIONS
    assert sum(line.startswith("```") for line in lines) % 2 == 0
    assert len(lines) <= LONGEST


@pytest.mark.parametrize("addon", [addon for addon in ADDONS if addon.manifests], ids=lambda addon: addon.id)
def test_an_add_on_is_explained_with_its_own_manifests(addon: Addon) -> None:
    assert f"assets/manifests/{addon.id}/" in explanation(addon.id)


def test_no_explanation_is_orphaned() -> None:
    written = {entry.name for entry in files("kinstall.assets").joinpath("explain").iterdir()}
    assert written == {f"{one.id}.md" for one in EXPLAINED}


def test_an_unknown_step_has_none() -> None:
    with pytest.raises(FileNotFoundError):
        explanation("no-such-step")


@pytest.mark.parametrize("addon", ADDONS, ids=lambda addon: addon.id)
def test_an_add_ons_explanation_repeats_no_version(addon: Addon) -> None:
    """The table of versions moves on without it."""
    bare = re.sub(r"\d+\.\d+\.\d+\.\d+", "an address", explanation(addon.id))
    assert not re.search(r"\d+\.\d+\.\d+", bare)
