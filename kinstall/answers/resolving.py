"""From answers to hosts: the common access merged with each host's own, ~ expanded, and every secret fetched from where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kinstall import model
from kinstall.answers import files
from kinstall.answers.marks import Loc, Mistake
from kinstall.answers.model import AccessEntry, Answers, HostEntry
from kinstall.answers.sections import SecretRef
from kinstall.answers.translate import variable
from kinstall.errors import AnswersError
from kinstall.secrets import Secret

Ask = Callable[[str], str]

GRAFANA_PASSWORD: Final = "grafana_password"  # noqa: S105  # the name of the field
_OTHERS: Final = 0o007  # a group may share a secret file; everyone may not


@dataclass(frozen=True, slots=True)
class Resolved:
    """The hosts with their secrets, and the password for Grafana's administrator, if one was given."""

    hosts: tuple[model.Host, ...]
    grafana_password: Secret | None = None


def resolve(answers: Answers, ask: Ask | None, environ: Mapping[str, str]) -> tuple[model.Host, ...]:
    """The hosts with their secrets, in the order of the answers, without a look at the secrets of the add-ons."""
    return _resolved(answers, ask, environ, ()).hosts


def resolve_all(answers: Answers, ask: Ask | None, environ: Mapping[str, str]) -> Resolved:
    """The hosts and every other secret. Everything that cannot be had is one AnswersError.

    `ask` gets each distinct question once; without it (no terminal), a secret that must be asked for is a problem.
    """
    return _resolved(answers, ask, environ, _addon_uses(answers))


def questions(answers: Answers) -> tuple[str, ...]:
    """What `resolve_all` will ask, each once: for a front end that must ask before it can wait for an answer."""
    return tuple(asked(answers))


def asked(answers: Answers) -> dict[str, Loc]:
    """The same, each with the place of its secret."""
    used = [use for index in range(len(answers.hosts)) for use in _uses(answers, index)] + list(_addon_uses(answers))
    places: dict[str, Loc] = {}
    for use in used:
        if use.ref.prompt:
            places.setdefault(use.question, use.loc)
    return places


def _resolved(answers: Answers, ask: Ask | None, environ: Mapping[str, str], others: Iterable[_Use]) -> Resolved:
    secrets = _Secrets(answers, ask, environ)
    hosts = tuple(_host(answers, index, secrets) for index in range(len(answers.hosts)))
    found = {use.name: secrets.get(use) for use in others}
    if secrets.mistakes:
        raise AnswersError([answers.marks.problem(mistake) for mistake in secrets.mistakes.values()])
    return Resolved(hosts, found.get(GRAFANA_PASSWORD))


@dataclass(frozen=True, slots=True)
class _Use:
    """A secret that is needed: the field it fills, its reference, where that is written, and how to ask for it."""

    name: str
    ref: SecretRef
    loc: Loc
    question: str


def _uses(answers: Answers, index: int) -> Iterator[_Use]:
    host = answers.hosts[index]
    access = answers.access_of(host)
    for name, question in _QUESTIONS.items():
        ref: SecretRef | None = getattr(access, name)
        if ref:
            own = name in host.access.model_fields_set
            loc: Loc = ("hosts", index, "access", name) if own else ("access", name)
            yield _Use(name, ref, loc, question(access, f" on {host.name}" if own else ""))


def _addon_uses(answers: Answers) -> Iterator[_Use]:
    """The secrets of the add-ons that are on."""
    grafana = answers.addons.grafana
    if grafana and grafana.password:
        question = f"Password for {grafana.user} in Grafana"
        yield _Use(GRAFANA_PASSWORD, grafana.password, ("addons", "grafana", "password"), question)


def _account(access: AccessEntry) -> str:
    return access.user or "your account"


_QUESTIONS: Final[Mapping[str, Callable[[AccessEntry, str], str]]] = {
    "key_passphrase": lambda access, on: f"Passphrase of the key {access.key}" if access.key else f"Passphrase of the SSH key{on}",
    "password": lambda access, on: f"Password of {_account(access)}{on}",
    "sudo_password": lambda access, on: f"Password for sudo of {_account(access)}{on}",
}


def _host(answers: Answers, index: int, secrets: _Secrets) -> model.Host:
    entry = answers.hosts[index]
    found = {use.name: secrets.get(use) for use in _uses(answers, index)}
    return model.Host(name=entry.name, address=entry.address, role=entry.role, access=_access(answers, entry, found, secrets.environ))


def _access(answers: Answers, entry: HostEntry, secrets: Mapping[str, Secret | None], environ: Mapping[str, str]) -> model.Access:
    merged = answers.access_of(entry)
    return model.Access(
        user=merged.user or "",
        port=merged.port or 0,
        key=files.located(merged.key, answers.marks.folder, environ) if merged.key else None,
        passphrase=secrets.get("key_passphrase"),
        password=secrets.get("password"),
        sudo_password=secrets.get("sudo_password"),
        agent=merged.agent,
        jump=merged.jump or "",
        host_key=merged.host_key or "",
    )


class _Unavailable(Exception):
    """A secret cannot be had; the arguments are what is wrong and how to mend it."""


@dataclass
class _Secrets:
    """Fetches each secret once, and keeps what went wrong by the place where it is written."""

    answers: Answers
    ask: Ask | None
    environ: Mapping[str, str]
    mistakes: dict[Loc, Mistake] = field(default_factory=dict)
    _fetched: dict[tuple[SecretRef, str], Secret] = field(default_factory=dict)

    def get(self, use: _Use) -> Secret | None:
        if use.loc in self.mistakes:
            return None
        known = (use.ref, use.question if use.ref.prompt else "")
        try:
            if known not in self._fetched:
                self._fetched[known] = Secret(self._fetch(use))
        except _Unavailable as error:
            self.mistakes[use.loc] = Mistake(use.loc, *error.args)
        return self._fetched.get(known)

    def _fetch(self, use: _Use) -> str:
        if use.ref.env:
            return self._variable(use.ref.env)
        if use.ref.file:
            return self._file(use.ref.file)
        if self.ask is None:
            raise _Unavailable("there is nobody to ask for it here", f"write {{env: {variable(use.loc)}}} and set that variable")
        return self.ask(use.question)

    def _variable(self, name: str) -> str:
        value = self.environ.get(name)
        if not value:
            # A name that is not in capitals can be a secret that was written where its variable should be.
            shown = name if name.isupper() else "that it names"
            state = "not set" if value is None else "empty"
            raise _Unavailable(f"the environment variable {shown} is {state}", "export it, then start again")
        return value

    def _file(self, written: Path) -> str:
        path = files.located(written, self.answers.marks.folder, self.environ)
        try:
            return _secret(path)
        except OSError as error:
            what, mend = files.unreadable(error)
        except UnicodeDecodeError:
            what, mend = "not a text", "save the secret as UTF-8"
        except _Unavailable as error:
            what, mend = error.args
        raise _Unavailable(f"{files.named(written, path)}: {what}", mend)


def _secret(path: Path) -> str:
    text = files.contents(path).decode().removesuffix("\n").removesuffix("\r")
    if files.exposed(path, _OTHERS):
        raise _Unavailable("everyone on this machine may read it", "chmod 600, and perhaps a new secret")
    if not text:
        raise _Unavailable("the file is empty", "write the secret into it")
    return text
