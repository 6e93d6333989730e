"""Packages: installed, removed, held; a repository's key; and an RPM taken by hand where no repository has it."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from kinstall.packaging import Manager, Want
from kinstall.states.base import Command, State


def installed(seen: str) -> dict[str, str]:
    """`name version` lines -> {name: version}."""
    return dict(pair for line in seen.splitlines() if len(pair := line.split()) == 2)


@dataclass(frozen=True)
class Packages(State):
    """Packages in the versions wanted. All of them are installed in one transaction, so that they fit together."""

    manager: Manager
    wants: tuple[Want, ...]
    repo: str = ""          # id of the repository they come from; "": the distribution's
    ours: bool = False      # taken away again by undo

    @property
    def about(self) -> str:
        names = [want.name for want in self.wants]
        return f"package {names[0]}" if len(names) == 1 else f"packages {' '.join(names)}"

    def probe(self) -> str:
        exact = [want.name for want in self.wants if want.version or want.at_least]
        any_version = [want.name for want in self.wants if want.name not in exact]
        asks = [self.manager.query(exact)] if exact else []
        return "\n".join([*asks, *([self.manager.provided(any_version)] if any_version else [])])

    def met(self, seen: str) -> bool:
        has = installed(seen)
        return all(want.fits(has.get(want.name, "")) for want in self.wants)

    def commands(self, seen: str) -> tuple[Command, ...]:
        shell = self.manager.install(self.wants, self.repo)
        return (Command(shell, says=self.manager.says(shell), long=True),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        has = [want.name for want in self.wants if want.name in installed(seen)]
        return (Command(self.manager.remove(has), long=True),) if has and self.ours else ()


@dataclass(frozen=True)
class Removed(State):
    """Packages that must not be there. `busy` is shell that prints something while the removal would hurt."""

    manager: Manager
    names: tuple[str, ...]
    busy: str = ""

    @property
    def about(self) -> str:
        return f"no package {' '.join(self.names)}"

    def probe(self) -> str:
        return self.manager.query(self.names)

    def met(self, seen: str) -> bool:
        return not installed(seen)

    def commands(self, seen: str) -> tuple[Command, ...]:
        refuse = f"echo 'kinstall: containers run with {' '.join(installed(seen))}; not removed'; exit 1"
        guard = f'if [ -n "$({self.busy})" ]; then {refuse}; fi\n'
        shell = self.manager.remove(sorted(installed(seen)) or self.names)
        return (Command((guard if self.busy else "") + shell, says=self.manager.says(shell), long=True),)


@dataclass(frozen=True)
class Held(State):
    """Packages that apt does not upgrade by itself. (dnf: the repository's file excludes them.)"""

    names: tuple[str, ...]

    @property
    def about(self) -> str:
        return f"hold {' '.join(self.names)}"

    def probe(self) -> str:
        return "apt-mark showhold"

    def met(self, seen: str) -> bool:
        return set(self.names) <= set(seen.split())

    def commands(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"apt-mark hold {' '.join(self.names)}"),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"apt-mark unhold {' '.join(self.names)}"),)


@dataclass(frozen=True)
class Key(State):
    """A repository's public key, fetched fresh, taken only when it has this fingerprint. An expired one is fetched again."""

    path: str
    url: str
    fingerprint: str    # 40 hex digits

    @property
    def about(self) -> str:
        return f"key {self.path.rpartition('/')[2]}"

    def probe(self) -> str:
        return f"export GNUPGHOME=$(mktemp -d); gpg --show-keys --with-colons {quote(self.path)}; rm -rf \"$GNUPGHOME\""

    def met(self, seen: str) -> bool:
        return primary_keys(seen) == [(self.fingerprint, True)]

    def commands(self, seen: str) -> tuple[Command, ...]:
        new, p = quote(f"{self.path}.kinstall-new"), quote(self.path)
        shell = (
            f"mkdir -p {quote(self.path.rpartition('/')[0])}\n"
            f"curl -fsSL --retry 3 --max-time 60 {quote(self.url)} -o {new}\n"
            "export GNUPGHOME=$(mktemp -d); trap 'rm -rf \"$GNUPGHOME\"' EXIT\n"
            f"has=$(echo $(gpg --show-keys --with-colons {new} | awk -F: '{PRIMARY}'))\n"
            f"if [ \"$has\" != {self.fingerprint} ]; then rm -f {new}\n"
            f"  echo kinstall: not taken: {quote(self.url)} has the key \"${{has:-of nobody}}\" instead of {self.fingerprint}\n"
            f"  exit 1\n"
            f"fi\nchmod 644 {new}; mv -f {new} {p}"
        )
        return (Command(shell, says=f"fetch {self.url} to {self.path}, fingerprint {self.fingerprint}"),)

    def undo(self, seen: str) -> tuple[Command, ...]:
        return (Command(f"rm -f {quote(self.path)}"),) if seen.strip() else ()


# awk: the fingerprint of each primary key. A file with a second key in it is not the key that was asked for.
PRIMARY = '$1 == "pub" { primary = 1 } $1 == "fpr" && primary { print $10; primary = 0 }'


def primary_keys(colons: str) -> list[tuple[str, bool]]:
    """(fingerprint, valid) of each primary key, out of gpg's --with-colons; an expired or revoked one is not valid."""
    found, valid, primary = [], False, False
    for fields in (line.split(":") for line in colons.splitlines()):
        if fields[0] == "pub":
            valid, primary = len(fields) > 1 and fields[1] not in ("e", "r"), True
        elif fields[0] == "fpr" and primary and len(fields) > 9:
            found.append((fields[9], valid))
            primary = False
    return found


@dataclass(frozen=True)
class OrByHand(State):
    """A package that its repository may not have in a fitting version: then the RPM itself is fetched, checked, and installed.

    The repository is asked only where the package is missing and the repository is configured already, since asking may take a
    minute; before that (in a plan) the row of the distribution says what is expected: by hand.
    """

    packages: Packages
    folder: str     # URL of the folder with the RPMs
    key: str        # path on the host of the key that must have signed the RPM
    arch: str

    @property
    def want(self) -> Want:
        return self.packages.wants[0]

    @property
    def about(self) -> str:
        return self.packages.about

    def probe(self) -> str:
        manager, name = self.packages.manager, self.want.name
        has = manager.query([name])
        ask = f"dnf -q repoquery --available --qf 'candidate %{{version}}\\n' {name} | sort -u"
        return f"{has} || {{ [ -f {manager.repo_path(self.packages.repo)} ] && {{ echo asked repository; {ask}; }}; }}"

    def met(self, seen: str) -> bool:
        return self.packages.met(seen)

    def _candidates(self, seen: str) -> list[str]:
        return [words[1] for line in seen.splitlines() if len(words := line.split()) == 2 and words[0] == "candidate"]

    def commands(self, seen: str) -> tuple[Command, ...]:
        if any(map(self.want.fits, self._candidates(seen))):
            return self.packages.commands(seen)
        found = ", ".join(self._candidates(seen)) or "none"
        why = f"the repository {self.packages.repo} has no {self.want.name} from {self.want.at_least[0]} on (it has: {found})"
        note = (Command(f"echo {quote(f'kinstall: {why}; the RPM is taken by hand')}"),) if "asked repository" in seen else ()
        says = f"fetch the newest {self.want.name} RPM from {self.folder}, check its signature, install it"
        return (*note, Command(self._by_hand(), says=says, long=True))

    def _by_hand(self) -> str:
        name, folder = self.want.name, quote(self.folder)
        return (
            "dir=$(mktemp -d); trap 'rm -rf \"$dir\"' EXIT\n"
            f"curl -fsSL --retry 3 --max-time 60 {folder} -o \"$dir/list\"\n"
            f"rpm=$(grep -o '\"{name}-[0-9][^\"/]*{self.arch}\\.rpm\"' \"$dir/list\" | tr -d '\"' | sort -V | tail -n 1)\n"
            f"[ -n \"$rpm\" ] || {{ echo kinstall: {folder} lists no {name} RPM; exit 1; }}\n"
            f"echo kinstall: fetching {folder}\"$rpm\"\n"
            f"curl -fsSL --retry 3 {folder}\"$rpm\" -o \"$dir/$rpm\"\n"
            # a keyring of its own: only this key counts. Exit codes do not tell an unsigned RPM from a signed one.
            "mkdir \"$dir/db\"; rpmkeys --dbpath \"$dir/db\" --import " + quote(self.key) + "\n"
            "rpmkeys --dbpath \"$dir/db\" -Kv \"$dir/$rpm\" || true\n"
            "rpmkeys --dbpath \"$dir/db\" -K \"$dir/$rpm\" | grep -q 'signatures OK' ||"
            " { echo \"kinstall: $rpm is not signed by " + self.key + ": not installed\"; exit 1; }\n"
            f"rpm --import {quote(self.key)}\n"
            "dnf -y install \"$dir/$rpm\""
        )

    def undo(self, seen: str) -> tuple[Command, ...]:
        return self.packages.undo(seen)
