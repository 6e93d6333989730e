"""Where accounts and domain names show themselves in what hosts print. Tables: what they miss is one line more here."""

from __future__ import annotations

import re
from typing import Final

_ACCOUNT: Final = r"([A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)"
_DOMAIN: Final = r"((?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*)"

# `{hosts}` is a pattern for the hosts of the session: what stands before an @ is an account when a machine comes after it.
ACCOUNTS: Final = (
    rf"(?<![A-Za-z0-9_.-]){_ACCOUNT}@(?={{hosts}}|\d{{{{1,3}}}}\.\d)",
    rf"/home/{_ACCOUNT}",
    rf"\buid=\d+\({_ACCOUNT}\)",
    rf"\b(?:USER|LOGNAME|SUDO_USER)={_ACCOUNT}",
    rf"\b(?:for user|password of|sudo asks|sudo refuses|it refuses|log in as|usermod -aG (?:sudo|wheel)) {_ACCOUNT}",
    rf"(?m)^as {_ACCOUNT}: ",
    rf"\b{_ACCOUNT} (?:in group \w|is not in the sudoers)",
    rf"~{_ACCOUNT}/",
    rf"\bchown (?:-R )?{_ACCOUNT}:",
)

# Accounts that every system has, or every image of it, and words of the field that would be missed everywhere.
EVERYBODYS: Final = frozenset("""
root admin administrator ubuntu debian centos rocky almalinux fedora ec2-user cloud-user vagrant pi nobody git helm docker k8s kubernetes
containerd kubelet etcd grafana prometheus the a an it
""".split())  # noqa: SIM905  # a list of words reads better so

DOMAINS: Final = tuple(map(re.compile, (
    rf"://(?:[^/@\s]*@)?{_DOMAIN}",
    rf"@{_DOMAIN}(?!\.(?:service|socket|timer|target|mount|slice|scope|device)\b)",
    rf"\b(?:search|domain|nameserver|server) {_DOMAIN}",
    r"(?<![A-Za-z0-9.-])((?:[A-Za-z0-9_-]+\.)+(?:lan|home|internal|intranet|corp|private|lab|localdomain|test|invalid))(?![A-Za-z0-9])",
)))
UNITS: Final = re.compile(r"\.(?:service|socket|timer|target|mount|slice|scope|device)$")

# Where everybody gets Linux and Kubernetes from, and what every cluster calls itself.
SITES: Final = frozenset("""
almalinux.org amazonaws.com centos.org cloudflare.com cncf.io containerd.io coreos.com debian.org docker.com docker.io elrepo.org
fedoraproject.org flannel.io freedesktop.org gcr.io ghcr.io github.com github.io githubusercontent.com gnu.org go.dev golang.org
google.com googleapis.com grafana.com grafana.net helm.sh k8s.io kernel.org kubernetes.io letsencrypt.org linuxfoundation.org
ntp.org opencontainers.org openssh.com oracle.com pkg.dev projectcalico.org prometheus.io quay.io redhat.com rockylinux.org
sourceware.org suse.com systemd.io tigera.io ubuntu.com w3.org cluster.local
""".split())  # noqa: SIM905


def is_public(domain: str) -> bool:
    """Whether this name belongs to a site that is nobody's in particular, or is no domain at all."""
    parts = domain.lower().split(".")
    return bool(UNITS.search(domain)) or any(".".join(parts[start:]) in SITES for start in range(len(parts)))
