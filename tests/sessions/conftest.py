"""Recordings from the lab, a journal of one's own, and a real run on this machine's shells."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from kinstall.events import AnyEvent, HostLine, Note, Output, RunEnded, RunStarted, StepChanged, encode
from kinstall.sessions.reading import Recording, load

SHIPPED = sorted(Path(str(files("kinstall.assets") / "sessions")).glob("*.jsonl"))
START = 1_000_000.0


def short() -> list[AnyEvent]:
    """Two steps on one host, with 30 silent seconds in the first."""
    return [
        RunStarted(seq=1, at=START, kinstall="0.1.0", cluster="attic", hosts=(HostLine("cp1", "10.0.0.1", "control-plane"),)),
        StepChanged(seq=2, at=START + 1, host="cp1", step="swap", status="running"),
        StepChanged(seq=3, at=START + 31, host="cp1", step="swap", status="done", seconds=30),
        StepChanged(seq=4, at=START + 32, host="cp1", step="tools", status="running"),
        Output(seq=5, at=START + 32.5, host="cp1", step="tools", lines=("Reading package lists...",)),
        StepChanged(seq=6, at=START + 33, host="cp1", step="tools", status="failed", seconds=1),
        Note(seq=7, at=START + 33, text="that was it"),
        RunEnded(seq=8, at=START + 34, result="failed", exit_code=1, seconds=34, changed=1),
    ]


def write(path: Path, events: list[AnyEvent]) -> Path:
    path.write_bytes(b"".join(encode(event) + b"\n" for event in events))
    return path


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return write(tmp_path / "short.jsonl", short())


@pytest.fixture
def recording(journal: Path) -> Recording:
    return load(journal)
