"""kinstall runs against the laboratory, as a person would start them, and what they left behind."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kinstall.events import AnyEvent, Output, RunEnded, StepChanged
from kinstall.journal import read
from tests.lab.labctl.lab import Lab
from tests.lab.labctl.paths import PASSWORD
from tests.lab.labctl.process import LabError

KINSTALL = Path(os.environ.get("KINSTALL") or Path(sys.executable).with_name("kinstall"))   # CI: the installed wheel's
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


@dataclass(frozen=True)
class Run:
    """One run: exit code, what it printed, and its journal."""

    code: int
    out: str
    err: str
    path: Path

    @property
    def events(self) -> list[AnyEvent]:
        return list(read(self.path))

    @property
    def ended(self) -> RunEnded:
        (last,) = (event for event in self.events if isinstance(event, RunEnded))
        return last

    def statuses(self, status: str) -> set[tuple[str, str]]:
        """(host, step) of every step that ended so."""
        return {(e.host, e.step) for e in self.events if isinstance(e, StepChanged) and e.status == status}

    def output(self, host: str, step: str) -> list[str]:
        """What a step printed on a host."""
        return [line for e in self.events if isinstance(e, Output) and (e.host, e.step) == (host, step) for line in e.lines]

    @property
    def everything(self) -> str:
        """All that a run leaves: stdout, stderr, journal."""
        return self.out + self.err + self.path.read_text(encoding="utf-8")


def environment(state: Path, **more: str) -> dict[str, str]:
    """The environment of a run: the password, and a state directory of its own."""
    return {"LAB_PASSWORD": PASSWORD, "XDG_STATE_HOME": str(state), "HOME": str(state), **more}


def newest(state: Path) -> Path:
    """The newest journal."""
    return max((state / "kinstall/sessions").glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def install(lab: Lab, answers: Path, *args: str, **env: str) -> Run:
    """kinstall --headless ANSWERS ARGS, to its end."""
    state = answers.parent / "state"
    done = lab.run(KINSTALL, "--headless", answers, *args, env=environment(state, **env))
    run = Run(done.returncode, done.stdout, done.stderr, newest(state))
    print(f"\n{run.out}{run.err}")  # pytest shows it when the test fails
    return run


def nodes(lab: Lab, first: str = "cp1") -> dict[str, tuple[bool, str]]:
    """{node: (Ready, kubelet's version)}, as the API server says."""
    listed: dict[str, Any] = json.loads(lab.ssh(first, f"{KUBECTL} get nodes -o json"))
    return {
        item["metadata"]["name"]: (
            any(c["type"] == "Ready" and c["status"] == "True" for c in item["status"]["conditions"]),
            item["status"]["nodeInfo"]["kubeletVersion"],
        )
        for item in listed["items"]
    }


@contextmanager
def process_lists(lab: Lab, *names: str) -> Iterator[list[str]]:
    """Collects the command lines of all processes on these hosts, again and again while the block runs."""
    seen: list[str] = []
    stop = threading.Event()

    def watch(name: str) -> None:
        while not stop.is_set():
            try:
                seen.append(lab.ssh(name, "ps -eww -o args"))
            except LabError:
                time.sleep(0.2)

    watchers = [threading.Thread(target=watch, args=(name,)) for name in names]
    for watcher in watchers:
        watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join()


def tokens(lab: Lab, first: str = "cp1") -> list[str]:
    """Every bootstrap token that the cluster has."""
    listed = lab.ssh(first, "KUBECONFIG=/etc/kubernetes/admin.conf kubeadm token list -o jsonpath='{.token}{\"\\n\"}'")
    return listed.split()


UNITS = "systemctl list-units --all --plain --no-legend 'kinstall-*' | awk '{ print $1 }'"


def wait_for_unit(lab: Lab, prefix: str) -> str:
    """The name of the unit on cp1 that begins so, as soon as it is there."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = [name for name in lab.ssh("cp1", UNITS).split() if name.startswith(prefix)]
        if found:
            return found[0]
        time.sleep(0.1)
    pytest.fail(f"no unit {prefix}* within 120 s")
