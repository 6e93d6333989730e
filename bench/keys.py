"""How long a key takes from the terminal's keyboard to the changed screen, while ten hosts print a thousand lines a second each.

`python -m bench.keys [SECONDS]` runs the real Run screen in a pty and reads what it draws, as a terminal would.
"""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.flood import flood, memory

SIZE: Final = (24, 80)
HOSTS: Final = 10
FULL: Final = 25.0          # seconds until every ring is full: 20,000 lines of each host
GIVE_UP: Final = 5.0        # seconds for one key
KEYS: Final = (("\x1b[B", "down"), ("\x1b[A", "up"), (" ", "space"), ("l", "l"))


class Terminal:
    """The screen's process on the other side of a pty."""

    def __init__(self, size: tuple[int, int] = SIZE) -> None:
        self.process, self._fd = pty.fork()
        if self.process == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONIOENCODING": "utf-8"}
            os.execv(sys.executable, [sys.executable, "-m", "bench.keys", "--show"])     # noqa: S606
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))

    def press(self, key: str, answers: bytes) -> tuple[float, float]:
        """Seconds from the key to the bytes that answer it; and how many of them were lost because others had the cores."""
        stolen = self.stolen()
        took = self._press(key, answers)
        return took, self.stolen() - stolen

    def stolen(self) -> float:
        """Seconds in which the screen's main thread or this reader could have worked, and had no core. Linux counts them."""
        delays = (Path(f"/proc/{process}/schedstat").read_text().split()[1] for process in (self.process, os.getpid()))
        return sum(map(int, delays)) / 1e9

    def worked(self) -> float:
        """Seconds of a core that the screen's process has used."""
        return sum(map(int, Path(f"/proc/{self.process}/stat").read_text().split()[13:15])) / os.sysconf("SC_CLK_TCK")

    def _press(self, key: str, answers: bytes) -> float:
        began = time.perf_counter()
        os.write(self._fd, key.encode())
        seen = b""
        while time.perf_counter() - began < GIVE_UP:
            seen += self.read(0.5)
            if answers in seen:
                return time.perf_counter() - began
        return GIVE_UP

    def read(self, seconds: float) -> bytes:
        """What it draws next; nothing when it draws nothing for so long."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        try:
            return os.read(self._fd, 1 << 16) if ready else b""
        except OSError:
            raise SystemExit("the screen has ended; run python -m bench.keys --show to see why") from None

    def watch(self, seconds: float) -> int:
        """Draw on, and let nobody press a key; how many bytes were drawn."""
        end, drawn = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            drawn += len(self.read(left))
        return drawn

    def close(self) -> None:
        """Take the terminal away."""
        os.close(self._fd)
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)


def presses() -> Iterator[tuple[str, str, bytes]]:
    """Keys with what the screen must show after each: the mark on another host, the word for a log that stands still, ..."""
    at = 0
    while True:
        for _ in range(HOSTS - 1):
            at += 1
            yield *KEYS[0], f">h{at:02}".encode()
        yield *KEYS[2], b"PAUSED"
        yield *KEYS[2], f"log h{at:02} ".encode()
        yield *KEYS[3], b"of all hosts"
        yield *KEYS[3], f"log h{at:02} ".encode()
        for _ in range(HOSTS - 1):
            at -= 1
            yield *KEYS[1], f">h{at:02}".encode()


def measure(seconds: float) -> None:
    """Press keys at random moments, and tell."""
    terminal, dice = Terminal(), random.Random(1)   # noqa: S311
    while b">h00" not in terminal.read(20):
        pass
    terminal.watch(3)
    begun, started, worked = memory(terminal.process), time.perf_counter(), terminal.worked()
    took: dict[str, list[tuple[float, float]]] = {name: [] for _, name in KEYS}
    full = 0.0
    for key, name, answer in presses():
        if (at := time.perf_counter() - started) > seconds:
            break
        full = full or (memory(terminal.process) if at > FULL else 0.0)
        terminal.watch(dice.uniform(0.03, 0.15))
        took[name].append(terminal.press(key, answer))
    drawn = terminal.watch(2) / 2
    _tell(took, f"memory {begun:.0f} MB after 3 s, {full:.0f} MB when the rings are full, {memory(terminal.process):.0f} MB at the end; "
                f"{drawn / 1e3:.0f} kB/s drawn, "
                f"{(terminal.worked() - worked) / (time.perf_counter() - started) * 100:.0f} % of a core")
    terminal.close()


def _tell(took: dict[str, list[tuple[float, float]]], more: str) -> None:
    rows = [*took.items(), ("all", [one for some in took.values() for one in some])]
    for name, presses_ in rows:
        if len(presses_) > 1:
            _row(f"{name:6} {len(presses_):4} keys", [seconds for seconds, _ in presses_])
    _row("all, but for what others took", [max(seconds - stolen, 0) for seconds, stolen in rows[-1][1]])
    sys.stdout.write(f"{more}\nload {' '.join(f'{one:.1f}' for one in os.getloadavg())} on {os.cpu_count()} cores\n")


def _row(title: str, seconds: list[float]) -> None:
    parts = statistics.quantiles(seconds, n=100, method="inclusive")
    figures = zip(("p50", "p90", "p99", "worst"), (parts[49], parts[89], parts[98], max(seconds)), strict=True)
    sys.stdout.write(f"{title:30} " + "   ".join(f"{name} {one * 1e3:6.1f} ms" for name, one in figures) + "\n")


def show() -> None:
    """The screen, in this terminal."""
    from kinstall.screens.base import KinstallApp
    from kinstall.screens.run import RunScreen

    class Show(KinstallApp):
        def on_mount(self) -> None:
            self.push_screen(RunScreen(flood(HOSTS), None))

    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder   # the journal
        Show().run()


if __name__ == "__main__":
    if sys.argv[1:] == ["--show"]:
        show()
    else:
        measure(float(sys.argv[1]) if sys.argv[1:] else 60.0)
