"""What a machine is: distribution, architecture, kernel, cgroups, processors, memory, and what confines processes on it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from kinstall import fitness, versions
from kinstall.checks.model import Check, Finding, Subject, blocking, handled, ok, warning
from kinstall.steps.host import MODULES

_RULES: Final = {rule.find.__name__.strip("_"): rule for rule in fitness.RULES}
RULES_USED: Final = ("distribution", "architecture", "memory", "cpus", "systemd", "container", "memory_cgroup", "disk")


def unfit(name: str, subject: Subject, short: str = "") -> Finding | None:
    """What the rule of kinstall/fitness.py says, as a finding: it is judged there, told here."""
    found = _RULES[name].find(subject.host, subject.facts)
    return blocking(f"{found.message[:1].upper()}{found.message[1:]}.", short, advice=found.mend) if found else None


def distribution(seen: str, subject: Subject) -> Finding:
    """Is it known, and does it still get updates?"""
    row = subject.distro
    if row is None:
        return unfit("distribution", subject, "unknown") or ok("known")
    if not row.is_past(subject.wanted.today):
        return ok(f"{row.title} is known, and gets updates.", row.title)
    ended = f"{row.title} has had no free updates since {row.end_of_life:%Y-%m-%d}"
    if row.vault:
        return handled(f"{ended}; its repositories are taken from the vault.", f"{row.id}, vault")
    return warning(f"{ended}: what breaks into it will not be mended.", "end of life", advice="Move to a release that is looked after.")


def architecture(seen: str, subject: Subject) -> Finding:
    """Are there packages for it?"""
    return unfit("architecture", subject, subject.facts.arch) or ok(f"{subject.facts.arch} is packaged for.", subject.facts.arch)


def systemd(seen: str, subject: Subject) -> Finding:
    """Is it the init, and new enough?"""
    return unfit("systemd", subject, str(subject.facts.systemd or "none")) or ok(f"systemd {subject.facts.systemd}.")


def container(seen: str, subject: Subject) -> Finding:
    """Is it a container where the kubelet may not touch the kernel?"""
    kind = subject.facts.virtualization or "none"
    return unfit("container", subject, kind) or ok(f"The virtualization is {kind}, which a kubelet can live with.", kind)


def memory_cgroup(seen: str, subject: Subject) -> Finding:
    """Does the kernel count memory?"""
    return unfit("memory_cgroup", subject, "off") or ok("The memory cgroup is on.")


def cores(seen: str, subject: Subject) -> Finding:
    """Enough of them for its role?"""
    return unfit("cpus", subject, str(subject.facts.cpus)) or ok(f"{subject.facts.cpus} cores.", str(subject.facts.cpus))


def memory(seen: str, subject: Subject) -> Finding:
    """Enough of it for its role?"""
    has = f"{subject.facts.memory / (1 << 30):.1f} G"
    return unfit("memory", subject, has) or ok(f"{has} of memory.", has)


def _runs_on(word: str, subject: Subject, fine: Finding) -> Finding:
    """cgroup v1 and old kernels keep a host from new minors: with `auto` the version gives way, with a version the user must."""
    row, asked = subject.distro, subject.wanted.kubernetes
    if row is None or word in subject.wanted.allow:
        return fine
    newest = versions.table().minors[0].name
    minor = newest if asked == versions.AUTO else versions.minor_of(asked)
    if minor not in {known.name for known in versions.table().minors}:
        return fine
    limits = versions.refusals({subject.name: (subject.facts, row)}, minor, subject.wanted.allow)
    limit = next((limit for limit in limits if limit.allow == word), None)
    if limit is None:
        return fine
    if asked == versions.AUTO:
        chosen = warning(f"An older Kubernetes is chosen for its sake: {limit.reason}.", "limits", advice=f"To lift that: {limit.lift}.")
        return replace(chosen, allow=word)
    return blocking(f"Kubernetes {minor} cannot run here: {limit.reason}.", "refused", advice=f"To lift that: {limit.lift}.")


def kernel(seen: str, subject: Subject) -> Finding:
    """Does kubeadm accept it?"""
    return _runs_on(versions.OLD_KERNEL, subject, ok(f"Kernel {subject.facts.kernel}.", subject.facts.kernel))


def cgroup(seen: str, subject: Subject) -> Finding:
    """Which version of cgroups has it booted with?"""
    return _runs_on(versions.CGROUP_V1, subject, ok(f"cgroup v{subject.facts.cgroup}.", f"v{subject.facts.cgroup}"))


def modules(seen: str, subject: Subject) -> Finding:
    """`module state`, state one of on, there, missing; `folder missing` when the running kernel's modules are gone."""
    states = dict(pair for line in seen.splitlines() if len(pair := line.split()) == 2)
    missing = [name for name in (*MODULES, "vxlan") if states.get(name) == "missing"]
    if not missing or subject.is_container:
        return ok("The modules that Kubernetes needs are there.")
    names = " and ".join(missing)
    if states.get("folder") == "missing":
        return blocking(f"The modules of the running kernel {subject.facts.kernel} are gone from the disk, so {names} cannot be loaded: "
                        "it was updated and not restarted.", "reboot", "systemctl reboot")
    row = subject.distro
    if row and row.kernel_tools:
        return handled(f"The module {names} is in {row.kernel_tools[0]}, which the installation brings.", "installed")
    return blocking(f"The kernel {subject.facts.kernel} has no module {names}, and pods would not reach each other.", "missing",
                    advice="Install the distribution's own kernel (Ubuntu: linux-modules-extra for this kernel).")


def sysctls(seen: str, subject: Subject) -> Finding:
    """`key value` lines."""
    off = [key for key, value in (line.split() for line in seen.splitlines() if len(line.split()) == 2) if value != "1"]
    return handled(f"The installation sets {', '.join(off)} to 1.", "set") if off else ok("Forwarding is on.")


def secure_boot(seen: str, subject: Subject) -> Finding:
    """`on`, then `module signer` lines: with secure boot a kernel loads only what is signed."""
    first, *lines = seen.splitlines() or [""]
    if first.strip() != "on" or subject.is_container:
        return ok("Secure boot keeps nothing from being loaded.")
    unsigned = [words[0] for line in lines if len(words := line.split()) == 1 and words[0] in (*MODULES, "vxlan")]
    if not unsigned:
        return ok("Secure boot is on, and the modules are signed.", "signed")
    return warning(f"Secure boot is on, and {' and '.join(unsigned)} is not signed, so the kernel may refuse it.", "unsigned",
                   advice="Use the distribution's own kernel, enrol the key with mokutil, or switch secure boot off in the firmware.")


def selinux(seen: str, subject: Subject) -> Finding:
    """What the facts say of SELinux, and what the answers want."""
    now = subject.facts.selinux
    if now != "Enforcing":
        return ok(f"SELinux is {now.lower() or 'not there'}.", now.lower() or "–")
    if subject.wanted.selinux == "leave":
        return warning("SELinux is enforcing and stays so: pods with directories of the host may be denied them.", "enforcing",
                       advice="Label such directories container_file_t (semanage fcontext, restorecon).")
    return handled("SELinux is enforcing; the installation makes it permissive.", "enforcing")


def apparmor(seen: str, subject: Subject) -> Finding:
    """`Y` or `N`, then `parser` when apparmor_parser is there."""
    words = seen.split()
    if words[:1] != ["Y"]:
        return ok("AppArmor is off.", "–")
    if "parser" in words:
        return ok("AppArmor is on, and containerd can load its profile.", "on")
    return warning("The kernel has AppArmor on, but apparmor_parser is missing: containers run without containerd's profile.", "no parser",
                   "apt-get install -y apparmor", may_fix=True)


def reboot(seen: str, subject: Subject) -> Finding:
    """`required` (Debian's mark), `newest KERNEL`: is there a newer kernel on the disk than the one that runs?"""
    newest = re.search(r"^newest (\S+)$", seen, re.MULTILINE)
    kernels = (newest[1], subject.facts.kernel) if newest else ("", "")
    is_older = _sortable(kernels[0]) > _sortable(kernels[1]) and _flavour(kernels[0]) == _flavour(kernels[1])
    if subject.is_container or not ("required" in seen.split() or is_older):
        return ok("No restart is due.")
    what = f"kernel {kernels[0]} is installed and {kernels[1]} runs" if is_older else "an update asks for it"
    return warning(f"A restart is due: {what}. Better now than with pods on it.", "due", "systemctl reboot")


def _sortable(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", version, re.ASCII)[:8])


def _flavour(version: str) -> str:
    """amd64, generic, rpi-2712: kernels of different flavours are not newer or older than each other."""
    return re.sub(r"[^a-z]*[0-9._~+-]+", "-", version)


def umask(seen: str, subject: Subject) -> Finding:
    """`file value` lines of files that set a umask."""
    odd = [line for line in seen.splitlines() if re.search(r"\b0?[0-7]?[2-7]7\b|\b0?77\b", line)]
    if not odd:
        return ok("New files can be read by those who must.")
    return handled(f"A strict umask is set ({odd[0].strip()[:80]}); the installation runs with its own, 022.", "022 used")


_MODULES: Final = " ".join((*MODULES, "vxlan"))
_EVIDENCE: Final = " ".join(f"{name}) {evidence} ;;" for name, evidence in MODULES.items())

SYSTEM: Final = (
    Check(id="distribution", title="distribution", about="known to kinstall, and still with updates", judge=distribution, final=True),
    Check(id="architecture", title="architecture", about="one that Kubernetes and containerd are packaged for", judge=architecture,
          final=True),
    Check(id="systemd", title="systemd", about="the init, and 239 or newer", judge=systemd, final=True),
    Check(id="container", title="container", about="no LXC, LXD or OpenVZ, where a kubelet may not touch the kernel", judge=container,
          final=True),
    Check(id="memory-cgroup", title="memory cgroup", about="switched on (Raspberry Pi: it is not)", judge=memory_cgroup, final=True),
    Check(id="low-cpu", title="cores", about="two for a control plane, one for a worker", judge=cores),
    Check(id="low-memory", title="memory", about="1700 MB for a control plane, 900 MB for a worker", judge=memory),
    Check(id="kernel", title="kernel", about="one that kubeadm accepts for the Kubernetes that is asked for", judge=kernel),
    Check(id="cgroup-v1", title="cgroup", about="version 2 for Kubernetes 1.35 and newer", judge=cgroup),
    Check(id="modules", title="kernel modules", about="overlay, br_netfilter and vxlan in effect or on the disk", judge=modules,
          probe=f"""[ -d "/lib/modules/$(uname -r)" ] || echo folder missing
in_effect() {{ case $1 in {_EVIDENCE} *) [ -d "/sys/module/$1" ] ;; esac; }}
for m in {_MODULES}; do
  if in_effect "$m"; then echo "$m on"; elif modprobe -n -q "$m"; then echo "$m there"; else echo "$m missing"; fi
done"""),
    Check(id="sysctl", blocks=False, title="forwarding", about="net.ipv4.ip_forward, which the installation sets", judge=sysctls,
          probe='echo "net.ipv4.ip_forward $(cat /proc/sys/net/ipv4/ip_forward)"'),
    Check(id="secure-boot", blocks=False, title="secure boot", about="with it, whether the modules are signed", judge=secure_boot,
          probe=f"""on=$(od -An -t u1 -j 4 -N 1 /sys/firmware/efi/efivars/SecureBoot-*); [ "${{on##* }}" = 1 ] || exit
echo on; for m in {_MODULES}; do [ -n "$(modinfo -n "$m" | grep '^/')" ] && echo "$m $(modinfo -F signer "$m" | tr ' ' _)"; done"""),
    Check(id="selinux", blocks=False, title="SELinux", about="made permissive, or left as the answers say", judge=selinux),
    Check(id="apparmor", blocks=False, title="AppArmor", about="with it, whether profiles can be loaded", judge=apparmor,
          probe="cat /sys/module/apparmor/parameters/enabled; command -v apparmor_parser >/dev/null && echo parser"),
    Check(id="reboot", blocks=False, title="restart", about="whether an update waits for one", judge=reboot,
          probe="""[ -e /run/reboot-required ] && echo required
for d in /lib/modules/*; do [ -e "$d/modules.dep" ] && [ -n "$(ls /boot/vmlinu?-"${d##*/}" "$d/vmlinuz")" ] && echo "${d##*/}"; done |
  sort -V | tail -n 1 | sed 's/^/newest /'"""),
    Check(id="umask", blocks=False, title="umask", about="strict ones in the login files, which the installation does not use", judge=umask,
          probe=r"grep -E '^[[:space:]]*(UMASK|umask)[[:space:]]+[0-7]+' /etc/login.defs /etc/profile /etc/bashrc /etc/profile.d/*.sh"),
)
