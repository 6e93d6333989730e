"""Files for nobody else's eyes, written whole."""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write it with mode 0600. A file that was there stays until the new one is complete; through a link, what it leads to is meant."""
    path = path.resolve()
    if path.is_dir():
        raise IsADirectoryError(21, "it is a directory", str(path))
    new = path.with_name(f".{path.name}.kinstall-new")
    try:
        new.unlink(missing_ok=True)     # of a kinstall that was killed here
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
