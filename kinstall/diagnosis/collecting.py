"""One script that gathers what may tell why a step failed, in one round trip; and what reads its output. Pure: text in, text out.

Every section runs by itself beside the others, every command has a timeout, and after DEADLINE seconds what is there by then is told.
A tool that is missing, a disk that is full or a daemon that hangs costs one section at most. Nothing is changed on the host.
"""

from __future__ import annotations

import base64
import re
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Final

from kinstall.diagnosis.sections import PRELUDE, SECTIONS

DEADLINE: Final = 3.0       # seconds
MOST_LINES: Final = 400     # of one section
LONGEST: Final = 2000       # characters of a line
_CREDENTIALS: Final = re.compile(r"(://)[^/\s@]+@")

_SCRIPT: Final = r"""(
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin"
ago=%(ago)d names=%(names)s units=%(units)s
%(prelude)s
%(functions)s
d=$(mktemp -d /run/kinstall-look.XXXXXX || mktemp -d /dev/shm/kinstall-look.XXXXXX || mktemp -d) 2>/dev/null || exit 0
for s in %(sections)s; do
  ( "s_$s" 2>/dev/null | head -c 120000; : >"$d/$s.end" ) </dev/null >"$d/$s.out" 2>/dev/null &
done
n=0
while [ "$(ls "$d" | grep -c '\.end$')" -lt %(count)d ] && [ $n -lt %(tenths)d ]; do
  sleep 0.1 || sleep 1; n=$((n + 1))
done
for s in %(sections)s; do
  [ -s "$d/$s.out" ] && printf '%%s %%s\n' "$s" "$(base64 <"$d/$s.out" | tr -d '\n')"
done
rm -rf "$d"
) 2>/dev/null
"""


def collect(ago: float, *, units: Sequence[str] = (), names: Sequence[str] = ()) -> str:
    """The script, for a root shell. Journals are read from `ago` seconds before now: a host's clock may differ from ours.

    `units`: whose journals are wanted besides containerd's and kubelet's. `names`: what this host must be able to look up (its
    registries and repositories, nothing else: a name without an answer counts as a cause).
    """
    functions = "\n".join(f"s_{name}() {{\n{body.strip()}\n}}" for name, body in SECTIONS.items())
    return _SCRIPT % {
        "ago": max(1, int(ago) + 1), "names": quote(" ".join(names)), "units": quote(" ".join(units)), "prelude": PRELUDE.strip(),
        "functions": functions, "sections": " ".join(SECTIONS), "count": len(SECTIONS), "tenths": int(DEADLINE * 10),
    }


def parse(out: str) -> dict[str, list[str]]:
    """The sections out of what the script printed: name -> lines. Whatever a host prints, this returns; credentials in URLs are masked."""
    found: dict[str, list[str]] = {}
    for line in out.splitlines():
        name, _, data = line.partition(" ")
        if name in SECTIONS and (lines := _lines(data)):
            found[name] = lines
    return found


def _lines(data: str) -> list[str]:
    try:
        text = base64.b64decode(data, validate=True).decode(errors="replace")
    except (NotBase64, ValueError):
        return []
    lines = (_CREDENTIALS.sub(r"\1********@", line.rstrip())[:LONGEST] for line in text.split("\n"))
    return [line for line in lines if line][:MOST_LINES]


def merged(parsed: Mapping[str, Sequence[str]], output: Sequence[str] = ()) -> dict[str, list[str]]:
    """One host's evidence: what was collected, and what the failed command printed."""
    return {name: list(lines) for name, lines in parsed.items()} | ({"output": list(output)} if output else {})
