"""The package manager: who holds its lock, what it left half-done, and what it is configured to read."""

from __future__ import annotations

import re
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, blocking, handled, ok
from kinstall.states.repository import PLACES

PATIENCE: Final = 30 * 60   # seconds that a package manager may be at work before it is stuck


def lock(seen: str, subject: Subject) -> Finding:
    """`PID SECONDS NAME` of each process that holds a lock."""
    rows = [(pid, int(age), name) for pid, age, name in re.findall(r"^([0-9]+) +([0-9]+) (\S+)$", seen, re.MULTILINE | re.ASCII)]
    if not rows:
        return ok("Nobody holds the package manager's lock.")
    pid, age, name = max(rows, key=lambda row: row[1])
    if age > PATIENCE:
        return blocking(f"{name} (pid {pid}) has held the package manager's lock for {age // 60} minutes; it may be stuck.", name,
                        advice=f"Look with `ps -fp {pid}`, let it end, or stop it in an orderly way. Never remove the lock's file.")
    return handled(f"{name} (pid {pid}) holds the package manager's lock; the installation waits for it.", name)


def state(seen: str, subject: Subject) -> Finding:
    """What `dpkg --audit` complains of, and `interrupted FILE` for each step that dpkg wrote down and did not end: apt refuses then."""
    audit = re.sub(r"^interrupted .*\n?", "", seen, flags=re.MULTILINE)
    text = " ".join(audit.split())
    if not seen.strip():
        return ok("No package is half-done.")
    names = re.findall(r"^ (\S+)\s", audit, re.MULTILINE)
    what = f"Packages are half-installed or not configured ({', '.join(names[:4]) or text[:100]})" if text else "dpkg was interrupted"
    return blocking(f"{what}: apt does nothing before that is brought to its end.", "half-done",
                    "DEBIAN_FRONTEND=noninteractive dpkg --configure -a",
                    "DEBIAN_FRONTEND=noninteractive apt-get -y --fix-broken install", may_fix=True)


_OLD: Final = re.compile(r"apt\.kubernetes\.io|kubernetes-xenial|packages\.cloud\.google\.com")
_OURS: Final = re.compile(r"pkgs\.k8s\.io|download\.docker\.com")


def repositories(seen: str, subject: Subject) -> Finding:
    """Lines of the files that configure repositories, as `FILE:LINE`."""
    lines = [line for line in seen.splitlines() if not re.match(r"[^:]*:\s*#", line)]
    cdrom = sorted({line.partition(":")[0] for line in lines if re.search(r":\s*(deb\s.*|URIs:\s*)cdrom:", line)})
    if cdrom:
        return blocking(f"{', '.join(cdrom)} names the installation's CD, and every apt-get update fails without it.", "cdrom",
                        *(f"sed -i 's,^ *deb .*cdrom:,#&,' {path}" for path in cdrom if re.fullmatch(r"[\w./-]+", path)), may_fix=True)
    row = subject.distro
    if row and row.vault and any("mirrorlist.centos.org" in line or "mirror.centos.org" in line for line in lines):
        return handled("The mirrors of this CentOS are gone; its repositories are set to the vault.", "vault")
    for pattern, what, but in ((_OLD, "a repository of Kubernetes that is gone", ()),
                               (_OURS, "a repository that the installation writes itself", _MINE)):
        files = sorted({line.partition(":")[0] for line in lines if pattern.search(line) and not line.startswith(but)})
        if files:
            return handled(f"{', '.join(files[:3])} has {what}; that entry is switched off.", "switched off")
    return ok("The repositories are configured as they should be.")


_MINE: Final = ("/etc/apt/sources.list.d/kubernetes.list:", "/etc/apt/sources.list.d/docker-ce.list:",
                "/etc/yum.repos.d/kubernetes.repo:", "/etc/yum.repos.d/docker-ce.repo:")
_LOCKS: Final = ("/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock "
                 "/var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock")

PACKAGES: Final = (
    Check(id="package-lock", title="package manager", about="whether another one is at work: apt, dpkg, dnf, unattended upgrades",
          judge=lock, probe=f"""who() {{ for f in {_LOCKS}; do
  i=$(stat -c %i $f) && awk -v i=":$i" '$2 != "->" && substr($6, length($6) - length(i) + 1) == i {{ print $5 }}' /proc/locks; done
for n in dnf dnf5 yum dnf-automatic; do pgrep -x $n; done; }}
for p in $(who | sort -u); do ps -o pid=,etimes=,comm= -p "$p" | tr -s ' ' | sed 's/^ //'; done"""),
    Check(id="package-state", title="packages", about="nothing interrupted, half-installed or not configured (dpkg --audit)", judge=state,
          probe="""command -v dpkg >/dev/null && timeout 10 dpkg --audit
ls /var/lib/dpkg/updates | sed -n 's/^[0-9][0-9]*$/interrupted &/p'"""),
    Check(id="repositories", title="repositories", about="dead and doubled entries, the CD of the installation, CentOS' vault",
          judge=repositories, probe=f"grep -HE '^ *(deb |URIs:|baseurl|mirrorlist|metalink)' {PLACES}"),
)
