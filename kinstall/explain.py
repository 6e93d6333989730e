"""What each step does and why, for a person who is learning: assets/explain/ID.md, one file for each step of the installation."""

from __future__ import annotations

from importlib.resources import files


def explanation(step_id: str) -> str:
    """The explanation of a step as Markdown, its first line `# title`. Raises FileNotFoundError for an id that is no step's."""
    return files("kinstall.assets").joinpath("explain", f"{step_id}.md").read_text(encoding="utf-8")
