"""The documents about answers.yaml: they say what the model says, and the example is right."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

from kinstall.answers import Answers, dump, load, parse
from kinstall.answers.reference import reference
from kinstall.answers.walk import keys

ROOT = Path(__file__).parents[2]
EXAMPLE = files("kinstall.assets") / "answers.example.yaml"


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "docs" / "answers.md").read_text() == reference(), "run: python -m kinstall.answers.reference > docs/answers.md"


def test_every_key_is_explained() -> None:
    assert [key.path for key in keys() if not key.field.description] == []


def test_the_example_loads() -> None:
    answers = load(Path(str(EXAMPLE)))
    assert [host.name for host in answers.hosts] == ["kmaster", "knode"]


def test_the_example_shows_every_key_and_all_of_it_is_right() -> None:
    everything = re.sub(r"^( *)#(?=[^ #\n])", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    shown = parse(everything).model_dump(exclude_unset=True)
    assert {key.path for key in keys()} - set(_paths(shown)) <= {
        ("hosts", "access", name) for name in ("key", "key_passphrase", "password", "sudo_password", "agent")
    } | {("access", name) for name in ("port", "jump", "host_key")}
    assert parse(dump(parse(everything))) == parse(everything)


def test_the_json_schema_is_json_and_knows_the_short_host() -> None:
    schema = json.loads(json.dumps(Answers.json_schema()))
    assert schema["required"] == ["hosts"]
    assert [one["type"] for one in schema["$defs"]["HostEntry"]["anyOf"]] == ["object", "string"]
    assert schema["$defs"]["Cluster"]["properties"]["kubernetes"]["type"] == ["string", "number"]


def test_the_json_schema_knows_the_words_for_addons() -> None:
    schema = json.loads(json.dumps(Answers.json_schema()))["$defs"]
    keys, words, switch = schema["AddonsEntry"]["anyOf"]
    assert (words["enum"], switch["type"]) == (["all", "none"], "boolean")
    assert keys["properties"]["grafana"]["anyOf"] == [{"$ref": "#/$defs/GrafanaEntry"}, {"type": "boolean"}]
    assert {"metrics-server", "node-exporter", "storage"} <= keys["properties"].keys()
    assert "class" in schema["StorageEntry"]["properties"]


def test_the_example_survives_a_dump() -> None:
    answers = parse(EXAMPLE.read_text())
    assert parse(dump(answers)) == answers


def _paths(data: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(data, dict):
        return [found for key, value in data.items() for found in [(*path, key), *_paths(value, (*path, key))]]
    return [found for item in data for found in _paths(item, path)] if isinstance(data, (list, tuple)) else []
