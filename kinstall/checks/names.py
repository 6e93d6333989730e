"""What a machine is called, and how it finds others by name."""

from __future__ import annotations

import re
from typing import Final

from kinstall.answers.scalars import LABEL
from kinstall.checks.model import Check, Finding, Subject, blocking, handled, ok, warning

RESOLVED: Final = "/run/systemd/resolve/resolv.conf"
ETC: Final = "/etc/resolv.conf"
ZEROS: Final = re.compile(r"0*")


def hostname(seen: str, subject: Subject) -> Finding:
    """Is the node's name one that Kubernetes takes, and is it the machine's?"""
    if not re.fullmatch(LABEL, subject.name):
        return blocking(f"{subject.name} is no name for a node: lowercase letters, digits and - only.", "bad",
                        advice="Change it in the answers.")
    now = subject.facts.hostname
    if now == subject.name:
        return ok(f"The machine is called {now}.", now)
    return handled(f"The machine is called {now or 'nothing'}; the installation calls it {subject.name}.", now)


def localhost(seen: str, subject: Subject) -> Finding:
    """What `localhost` resolves to: the kubelet's own health check asks for it."""
    first = seen.split()[:1]
    if first and first[0].startswith("127."):
        return ok("localhost is this machine.")
    return warning(f"localhost is {first[0] if first else 'unknown'} here, and programs that ask for it fail.", "wrong",
                   "sed -i '1i 127.0.0.1 localhost' /etc/hosts", may_fix=True)


def identity(seen: str, subject: Subject) -> Finding:
    """The machine-id, which tells machines apart in logs and in the cluster. (`uuid` and `mac` lines are for the fleet.)"""
    own = subject.facts.machine_id
    if re.fullmatch(r"[0-9a-f]{32}", own) and not ZEROS.fullmatch(own):
        return ok("It has a machine-id.")
    return blocking(f"Its machine-id is {own or 'empty'}: the machine cannot be told from others.", "none",
                    "systemd-machine-id-setup", may_fix=True)


def servers(seen: str, subject: Subject) -> tuple[str, list[str]]:
    """The resolver file that the kubelet gives to pods, and the name servers in it."""
    path = RESOLVED if subject.facts.resolved else ETC
    return path, re.findall(rf"^{re.escape(path)}\s+nameserver\s+(\S+)", seen, re.MULTILINE)


def dns_loop(seen: str, subject: Subject) -> Finding:
    """CoreDNS asks who stands in that file: an address of the loopback would be CoreDNS itself."""
    path, found = servers(seen, subject)
    loops = [server for server in found if re.match(r"127\.|::1$", server)]
    if not loops:
        return ok(f"Pods are given {', '.join(found) or 'nobody'} ({path}).", ", ".join(found[:1]))
    return blocking(f"{path} names {loops[0]}, which inside CoreDNS' pod is CoreDNS itself: it would ask itself for ever.", loops[0],
                    advice=f"Put the real DNS servers into {path} (dnsmasq, unbound: those that it asks), or let systemd-resolved run.")


def dns(seen: str, subject: Subject) -> Finding:
    """`FILE nameserver ...` lines, and `lookup NAME ADDRESS` for each name that must be found."""
    found = re.findall(r"^lookup (\S+) ?(\S*)$", seen, re.MULTILINE)
    unknown = {name for name, at in found if not at}    # in whatever order the answers came
    missing = [*(name for name in subject.wanted.names if name in unknown), *sorted(unknown.difference(subject.wanted.names))]
    if not missing:
        return ok("Names are found.")
    asked = re.findall(rf"^{re.escape(ETC)}\s+nameserver\s+(\S+)", seen, re.MULTILINE)
    why = f"asked: {', '.join(asked)}" if asked else f"{ETC} names no server"
    judged = blocking if not subject.is_ours else warning
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return judged(f"{', '.join(missing[:3])}{more} cannot be resolved ({why}).", "fails",
                  advice=f"`getent hosts {missing[0]}` must answer on this host: put a DNS server that does into its network settings.")


def dns_search(seen: str, subject: Subject) -> Finding:
    """`wild DOMAIN ADDRESS` for a name that cannot exist and was found all the same; DOMAIN is `invalid` for the world as a whole."""
    # a search domain before the world: that one blocks
    wild = sorted(re.findall(r"^wild (\S+) (\S+)$", seen, re.MULTILINE), key=lambda pair: (pair[0] == "invalid", pair))
    if not wild:
        return ok("What does not exist is not found.")
    domain, at = wild[0]
    if domain == "invalid":
        return warning(f"The DNS server answers {at} for names that do not exist: mistakes lead to a stranger.", "lies",
                       advice="Use another DNS server, such as the router's own, 9.9.9.9 or 1.1.1.1.")
    return blocking(f"The DNS server answers {at} for every name in the search domain {domain}: pods try that domain first, so that "
                    f"registry.k8s.io, too, would be {at}.", domain,
                    advice=f"Take `search {domain}` out of this host's network settings, or the wildcard *.{domain} out of that DNS zone.")


_FILES: Final = f"""for f in {ETC} {RESOLVED}; do grep -E '^(nameserver|search|domain)[[:space:]]' $f | sed "s,^,$f ,"; done"""

NAMES: Final = (
    Check(id="hostname", title="name", about="one that a node can have; the machine is given it", judge=hostname, final=True),
    Check(id="localhost", blocks=False, title="localhost", about="is the loopback", judge=localhost,
          probe="getent ahostsv4 localhost | head -n 1"),
    Check(id="machine-id", title="machine-id", about="there is one", judge=identity,
          probe="""echo "uuid $(cat /sys/class/dmi/id/product_uuid)"
for d in /sys/class/net/*; do echo "mac ${d##*/} $(cat "$d/address")"; done"""),
    Check(id="dns-loop", title="DNS of pods", about="no loopback address in the file that the kubelet hands to CoreDNS", judge=dns_loop,
          probe=_FILES),
    Check(id="dns", title="DNS", about="the names that the installation needs are found", judge=dns, slow=True,
          probe=f"""{_FILES}
for n in $names; do {{ a=$(timeout 8 getent ahostsv4 "$n" | head -n 1); echo "lookup $n ${{a%% *}}"; }} & done; wait"""),
    Check(id="dns-search", title="search domains", about="no DNS server that answers for what does not exist", judge=dns_search, slow=True,
          probe=f"""id=$(cut -c 1-8 /proc/sys/kernel/random/uuid)
wild() {{ a=$(timeout 6 getent ahostsv4 "kinstall-$id.$1." | head -n 1); [ -z "$a" ] || echo "wild $1 ${{a%% *}}"; }}
domains=$(cat {ETC} {RESOLVED} | awk '$1 == "search" || $1 == "domain" {{ for (i = 2; i <= NF; i++) print $i }}' | sort -u | head -n 6)
for d in $domains invalid; do [ -z "${{d%.}}" ] || wild "${{d%.}}" & done; wait"""),
)
