"""`kinstall init`, answered at a terminal: what is typed becomes a file that loads, and nothing else is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinstall.answers import Answers, load
from kinstall.commands.init import commented, written
from kinstall.draft import Draft
from kinstall.explain import explained, terms
from kinstall.install import INSTALL
from tests.screens.test_run_terminal import Terminal

DOWN, ENTER = "\x1b[B", "\r"


def test_a_file_from_a_few_answers(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    window = Terminal(tmp_path, "kinstall", "init", str(path))
    window.until("Your machines")
    window.press("300.1.1.1" + ENTER)
    window.until("300.1.1.1:")
    window.press("\x15" + "192.168.1.31-33" + ENTER)
    window.until("control plane?")
    window.press(DOWN + ENTER)
    window.until("Account on them")
    window.press("admin" + ENTER)
    window.until("How do you log in?")
    window.press(DOWN + DOWN + ENTER)
    window.until("get it from?")
    window.press(DOWN + ENTER)
    window.until("sensible value")
    window.press("n")
    window.until("Next:")
    assert window.ended() == 0
    answers = load(path)
    assert [(str(host.role), host.address) for host in answers.hosts] == [
        ("worker", "192.168.1.31"), ("control-plane", "192.168.1.32"), ("worker", "192.168.1.33")]
    assert answers.access.user == "admin"
    assert answers.access.password and answers.access.password.env == "KINSTALL_PASSWORD"
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=./answers.schema.json\n") and "# the machines; exactly one" in text
    assert json.loads((tmp_path / "answers.schema.json").read_text()) == Answers.json_schema()


def test_options_are_asked_when_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    window = Terminal(tmp_path, "kinstall", "init", str(path))
    window.until("Your machines")
    window.press("pi" + ENTER)
    window.until("Account on them")
    window.press(ENTER)
    window.until("How do you log in?")
    window.press(ENTER)
    window.until("Does sudo ask")
    window.press("n")
    window.until("sensible value")
    window.press("y")
    window.until("Name (")
    window.press("\x15" + "attic" + ENTER)
    window.until("Kubernetes (")
    window.press("\x03")
    window.until("Nothing was written")
    assert window.ended() == 130
    assert not path.exists()


def test_a_terminal_of_lines_gets_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TERM=dumb: why, questions by number, the file, a look; a machine that is not there stops it before anything is tried."""
    monkeypatch.setenv("HOME", str(tmp_path))
    window = Terminal(tmp_path, "tests.screens.in_folder", str(tmp_path), kind="dumb")
    window.until("(TERM=dumb): kinstall asks")
    window.until("Your machines")
    window.press("nonsense@@" + ENTER)
    window.until("no host")
    window.press("127.0.0.1:1" + ENTER)
    window.until("Account on them")
    window.press("admin" + ENTER)
    window.until("3 a password")
    window.press("7" + ENTER)
    window.until("one of 1, 2, 3")
    window.press("1" + ENTER)
    window.until("Does sudo ask")
    window.press(ENTER)
    window.until("Look at it?")
    window.press("n" + ENTER)
    window.until("Mend it, then: kinstall --headless answers.yaml")
    assert window.ended() == 3
    assert load(tmp_path / "answers.yaml").hosts[0].access.port == 1


def test_a_file_that_is_there_is_not_lost(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("mine")
    assert written(path) == 2
    assert path.read_text() == "mine" and "is there already" in capfd.readouterr().err
    assert written(tmp_path / "new.yaml") == 2
    assert "no terminal" in capfd.readouterr().err


def test_comments_change_nothing() -> None:
    draft = Draft({"hosts": [{"name": "a", "address": "10.0.0.1", "role": "control-plane"}], "cluster": {"name": "attic"}})
    from kinstall.answers import parse

    assert parse(commented(draft)) == draft.answers()


@pytest.mark.parametrize("word", ["node", "PV", "Control Plane", "ksm", "join", "grafana"])
def test_a_word_is_explained(word: str) -> None:
    assert explained(word).startswith("# ")


def test_no_word_stands_for_two_things_and_nonsense_is_none() -> None:
    assert not set(terms()).intersection({step.id for step in INSTALL} - {"helm"})
    with pytest.raises(KeyError):
        explained("frobnicate")
