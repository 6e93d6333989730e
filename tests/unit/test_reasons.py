"""The options are keys of the answers, their defaults are the answers' own, and no key is forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from kinstall import versions
from kinstall.answers import Answers, made
from kinstall.answers.asking import complaint
from kinstall.answers.walk import keys
from kinstall.draft import Draft
from kinstall.errors import Problem
from kinstall.reasons import PARTNERS, Option, groups, options
from kinstall.screens.widgets.option_values import choices, keys_about, listed, matters, put, text_of

HOSTS = {"hosts": [{"name": "cp1", "address": "10.0.0.1", "role": "control-plane"}]}
KNOWN = {option.key: option for option in options()}
ROOM = 33           # columns for a reason in a terminal of 80
ABOUT = 154         # of the text below the form: two lines of them
# What is typed on other screens, or is a group of keys that are options themselves.
ELSEWHERE = ("hosts", "access")


def placed(option: Option, value: object) -> dict[str, Any]:
    """Answers in which this option is chosen."""
    data: dict[str, Any] = dict(HOSTS)
    group = data
    for part in option.loc[:-1]:
        group = group.setdefault(part, {})
    group[option.loc[-1]] = value
    return data


@pytest.mark.parametrize("option", options(), ids=lambda option: option.key)
def test_a_default_is_the_answers_own(option: Option) -> None:
    value: Any = Answers.model_validate(HOSTS).model_dump(mode="json", by_alias=True)
    for part in option.loc:
        value = value[part]
    if option.kind == "switch":
        assert bool(value) is (option.default == "true")
    else:
        assert ("" if value in (None, []) else str(value)) == option.default


@pytest.mark.parametrize("option", [option for option in options() if option.choices], ids=lambda option: option.key)
def test_every_choice_is_one(option: Option) -> None:
    for value, _ in option.choices:
        assert made(placed(option, value))


@pytest.mark.parametrize("option", [option for option in options() if option.offer], ids=lambda option: option.key)
def test_what_is_offered_is_taken(option: Option) -> None:
    assert made(placed(option, option.offer))


@pytest.mark.parametrize("option", [option for option in options() if option.kind in ("text", "number")], ids=lambda option: option.key)
def test_nonsense_is_found_out(option: Option) -> None:
    assert complaint(option.key, "no such // thing !")


def test_every_key_of_the_answers_can_be_decided() -> None:
    leaves = {".".join(key.path) for key in keys() if key.section is None and not key.path[0].startswith(ELSEWHERE)}
    inside = {key for key in leaves if key.startswith("addons.storage.claims.")}       # listed as a whole
    assert leaves - inside <= set(KNOWN)
    switches_and_lists = {"addons.helm", "addons.metrics-server", "addons.prometheus", "addons.grafana", "addons.storage.claims",
                          "addons.grafana.password"}
    assert set(KNOWN) - leaves <= switches_and_lists


def test_every_key_is_there_once() -> None:
    assert len(KNOWN) == len(options())
    assert {option.needs for option in options()} - {""} <= set(KNOWN)
    assert set(PARTNERS) <= set(KNOWN)


@pytest.mark.parametrize("option", options(), ids=lambda option: option.key)
def test_a_line_fits_in_80_columns(option: Option) -> None:
    assert 0 < len(option.label) <= 16      # and a star
    assert 0 < len(option.reason) <= ROOM
    assert 0 < len(option.about) <= ABOUT - len(option.label)
    assert all(len(words) <= 21 for _, words in option.choices)


def test_versions_are_those_of_the_table_the_newest_first() -> None:
    offered = [value for value, _ in KNOWN["cluster.kubernetes"].choices]
    assert offered == ["auto", *(minor.name for minor in versions.table().minors)]


def test_what_few_need_is_folded_away() -> None:
    folded = {group.title for group in groups() if group.folded}
    assert len(folded) == 2
    assert all(option.key.startswith(("sources", "firewall", "selinux", "allow", "cluster.account", "addons.metrics-server"))
               for group in groups() if group.folded for option in group.options)


# ---- between the draft and the controls ----
@pytest.mark.parametrize("option", options(), ids=lambda option: option.key)
def test_to_take_nothing_away_changes_nothing(option: Option) -> None:
    for data in ({}, {"addons": {"prometheus": False, "grafana": False, "helm": False, "metrics-server": False}}):
        draft = Draft({**HOSTS, **data})
        put(draft, option, "" if option.kind != "switch" else text_of(draft, option))
        assert draft.data == {**HOSTS, **data}


@pytest.mark.parametrize(("key", "text", "value"), [
    ("cluster.name", " attic ", "attic"), ("cluster.name", "42", "42"), ("addons.grafana.node_port", "30005", 30005),
    ("addons.grafana.node_port", "3000x", "3000x"), ("allow", "cgroup-v1,  kernel ,", ["cgroup-v1", "kernel"]),
    ("addons.helm", "false", False), ("sources.images.docker.io", "mirror.lan:5000", "mirror.lan:5000"),
])
def test_what_is_typed_is_written_as_the_answers_have_it(key: str, text: str, value: object) -> None:
    draft = Draft(dict(HOSTS))
    put(draft, KNOWN[key], text)
    assert draft.get(*KNOWN[key].loc) == value
    put(draft, KNOWN[key], KNOWN[key].default)
    assert draft.data == HOSTS


def test_a_node_is_one_of_the_hosts() -> None:
    draft = Draft({"hosts": [*HOSTS["hosts"], {"name": "w1", "address": "10.0.0.2"}]})
    assert choices(draft, KNOWN["addons.grafana.node"]) == [("w1, by default", ""), ("cp1", "cp1"), ("w1", "w1")]
    assert choices(Draft(), KNOWN["addons.grafana.node"]) == [("by default", "")]


def test_what_belongs_to_something_that_is_off_does_not_matter() -> None:
    port, directory = KNOWN["addons.grafana.node_port"], KNOWN["addons.storage.directory"]
    assert matters(Draft(), port, KNOWN)
    assert not matters(Draft({"addons": {"grafana": False}}), port, KNOWN)
    assert not matters(Draft({"addons": "none"}), port, KNOWN)
    assert not matters(Draft(), directory, KNOWN)
    assert matters(Draft({"addons": {"storage": {"class": "local-path"}}}), directory, KNOWN)


def test_claims_are_a_line() -> None:
    assert listed([{"claim": "data", "statefulset": "db"}, {"claim": "logs", "statefulset": "web"}]) == "2: data of db, logs of web"
    assert listed(None) == ""


@pytest.mark.parametrize(("key", "mend", "about"), [
    ("addons.grafana.node_port", "", "addons.grafana.node_port"),
    ("allow[2]", "", "allow"),
    ("addons.storage.claims[0].directory", "", "addons.storage.claims"),
    ("hosts[0].address", "choose another network.pods, away from the networks of the house", "network.pods"),
])
def test_a_problem_is_about_the_nearest_option(key: str, mend: str, about: str) -> None:
    assert next(one for one in keys_about(Problem("draft", 0, key, "", mend)) if one in KNOWN) == about


def test_a_problem_of_a_host_alone_is_about_no_option() -> None:
    assert not list(keys_about(Problem("draft", 0, "hosts[0].address", "not an address", "write one")))
