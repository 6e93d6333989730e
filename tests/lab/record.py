"""The three sessions that come along, recorded anew: python -m tests.lab.record. Real runs on real hosts; takes about five minutes.

01: three bare machines become a cluster. 02: a worker's mirror answers 404; it says why, is tried again, and all is Ready. 03: the first
answers once more, which change nothing. The journals go to assets/sessions as they were written.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from tests.lab.labctl import answers, commands
from tests.lab.labctl.lab import Lab
from tests.lab.runs import KINSTALL, environment, newest
from tests.lab.terminal import Terminal
from tests.lab.test_wizard import to_the_plan

SESSIONS = Path(__file__).parents[2] / "assets/sessions"
MIXED = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}


def main() -> int:
    """Record all three; the exit code."""
    lab, folder = Lab(), Path(tempfile.mkdtemp(prefix="kinstall-record."))
    try:
        lab.fresh(**MIXED)
        everything = answers.answers(folder, addons={"storage": {"class": "local-path"}})
        keep("01-first-cluster", headless(lab, everything))
        keep("03-nothing-changes", headless(lab, everything))
        keep("02-a-worker-fails", recovered(lab, folder))
    finally:
        commands.down()
        shutil.rmtree(folder)
    return 0


def keep(name: str, journal: Path) -> None:
    """Into the project, readable by everybody."""
    shutil.copyfile(journal, SESSIONS / f"{name}.jsonl")
    print(f"{name}: {journal.stat().st_size} bytes")


def headless(lab: Lab, path: Path) -> Path:
    """A run without a person; its journal. Whoever starts this looks at what went wrong."""
    state = path.parent / "state"
    done = lab.run(KINSTALL, "--headless", path, env=environment(state))
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}")
    return newest(state)


def recovered(lab: Lab, folder: Path) -> Path:
    """In a terminal, since it takes a person: w1 fails, its mirror is mended, `r`."""
    lab.fresh(cp1="debian13", w1="debian12")
    path, state = answers.answers(folder, addons="none"), folder / "second"
    lab.mirror_fail(r"bookworm.*/containerd\.io_", 404)
    with Terminal(lab, KINSTALL, "--from", path, env=environment(state)) as seen:
        to_the_plan(seen)
        seen.press("ctrl-n")
        seen.until("✗ w1", "r Retry", seconds=180)
        lab.mirror_clear()
        seen.press("r")
        seen.until("is ready: 2 nodes", seconds=240)
        seen.press("q")
        seen.ends()
    return newest(state)


if __name__ == "__main__":
    sys.exit(main())
