"""A real terminal for a program in the laboratory: what a person types goes in, what a person sees comes out."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pyte

from tests.lab.labctl.lab import Lab

KEYS: Mapping[str, str] = {
    "enter": "\r", "tab": "\t", "backtab": "\x1b[Z", "escape": "\x1b", "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C",
    "left": "\x1b[D", "ctrl-c": "\x03", "ctrl-n": "\x0e", "ctrl-u": "\x15", "space": " ", "end": "\x1b[F",
}
PAUSE = 0.25    # seconds that a person takes between two keys


class Terminal:
    """80x24. Leaving the block closes the window, as a person would."""

    def __init__(self, lab: Lab, *command: str | Path, env: Mapping[str, str], size: tuple[int, int] = (80, 24),
                 cwd: Path | None = None) -> None:
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = lab.popen(
            *command, env={"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": "", "LINES": "", **env}, stdin=theirs, stdout=theirs,
            stderr=theirs, start_new_session=True, preexec_fn=_own_terminal, text=False, cwd=cwd)
        os.close(theirs)
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            print(self.text)
        self.close()

    def _read(self) -> None:
        """A thread that waits in read() would keep the window open after it was closed."""
        while not self._closing.is_set():
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self._stream.feed(os.read(self._ours, 65536))
                except OSError:     # the program has ended
                    return

    @property
    def lines(self) -> list[str]:
        """What is seen."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The same in one."""
        return "\n".join(self.lines)

    def press(self, *keys: str) -> None:
        """Keys by their names, or letters."""
        for key in keys:
            os.write(self._ours, KEYS.get(key, key).encode())
            time.sleep(PAUSE)

    def type(self, text: str) -> None:
        """A text, as fast as a paste."""
        os.write(self._ours, text.encode())
        time.sleep(PAUSE)

    def until(self, *words: str, seconds: float = 30) -> None:
        """Until all of these are seen at once."""
        end = time.monotonic() + seconds
        while not all(word in self.text for word in words):
            assert time.monotonic() < end, f"not seen within {seconds} s: {[word for word in words if word not in self.text]}\n{self.text}"
            assert self.process.poll() is None, f"it ended with {self.process.returncode}\n{self.text}"
            time.sleep(0.1)

    def next(self, *words: str, seconds: float = 60) -> None:
        """Ctrl-N, again after a moment where the screen says that it is not through yet, until these are seen."""
        end = time.monotonic() + seconds
        while not all(word in self.text for word in words):
            assert time.monotonic() < end, f"Next led nowhere within {seconds} s\n{self.text}"
            self.press("ctrl-n")
            pause = time.monotonic() + 2
            while not all(word in self.text for word in words) and time.monotonic() < pause:
                time.sleep(0.1)

    def to(self, label: str, key: str = "tab") -> None:
        """Tab until the cursor is in the line that begins so: to a field that one types into, where there is one."""
        for _ in range(80):
            self._settle()
            if self.lines[self.screen.cursor.y].strip(" │▊").startswith(label):
                return
            before = self._place()
            self.press(key)
            end = time.monotonic() + 10     # a busy machine answers late
            while self._place() == before and time.monotonic() < end:
                time.sleep(0.05)
        raise AssertionError(f"no field {label!r}\n{self.text}")

    def _settle(self) -> None:
        """Until nothing has moved for a moment: a screen that scrolls is drawn in pieces."""
        since, last = time.monotonic(), (self.screen.cursor.y, self.text)
        while time.monotonic() - since < 0.4:
            time.sleep(0.05)
            now = self.screen.cursor.y, self.text
            if now != last:
                since, last = time.monotonic(), now

    def _place(self) -> tuple[int, str]:
        """Where the cursor is, and what the screen looks like in colours: the focus of a list or a switch shows in these only."""
        cells = self.screen.buffer
        looks = "".join(f"{cells[y][x].fg}{cells[y][x].bg}{cells[y][x].reverse}" for y in range(self.screen.lines) for x in range(0, 80, 4))
        return self.screen.cursor.y, looks

    def ends(self, seconds: float = 30) -> int:
        """The exit code, when it has ended by itself."""
        return self.process.wait(seconds)

    def close(self) -> None:
        """Close the window: whatever runs in it is hung up on."""
        self._closing.set()
        self._reader.join()
        os.close(self._ours)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
