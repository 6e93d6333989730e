"""`e`: what a step does, why, and how it is done by hand."""

from __future__ import annotations

from kinstall.explain import explanation
from kinstall.screens.help import HelpScreen


class ExplainScreen(HelpScreen):
    """The page of a step."""

    def __init__(self, step: str) -> None:
        try:
            text = explanation(step)
        except FileNotFoundError:
            text = f"# {step}\n\nThere is no page about this."
        super().__init__(text)
