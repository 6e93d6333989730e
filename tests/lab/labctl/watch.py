"""Runs a long command and says how it goes: its lines as they come, and a sign of life when there are none."""

import os
import queue
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import IO

from .process import LabError

SIGN_OF_LIFE = 15.0


def duration(seconds: float) -> str:
    """75 s is "1 min 15 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class Watch:
    """The whole build: how many parts there are, which one is at work, and since when."""

    def __init__(self, parts: int) -> None:
        self.parts, self.part, self.began = parts, 0, time.monotonic()

    def run(self, title: str, *cmd: str | Path) -> None:
        """One part of the whole, which must succeed."""
        self.part += 1
        began = time.monotonic()
        self._say(f"{title} ...")
        code = self._follow(title, [str(c) for c in cmd], began)
        if code:
            raise LabError(f"{title} failed (exit code {code}); what it said is above")
        self._say(f"{title}: {duration(time.monotonic() - began)}, {duration(time.monotonic() - self.began)} in all")

    def _follow(self, title: str, cmd: list[str], began: float) -> int:
        environment = os.environ | {"LAB_LOCKED": "1"}
        child = subprocess.Popen(cmd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        assert child.stdout
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_pump, args=(child.stdout, lines), daemon=True).start()
        try:
            while (line := self._next(lines, title, began)) is not None:
                print(f"          {line.rstrip()}", flush=True)
            return child.wait()
        except BaseException:
            os.killpg(child.pid, signal.SIGTERM)  # not the compilers, left behind by an impatient Ctrl-C
            raise

    def _next(self, lines: "queue.Queue[str | None]", title: str, began: float) -> str | None:
        while True:
            try:
                return lines.get(timeout=SIGN_OF_LIFE)
            except queue.Empty:
                now = time.monotonic()
                self._say(f"{title}: still at work after {duration(now - began)}, {duration(now - self.began)} in all")

    def _say(self, text: str) -> None:
        print(f"[{self.part:2}/{self.parts}] {text}", flush=True)


def _pump(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
