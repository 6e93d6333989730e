"""From Answers back to YAML: what was decided, without the defaults that nobody chose, and without any secret."""

from __future__ import annotations

from typing import Final

import yaml

from kinstall.answers.model import Answers

_HEAD: Final = "# Written by kinstall. Secrets are references only: {env: NAME}, {file: path} or {prompt: true}.\n"


def dump(answers: Answers) -> str:
    """The answers as YAML, in the order of the model. Parsing it gives equal answers."""
    data = answers.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return _HEAD + yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
