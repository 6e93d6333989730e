"""A journal plays as far as it can be read, and says why not further."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinstall import journal as journals
from kinstall.errors import SessionError
from kinstall.events import SCHEMA, AnyEvent, Note, Output, RunStarted, StepChanged, encode
from kinstall.sessions.migrations import MIGRATIONS
from kinstall.sessions.reading import UNFINISHED, NewerSession, load
from tests.sessions.conftest import SHIPPED, short, write


def last_word(path: Path) -> str:
    last = load(path).played()[-1]
    assert isinstance(last, Note), last
    return last.text


def test_a_whole_session_is_played_as_it_is(journal: Path) -> None:
    recording = load(journal)
    assert list(recording.played()) == short()
    assert not recording.damage


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_reader_of_sessions_and_the_journals_own_read_the_same(path: Path) -> None:
    assert list(load(path).events) == list(journals.read(path))


def test_a_cut_off_session_plays_up_to_the_cut_and_says_so(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-40])
    assert load(journal).events == tuple(short()[:-1])
    assert "line 8 of its journal is cut off" in last_word(journal)


@pytest.mark.parametrize("harm", [b"{not json}\n", b'{"type":"step","host":1}\n', b"\xff\xfe\n", b"[]\n", b'"step"\n', b"\n"])
def test_a_damaged_session_plays_up_to_the_damage_and_says_so(journal: Path, harm: bytes) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:4], harm, *lines[4:]]))
    assert load(journal).events == tuple(short()[:4])
    assert "line 5 of its journal is damaged" in last_word(journal)


def test_a_session_without_an_end_says_so(tmp_path: Path) -> None:
    assert last_word(write(tmp_path / "x.jsonl", short()[:5])) == UNFINISHED


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"type":"note","text":"x"}\n', b"{}\n", b"7\n", b'{"type":"run-started"}\n'])
def test_what_is_no_session_is_refused_with_the_reason(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(SessionError, match="is no session of kinstall"):
        load(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="No such file"):
        load(tmp_path / "nothing.jsonl")


def test_events_of_a_newer_kind_are_left_out(journal: Path) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:4], b'{"type":"dreamt","seq":5,"at":1.0,"of":"sheep"}\n', *lines[4:]]))
    recording = load(journal)
    assert (recording.unknown, recording.damage) == (1, "")
    assert list(recording.events) == short()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    first = json.loads(encode(short()[0]))
    path.write_text(json.dumps({**first, "schema": SCHEMA + 1}) + "\n")
    with pytest.raises(NewerSession, match="written by a newer kinstall"):
        load(path)


def test_a_journal_says_its_schema_in_its_first_line(journal: Path) -> None:
    """Left out as a default it would be taken for the schema of whatever kinstall reads it later."""
    assert json.loads(journal.read_bytes().splitlines()[0])["schema"] == SCHEMA


def test_a_journal_that_does_not_say_its_schema_is_of_schema_1(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", short())
    path.write_text(path.read_text().replace(f',"schema":{SCHEMA}', ""))
    assert load(path).schema == 1


def test_a_session_of_schema_0_still_plays(tmp_path: Path) -> None:
    """Schema 0 was made by hand for this test; no release wrote it. It differs in two things:

    a step that went well is `ok`, one that found everything met is `unchanged`; what a command printed is one `text`, not `lines`.
    """
    path = tmp_path / "schema-0.jsonl"
    path.write_bytes((Path(__file__).parent / "schema-0.jsonl").read_bytes())
    recording = load(path)
    assert (recording.schema, recording.damage) == (0, "")
    assert [event.status for event in recording.events if isinstance(event, StepChanged)] == ["running", "done", "already"]
    assert [event.lines for event in recording.events if isinstance(event, Output)] == [("one", "two")]
    assert recording.start.schema == 1


def test_every_schema_before_this_one_has_a_way_to_it() -> None:
    assert sorted(MIGRATIONS) == list(range(SCHEMA))


def test_the_first_event_is_the_start(journal: Path) -> None:
    first: AnyEvent = load(journal).events[0]
    assert isinstance(first, RunStarted)
