"""apt and dnf: the only two package managers there are. Pure: they produce shell and read what it prints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Protocol

KEYRINGS = "/etc/apt/keyrings"
RPM_KEYS = "/etc/pki/rpm-gpg"


@dataclass(frozen=True, slots=True)
class Want:
    """A package: any version, exactly `version`, or `at_least` the smallest fitting version of its branch.

    Versions are upstream's (1.37.2), without epoch and release. A branch (2.3) newer than all that `at_least` names fits; one that is
    not named does not.
    """

    name: str
    version: str = ""
    at_least: tuple[str, ...] = ()

    def fits(self, installed: str) -> bool:
        """Does an installed version (as the package manager prints it) do?"""
        if not installed:
            return False
        if self.version:
            return numbers(installed) == numbers(self.version)
        has, smallest = numbers(installed), [numbers(version) for version in self.at_least]
        in_branch = any(has[:2] == least[:2] and has >= least for least in smallest)
        return in_branch or not smallest or has[:2] > max(smallest)[:2]


def numbers(version: str) -> tuple[int, ...]:
    """The upstream version as numbers to compare, up to the first thing that is none: `2:2.3.7-1~debian.12` -> (2, 3, 7)."""
    upstream = re.match(r"(?:\d+:)?v?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, upstream[1].split("."))) if upstream else ()


@dataclass(frozen=True, slots=True)
class Repo:
    """A package repository: where it is, where its key is on the host, and what must not be upgraded from it by accident."""

    id: str             # kubernetes, docker
    title: str
    url: str            # apt: what stands after `deb`; dnf: baseurl
    key: str            # path of the key on the host
    arch: str = ""      # apt's name of the architecture, where the repository has several
    excluded: tuple[str, ...] = ()


class Manager(Protocol):
    """What steps and states need of a package manager."""

    name: str
    key_folder: str

    def query(self, names: Sequence[str]) -> str:
        """Shell that prints `name version` of each installed package among `names`."""
        ...

    def provided(self, names: Sequence[str]) -> str:
        """The same, where a package that provides the name is as good as the one that bears it."""
        ...

    def install(self, wants: Sequence[Want], repo: str = "") -> str:
        """Shell that installs these from what is configured; `repo` is the id of the repository whose list is refreshed first."""
        ...

    def remove(self, names: Sequence[str]) -> str:
        """Shell that removes these packages, and what needs them."""
        ...

    def says(self, shell: str) -> str:
        """Such shell as a person would type it."""
        ...

    def repo_path(self, repo_id: str) -> str:
        """The file that configures a repository."""
        ...

    def repo_file(self, repo: Repo) -> str:
        """That file's content."""
        ...


class Apt:
    """Debian's apt. It waits ten minutes for dpkg's lock, and reads a repository's list anew before installing from it."""

    name = "apt"
    key_folder = KEYRINGS
    # options for every call: wait for dpkg's lock, keep configuration files, print plain lines
    options = "-o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold -o APT::Color=0 -o Dpkg::Use-Pty=0"
    get = f"apt-get {options}"

    def query(self, names: Sequence[str]) -> str:
        wanted = " ".join(map(quote, names))
        return f"dpkg-query -W -f '${{Package}} ${{Version}} ${{db:Status-Abbrev}}\\n' {wanted} | awk '$3 ~ /^.i/ {{ print $1, $2 }}'"

    def provided(self, names: Sequence[str]) -> str:
        return self.query(names)

    def install(self, wants: Sequence[Want], repo: str = "") -> str:
        items = " ".join(f"'{want.name}={want.version}-*'" if want.version else want.name for want in wants)
        install = f"{self.get} install -y --no-install-recommends --allow-change-held-packages {items}"
        update = f"{self.get} update"
        path = self.repo_path(repo)
        only = f" -o Dir::Etc::sourcelist={path} -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0" if repo else ""
        # where the other lists turn out to be older than their repositories, they are read anew once
        again = f" || {{ {update}; {install}; }}" if repo else ""
        return f"{update}{only}\n{install}{again}"

    def remove(self, names: Sequence[str]) -> str:
        return f"{self.get} remove -y --allow-change-held-packages {' '.join(names)}"

    def says(self, shell: str) -> str:
        return shell.replace(f" {self.options}", "").partition(" || ")[0]

    def repo_path(self, repo_id: str) -> str:
        return f"/etc/apt/sources.list.d/{repo_id}.list"

    def repo_file(self, repo: Repo) -> str:
        options = f"arch={repo.arch} signed-by={repo.key}" if repo.arch else f"signed-by={repo.key}"
        return f"# {repo.title}, written by kinstall\ndeb [{options}] {repo.url}\n"


class Dnf:
    """dnf 4 and 5. It reads a repository's list by itself when the list is old or the repository is new."""

    name = "dnf"
    key_folder = RPM_KEYS

    def query(self, names: Sequence[str]) -> str:
        return f"rpm -q --qf '%{{NAME}} %{{VERSION}}-%{{RELEASE}}\\n' {' '.join(names)} | grep -v 'not installed'"

    def provided(self, names: Sequence[str]) -> str:
        ask = 'rpm -q --qf "$name %{VERSION}-%{RELEASE}\\n" --whatprovides "$name" | head -n 1'
        return f"for name in {' '.join(names)}; do {ask}; done | grep -v 'no package provides'"

    def install(self, wants: Sequence[Want], repo: str = "") -> str:
        items = " ".join(f"{want.name}-{want.version}" if want.version else want.name for want in wants)
        # exclusions of the repository's own file, and those of dnf.conf, which are called main
        excludes = f" --setopt=disable_excludes=main,{repo}" if repo else ""
        return f"dnf -y{excludes} install {items}"

    def remove(self, names: Sequence[str]) -> str:
        # what they brought along stays: it may be what an earlier step needs
        return f"dnf -y --setopt=clean_requirements_on_remove=False remove {' '.join(names)}"

    def says(self, shell: str) -> str:
        return shell

    def repo_path(self, repo_id: str) -> str:
        return f"/etc/yum.repos.d/{repo_id}.repo"

    def repo_file(self, repo: Repo) -> str:
        lines = [
            f"# {repo.title}, written by kinstall", f"[{repo.id}]", f"name={repo.title}", f"baseurl={repo.url}",
            "enabled=1", "gpgcheck=1", f"gpgkey=file://{repo.key}",
        ]
        lines += [f"exclude={' '.join(repo.excluded)}"] if repo.excluded else []
        return "\n".join(lines) + "\n"


MANAGERS: Mapping[str, Manager] = {"debian": Apt(), "rhel": Dnf()}
