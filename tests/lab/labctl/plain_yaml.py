"""As much YAML as an answers.yaml needs, so that the `lab` command needs no package: blocks outside, one line a leaf."""

import json
import re
from typing import Any

# what YAML takes for text without quotes: begins with a letter or /, or is digits with two dots or more (an address, a version)
BARE = re.compile(r"[A-Za-z/][\w./+-]*|\d+(\.\d+){2,}(/\d+)?", re.ASCII)
WORDS = re.compile(r"true|false|yes|no|on|off|null|y|n", re.IGNORECASE)


def dump(tree: dict[str, Any]) -> str:
    """The tree as YAML: two levels of blocks, and lists with an item a line."""
    return "".join(_entry(key, value, 0) for key, value in tree.items())


def _entry(key: str, value: Any, depth: int) -> str:
    pad = "  " * depth
    if isinstance(value, dict) and depth == 0 and value:
        return f"{key}:\n" + "".join(_entry(k, v, 1) for k, v in value.items())
    if isinstance(value, list) and value:
        return f"{pad}{key}:\n" + "".join(f"{pad}  - {leaf(item)}\n" for item in value)
    return f"{pad}{key}: {leaf(value)}\n"


def leaf(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {leaf(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(leaf(v) for v in value) + "]"
    if isinstance(value, str) and BARE.fullmatch(value) and not WORDS.fullmatch(value):
        return value
    return json.dumps(value)
