"""Packet filters: firewalld and ufw, which the installation opens, and the rules of others, which it does not touch."""

from __future__ import annotations

import re
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, handled, ok, warning
from kinstall.steps.host import PORTS


def firewall(seen: str, subject: Subject) -> Finding:
    """firewalld or ufw, and what the answers want of them."""
    running = [name for name, on in (("firewalld", subject.facts.firewalld), ("ufw", subject.facts.ufw)) if on]
    if not running:
        return ok("Neither firewalld nor ufw is on.", "–")
    exporter = ("9100/tcp",) if subject.wanted.node_exporter else ()
    names, ports = " and ".join(running), ", ".join((*PORTS[subject.host.role], *PORTS.get(subject.wanted.plugin, ()), *exporter))
    if subject.wanted.firewall == "disable":
        return handled(f"{names} is on; the installation turns it off, as the answers say.", names)
    if subject.wanted.firewall == "open":
        return handled(f"{names} is on; the installation opens {ports}, and trusts the cluster's networks.", names)
    return warning(f"{names} is on and left alone, as the answers say: it must let in {ports}, and forward the cluster's networks.", names,
                   advice="`firewall: open` in the answers does it.")


_OWN_CHAINS: Final = re.compile(r"KUBE|kube|cali|FLANNEL|CNI|firewalld|ufw|DOCKER|docker|libvirt|LIBVIRT|netavark|podman|cilium|CILIUM")


def rules(seen: str, subject: Subject) -> Finding:
    """`base TABLE CHAIN HOOK POLICY DROPS` lines, `docker` when Docker made the chain FORWARD."""
    if subject.facts.firewalld or subject.facts.ufw:
        return ok("The rules are those of firewalld or ufw.")
    rows = [words[1:] for line in seen.splitlines() if len(words := line.split()) == 6 and words[0] == "base"]
    closed = [row for row in rows if not _OWN_CHAINS.search(f"{row[0]} {row[1]}") and row[2] in ("input", "forward")
              and (row[3] == "drop" or row[4] not in ("", "0"))]
    if "docker" in seen.split():
        closed = [row for row in closed if row[2] != "forward"]
    if not closed or subject.is_ours:
        return ok("No rules of others are in the way.")
    named = "; ".join(f"{table} {chain} ({'policy drop' if policy == 'drop' else f'{drops} rules drop'})"
                      for table, chain, _, policy, drops in closed[:4])
    return warning(f"Packet filter rules of somebody else are loaded: {named}. The installation does not touch them.", "foreign",
                   advice="Look with `nft list ruleset`, and let in the cluster's ports there; the check `reach` tries them.")


def iptables(seen: str, subject: Subject) -> Finding:
    """`flavour nf_tables|legacy`, `legacy TABLE`, `nft FAMILY TABLE`: one kind must not hide the rules of the other."""
    pairs = [(words[0], words[1:]) for line in seen.splitlines() if len(words := line.split()) > 1]
    flavour = next((rest[0] for word, rest in pairs if word == "flavour"), "")
    legacy = [rest[0] for word, rest in pairs if word == "legacy"]
    nft = [" ".join(rest) for word, rest in pairs if word == "nft" and rest[-1] in ("filter", "nat", "mangle")]
    if legacy and nft:
        return warning(f"There are rules of both kinds of iptables, legacy ({', '.join(legacy)}) and nft ({', '.join(nft)}): packets pass "
                       "both, and each hides the other's.", "mixed", "update-alternatives --set iptables /usr/sbin/iptables-nft",
                       advice="Then restart the host: what is loaded in legacy tables goes only so.")
    return ok(f"iptables is of one kind{f' ({flavour})' if flavour else ''}.", flavour)


_FILTERS: Final = r"""timeout 5 nft list ruleset | awk '
/^table / { table = $2 "/" $3 }
/^\tchain / { chain = $2; hook = ""; drops = 0 }
/type filter hook/ { hook = $4; policy = "accept"; for (i = 5; i < NF; i++) if ($i == "policy") policy = $(i + 1); sub(";", "", policy) }
/[ \t](drop|reject)($| )/ { if (hook != "" && $0 !~ /type filter hook/) drops++ }
/^\t}/ { if (hook != "") print "base", table, chain, hook, policy, drops; hook = "" }
/DOCKER-USER/ { docker = 1 } END { if (docker) print "docker" }'
legacy() { iptables-legacy-save -t filter || iptables-save -t filter; }
grep -qx filter /proc/net/ip_tables_names && legacy | awk '
/^:(INPUT|FORWARD) DROP/ { print "base", "legacy/filter", substr($1, 2), tolower(substr($1, 2)), "drop", 0 }
/DOCKER-USER/ { docker = 1 } END { if (docker) print "docker" }'"""

FIREWALL: Final = (
    Check(id="firewall", blocks=False, title="firewall", about="firewalld and ufw, which the installation opens", judge=firewall),
    Check(id="firewall-rules", blocks=False, title="packet filter", about="rules of others (nftables, legacy iptables) that drop",
          judge=rules,
          probe=_FILTERS),
    Check(id="iptables", blocks=False, title="iptables", about="legacy and nft rules at once", judge=iptables,
          probe=r"""iptables --version | sed -n 's/.*(\(.*\))/flavour \1/p'
sed 's/^/legacy /' /proc/net/ip_tables_names; timeout 5 nft list tables | sed -n 's/^table /nft /p'"""),
)
