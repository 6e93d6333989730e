"""helm on the control plane: the program in an exact version, its completion, and repositories of charts for the ordinary account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Final

from kinstall.model import Cluster, Node
from kinstall.states import Check, Command, State
from kinstall.states.file import keep, put_back
from kinstall.steps.base import on_rhel
from kinstall.steps.control_plane import accounts
from kinstall.steps.kubeadm import FOLDER
from kinstall.steps.runtime import DEB_ARCH

PROGRAM: Final = "/usr/local/bin/helm"
LINK: Final = "/usr/bin/helm"
COMPLETION: Final = "/etc/bash_completion.d/helm"
MARK: Final = f"{FOLDER}/helm"      # holds the version that kinstall installed; without it the program is somebody else's
VERSION: Final = f"HOME=/root {PROGRAM} version --template '{{{{.Version}}}}'"


def helm(node: Node, cluster: Cluster) -> Sequence[State]:
    """What was chosen; or nothing of kinstall's any more, when that was asked for."""
    wanted = cluster.addons.helm
    if node.name != cluster.first.name or wanted is None:
        return [NoHelm()] if node.name == cluster.first.name and cluster.prune else []
    arch = DEB_ARCH.get(node.facts.arch, node.facts.arch)
    url = f"{wanted.url}/helm-v{wanted.version}-linux-{arch}.tar.gz"
    return [
        Program(wanted.version, url, wanted.sha256.get(arch, ""), f"linux-{arch}/helm"),
        *([SUDO_FINDS_IT] if on_rhel(node) else []),
        COMPLETED,
        *(Repositories(account, wanted.charts) for account in accounts(node, cluster) if wanted.charts),
    ]


@dataclass(frozen=True)
class Program(State):
    """helm in this version, out of an archive of this hash. Somebody else's program of another version is kept beside it once."""

    version: str
    url: str
    sha256: str
    member: str     # where the program is in the archive

    @property
    def about(self) -> str:
        return f"helm {self.version}"

    def probe(self) -> str:
        """The version that runs, the one that kinstall installed, and the program's path: a line each, empty for what is not."""
        return f'echo "$({VERSION})"; echo "$(cat {MARK})"; echo "$(ls {PROGRAM})"'

    def met(self, seen: str) -> bool:
        return seen.partition("\n")[0].strip() == f"v{self.version}"

    def commands(self, seen: str) -> tuple[Command, ...]:
        _, mark, path = _lines(seen)
        says = f"fetch {self.url}, sha256 {self.sha256 or 'unknown'}, and put helm to {PROGRAM}"
        install = Command(self._install() if self.sha256 else self._refuse(), says=says, long=True)
        return (keep(PROGRAM), install) if path and not mark else (install,)

    def _refuse(self) -> str:
        said = f"kinstall: the answers have no sha256 for {self.url}: name it in sources.helm.sha256"
        return f"echo {quote(said)}; exit 1"

    def _install(self) -> str:
        url = quote(self.url)
        return (
            'dir=$(mktemp -d); trap \'rm -rf "$dir"\' EXIT\n'
            f'curl -fsSL --retry 3 {url} -o "$dir/archive"\n'
            'has=$(sha256sum < "$dir/archive" | cut -c1-64)\n'
            f'[ "$has" = {quote(self.sha256.lower())} ] || {{\n'
            f'  echo kinstall: not installed: {url} has the sha256 "$has" instead of {quote(self.sha256.lower())}; exit 1; }}\n'
            f'tar -xzf "$dir/archive" -C "$dir" --no-same-owner {quote(self.member)}\n'
            f"mkdir -p {FOLDER} {PROGRAM.rpartition('/')[0]}; echo {quote(self.version)} > {MARK}\n"
            f'install -m 755 "$dir"/{quote(self.member)} {PROGRAM}.kinstall-new; mv -f {PROGRAM}.kinstall-new {PROGRAM}'
        )

    def undo(self, seen: str) -> tuple[Command, ...]:
        version, mark, _ = _lines(seen)
        return NoHelm().commands(f"{mark}\n{version}") if mark else ()


def _lines(seen: str) -> list[str]:
    return [*map(str.strip, seen.splitlines()), "", "", ""][:3]


# EL's sudo looks into /usr/bin and not into /usr/local/bin (secure_path). A link is less than a change of sudo's rules, and a program
# that is there already, from a package of Fedora's, stays.
SUDO_FINDS_IT: Final = Check(
    LINK, f"[ -e {LINK} ] && echo yes", (Command(f"ln -sfn {PROGRAM} {LINK}"),),
    back=(Command(f"if [ \"$(readlink {LINK})\" = {PROGRAM} ]; then rm -f {LINK}; fi"),),
)
COMPLETED: Final = Check(
    COMPLETION,
    f"[ -s {COMPLETION} ] && [ \"$(HOME=/root {PROGRAM} completion bash)\" = \"$(cat {COMPLETION})\" ] && echo yes",
    (Command(f"mkdir -p {COMPLETION.rpartition('/')[0]}; export HOME=/root\n"
             f"{PROGRAM} completion bash > {COMPLETION}.kinstall-new; mv -f {COMPLETION}.kinstall-new {COMPLETION}",
             says=f"{PROGRAM} completion bash > {COMPLETION}"),),
    back=(Command(f"rm -f {COMPLETION}"),),
)


@dataclass(frozen=True)
class Repositories(State):
    """The account knows these repositories of charts, and has their lists. The files are the account's own: helm runs as the account."""

    account: str
    wanted: Mapping[str, str]   # name -> URL

    @property
    def about(self) -> str:
        return f"chart repositories of {self.account}"

    def _helm(self) -> str:
        """Shell that sets $home, and the beginning of a command line that runs helm as the account, wherever root stands."""
        home = f"home=$(getent passwd {quote(self.account)} | cut -d: -f6); cd /\n"
        return f'{home}helm() {{ runuser -u {quote(self.account)} -- env HOME="$home" {PROGRAM} "$@"; }}\n'

    def probe(self) -> str:
        """helm's list as JSON, then the names of the lists that were fetched."""
        return f'{self._helm()}helm repo list -o json; echo; cd "$home/.cache/helm/repository" && ls -- *-index.yaml'

    def _missing(self, seen: str) -> dict[str, str]:
        listed, _, fetched = seen.strip().partition("\n")
        try:
            known = {entry["name"]: entry["url"] for entry in json.loads(listed)}
        except (ValueError, KeyError, TypeError):   # helm 3 has no list where there is nothing to list
            known = {}
        files = fetched.split()
        return {name: url for name, url in self.wanted.items() if known.get(name) != url or f"{name}-index.yaml" not in files}

    def met(self, seen: str) -> bool:
        return not self._missing(seen)

    def commands(self, seen: str) -> tuple[Command, ...]:
        return tuple(self._add(name, url) for name, url in self._missing(seen).items())

    def _add(self, name: str, url: str) -> Command:
        add = f"helm repo add --force-update {quote(name)} {quote(url)}"
        return Command(f"{self._helm()}{add}", says=f"as {self.account}: {add}", long=True)


@dataclass(frozen=True)
class NoHelm(State):
    """Nothing of a helm that kinstall installed. One of another version is somebody's own by now; the repositories are the account's."""

    @property
    def about(self) -> str:
        return "no helm of kinstall's"

    def probe(self) -> str:
        return f"cat {MARK} && {VERSION}"

    def met(self, seen: str) -> bool:
        return not seen.strip()

    def commands(self, seen: str) -> tuple[Command, ...]:
        forget = Command(f"rm -f {MARK}")
        installed, *has = seen.split() or [""]
        if has and has != [f"v{installed}"]:
            return (forget,)
        return (put_back(PROGRAM), *SUDO_FINDS_IT.back, *COMPLETED.back, forget)
