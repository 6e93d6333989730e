"""assets/failures.yaml: every entry knows its own lines and no other entry's, and the table holds together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kinstall.checks import CHECKS, FLEET_CHECKS
from kinstall.diagnosis import Evidence, diagnose
from kinstall.diagnosis.document import document
from kinstall.diagnosis.evidence import FACTS, PLACES
from kinstall.diagnosis.sections import SECTIONS
from kinstall.diagnosis.table import Entry, read, table
from tests.lab.broken import BROKEN_ALL
from tests.lab.spoiled import ROUNDS

TOP = Path(__file__).parents[2]
FIXTURES = Path(__file__).parent / "failures"
ENTRIES = list(table().entries.values())


def lines_of(entry: Entry) -> list[tuple[str, str]]:
    """(place, line) of an entry's fixture: `place | line`, as the programs print it, with our own names and addresses."""
    rows = (FIXTURES / f"{entry.id}.txt").read_text(encoding="utf-8").splitlines()
    return [(row.partition(" | ")[0], row.partition(" | ")[2]) for row in rows]


def evidence_of(rows: list[tuple[str, str]]) -> Evidence:
    places = dict.fromkeys(place for place, _ in rows)
    return Evidence({host_of(rows): {place: [line for where, line in rows if where == place] for place in places}})


def host_of(rows: list[tuple[str, str]]) -> str:
    """The host that journals and events of a fixture are about."""
    text = "\n".join(line for _, line in rows)
    found = re.search(r"node=([a-z]\w+)|^\d+\.\d+ (\w+) ", text, re.MULTILINE)
    return (found[1] or found[2]) if found else "w1"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_is_what_its_own_lines_are_diagnosed_as(entry: Entry) -> None:
    causes = diagnose(evidence_of(lines_of(entry)))
    assert causes, "nothing was recognised"
    assert causes[0].id == entry.id
    assert {cause.id for cause in causes[1:] if entry.id not in cause.because} == set()     # but for what it explains
    assert "{" not in causes[0].sentence


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_line_of_a_fixture_is_recognised_and_every_signature_has_one(entry: Entry) -> None:
    rows = lines_of(entry)
    signatures = [*entry.signatures, *entry.also]
    unmatched = [line for place, line in rows if not any(place in s.where and s.pattern.search(line) for s in signatures)]
    assert unmatched == []
    unused = [s.says for s in signatures if not any(place in s.where and s.pattern.search(line) for place, line in rows)]
    assert unused == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_no_line_alone_is_taken_for_another_failure(entry: Entry) -> None:
    mine = {entry.id} | table().explains[entry.id]
    for place, line in lines_of(entry):
        others = [
            other.id for other in ENTRIES
            if other.id not in mine and not other.also and any(place in s.where and s.pattern.search(line) for s in other.signatures)
        ]
        assert others == [], line


def test_every_fixture_has_an_entry() -> None:
    assert {path.stem for path in FIXTURES.glob("*.txt")} == set(table().entries)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_an_entry_says_what_to_do(entry: Entry) -> None:
    assert any(mend.run for mend in entry.mend) or any(mend.at == "here" for mend in entry.mend)
    assert all(command.strip() for mend in entry.mend for command in mend.run)


def test_the_checks_that_prevent_failures_exist() -> None:
    known = {check.id for check in CHECKS} | {check.id for check in FLEET_CHECKS}
    assert {entry.id: entry.check for entry in ENTRIES if entry.check and entry.check not in known} == {}


def test_what_entries_look_for_is_collected() -> None:
    told_otherwise = {"output", "connection", "derived"}     # by the runner, by the transport, from all hosts together
    assert {place for entry in ENTRIES for place in entry.places} <= set(SECTIONS) | told_otherwise
    assert set(SECTIONS) | told_otherwise == set(PLACES)
    assert set(PLACES) > FACTS


def test_the_document_is_what_the_table_says() -> None:
    assert (TOP / "docs" / "troubleshooting.md").read_text(encoding="utf-8") == document()


GOOD = """
groups:
- title: One
  failures:
  - {id: a, title: A, kind: both, cause: 'It {what|broke}.', signatures: [{where: [output], says: 'a (?P<what>.)'}], mend: [{run: [x]}]}
  - {id: b, title: B, kind: both, cause: B., signatures: [{where: [output], says: b}], mend: [{say: x}]}
"""


def test_a_good_table_is_read() -> None:
    assert list(read(GOOD).entries) == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("id: b", "id: a", "a: there are two of them"),
        ("id: b", "id: B_b", "small letters"),
        ("cause: B.", "cause: B", "full stop"),
        ("cause: B.", "cause: 'B {what}.'", "b: no signature has a group what"),
        ("kind: both, cause: B.", "kind: sometimes, cause: B.", "Invalid enum value 'sometimes' - at `$.groups[0].failures[1].kind`"),
        ("says: b", "says: '('", "b: (: "),
        ("says: b", "says: b, why: c", "unknown field `why`"),
        ("mend: [{say: x}]", "mend: [{at: host}]", "b: a mend needs"),
        ("mend: [{say: x}]", "mend: []", "b: it needs signatures"),
        ("title: B", "title: B, implies: [c]", "b: `implies` names no entry: c"),
        ("title: B", "title: B, implies: [b]", "b: it implies itself"),
        ("title: B", "title: B, symptom: true, implies: [a]", "b: a symptom cannot imply"),
        ("where: [output], says: b", "where: [moon], says: b", "b: there is no place called moon"),
        ("groups:", "groups: [", "failures.yaml: "),
    ],
)
def test_a_mistake_in_the_table_is_named(old: str, new: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        read(GOOD.replace(old, new, 1))


def test_what_is_said_to_be_provoked_is_what_the_lab_provokes() -> None:
    ways: dict[str, set[str]] = {}
    named = {(id, case.check) for one in ROUNDS.values() for case in one.cases for id in case.of}
    for id in {id for id, _ in named}:
        ways.setdefault(id, set()).add("check")
    for broken in BROKEN_ALL:
        ways.setdefault(broken.cause, set()).add("diagnosis")
    assert {entry.id: set(entry.provoked) for entry in ENTRIES if entry.provoked} == ways
    assert named <= {(entry.id, entry.check) for entry in ENTRIES}, "by the check that the entry names"
    assert len(ways) >= 25
