"""Which sessions there are, and which one a person means."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinstall import journal
from kinstall.errors import SessionError
from kinstall.sessions.catalogue import entries, entry, find, shipped
from kinstall.sessions.reading import load
from tests.sessions.conftest import SHIPPED, short, write

FIRST, SECOND = "2026-11-25T105131-attic", "2026-11-25T105131-cellar"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state directory of somebody who has run kinstall twice."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = journal.sessions_folder()
    folder.mkdir(parents=True)
    write(folder / f"{FIRST}.jsonl", short())
    write(folder / f"{SECOND}.jsonl", short()[:5])
    return folder


def test_the_newest_comes_first_and_what_was_shipped_last() -> None:
    assert [one.id for one in entries()] == [SECOND, FIRST, *(path.stem for path in SHIPPED)]
    assert [one.shipped for one in entries()] == [False, False, *(True for _ in SHIPPED)]


def test_an_entry_says_what_came_of_it(folder: Path) -> None:
    one = entry(folder / f"{FIRST}.jsonl")
    assert (one.cluster, one.hosts, one.purpose, one.result, one.seconds, one.changed) == ("attic", ("cp1",), "install", "failed", 34, 1)


def test_what_has_no_end_is_unfinished_and_what_is_cut_is_damaged(folder: Path) -> None:
    assert entry(folder / f"{SECOND}.jsonl").result == "unfinished"
    path = folder / f"{FIRST}.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert entry(path).result == "damaged"
    assert "line 8" in entry(path).note


def test_what_cannot_be_read_is_listed_with_the_reason(folder: Path) -> None:
    path = folder / "2026-01-01T000000-x.jsonl"
    path.write_bytes(b"")
    assert entry(path).result == "unreadable"
    assert "it is empty" in entry(path).note
    assert path.stem in [one.id for one in entries()]


def test_a_session_is_found_by_its_id_the_beginning_of_it_or_its_path(folder: Path, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere.jsonl", short())
    assert find(FIRST) == folder / f"{FIRST}.jsonl"
    assert find("2026-11-25T105131-c") == folder / f"{SECOND}.jsonl"
    assert find("02") == SHIPPED[1]
    assert find("demo") == SHIPPED[0]
    assert find(str(elsewhere)) == elsewhere


def test_an_id_that_is_the_beginning_of_another_is_found_all_the_same(folder: Path) -> None:
    write(folder / f"{FIRST}-2.jsonl", short())
    assert find(FIRST).stem == FIRST


def test_several_and_none_are_told() -> None:
    with pytest.raises(SessionError, match=r"2 sessions begin with 2026: .*attic"):
        find("2026")
    with pytest.raises(SessionError, match="there is no session 1999"):
        find("1999")


@pytest.mark.parametrize(("number", "result", "changed"), [(0, "done", True), (1, "done", True), (2, "done", False)])
def test_what_is_shipped_shows_what_its_name_says(number: int, result: str, changed: bool) -> None:
    one = entry(shipped()[number])      # the second one failed on a host, and was tried again
    assert (one.result, one.changed > 0, one.purpose, one.note) == (result, changed, "install", "")
    assert load(shipped()[number]).unknown == 0
