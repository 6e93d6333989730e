"""When kinstall has a bug: a file that may be sent, readable by its owner alone, with no secret in it, and the place of the bug."""

from __future__ import annotations

import stat
from pathlib import Path

from kinstall import private, report
from kinstall.secrets import Redactor, Secret


def raised() -> Exception:
    try:
        raise ValueError("cannot use correct-horse")
    except ValueError as error:
        return error


def test_a_report_has_the_place_and_no_secret(tmp_path: Path) -> None:
    redactor = Redactor()
    redactor.add(Secret("correct-horse"))
    path = report.write(raised(), redactor, journal="/somewhere/a.jsonl", folder=tmp_path / "reports")
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "correct-horse" not in text and "ValueError" in text and "test_report.py" in text and "/somewhere/a.jsonl" in text
    told = "\n".join(report.told(raised(), path))
    assert "ValueError at test_report.py:" in told and str(path) in told and "correct-horse" not in told


def test_a_private_file_is_whole_and_stays_private(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    path.chmod(0o644)
    link.symlink_to(path)
    private.write(link, "new")
    assert path.read_text() == "new" and link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == [path, link]
