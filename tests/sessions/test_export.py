"""What is exported: a cast that a terminal can show, stills that say the same, and no secret in any of them."""

from __future__ import annotations

import asyncio
import html
import json
import re
from pathlib import Path
from typing import Any

import pyte
import pytest

from kinstall.errors import SessionError
from kinstall.sessions.cast import FRAME, Size, Written, cast, frames
from kinstall.sessions.exporting import Wanted, export
from kinstall.sessions.filming import film, still
from kinstall.sessions.reading import load
from tests.engine.conftest import PASSWORD, LabServer, ed25519, home, server  # noqa: F401  # fixtures
from tests.sessions.conftest import SHIPPED
from tests.sessions.live import run

SIZES = [Size(80, 24), Size(120, 40)]


def events(path: Path) -> tuple[dict[str, Any], list[Any]]:
    header, *lines = path.read_text().splitlines()
    return json.loads(header), list(map(json.loads, lines))


def shown(lines: list[Any], size: Size) -> list[str]:
    """What a terminal of this size shows in the end."""
    screen = pyte.Screen(size.columns, size.rows)
    terminal = pyte.Stream(screen)
    for _, kind, data in lines:
        if kind == "o":
            terminal.feed(data)
    return [line.rstrip() for line in screen.display]


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_cast_is_version_3_and_ends_with_the_picture_of_the_still(tmp_path: Path, size: Size) -> None:
    recording = load(SHIPPED[2])
    export(recording, Wanted(cast=tmp_path / "x.cast", size=size))
    header, lines = events(tmp_path / "x.cast")
    assert (header["version"], header["term"]["cols"], header["term"]["rows"]) == (3, size.columns, size.rows)
    assert all(isinstance(interval, float) and interval >= 0 and kind in "ox" and isinstance(data, str) for interval, kind, data in lines)
    assert shown(lines, size) == [line.rstrip() for line in film(recording, size, idle=2).picture().export_text().splitlines()]
    assert any("RECORDED" in line for line in shown(lines, size))


def test_a_cast_takes_the_time_of_the_session_with_its_silences_cut_and_hurries_when_told(tmp_path: Path) -> None:
    recording = load(SHIPPED[2])
    lengths = {}
    for name, idle, speed in (("cut", 2.0, 1.0), ("whole", 0.0, 1.0), ("fast", 0.0, 8.0)):
        export(recording, Wanted(cast=tmp_path / name, idle=idle, speed=speed))
        lengths[name] = sum(interval for interval, _, _ in events(tmp_path / name)[1])
    seconds = recording.events[-1].at - recording.start.at
    assert lengths["whole"] == pytest.approx(seconds, abs=5)
    assert lengths["cut"] < lengths["whole"]
    assert lengths["fast"] < seconds / 8 + 5


def test_the_same_session_gives_the_same_cast(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export(load(SHIPPED[2]), Wanted(cast=tmp_path / name))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_stills_say_what_the_screen_says(tmp_path: Path, size: Size) -> None:
    recording = load(SHIPPED[1])
    export(recording, Wanted(svg=tmp_path / "x.svg", html=tmp_path / "x.html", size=size, at=30))
    text = still(recording, size, at=30).export_text()
    words = re.findall(r"\w{4,}", text)[:40]
    assert len(words) > 10
    for path in (tmp_path / "x.svg", tmp_path / "x.html"):
        said = html.unescape(re.sub(r"<[^>]+>", " ", path.read_text()))
        assert [word for word in words if word not in said] == []


def test_a_still_is_of_its_moment() -> None:
    recording = load(SHIPPED[1])
    early, late = (still(recording, SIZES[0], at=at).export_text() for at in (3, None))
    assert "00:03" in early
    assert early != late


async def test_nothing_that_is_exported_holds_a_secret(server: LabServer, tmp_path: Path) -> None:  # noqa: F811
    """The password was typed into sudo, printed by the host on stdout and stderr, and stands in the tail of a failure."""
    live = await run(server, tmp_path)
    assert server.seen_passwords == [PASSWORD], "it was used"
    cast, svg, html_, own = (tmp_path / f"x.{name}" for name in ("cast", "svg", "html", "jsonl"))
    for nameless in (False, True):
        for size in SIZES:
            wanted = Wanted(cast=cast, svg=svg, html=html_, journal=own, size=size, nameless=nameless)
            made = await asyncio.to_thread(export, load(live.journal), wanted)
            assert made == [cast, svg, html_, own]
            for path in (*made, live.journal):
                whole = path.read_text()
                said = html.unescape(re.sub(r"<[^>]+>|\\u001b\[[0-9;?]*[a-zA-Z]", "", whole))
                for part in (PASSWORD, "battery", "correct", "staple", "grafana's own"):
                    assert part not in whole, path
                    assert part not in said, path


async def test_what_the_host_printed_is_in_the_cast(server: LabServer, tmp_path: Path) -> None:  # noqa: F811
    """Or the test above would prove nothing."""
    live = await run(server, tmp_path)
    await asyncio.to_thread(export, load(live.journal), Wanted(cast=tmp_path / "x.cast", size=SIZES[1]))
    assert "********" in (tmp_path / "x.cast").read_text()


def test_a_nameless_export_names_nobody(tmp_path: Path) -> None:
    wanted = Wanted(cast=tmp_path / "x", svg=tmp_path / "y", html=tmp_path / "z", journal=tmp_path / "j", nameless=True, size=SIZES[1])
    for path in export(load(SHIPPED[2]), wanted):
        assert not re.search(r"\bcp1\b|10\.77\.|systemv", path.read_text()), path


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="cannot be written: No such file"):
        export(load(SHIPPED[2]), Wanted(journal=tmp_path / "no" / "x"))


def test_a_nameless_journal_can_be_replayed(tmp_path: Path) -> None:
    export(load(SHIPPED[0]), Wanted(journal=tmp_path / "x.jsonl", nameless=True))
    assert load(tmp_path / "x.jsonl").end == load(SHIPPED[0]).end


def test_what_comes_within_one_picture_is_one_event() -> None:
    written = [Written(1.0, "a"), Written(1.0 + FRAME / 2, "b"), Written(2.0, "c")]
    assert list(frames(written)) == [Written(1.0, "ab"), Written(2.0, "c")]
    lines = list(map(json.loads, list(cast(written, SIZES[0], title="x", timestamp=1.5))[1:]))
    assert lines == [[1.0, "o", "ab"], [1.0, "o", "c"], [0.0, "x", "0"]]


@pytest.mark.parametrize("text", ["80", "x", "80x", "5x5", "9999x24", "80x24x3", "a4"])
def test_a_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Size.parse(text)
