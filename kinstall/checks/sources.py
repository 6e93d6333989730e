"""What comes from outside, tried from each host: package repositories and registries, with the certificate error or the proxy's answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from kinstall.checks.model import Check, Finding, Source, Subject, blocking, handled, ok, warning

SECONDS: Final = 8      # for one answer; all are asked at once


@dataclass(frozen=True, slots=True)
class Tried:
    """One line of the probe: which source, with what program, how that ended, what it said."""

    id: str
    tool: str
    status: int
    said: str

    @property
    def code(self) -> int:
        """The status of HTTP; 0 when there was none."""
        pattern = r"\b([1-5][0-9]{2}) [0-9]{3}\s*$" if self.tool == "curl" else r"response\.* ([1-5][0-9]{2})\b"
        return int(found[1]) if (found := re.search(pattern, self.said)) else 0


_LINE: Final = re.compile(r"^source (\S+) (curl|wget|tcp|none) ([0-9]{1,3}) ?(.*)$", re.MULTILINE | re.ASCII)


def tried(seen: str) -> list[Tried]:
    """The lines of the probe."""
    return [Tried(name, tool, int(status), said) for name, tool, status, said in _LINE.findall(seen)]


# what curl and wget say -> what it means. The first that fits is told.
_MEANS: Final = tuple((re.compile(pattern, re.IGNORECASE), meaning) for pattern, meaning in (
    (r"certificate has expired", "its certificate has expired, or this host's clock is ahead"),
    (r"not yet valid|not yet activated", "its certificate is not valid yet: this host's clock is behind"),
    (r"self.signed|issuer certificate|unknown authority|locally verify|not trusted|unknown ca",
     "its certificate is signed by a CA that this host does not know: a proxy that opens TLS, or a mirror of your own"),
    (r"subject name|match(es)? target host|doesn't match|does not match|no alternative", "its certificate is for another name"),
    (r"\b407\b", "the proxy wants a password (407)"),
    (r"response 403|code 403 from proxy|CONNECT.*403", "the proxy forbids it (403)"),
    (r"resolve proxy", "the proxy's name cannot be resolved"),
    (r"resolve host|unable to resolve|name or service|temporary failure", "its name cannot be resolved"),
    (r"refused", "the connection is refused"),
    (r"no route|unreachable", "there is no route to it"),
    (r"timed out|timeout", f"it does not answer within {SECONDS} seconds"),
    (r"\bSSL|\bTLS", "TLS fails"),
))
_SILENT: Final = f"it does not answer within {SECONDS} seconds"
_STATUSES: Final = {5: "the proxy's name cannot be resolved", 6: "its name cannot be resolved", 7: "no connection", 28: _SILENT,
                    35: "TLS fails", 60: "its certificate is not accepted", 124: _SILENT}
_BY_TOOL: Final = {"wget": {4: "no connection", 5: "its certificate is not accepted"}, "tcp": {1: "no connection", 124: _SILENT}}
_CA: Final = re.compile(r"CA that this host")


def trouble(result: Tried, exact: bool) -> str:
    """What is wrong with this answer; "" when it is a good one."""
    if result.tool == "none":
        return ""
    if result.code == 407:
        return "the proxy wants a password (407)"
    if result.status and not (result.tool == "wget" and result.status == 8 and result.code):
        said = next((meaning for pattern, meaning in _MEANS if pattern.search(result.said)), "")
        table = _BY_TOOL.get(result.tool, _STATUSES)
        return said or table.get(result.status, f"{result.tool} ends with {result.status}")
    if result.code >= 500 and result.code != 501:
        return f"it answers {result.code}: its own trouble, or a proxy's"
    return f"it answers {result.code}: a proxy or a filter, or not what is wanted" if exact and result.code in (403, 404) else ""


def _host(source: Source) -> str:
    try:
        return urlsplit(source.url).hostname or source.url
    except ValueError:
        return source.url


def sources(seen: str, subject: Subject) -> Finding:
    """What the installation needs, each source by itself."""
    results = {result.id: result for result in tried(seen)}
    failed = {source: why for source in subject.wanted.sources
              if source.id in results and (why := trouble(results[source.id], source.exact))}
    if not failed:
        return _not_tried(results.values(), subject) or ok("All sources answer.", "")
    told = "; ".join(_together(failed))
    short = _host(next(iter(failed))) if len(failed) == 1 else f"{len(failed)} sources"
    if _has_no_cas(seen) and all(_CA.search(why) or "certificate is not accepted" in why for why in failed.values()):
        return handled("This host has no certificates of CAs yet; the installation brings them.", "no CAs")
    judged = warning if subject.is_ours else blocking
    return judged(f"{told}.", short, advice=_advice(failed.values(), subject))


def _together(failed: Mapping[Source, str]) -> Iterator[str]:
    """What fails for one reason in one breath."""
    for why in dict.fromkeys(failed.values()):
        alike = [source for source, its in failed.items() if its == why]
        names = {title: ", ".join(_host(source) for source in alike if source.title == title) for title in (one.title for one in alike)}
        yield f"{' and '.join(f'{title} ({hosts})' for title, hosts in names.items())}: {why}"


def _has_no_cas(seen: str) -> bool:
    return "no-cas" in seen.split()


def _not_tried(results: Collection[Tried], subject: Subject) -> Finding | None:
    if subject.wanted.sources and {result.tool for result in results} <= {"none"}:
        return warning("The sources were not tried: this host has neither curl, wget nor bash yet.", "not tried",
                       advice="The installation brings curl, and will show it. To know it before: install curl.")
    return None


_TRUST: Final = ("`cp YOUR-CA.crt /usr/local/share/ca-certificates/ && update-ca-certificates`",
                 "`cp YOUR-CA.crt /etc/pki/ca-trust/source/anchors/ && update-ca-trust`")
_ADVICE: Final = (
    ("clock", "See the check `clock`."),
    ("CA that", "Give this host the CA's certificate ({trust}), or name a mirror in `sources` of the answers."),
    ("the proxy", "Set the right proxy for this host, with its password, or none."),
    ("resolved", "See the check `dns`."),
    ("", "Mend the way there (router, firewall, proxy), or name a mirror in `sources` of the answers."),
)


def _advice(why: Collection[str], subject: Subject) -> str:
    found = next(advice for word, advice in _ADVICE if any(word in text for text in why))
    return found.format(trust=subject.by_family(*_TRUST))


def mirrors(seen: str, subject: Subject) -> Finding:
    """The distribution's own repositories, as this host is configured."""
    row = subject.distro
    asked = sorted(tried(seen), key=lambda result: result.id)
    results = [result for result in asked if not (row and row.vault and _GONE.search(result.id))]
    failed = {result.id: why for result in results if (why := trouble(result, exact=False))}
    if not failed:
        return ok("The distribution's repositories answer." if results else "No repository of the distribution was tried.")
    told = "; ".join(f"{name}: {why}" for name, why in list(failed.items())[:3])
    judged = blocking if len(failed) == len(results) and not subject.is_ours else warning
    return judged(f"Repositories of the distribution do not answer: {told}.", next(iter(failed)),
                  advice="Take the dead one out of the package manager's configuration, or mend the way to it.")


_GONE: Final = re.compile(r"^mirror(list)?\.centos\.org$")


def ipv6(seen: str, subject: Subject) -> Finding:
    """`source registry curl ...` over IPv6, asked only where there is a default route for it."""
    failed = [why for result in tried(seen) if (why := trouble(result, exact=False)) and "resolved" not in why]
    if not failed:
        return ok("IPv6 is no trouble.")
    return warning(f"There is a default route for IPv6, but over it {failed[0]}: programs that try IPv6 first may hang.", "broken",
                   "echo 'precedence ::ffff:0:0/96 100' >> /etc/gai.conf", advice="Or mend the way out.")


# ask ID URL: one line, whatever the host has to ask with. A password in a proxy's URL is not told.
ASK: Final = rf"""ask() {{
  r=0
  if command -v curl >/dev/null; then t=curl
    s=$(curl $ip -sSIL --connect-timeout 4 --max-time {SECONDS} -o /dev/null -w '%{{http_code}} %{{http_connect}}' "$2" 2>&1) || r=$?
    s=$(printf %s "$s" | sed -n '1p;1!{{$p;}}')
  elif command -v wget >/dev/null; then t=wget
    s=$(wget --spider -T 5 -t 1 "$2" 2>&1) || r=$?
  elif command -v bash >/dev/null; then t=tcp; h=${{2#*://}}; h=${{h%%/*}}; p=443
    case $2 in http:*) p=80 ;; esac
    case $h in *:*) p=${{h##*:}}; h=${{h%:*}} ;; esac
    s=$(timeout {SECONDS} bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$h" "$p" 2>&1) || r=$?
  else t=none; s=; fi
  printf 'source %s %s %s %s\n' "$1" $t $r "$(printf %s "$s" | sed 's,://[^/@ ]*@,://,g' | tr '\n' ' ' | tail -c 160)"
}}
"""
# containerd pulls with the proxy of its own unit, not with the shell's. Exported here, a password is in no command line.
_AS_CONTAINERD: Final = """unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
  for kv in $(try systemctl show -p Environment --value containerd); do case $kv in *_[Pp][Rr][Oo][Xx][Yy]=*) export "$kv" ;; esac; done"""

SOURCES: Final = (
    Check(id="sources", title="sources", about="Kubernetes' and Docker's packages and the registries answer, with good certificates",
          judge=sources, slow=True, probe=ASK + f"""as_containerd() {{
  {_AS_CONTAINERD}
}}
[ -s /etc/ssl/certs/ca-certificates.crt ] || [ -s /etc/pki/tls/certs/ca-bundle.crt ] || echo no-cas
printf '%s\\n' "$urls" | {{ while read -r id url kind; do
  [ -z "$id" ] || ( [ "$kind" != image ] || as_containerd; ask "$id" "$url" ) &
done; wait; }}"""),
    Check(id="mirrors", title="mirrors", about="the distribution's own repositories answer", judge=mirrors, slow=True,
          probe=ASK + r"""if command -v apt-get >/dev/null; then
  eval "$(apt-config shell p Acquire::http::Proxy)"; [ -z "$p" ] || export http_proxy="$p"
  list=$(timeout 5 apt-get indextargets --no-release-info --format '$(REPO_URI)')
  [ -n "$list" ] || list=$(grep -hE '^ *(deb |URIs:)' /etc/apt/sources.list /etc/apt/sources.list.d/*)
else
  p=$(sed -n 's/^proxy *= *//p' /etc/dnf/dnf.conf); [ -z "$p" ] || export http_proxy="$p" https_proxy="$p"
  list=$(awk '/^\[/ { if (on) print url; on = 1; url = "" } /^enabled *= *0/ { on = 0 }
/^(baseurl|mirrorlist|metalink) *=/ { url = $0 } END { if (on) print url }' /etc/yum.repos.d/*.repo)
fi
case "$(. /etc/os-release; echo "$ID$VERSION_ID")" in centos8) [ -z "$vault" ] || ask vault "$vault/" & ;; esac
others='pkgs\.k8s\.io|download\.docker\.com|apt\.kubernetes\.io|packages\.cloud\.google'
for u in $(printf '%s\n' "$list" | grep -oE 'https?://[^/ ]+' | grep -vE "$others" | sort -u | head -n 6); do
  h=${u#*://}; ask "${h##*@}" "$u/" &
done; wait"""),
    Check(id="ipv6", blocks=False, title="IPv6", about="where there is a default route for it, it leads out", judge=ipv6, slow=True,
          probe=ASK + """ip=-6; [ -z "$registry" ] || [ -z "$(command ip -6 route show default)" ] || ! command -v curl >/dev/null ||
  ask registry "$registry" """),
)
