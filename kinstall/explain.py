"""What each step and each add-on does and why, for a person who is learning: assets/explain/ID.md, one file for each."""

from __future__ import annotations

from importlib.resources import files


def explanation(step_id: str) -> str:
    """The explanation of a step or an add-on as Markdown, its first line `# title`. Raises FileNotFoundError for any other id."""
    return files("kinstall.assets").joinpath("explain", f"{step_id}.md").read_text(encoding="utf-8")
