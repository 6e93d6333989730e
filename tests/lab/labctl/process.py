"""Starting programs, here and in the laboratory's network."""

import os
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from .paths import NETNS

T = TypeVar("T")
R = TypeVar("R")
Arg = str | Path
Done = subprocess.CompletedProcess[str]


class LabError(Exception):
    """Something that the laboratory's user can understand and mend, in one sentence."""


def sh(*cmd: Arg) -> None:
    """Runs cmd, which must succeed."""
    done = attempt(*cmd)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise LabError(f"`{' '.join(map(str, cmd))}` failed: {said[-1] if said else f'exit code {done.returncode}'}")


def attempt(*cmd: Arg) -> Done:
    """Runs cmd, which may fail, or not be there."""
    words = [str(c) for c in cmd]
    try:
        return subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        return subprocess.CompletedProcess(words, 127, "", f"{words[0]} is not installed")


def output(*cmd: Arg) -> str:
    """What cmd prints; nothing when it fails."""
    done = attempt(*cmd)
    return "" if done.returncode else done.stdout


def in_lab(*cmd: Arg) -> list[str]:
    """The command line of cmd inside the laboratory's network namespace."""
    return ["nsenter", f"--net={NETNS}", *map(str, cmd)]


def detach(log: Path, *cmd: Arg) -> None:
    """Starts cmd as nobody's child, in a session of its own, so that it outlives us and leaves no zombie to us."""
    with log.open("ab") as out:
        subprocess.run(["setsid", "--fork", *map(str, cmd)], stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=True)


def each(fn: Callable[[T], R], todo: Iterable[T]) -> list[R]:
    """fn over all of todo, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(fn, todo))


def read(path: Path) -> str:
    """The file's text, or nothing: files of /proc and /sys vanish while one looks."""
    with suppress(OSError):
        return path.read_text()
    return ""


def signal_quietly(pid: int, number: int) -> None:
    """A signal to a process that may have ended already."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
