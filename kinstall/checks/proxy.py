"""Proxies: whether the cluster is exempt from them, and whether containerd knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, blocking, is_address, ok, warning

_PROXY: Final = re.compile(r"^(\S+)\t(?:export\s+)?([A-Za-z_:]+)\s*[= ]\s*[\"']?([^\"';\n]*)", re.MULTILINE)


def covered(no_proxy: str, what: IPv4Network) -> bool:
    """Does a no_proxy name this address or network?"""
    for entry in re.split(r"[,\s]+", no_proxy):
        try:
            if entry == "*" or what.subnet_of(IPv4Network(entry, strict=False)):
                return True
        except ValueError:
            continue
    return False


def proxy(seen: str, subject: Subject) -> Finding:
    """`file<TAB>NAME=value` lines: a proxy for everything catches requests to the API server as well."""
    found = [(where, name.lower(), value.strip()) for where, name, value in _PROXY.findall(seen)]
    proxies = {name: value for _, name, value in found if name in ("http_proxy", "https_proxy", "all_proxy") and value}
    if not proxies:
        return ok("No proxy is set.", "–")
    exempt = ",".join(value for _, name, value in found if name == "no_proxy")
    addresses = [ip for ip in subject.wanted.addresses.values() if is_address(ip)]
    must = ",".join(dict.fromkeys([*addresses, str(subject.wanted.pods), str(subject.wanted.services), ".svc", ".cluster.local",
                                   "localhost", "127.0.0.1"]))
    mend = (f"printf 'no_proxy={must}\\nNO_PROXY={must}\\n' >> /etc/environment",)
    if missing := [ip for ip in addresses if not covered(exempt, IPv4Network(ip))]:
        return blocking(f"A proxy is set, and no_proxy lacks the nodes ({', '.join(missing[:3])}): kubectl and kubeadm would ask the proxy "
                        "for the API server.", "no_proxy", *mend)
    if missing := [str(net) for net in (subject.wanted.pods, subject.wanted.services) if not covered(exempt, net)]:
        return warning(f"A proxy is set, and no_proxy lacks {' and '.join(missing)}.", "no_proxy", *mend)
    if not any("containerd" in where for where, name, value in found if name in ("http_proxy", "https_proxy") and value):
        return _not_in_unit(proxies, must)
    return ok("A proxy is set, and the cluster is exempt from it.", "proxy")


def _not_in_unit(proxies: Mapping[str, str], must: str) -> Finding:
    value = proxies.get("https_proxy") or next(iter(proxies.values()))
    folder = "/etc/systemd/system/containerd.service.d"
    lines = rf'[Service]\nEnvironment="HTTP_PROXY={value}" "HTTPS_PROXY={value}" "NO_PROXY={must}"\n'
    return warning("A proxy is set for shells, but not for containerd, which pulls the images.", "not containerd",
                   f"mkdir -p {folder}", f"printf %b '{lines}' > {folder}/http-proxy.conf", "systemctl daemon-reload")


# the environment of root's shell, and the files that set it: `file<TAB>NAME=value`, without a password in the URL
_PROBE: Final = r"""variables() { grep -iE '^[^#]*(http|https|all|no)_proxy=' | sed -e "s,^,$1\t," -e 's,://[^/@]*@,://,'; }
env | variables shell
for f in /etc/environment /etc/profile.d/*.sh /etc/systemd/system/containerd.service.d/*.conf; do
  sed -e 's," *",\n,g' -e 's,^Environment=,,' "$f" | sed 's,^",,' | variables "$f"
done"""

PROXY: Final = (
    Check(id="proxy", title="proxy", about="with one, whether the cluster's networks are exempt, and containerd knows it", judge=proxy,
          probe=_PROBE),
)
