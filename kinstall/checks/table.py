"""The table of all checks, in the order in which they are shown, and the judgements over it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from kinstall.checks import reach
from kinstall.checks.firewall import FIREWALL
from kinstall.checks.fleet import FLEET
from kinstall.checks.leftovers import LEFTOVERS
from kinstall.checks.model import Check, Finding, Fleet, FleetCheck, Level, Observed, Result, warning
from kinstall.checks.names import NAMES
from kinstall.checks.network import NETWORK
from kinstall.checks.packages import PACKAGES
from kinstall.checks.ports import PORTS
from kinstall.checks.proxy import PROXY
from kinstall.checks.runtime import RUNTIME
from kinstall.checks.sources import SOURCES
from kinstall.checks.storage import STORAGE
from kinstall.checks.system import SYSTEM
from kinstall.checks.time import TIME

CHECKS: Final[tuple[Check, ...]] = (
    *SYSTEM, *STORAGE, *TIME, *NAMES, *NETWORK, *FIREWALL, *PORTS, *PROXY, *LEFTOVERS, *RUNTIME, *PACKAGES, *SOURCES,
)
FLEET_CHECKS: Final[tuple[FleetCheck, ...]] = FLEET

# The words for `allow`. A check that is not here is refused by the installation itself, whatever is allowed.
ALLOWED: Final = frozenset({
    *(check.id for check in CHECKS if check.blocks and not check.final),
    *(check.id for check in FLEET_CHECKS if check.blocks and not check.final), reach.ID,
})


def judge_host(observed: Observed) -> list[Result]:
    """Every check's finding on one host, in the order of the table."""
    return [Result(check.id, check.title, observed.subject.name, _finding(check, observed)) for check in CHECKS]


def _finding(check: Check, observed: Observed) -> Finding:
    if check.probe and check.id not in observed.seen:
        return warning("It was not looked at: the probe printed nothing for it.", "not seen")
    return _with_word(check.judge(observed.seen.get(check.id, ""), observed.subject), check.id)


def _with_word(finding: Finding, check_id: str) -> Finding:
    """A blocking finding names the word that overrules it, where one does."""
    is_overruled = finding.level is Level.BLOCKING and not finding.final and check_id in ALLOWED
    return replace(finding, allow=check_id) if is_overruled else finding


def judge_fleet(fleet: Fleet) -> list[Result]:
    """Every fleet check's finding on each host, and on the fleet ("") where it has something to say of that."""
    return [result for check in FLEET for result in _of_fleet(check, fleet)]


def _of_fleet(check: FleetCheck, fleet: Fleet) -> Iterator[Result]:
    found = {name: _with_word(finding, check.id) for name, finding in check.judge(fleet).items()}
    fine = Finding(Level.OK, check.fine)
    for name in dict.fromkeys([*(one.subject.name for one in fleet), *found]):
        yield Result(check.id, check.title, name, found.get(name, fine))


def judge_reach(fleet: Fleet, tries: reach.Tries) -> list[Result]:
    """Whether the others reach each host."""
    return [Result(reach.ID, reach.TITLE, one.subject.name, _with_word(reach.judge(one.subject, tries), reach.ID)) for one in fleet]
