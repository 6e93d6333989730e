"""`kinstall sessions`, `replay`, `demo`, `export`, as a person types them."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from kinstall import journal
from kinstall.commands.sessions import COMMANDS
from tests.sessions.conftest import SHIPPED, short, write

ID = "2026-11-25T105131-attic"
app = typer.Typer(rich_markup_mode=None)
for name, function, text in COMMANDS:
    app.command(name, help=text)(function)


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = journal.sessions_folder()
    folder.mkdir(parents=True)
    return write(folder / f"{ID}.jsonl", short())


def kinstall(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, words)
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, _, text in COMMANDS])
def test_every_help_has_an_example_of_its_command(name: str, text: str) -> None:
    assert re.search(rf"^    kinstall {name}\b", text, re.MULTILINE)
    assert kinstall(name, "--help")[0] == 0


def test_sessions_are_listed_with_what_came_of_them() -> None:
    code, out = kinstall("sessions")
    assert code == 0
    [line] = [line for line in out.splitlines() if line.startswith(ID)]
    assert line.split()[1:] == ["attic", "1", "install", "failed", "0:34", "1"]
    assert all(path.stem in out for path in SHIPPED)


def test_a_damaged_one_is_listed_with_where(mine: Path) -> None:
    mine.write_bytes(mine.read_bytes()[:-10])
    out = kinstall("sessions")[1]
    assert re.search(rf"^{ID} .* damaged ", out, re.MULTILINE)
    assert "line 8 of its journal is cut off" in out


def test_sessions_as_json_are_one_object_a_line() -> None:
    lines = list(map(json.loads, kinstall("sessions", "--json")[1].splitlines()))
    assert [line["id"] for line in lines] == [ID, *(path.stem for path in SHIPPED)]
    assert (lines[0]["result"], lines[0]["hosts"], lines[0]["changed"]) == ("failed", ["cp1"], 1)


def test_a_replay_as_lines_is_what_the_run_told() -> None:
    code, out = kinstall("replay", ID[:15], "--headless", "--speed", "32", "--idle", "1")
    assert code == 0
    assert "tools" in out
    assert "attic: failed after 34 s" in out


def test_without_a_terminal_it_is_played_as_lines_and_says_why() -> None:
    code, out = kinstall("replay", ID, "--speed", "32x", "--idle", "0.5")
    assert code == 0
    assert "This is no terminal, so the session is played as lines." in out
    assert "attic: failed after 34 s" in out


def test_a_cut_replay_says_that_something_is_missing(mine: Path) -> None:
    mine.write_bytes(mine.read_bytes()[:-10])
    assert "This session ends here: line 8 of its journal is cut off" in kinstall("replay", ID, "--headless", "--speed", "32")[1]


def test_the_demo_is_the_first_that_was_shipped() -> None:
    code, out = kinstall("demo", "--headless", "--speed", "32", "--idle", "0.01")
    assert code == 0
    assert "lab is ready: 3 nodes" in out


@pytest.mark.parametrize("words", [("replay", "nothing"), ("export", "nothing", "--svg", "x")])
def test_a_session_that_there_is_not_is_told(words: tuple[str, ...]) -> None:
    code, out = kinstall(*words)
    assert code == 1
    assert "there is no session nothing" in out
    assert "`kinstall sessions` lists" in out


@pytest.mark.parametrize("words", [("--speed", "3"), ("--speed", "fast"), ("--idle", "-1")])
def test_a_speed_that_there_is_not_is_told(words: tuple[str, ...]) -> None:
    assert kinstall("replay", "demo", *words)[0] == 2


def test_an_export_makes_what_it_is_told_readable_for_all(tmp_path: Path) -> None:
    files = {name: tmp_path / f"x.{name}" for name in ("cast", "svg", "html", "journal")}
    words = [word for name, path in files.items() for word in (f"--{name}", str(path))]
    code, out = kinstall("export", ID, *words, "--size", "120x40", "--anonymize", "--at", "20")
    assert code == 0
    for path in files.values():
        assert str(path) in out
        assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044
        assert "attic" not in path.read_text()


@pytest.mark.parametrize(("words", "said"), [((), "say what is to be made"), (("--svg", "x", "--size", "5x5"), "such as 80x24")])
def test_an_export_of_nothing_or_of_a_strange_size_is_told(words: tuple[str, ...], said: str) -> None:
    code, out = kinstall("export", "demo", *words)
    assert code == 2
    assert said in " ".join(re.sub(r"[│╭╮╰╯─]", " ", out).split())
