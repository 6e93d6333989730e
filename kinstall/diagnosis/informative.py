"""The lines that say most about an unknown failure. Not the last ones: those often only say that something failed. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from kinstall.diagnosis.evidence import timed

MOST: Final = 8

_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_VARIES: Final = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+|\"[^\"]*\"", re.IGNORECASE)
# what journals put before a message: the host, the program with its process id, klog's head, logfmt's time
_HEAD: Final = re.compile(r"^(\w{3} [ \d]\d \d\d:\d\d:\d\d )?(\S+ )?[\w@.-]+\[\d+\]: |^time=\"[^\"]*\" ")

# lines that never say why
_NOISE: Final = re.compile(
    "|".join((
        r"^\s*$|^[\s.#=>█▏▎▍▌▋▊▉|/\\-]*\d{0,3}(\.\d+)?\s?%",                                     # progress
        r"^\s*\d+\s+\S+\s+\d+\s+\S+\s+\d+\s+\d+\s.*--:--|^\s*% Total|^\s*Dload  Upload",         # curl's table
        r"^(Reading|Building) (package lists|state information|dependency tree|database)|^\(Reading database",
        r"^(Get|Hit|Ign):\d+ |^Fetched \S+ \S+ in |^(Selecting previously|Preparing to unpack|Unpacking|Setting up|Processing triggers) ",
        r"^(The following|\d+ upgraded, |Need to get |After this operation|Use 'sudo apt autoremove')",
        r"^(Scanning|Running kernel|No (services|containers|user sessions|VM guests))",
        r"^(Last metadata expiration check|Dependencies resolved|Transaction (Summary|check|test)|Running transaction|Total download size)",
        r"^(Installed size|Is this ok|Downloading Packages|Installed:|Complete!)",
        r"^\s*(Installing|Upgrading|Verifying|Cleanup|Preparing|Running scriptlet)\s*:",
        r"^\[[\w-]+\] (Using|Generating|Writing|Creating|Starting|Running|Wait|FYI|Pulling|This might|You can)|^\[kubelet-start\] ",
        r"To see the stack trace|^goroutine \d|^\s*[\w./-]+\.go:\d+( \+0x\w+)?$|^\s*[\w./()*-]+\.\w+(\.func\d+(\.\d+)*)?$|^runtime\.",
        r"^\s*-?\s*'(systemctl|journalctl|crictl) |^(Unfortunately, an error|This error is likely|If you are on a systemd)",
        r"systemd\[1\]: (Started|Starting|Stopped|Stopping) |Scheduled restart job|Consumed .* CPU time",
        r"level=(info|debug)|^I\d{4} \d\d:\d\d:",
    )),
)
# the further up, the more a line says
_TELLING: Final = (
    re.compile(
        r"command failed.*err=|level=fatal|^F\d{4} |^(FATAL|fatal|panic)\b|\bFATAL\b|^\s*E: |^(Error|ERROR|error):? |\[ERROR "
        r"|Out of memory|No space left|x509:",
    ),
    re.compile(
        r"denied|refused|not permitted|forbidden|unauthorized|no route to host|timed? ?out|unreachable|not found|no such file|could ?n[o']t"
        r"|cannot|can't|unable to|invalid|conflict|unknown|unsupported|missing|already in use|expired|corrupt", re.IGNORECASE,
    ),
    re.compile(r"level=error|\bE\d{4} \d\d:|\berror\b|\bfail(ed|ure|s)?\b|^\s*(W|Err:\d+)[: ]", re.IGNORECASE),
    re.compile(r"level=warning|\bW\d{4} \d\d:|\bwarn(ing)?\b", re.IGNORECASE),
)
# true, and no cause: it comes last
_HOLLOW: Final = re.compile(
    r"exit(ed,)? (code|status)|status=\d+/|Failed with result|Sub-process .* returned an error code|returned a non-zero|^make: \*\*\*"
    r"|^error: error execution phase \S+$|Some (index files|fatal errors)|preflight checks failed|See '?(journalctl|systemctl)",
    re.IGNORECASE,
)


def informative(lines: Sequence[str], most: int = MOST) -> list[str]:
    """Up to `most` lines that say why, the most telling first; of lines that differ in numbers, times and names in quotes only the first.

    When no line says anything of a failure, the last ones that are no noise.
    """
    clean = [_ANSI.sub("", line.rstrip("\r").rpartition("\r")[2]).rstrip() for line in lines]
    kept = [line for line in clean if not _NOISE.search(_head_off(line))]
    distinct = list({_VARIES.sub("#", _head_off(line)): line for line in reversed(kept)}.values())[::-1]
    ranked = sorted((rank, n) for n, line in enumerate(distinct) if (rank := _rank(line)) <= len(_TELLING))
    if not ranked:
        return distinct[-most:]
    return [distinct[n].strip() for _, n in ranked[:most]]


def _rank(line: str) -> int:
    text = _head_off(line)
    telling = next((n for n, pattern in enumerate(_TELLING) if pattern.search(text)), len(_TELLING) + 1)
    return len(_TELLING) if telling < len(_TELLING) and _HOLLOW.search(text) else telling


def _head_off(line: str) -> str:
    return _HEAD.sub("", timed(line)[1])
