"""What time it is on a machine, and who keeps it right. How far apart the clocks are, the fleet shows."""

from __future__ import annotations

from typing import Final

from kinstall.checks.model import Check, Finding, Subject, ok, warning


def sync(seen: str, subject: Subject) -> Finding:
    """`timedatectl show`, and the units that are running."""
    says = dict(line.partition("=")[::2] for line in seen.splitlines())
    if says.get("NTPSynchronized") == "yes":
        return ok("The clock is kept right.", "in step")
    if subject.is_container:
        return ok("The clock is that of the machine it runs on.", "host's")
    if any(line.startswith("active ") for line in seen.splitlines()):
        return warning("A time service runs, but has not set the clock yet: it may not reach its servers.", "not yet",
                       advice="`chronyc sources` or `timedatectl timesync-status` tells whom it asks; UDP port 123 must lead out.")
    if says.get("CanNTP") == "yes":
        return warning("Nobody keeps the clock right: certificates and joins fail when it is off.", "off",
                       "timedatectl set-ntp true", may_fix=True)
    install = subject.by_family("apt-get install -y chrony", "dnf -y install chrony")
    unit = subject.by_family("chrony", "chronyd")
    return warning("Nobody keeps the clock right: certificates and joins fail when it is off.", "off",
                   install, f"systemctl enable --now {unit}", "chronyc makestep", may_fix=True)


TIME: Final = (
    Check(id="time-sync", blocks=False, title="time service", about="the clock is set by somebody", judge=sync,
          probe="""try timedatectl show
for u in chronyd chrony systemd-timesyncd ntpd ntpsec openntpd; do systemctl is-active -q $u && echo "active $u"; done"""),
)
