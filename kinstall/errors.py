"""Every error kinstall raises on purpose. Each names what happened, where, and what to do.

KinstallError                 exit 1
├── AnswersError              exit 2   answers.yaml is wrong; carries every Problem at once
├── ConnectError              exit 3   a host cannot be used as the answers say
│   ├── Unreachable                    no TCP connection, or no SSH behind it
│   ├── HostKeyUnknown                 the host's key is not known: compare and accept it
│   ├── HostKeyChanged                 the host's key is not the one known: never waved through
│   ├── LoginRefused                   the account or its credentials were refused
│   └── SudoRefused                    the account cannot become root
├── ConnectionLost                     an open connection broke (the engine reconnects)
├── Preflight                          a check found something that would make the installation fail; nothing was changed
├── UnfitError                         a host cannot be a node: distribution, memory, architecture ...
├── PlanError                          hosts and answers do not fit together (versions, networks)
├── SourceError                        something from outside could not be fetched, or is not what it should be
├── StepError                          a step failed on a host
│   ├── CommandFailed                  a command ended with an exit code other than 0
│   ├── Blocked                        what the host waited for will not come
│   ├── Stopped                        a person stopped the run here
│   ├── NotMet                         the commands went through, and the state does not hold
│   └── ClusterError                   the API server refuses an object, or what was applied does not work
├── SessionError                       a journal cannot be read
└── Several                            more than one of these at once, one per host
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DONE, FAILED, BAD_ANSWERS, CANNOT_CONNECT, CANCELLED = 0, 1, 2, 3, 130


def told(
    message: str, *, hint: str = "", host: str = "", step: str = "", tail: Sequence[str] = (), explained: Sequence[str] = ()
) -> list[str]:
    """An error as a person reads it: where and what, the end of the output, why, what to do."""
    where = ", ".join(filter(None, (host, step)))
    first = f"{where}: {message}" if where else message
    why = [f"    why: {line}" if n == 0 else f"      {line}" for n, line in enumerate(explained)]
    return [first, *(f"      | {line}" for line in tail), *why, *(f"    {line}" for line in hint.splitlines())]


class KinstallError(Exception):
    """What happened (`message`), on which `host`, in which `step`, and what to do (`hint`).

    `explained`: the cause and what mends it, line by line, when somebody has looked; `cause`: its id in the table of failures.
    """

    exit_code = FAILED
    tail: tuple[str, ...] = ()
    explained: tuple[str, ...] = ()
    cause = ""

    def __init__(self, message: str, *, hint: str = "", host: str = "", step: str = "") -> None:
        super().__init__(message)
        self.message, self.hint, self.host, self.step = message, hint, host, step

    def lines(self) -> list[str]:
        """The error as a person reads it."""
        return told(self.message, hint=self.hint, host=self.host, step=self.step, tail=self.tail, explained=self.explained)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in answers.yaml: `file:line: key: what: how to mend it`."""

    file: str
    line: int
    key: str
    what: str
    mend: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (f"{self.file}:{self.line}", self.key, self.what, self.mend)))


class AnswersError(KinstallError):
    """answers.yaml is wrong. `problems` has all of its mistakes, in the order of their lines."""

    exit_code = BAD_ANSWERS

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.key)))
        super().__init__("\n".join(map(str, self.problems)))

    def lines(self) -> list[str]:
        return [str(problem) for problem in self.problems]


class ConnectError(KinstallError):
    """A host cannot be used as the answers say; nothing was changed on it."""

    exit_code = CANNOT_CONNECT


class Unreachable(ConnectError):
    """No TCP connection to the host, or what answers there is not SSH."""


class HostKeyUnknown(ConnectError):
    """The host's key is in no known_hosts and not pinned. `fingerprint` is what it shows, `key` its public line."""

    def __init__(self, message: str, *, fingerprint: str, key: str, hint: str = "", host: str = "") -> None:
        super().__init__(message, hint=hint, host=host)
        self.fingerprint, self.key = fingerprint, key


class HostKeyChanged(ConnectError):
    """The host's key is not the one that known_hosts or the answers have for it."""


class LoginRefused(ConnectError):
    """The host refused the account or its credentials."""


class SudoRefused(ConnectError):
    """The account may not become root, or its sudo password is wrong."""


class ConnectionLost(KinstallError):
    """An open connection broke. What ran on the host may go on there."""


class Preflight(KinstallError):
    """A check found what would make the installation fail, before anything was changed. `step` is the check."""


class UnfitError(KinstallError):
    """A host cannot become a node. Nothing was changed on any host."""


class PlanError(KinstallError):
    """Hosts and answers do not fit together. Nothing was changed on any host."""


class SourceError(KinstallError):
    """Something from outside could not be fetched, or has not the hash it should have."""


class StepError(KinstallError):
    """A step failed on a host; running kinstall again goes on from here."""


class CommandFailed(StepError):
    """A command ended with `exit_status`; `tail` is the end of what it printed."""

    def __init__(self, message: str, *, exit_status: int, tail: Sequence[str] = (), hint: str = "", host: str = "", step: str = "") -> None:
        super().__init__(message, hint=hint, host=host, step=step)
        self.exit_status, self.tail = exit_status, tuple(tail)


class Blocked(StepError):
    """What this host waited for will not come: the host it needs has failed."""


class Stopped(StepError):
    """A person stopped the run: what was running came to its end, and nothing more was begun."""

    exit_code = CANCELLED


class NotMet(StepError):
    """Every command of a state went through, and the state does not hold all the same."""


class ClusterError(StepError):
    """The API server refuses an object or gives no answer, or what was applied does not come to work. `tail`: what a pod logged last."""

    def __init__(self, message: str, *, tail: Sequence[str] = (), hint: str = "", host: str = "", step: str = "") -> None:
        super().__init__(message, hint=hint, host=host, step=step)
        self.tail = tuple(tail)


class SessionError(KinstallError):
    """A journal cannot be read; `hint` says up to where it could."""


class Several(KinstallError):
    """Several hosts have an error each; they are told together, not one at a time."""

    def __init__(self, errors: Sequence[KinstallError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(error.message for error in self.errors))

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # the instance's, from the worst of its errors
        return max((error.exit_code for error in self.errors), default=FAILED)

    def lines(self) -> list[str]:
        return [line for error in self.errors for line in error.lines()]
