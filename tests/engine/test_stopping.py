"""Stopping a run: a real kinstall on a real terminal, and signals that come at the wrong moment."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import sys
import termios
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from kinstall.connecting import typed_line
from kinstall.errors import CANCELLED
from kinstall.events import RunEnded
from kinstall.journal import read
from tests.engine.conftest import PASSWORD, LabServer, make_server, until

CTRL_C = b"\x03"

# what a run does that is not stopped by being asked: `first` cleans up for long, `second` cleans up for ever
STUBBORN = """
import asyncio, time
from kinstall.stopping import supervise

async def work():
    try:
        print("working", flush=True)
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        print("cleaning", flush=True)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            print("cut short", flush=True)
            if {hangs}:
                time.sleep(60)
    return 130

raise SystemExit(supervise(work()))
"""


class Terminal:
    """A terminal with a program on it."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.seen, self.is_open = "", True
        self.before = termios.tcgetattr(self.theirs)
        asyncio.get_running_loop().add_reader(self.ours, self._read)

    def _read(self) -> None:
        try:
            self.seen += os.read(self.ours, 65536).decode(errors="replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self.ours)

    def hang_up(self) -> None:
        """Its window is closed."""
        if self.is_open:
            self.is_open = False
            asyncio.get_running_loop().remove_reader(self.ours)
            os.close(self.theirs)
            os.close(self.ours)

    async def start(self, *command: str, **env: str) -> asyncio.subprocess.Process:
        def own_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), self.theirs)
        return await asyncio.create_subprocess_exec(
            sys.executable, *command, **streams, env={**os.environ, **env}, start_new_session=True, preexec_fn=own_terminal)

    async def shows(self, words: str) -> None:
        await until(lambda: words in self.seen)

    def type(self, keys: bytes) -> None:
        os.write(self.ours, keys)

    @property
    def is_sane(self) -> bool:
        return termios.tcgetattr(self.theirs) == self.before


@pytest.fixture
async def terminal() -> AsyncIterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.hang_up()


@pytest.fixture
async def stranger(tmp_path: Path, home: Path, ed25519: asyncssh.SSHKey) -> AsyncIterator[LabServer]:
    """A server whose key nobody knows yet."""
    server = make_server(tmp_path / "scratch", [ed25519])
    await server.start()
    yield server
    await server.stop()


async def kinstall(terminal: Terminal, folder: Path, server: LabServer, *flags: str) -> asyncio.subprocess.Process:
    path = folder / "answers.yaml"
    access = f"{{port: {server.port}, user: lab, agent: false, password: {{env: WORD}}}}"
    path.write_text(f"hosts:\n  - {{name: cp1, address: 127.0.0.1, role: control-plane, access: {access}}}\n")
    return await terminal.start("-m", "kinstall", "--headless", str(path), *flags, WORD=PASSWORD, XDG_STATE_HOME=str(folder))


@pytest.mark.parametrize("flags", [[], ["-v"]], ids=["live", "lines"])
async def test_ctrl_c_at_the_question_stops_at_once(terminal: Terminal, tmp_path: Path, stranger: LabServer, flags: list[str]) -> None:
    run = await kinstall(terminal, tmp_path, stranger, *flags)
    await terminal.shows("Is it right?")
    terminal.type(CTRL_C)
    assert await asyncio.wait_for(run.wait(), 5) == CANCELLED
    assert "Traceback" not in terminal.seen
    assert terminal.is_sane
    [path] = (tmp_path / "kinstall/sessions").glob("*.jsonl")
    last = list(read(path))[-1]
    assert isinstance(last, RunEnded) and last.result == "cancelled"


NO, YES = "not known", "connected"


@pytest.mark.parametrize(("typed", "told"), [(b"\n", NO), (b"what\nno\n", NO), (b"\x04", NO), (b"y\n", YES), (b"what\nYES\n", YES)])
async def test_the_answer_counts(terminal: Terminal, tmp_path: Path, stranger: LabServer, typed: bytes, told: str) -> None:
    run = await kinstall(terminal, tmp_path, stranger, "--plan")
    await terminal.shows("Is it right?")
    terminal.type(typed)
    await run.wait()
    await terminal.shows("journal: ")
    assert told in terminal.seen.partition("Is it right?")[2]
    assert terminal.seen.count("Is it right?") == (2 if b"what" in typed else 1)


async def test_a_closed_terminal_stops_the_run_in_good_order(terminal: Terminal, tmp_path: Path, stranger: LabServer) -> None:
    run = await kinstall(terminal, tmp_path, stranger)
    await terminal.shows("Is it right?")
    terminal.hang_up()
    assert await asyncio.wait_for(run.wait(), 5) == CANCELLED
    [path] = (tmp_path / "kinstall/sessions").glob("*.jsonl")
    assert isinstance(list(read(path))[-1], RunEnded)


@pytest.mark.parametrize(("hangs", "signals"), [(False, 2), (True, 3)])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
async def test_each_further_signal_has_less_patience(terminal: Terminal, hangs: bool, signals: int, sign: signal.Signals) -> None:
    run = await terminal.start("-c", STUBBORN.replace("{hangs}", str(hangs)))
    for words in ("working", "cleaning", "cut short")[:signals]:
        await terminal.shows(words)
        await asyncio.sleep(0.6)    # two signals in half a second are one stop
        run.send_signal(sign)
    assert await asyncio.wait_for(run.wait(), 5) == CANCELLED
    assert "Traceback" not in terminal.seen


async def test_two_signals_at_once_are_one_stop(terminal: Terminal) -> None:
    """A terminal that is closed sends SIGHUP, and so does its shell."""
    run = await terminal.start("-c", STUBBORN.replace("{hangs}", "False"))
    await terminal.shows("working")
    for sign in (signal.SIGHUP, signal.SIGTERM):
        run.send_signal(sign)
    await terminal.shows("cleaning")
    await asyncio.sleep(0.3)
    assert "cut short" not in terminal.seen
    run.kill()
    await run.wait()


async def test_a_line_comes_whole_and_the_end_is_empty(terminal: Terminal) -> None:
    terminal.type(b"one\ntwo\n\x04")
    assert [await typed_line(terminal.theirs) for _ in range(3)] == ["one\n", "two\n", ""]
