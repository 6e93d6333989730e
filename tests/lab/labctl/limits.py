"""One limit of the machine's: each host holds inotify instances, and all of root's are counted together."""

import os
from pathlib import Path

from .paths import LAB
from .process import LabError

INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
WAS = LAB / "inotify.was"
WANTED = 8192
PER_HOST, SPARE = 3, 16


def make_room(minimal_hosts: int) -> None:
    """Refuses more minimal hosts than fit. LAB_INOTIFY=1 raises the limit until `lab down`; nothing else of the machine is touched."""
    now = int(INOTIFY.read_text())
    if os.environ.get("LAB_INOTIFY") and now < WANTED:
        WAS.write_text(str(now))
        INOTIFY.write_text(str(WANTED))
    elif minimal_hosts and PER_HOST * minimal_hosts + SPARE > now:
        fit = (now - SPARE) // PER_HOST
        raise LabError(f"fs.inotify.max_user_instances is {now}: enough for {fit} hosts. LAB_INOTIFY=1 lab up ... raises it until lab down")


def restore() -> None:
    """Puts the machine's own limit back."""
    if WAS.exists():
        INOTIFY.write_text(WAS.read_text())
        WAS.unlink()
