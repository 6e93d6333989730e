"""The options are keys of the answers, and their defaults are the answers' own."""

from __future__ import annotations

from typing import Any

import pytest

from kinstall.answers import Answers, made
from kinstall.answers.asking import complaint
from kinstall.answers.walk import keys
from kinstall.reasons import Option, options

HOSTS = {"hosts": [{"name": "cp1", "address": "10.0.0.1", "role": "control-plane"}]}


@pytest.mark.parametrize("option", options(), ids=lambda option: option.key)
def test_a_default_is_the_answers_own(option: Option) -> None:
    value: Any = Answers.model_validate(HOSTS).model_dump(mode="json", by_alias=True)
    for part in option.loc:
        value = value[part]
    if option.kind == "switch":
        assert bool(value) is (option.default == "true")
    else:
        assert str(value if value is not None else "") == option.default


@pytest.mark.parametrize("option", [option for option in options() if option.choices], ids=lambda option: option.key)
def test_every_choice_is_one(option: Option) -> None:
    for value, _ in option.choices:
        data: dict[str, Any] = dict(HOSTS)
        group = data
        for part in option.loc[:-1]:
            group = group.setdefault(part, {})
        group[option.loc[-1]] = value
        assert made(data)


TYPED = [option for option in options() if option.kind == "text" and "kubeconfig" not in option.key]


@pytest.mark.parametrize("option", TYPED, ids=lambda option: option.key)
def test_nonsense_is_found_out(option: Option) -> None:
    assert option.key in {".".join(key.path) for key in keys()}
    assert complaint(option.key, "no such // thing !")


def test_keys_are_there_once_and_lines_fit_in_80_columns() -> None:
    found = list(options())
    assert len({option.key for option in found}) == len(found)
    assert all(len(option.label) <= 17 for option in found)
