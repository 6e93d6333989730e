"""Checks before anything is changed: what is looked at on each host and over all of them, and what it means.

script(wanted, account)      the one script that travels to a host, with its facts      (pure)
read(out)                    what it printed, taken apart                               (pure)
judge_host(observed)         every check's finding on one host                          (pure)
judge_fleet(fleet)           what only all hosts together show                          (pure)
judge_reach(fleet, tries)    whether they reach each other                              (pure)
run.check(answers, ...)      all of it, over the runners: three round trips             (I/O)
"""

from kinstall.checks.model import Check, Finding, FleetCheck, Level, Observed, Result, Source, Subject, Wanted
from kinstall.checks.script import Printed, read, script
from kinstall.checks.table import ALLOWED, CHECKS, FLEET_CHECKS, judge_fleet, judge_host, judge_reach

__all__ = [
    "ALLOWED", "CHECKS", "FLEET_CHECKS", "Check", "Finding", "FleetCheck", "Level", "Observed", "Printed", "Result", "Source", "Subject",
    "Wanted", "judge_fleet", "judge_host", "judge_reach", "read", "script",
]
