r"""Why it failed: evidence from the hosts, a table of known failures, ranked causes with what mends them.

The engine hooks it in like this. Nothing here talks to a host; `Runner.script` carries the script there and its output back.

    # a command failed, a state does not hold, or a wait grew long: one round trip for each host involved
    sent = time.time()
    out = (await runner.script(collect(ago=time.monotonic() - began, names=registries))).out
    found[host] = merged(parse(out), output=lines_of_the_step)         # `parse` never raises
    asked[host] = (sent + time.time()) / 2
    evidence = Evidence(found, asked)

    causes = diagnose(evidence)             # () is: unknown
    error.hint = "\n".join(explain(evidence))

    # a long command is silent for SILENCE seconds: ask, and fail early where waiting cannot help
    cause = certain(diagnose(evidence), host)   # None: go on waiting
    if cause: raise CommandFailed(cause.sentence, hint="\n".join(told(cause)), ...)

What `collect` brings back is not redacted, but for credentials in URLs: tell it through the hub, as Text, and it is. Lines of `output`
may begin with their time (`1750000000.0 ...`); it is used for the order, and not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from kinstall.diagnosis.collecting import collect, merged, parse
from kinstall.diagnosis.evidence import Evidence
from kinstall.diagnosis.informative import informative
from kinstall.diagnosis.judging import Cause, Seen, diagnose
from kinstall.diagnosis.telling import explain, told, unknown

__all__ = ["Cause", "Evidence", "Seen", "certain", "collect", "diagnose", "explain", "informative", "merged", "parse", "told", "unknown"]


def certain(causes: Sequence[Cause], host: str = "") -> Cause | None:
    """The likeliest cause (on `host`, if one is given), if it does not go away by itself: then waiting for a deadline is in vain."""
    mine = [cause for cause in causes if cause.host == host or not host]
    return next((cause for cause in mine[:1] if cause.sure), None)
