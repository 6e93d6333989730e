"""The mirror's process, and its control socket."""

import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from .paths import LAB, PYTHON, TOP
from .process import LabError, attempt, detach, read

SOCKET, PID, LOG, NARRATION = LAB / "mirror.sock", LAB / "mirror.pid", LAB / "mirror.log", LAB / "logs/mirror.txt"
PROGRAM = "tests.lab.mirror"


def pid() -> int:
    """The mirror's process, or 0."""
    number = read(PID).strip()
    return int(number) if number and PROGRAM in read(Path(f"/proc/{number}/cmdline")) else 0


def up() -> None:
    """Starts the mirror, unless it runs, and waits until it answers."""
    if pid():
        return
    if not PYTHON.exists():
        raise LabError("the mirror is not built (lab build)")
    LOG.touch()
    NARRATION.parent.mkdir(parents=True, exist_ok=True)
    detach(NARRATION, "env", f"PYTHONPATH={TOP.parents[1]}", "PYTHONDONTWRITEBYTECODE=1", PYTHON, "-m", PROGRAM)
    for _ in range(100):
        if pid() and SOCKET.exists():
            return
        time.sleep(0.1)
    raise LabError(f"the mirror did not start; see {NARRATION}")


def down() -> None:
    """Ends the mirror."""
    if running := pid():
        os.kill(running, signal.SIGTERM)
        for _ in range(50):
            if not pid():
                break
            time.sleep(0.1)
    attempt("gpgconf", "--homedir", LAB / "gnupg", "--kill", "gpg-agent")  # it signed Ubuntu's release files
    for path in (PID, SOCKET):
        path.unlink(missing_ok=True)


def say(do: str, **what: str | int) -> dict[str, Any]:
    """One request to the mirror, one answer: {"ok": true, "faults": [...], "kbit": 0}."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(SOCKET))
        except OSError:
            raise LabError("the mirror is not running (lab up)") from None
        line.sendall(json.dumps({"do": do, **what}).encode() + b"\n")
        answer: dict[str, Any] = json.loads(line.makefile().readline())
    if not answer["ok"]:
        raise LabError(f"the mirror refuses: {answer['why']}")
    return answer
