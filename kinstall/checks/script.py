"""The one script that travels to a host: its facts, every check's probe, its clock at both ends; and the reading of what it prints.

Each probe prints one line, `check.ID base64`, so that nothing a host says can break the framing. Probes that wait for the network run
beside the others, and their lines are short enough (below PIPE_BUF) to reach the pipe whole. Nothing is changed on the host, and no file
is made.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from shlex import quote
from typing import Final

from kinstall import facts
from kinstall.checks.model import Check, Wanted
from kinstall.checks.table import CHECKS
from kinstall.model import Facts

SHORT: Final = 2900     # bytes; as base64, with its key, below the 4096 that a pipe takes whole
LONG: Final = 60_000

_SCRIPT: Final = """\
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
names={names}
urls={urls}
registry={registry}
vault={vault}
try() {{ if command -v "$1" >/dev/null; then timeout 10 "$@"; fi; }}
emit() {{ printf 'check.%s %s\\n' "$1" "$(head -c "$2" | base64 | tr -d '\\n')"; }}
fast() {{
{facts}
{fast}}}
date +%s.%N | emit began {short}
{slow}seen=$(fast)
wait
printf '%s\\n' "$seen"
date +%s.%N | emit ended {short}
"""


def script(wanted: Wanted, account: str = "") -> str:
    """The script for a host that `account` is logged in to. Of what is wanted it needs the sources and the names only."""
    sources = wanted.sources
    return _SCRIPT.format(
        names=quote(" ".join(wanted.names)),
        urls=quote("\n".join(f"{source.id} {source.url} {'image' if source.image else 'package'}" for source in sources)),
        registry=quote(next((source.url for source in sources if source.image), "")), vault=quote(wanted.vault),
        facts=facts.script(account), short=SHORT,
        slow="".join(f"{_line(check, SHORT)} &\n" for check in CHECKS if check.slow),
        fast="".join(f"{_line(check, LONG)}\n" for check in CHECKS if check.probe and not check.slow),
    )


def _line(check: Check, most: int) -> str:
    return f"(\n{check.probe}\n) </dev/null 2>/dev/null | emit {check.id} {most}"


@dataclass(frozen=True, slots=True)
class Printed:
    """What the script printed, taken apart."""

    facts: Facts
    seen: Mapping[str, str]
    began: float
    ended: float


def read(out: str) -> Printed:
    """Take the output apart. It never fails: what is absent or cannot be read is absent."""
    seen = dict(_lines(out))
    return Printed(facts.parse(out), seen, _seconds(seen.pop("began", "")), _seconds(seen.pop("ended", "")))


def _lines(out: str) -> Iterator[tuple[str, str]]:
    for line in out.splitlines():
        key, _, value = line.partition(" ")
        if key.startswith("check."):
            try:
                yield key[6:], base64.b64decode(value, validate=True).decode(errors="replace").replace("\0", "")
            except ValueError:
                continue


def _seconds(text: str) -> float:
    """The time of `date +%s.%N`; 0 when there is none (a busybox that knows no %N says it with letters)."""
    try:
        return float(text.strip().partition("%")[0].partition("N")[0])
    except ValueError:
        return 0.0
