"""The command line as it is typed: what comes back, where, and with which exit code."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kinstall import __version__
from kinstall.streams import hardy

BAD = """\
hosts:
  - {name: a, address: 10.0.0.1, role: control-plain}
  - {name: a, address: 10.0.0.2, sudo_pasword: hunter2}
network: {pods: 10.96.0.0/16}
"""


def kinstall(*args: object, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kinstall", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "NO_COLOR": "1", **env}, check=False)


def test_version() -> None:
    done = kinstall("--version")
    assert (done.returncode, done.stdout) == (0, f"kinstall {__version__}\n")


def test_help_has_an_example_and_the_exit_codes() -> None:
    done = kinstall("--help")
    assert done.returncode == 0
    assert "kinstall --headless answers.yaml --plan" in done.stdout
    assert "130 stopped" in " ".join(done.stdout.split())


def test_without_arguments_it_explains_the_headless_road() -> None:
    done = kinstall()
    assert done.returncode == 0
    assert "kinstall --headless answers.yaml" in done.stdout
    assert "role: control-plane" in done.stdout


def test_plan_without_a_file_is_no_success() -> None:
    assert kinstall("--plan").returncode == 2


def test_bad_answers_are_told_all_at_once_and_nothing_is_contacted(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(BAD)
    done = kinstall("--headless", path, XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 2
    told = done.stderr.splitlines()
    assert len(told) >= 4
    assert all(line.startswith(f"{path}:") for line in told)
    assert "hunter2" not in done.stdout + done.stderr
    assert not (tmp_path / "kinstall").exists()


def test_a_missing_file_is_named() -> None:
    done = kinstall("--headless", "/nowhere/answers.yaml")
    assert done.returncode == 2
    assert "/nowhere/answers.yaml" in done.stderr


def test_a_host_that_does_not_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("hosts:\n  - {name: a, address: 127.0.0.1, role: control-plane, access: {port: 1, user: x, agent: false}}\n")
    done = kinstall("--headless", path, XDG_STATE_HOME=str(tmp_path), HOME=str(tmp_path))
    assert done.returncode == 3
    assert "a: no connection to 127.0.0.1:1" in done.stderr
    assert len(list((tmp_path / "kinstall/sessions").glob("*.jsonl"))) == 1


@pytest.mark.parametrize("flags", [(), ("--json",), ("--plan",)])
def test_a_reader_that_went_away_stops_nothing(tmp_path: Path, flags: tuple[str, ...]) -> None:
    """kinstall ... | head: stdout breaks, stderr goes on, and so does the run."""
    path = tmp_path / "answers.yaml"
    path.write_text("hosts:\n  - {name: a, address: 127.0.0.1, role: control-plane, access: {port: 1, user: x, agent: false}}\n")
    command = [sys.executable, "-m", "kinstall", "--headless", str(path), *flags]
    ours, theirs = os.pipe()
    os.close(ours)
    env = {"PATH": "/usr/bin:/bin", "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, env=env, check=False)
    os.close(theirs)
    assert done.returncode == 3
    assert "a: no connection to 127.0.0.1:1" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("journal: ")
    assert "Broken" not in done.stderr and "Traceback" not in done.stderr
    [journal] = (tmp_path / "kinstall/sessions").glob("*.jsonl")
    assert '"type":"run-ended"' in journal.read_text()


def test_a_letter_that_the_terminal_has_not_stops_nothing() -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding="latin-1") as stream:
        print("größer → 1", file=hardy(stream), flush=True)
        assert stream.buffer.getvalue() == "größer ? 1\n".encode("latin-1")


def test_a_state_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text("hosts:\n  - {name: a, address: 127.0.0.1, role: control-plane, access: {port: 1}}\n")
    (tmp_path / "file").touch()
    done = kinstall("--headless", path, XDG_STATE_HOME=str(tmp_path / "file"), HOME=str(tmp_path))
    assert done.returncode == 1
    assert "no journal can be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_headless_never_imports_textual(tmp_path: Path) -> None:
    """Nor the kubernetes client, which costs a fifth of a second."""
    script = (
        "import sys\nfrom kinstall import cli\n"
        "try: cli.app(['--headless', '/nowhere.yaml'])\nexcept SystemExit: pass\n"
        "print([m for m in ('textual', 'kubernetes', 'kinstall.screens') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n"
