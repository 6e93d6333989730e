"""An option's value between the draft and a control: what is there, what is written for what somebody types. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kinstall.answers.places import default_node
from kinstall.draft import Draft
from kinstall.errors import Problem
from kinstall.reasons import Option

ANY_NODE: Final = ""        # no host was chosen
_INDEX: Final = re.compile(r"\[\d+\]")
_REFERENCES: Final = {"env": "from ${}", "file": "from {}", "prompt": "not typed again yet"}


def text_of(draft: Draft, option: Option) -> str:
    """What the draft says, as a control shows it; the default where it says nothing."""
    value = draft.get(*option.loc)
    match option.kind:
        case "switch":
            return "false" if is_off(draft, option.loc) else "true"
        case "words":
            return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
        case "listed":
            return listed(value)
        case "secret":
            kept = draft.secrets.get(option.loc)
            return kept.reveal() if kept else ""
    return option.default if value is None else str(value)


def value_of(option: Option, text: str) -> object:
    """What is written for this text; None where that is how it would be anyway."""
    text = text.strip()
    if text in ("", option.default):
        return None
    match option.kind:
        case "switch":
            return False
        case "number":
            return int(text) if text.isdecimal() else text
        case "words":
            return re.split(r"[,\s]+", text.strip(", "))
    return text


def put(draft: Draft, option: Option, text: str) -> None:
    """Write what was typed or chosen. Groups that have become empty go away, so that the answers stay short."""
    if option.kind == "secret":
        draft.keep(text, *option.loc)
    elif (value := value_of(option, text)) is not None or draft.get(*option.loc) is not None:
        draft.put(value, *option.loc)       # nothing is taken from where nothing is: the way there would be made, over a switch
    for depth in range(len(option.loc) - 1, 0, -1):
        if draft.get(*option.loc[:depth]) == {}:
            draft.put(None, *option.loc[:depth])


def is_off(draft: Draft, loc: tuple[str, ...]) -> bool:
    """Whether a switch is off. A word may stand for all of the add-ons."""
    return draft.get(*loc) is False or draft.get(*loc[:-1]) in (False, "none")


def matters(draft: Draft, option: Option, known: Mapping[str, Option]) -> bool:
    """Whether it means anything just now: a port of what is switched off does not."""
    if option.kind == "listed":
        return bool(draft.get(*option.loc))
    needed = known.get(option.needs)
    if needed is None:
        return True
    return not is_off(draft, needed.loc) if needed.kind == "switch" else text_of(draft, needed) != needed.default


def choices(draft: Draft, option: Option) -> list[tuple[str, str]]:
    """What a list offers, (words, value): also what the draft has and the table has not, such as 1.36.1."""
    offered = _nodes(draft) if option.kind == "node" else [(words, value) for value, words in option.choices]
    value = text_of(draft, option)
    if value in [known for _, known in offered]:
        return offered
    return [*offered, (f"{value} (no such machine)" if option.kind == "node" else value, value)]


def _nodes(draft: Draft) -> list[tuple[str, str]]:
    hosts = draft.get("hosts", default=[])
    roles = [(str(host.get("name", "")), host.get("role") != "control-plane") for host in hosts]
    first = default_node(roles)
    return [(f"{first}, by default" if first else "by default", ANY_NODE), *((name, name) for name, _ in roles if name)]


def hint_of(draft: Draft, option: Option) -> str:
    """What an empty field shows: the default, or where a secret comes from."""
    reference = draft.get(*option.loc)
    if option.kind == "secret" and isinstance(reference, dict) and option.loc not in draft.secrets:
        return next((_REFERENCES[key].format(value) for key, value in reference.items() if key in _REFERENCES), "")
    return option.default


def listed(claims: Any) -> str:  # noqa: ANN401  # whatever answers may hold
    """Claims in a line: `2: data of db, logs of web`."""
    found = [claim for claim in claims if isinstance(claim, dict)] if isinstance(claims, list) else []
    return f"{len(found)}: " + ", ".join(f"{claim.get('claim')} of {claim.get('statefulset')}" for claim in found) if found else ""


def keys_about(problem: Problem) -> Iterable[str]:
    """The options that a problem may be about, the nearest first: its key, what is around it, and what its mend names.

    A host in the pods' network is a problem of the host's address, and mended here.
    """
    if problem.key.startswith(("hosts", "access")):
        named = re.search(r"network\.(pods|services)", problem.mend)
        return [named[0]] if named else []
    parts = _INDEX.sub("", problem.key).split(".")
    return [".".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
