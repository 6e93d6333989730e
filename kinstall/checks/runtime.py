"""What runs containers on a machine already, and how it is configured."""

from __future__ import annotations

import re
from typing import Final

from kinstall.checks.model import Check, Finding, Subject, blocking, handled, ok, warning
from kinstall.distro import DISTROS
from kinstall.packaging import MANAGERS


def configuration(seen: str, subject: Subject) -> Finding:
    """Lines of /etc/containerd/config.toml that matter: the installation writes that file whole, and keeps the old one."""
    if not subject.facts.containerd:
        return ok("No containerd is installed yet.", "–")
    version = subject.facts.containerd
    if "Written whole by kinstall" in seen:
        return ok(f"containerd {version} is configured by kinstall.", version)
    faults = [what for pattern, what in _FAULTS if re.search(pattern, seen, re.MULTILINE)]
    custom = re.search(r"mirrors|\[proxy_plugins|\.auth\]|nvidia|devmapper", seen)
    if custom:
        return warning(f"containerd {version} has settings of its own ({custom[0].strip('[')}), which the installation replaces.",
                       "replaced",
                       advice="Registry mirrors belong in /etc/containerd/certs.d/HOST/hosts.toml, which stays.")
    why = f" ({', '.join(faults)})" if faults else ""
    return handled(f"containerd {version} is there; its configuration is written anew{why}.", version)


_FAULTS: Final = (
    (r"^\s*disabled_plugins\s*=\s*\[[^]]*cri", "the CRI plugin is disabled"),
    (r"^\s*SystemdCgroup\s*=\s*false", "the cgroup driver is not systemd"),
)


def tools(seen: str, subject: Subject) -> Finding:
    """Installed packages that exclude containerd.io (`name version` lines), `busy` when containers run with them, `docker N`."""
    row = subject.distro
    conflicts = row.conflicts if row else ()
    installed = [words[0] for line in seen.splitlines() if len(words := line.split()) == 2 and words[0] in conflicts]
    busy = any(line.strip() == "busy" for line in seen.splitlines())
    docker = re.search(r"^docker ([1-9][0-9]*)$", seen, re.MULTILINE | re.ASCII)
    if not installed:
        if docker:
            return warning(f"{docker[1]} containers run with Docker here; containerd is restarted under them.", f"{docker[1]} run",
                           advice="They should go on (the shims stay). Look with `docker ps`, and better stop what must not be disturbed.")
        return ok("Nothing that excludes containerd.io is installed.", "–")
    names = ", ".join(installed)
    if not busy:
        return handled(f"{names} makes way for containerd.io; no container runs with it.", names)
    if "remove-container-tools" in subject.wanted.allow:
        return handled(f"{names} makes way for containerd.io, containers and all, as the answers allow.", names)
    return blocking(f"Containers run with {names}, which must make way for containerd.io.", names,
                    advice="Look with `podman ps` and `docker ps`, and move what runs there elsewhere, or stop it.")


def versions(seen: str, subject: Subject) -> Finding:
    """An installed kubelet, a hold of apt's, an exclusion of dnf's: the installation minds all of them."""
    kubelet = subject.facts.kubelet
    if subject.is_ours:
        return ok(f"The kubelet is {kubelet} and stays so.", kubelet)
    held = " ".join(seen.split())[:120]
    if kubelet or held:
        what = f"kubelet {kubelet} is installed" if kubelet else f"versions are held ({held})"
        return handled(f"{what[:1].upper()}{what[1:]}; the installation puts the wanted version in its place.", kubelet or "held")
    return ok("No Kubernetes packages are there yet.", "–")


_CONFLICTS: Final = {
    family: tuple(dict.fromkeys(name for row in DISTROS if row.family == family for name in row.conflicts)) for family in MANAGERS
}
_TOOLS: Final = f"""if command -v dpkg-query >/dev/null; then {MANAGERS['debian'].query(_CONFLICTS['debian'])}
elif command -v rpm >/dev/null; then {MANAGERS['rhel'].query(_CONFLICTS['rhel'])}; fi
n=$(timeout 5 docker ps -q | wc -l)
{{ pgrep -x conmon >/dev/null || [ "$n" -gt 0 ]; }} && echo busy; echo "docker $n" """
_SETTINGS: Final = (r"grep -E 'Written whole by kinstall|disabled_plugins|SystemdCgroup|mirrors|proxy_plugins|\.auth\]|nvidia|devmapper' "
                    r"/etc/containerd/config.toml | sed '/^[[:space:]]*#.*[=[]/d'")

RUNTIME: Final = (
    Check(id="containerd-config", blocks=False, title="containerd",
          about="its configuration, which is written anew: CRI on, systemd's cgroups",
          judge=configuration, probe=_SETTINGS),
    Check(id="remove-container-tools", title="container tools",
          about="podman, buildah, runc, docker.io: what excludes containerd.io, and whether it is in use", judge=tools, probe=_TOOLS),
    Check(id="versions-held", blocks=False, title="versions held",
          about="an installed kubelet, apt's holds, dnf's exclusions", judge=versions,
          probe=r"""command -v apt-mark >/dev/null && apt-mark showhold | grep -E '^(kube|containerd|cri-tools)'
sed -n '/^exclude/s/.*\(kube[a-z*]*\|containerd[a-z.*]*\).*/\1/p' /etc/dnf/dnf.conf"""),
)
