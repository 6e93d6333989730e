"""What only a real terminal shows: the shell that is lent it, the title, and that both are given back."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

HERE = Path(__file__).parents[2]


class Terminal:
    """A process in a terminal of 80x24, and what a person sees of it."""

    def __init__(self, state: Path, module: str = "tests.screens.in_terminal", *arguments: str, kind: str = "xterm-256color") -> None:
        self.screen = pyte.Screen(80, 24)
        self._stream, self.raw = pyte.ByteStream(self.screen), b""
        self.process, self._fd = pty.fork()
        if self.process == 0:
            os.chdir(HERE)
            os.environ |= {"TERM": kind, "PYTHONIOENCODING": "utf-8", "XDG_STATE_HOME": str(state)}
            os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def read(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                try:
                    data = os.read(self._fd, 1 << 16)
                except OSError:     # it has ended
                    return
                self.raw += data
                self._stream.feed(re.sub(rb"\x1b\[[<>=][0-9;]*u", b"", data))     # of keyboards; pyte takes it for something else

    def until(self, text: str, seconds: float = 30) -> str:
        """The screen, as soon as it shows this."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if text in (seen := "\n".join(self.screen.display)):
                return seen
            self.read(0.1)
        raise AssertionError(f"{text!r} was not shown in {seconds} s:\n" + "\n".join(self.screen.display))

    def hang_up(self, seconds: float = 10) -> int | None:
        """Close the window; how the process ended by itself, None when it does not."""
        os.close(self._fd)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.process, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)
        return None

    def ended(self) -> int:
        """How it ended by itself."""
        self.read(0.5)
        _, status = os.waitpid(self.process, 0)
        os.close(self._fd)
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        os.close(self._fd)
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.close()


def count(seen: str) -> int:
    return max(map(int, re.findall(r"count (\d+)\.", seen)))


def test_a_shell_in_place_and_back_while_the_run_goes_on(terminal: Terminal) -> None:
    before = count(terminal.until("count 5."))
    terminal.press("!")
    terminal.until("prompt$")
    terminal.read(3)                # more frames than the writer to a terminal could put off
    terminal.press("echo it is $((6 * 7))\n")
    seen = terminal.until("it is 42")
    assert "A shell on a" in seen and "prepare" not in seen
    terminal.press("exit\n")
    after = count(terminal.until("prepare"))
    assert after > before + 20      # the run went on, and is shown again
    terminal.press(" ")             # keys are keys again
    terminal.until("PAUSED")


def test_the_title_tells_how_far_it_is_and_is_given_back(terminal: Terminal) -> None:
    terminal.until("count 5.")
    assert b"\x1b[22;0t\x1b]0;kinstall: homelab 0 %\x07" in terminal.raw
    terminal.press("\x03")
    terminal.until("Detach")
    terminal.press("\x1b")
    terminal.until("count 9")
    terminal.press("\x11")          # ctrl+q: the App's own way out
    terminal.read(5)
    assert terminal.raw.rstrip().count(b"\x1b[23;0t") == 1
