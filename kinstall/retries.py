"""The failures that deserve another try, by name. Everything else fails at once: a retry hides a cause."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Retry:
    """A failure known by a line it prints, the times it is tried again, and the pause before each (seconds)."""

    name: str
    says: re.Pattern[str]
    times: int
    pause: float


RETRIES: Final = (
    # "E: " is how apt ends; "Waiting for cache lock: Could not get lock ..." is how it waits, and it may fail of something else later
    Retry("apt's lists are locked by another apt", re.compile(r"E: Could not get lock /var/(lib/apt/lists|cache/apt/archives)/"), 60, 10),
    Retry("dpkg is locked by another apt", re.compile(r"E: Could not get lock /var/lib/dpkg/"), 3, 10),  # apt waits 10 minutes each time
    Retry("rpm is locked by another dnf", re.compile(r"Failed to obtain the transaction lock|Waiting for process with pid"), 60, 10),
    Retry(
        "a name did not resolve",
        re.compile(r"Temporary failure resolving|Could not resolve host|Temporary failure in name resolution"),
        *(3, 5),
    ),
    Retry(
        "a download broke off",
        re.compile(
            r"curl: \((7|16|18|28|35|52|56|92)\)|Curl error \((6|7|18|28|35|56|92)\)|Connection (failed|timed out|reset by peer)"
            r"|Error reading from server|unexpected EOF|TLS handshake timeout|502 Bad Gateway|503 Service Unavailable|504 Gateway"
        ),
        *(3, 5),
    ),
    Retry(
        "the API server is not ready yet",
        re.compile(
            r":6443: connect: connection refused|The connection to the server .* was refused"
            r"|the server is currently unable to handle the request"
            r"|etcdserver: (leader changed|request timed out)"
        ),
        *(30, 4),
    ),
)


def deserved(lines: Sequence[str]) -> Retry | None:
    """The retry that the last lines of a failed command deserve, if any."""
    return next((retry for retry in RETRIES for line in lines if retry.says.search(line)), None)
