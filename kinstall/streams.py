"""stdout and stderr that outlive their reader: `kinstall ... | head`, a terminal that was closed. The run on the hosts must go on."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast


class Hardy:
    """A text stream that never fails: once nobody can read it any more, what is written goes nowhere. The journal has it all the same."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # encoding, isatty, fileno ... of the stream itself
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what the stream's encoding can say; `?` stands for the rest."""
        try:
            return self._stream.write(text)
        except UnicodeEncodeError:
            encoding = self._stream.encoding
            return self.write(text.encode(encoding, errors="replace").decode(encoding))
        except OSError:
            self._give_up()
        return len(text)

    def flush(self) -> None:
        """Flush, if that still means something."""
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        """What is still in its buffer would make Python complain at exit: let it go nowhere too."""
        with suppress(OSError):  # a stream without a file descriptor
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


def hardy(stream: TextIO | None) -> TextIO:
    """The stream made hardy. Python has None for one that was closed before it started."""
    return cast("TextIO", Hardy(stream or Path(os.devnull).open("w", encoding="utf-8")))


def same_terminal(one: TextIO, other: TextIO) -> bool:
    """Whether both end on the same terminal."""
    try:
        return one.isatty() and other.isatty() and os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))
    except (OSError, ValueError):
        return False
