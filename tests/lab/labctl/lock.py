"""One at a time: a lock file, and a word to whoever has to wait."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .paths import LAB


@contextmanager
def locked(name: str, what: str) -> Iterator[None]:
    """Holds $LAB/NAME.lock; `what` is what another holder is doing, for the waiting line."""
    LAB.mkdir(parents=True, exist_ok=True)
    with (LAB / f"{name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            print(f"lab: waiting: {what} (process {file.read().strip() or 'unknown'})", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
