"""A draft: answers that may not be right yet, as a person types them. Kept on disk without its secrets, so that a crash loses nothing."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from platformdirs import user_state_path

from kinstall.answers import Answers, Loc, Resolved, asked, dump, made, resolve_all
from kinstall.answers.marks import dotted
from kinstall.errors import AnswersError, Problem
from kinstall.private import write
from kinstall.secrets import Secret

HEAD: Final = "# What was typed into kinstall's screens and is not finished yet. No secrets are in it.\n"


def draft_path() -> Path:
    """Where the draft is kept: ~/.local/state/kinstall/draft.yaml, or what XDG_STATE_HOME says."""
    return user_state_path("kinstall") / "draft.yaml"


@dataclass(slots=True)
class Draft:
    """Data as in answers.yaml, secrets beside it by their place, and where one was. `session`: the journal of what was begun with it."""

    data: dict[str, Any] = field(default_factory=dict)
    secrets: dict[Loc, Secret] = field(default_factory=dict)
    screen: str = ""
    session: str = ""

    def get(self, *loc: str | int, default: Any = None) -> Any:  # noqa: ANN401  # whatever answers may hold
        """The value at a place such as ("hosts", 0, "address"); the default when there is none."""
        found: Any = self.data
        for part in loc:
            try:
                found = found[part]
            except (KeyError, IndexError, TypeError):
                return default
        return default if found is None else found

    def put(self, value: object, *loc: str | int) -> None:
        """Set the value at a place; None and "" take it away. Groups on the way are made."""
        *way, last = loc
        if value is None or value == "":
            holder = self.get(*way) if way else self.data
            if isinstance(holder, dict) and isinstance(last, str):
                holder.pop(last, None)
            return
        group: Any = self.data
        for part in way:
            if isinstance(part, str) and not isinstance(group.get(part), dict | list):
                group[part] = {}
            group = group[part]
        group[last] = value

    def keep(self, text: str, *loc: str | int) -> None:
        """A secret was typed: it is kept here, and the answers say that they ask for it. "" takes both away."""
        self.put({"prompt": True} if text else None, *loc)
        if text:
            self.secrets[loc] = Secret(text)
        else:
            self.secrets.pop(loc, None)

    def remove_host(self, index: int) -> None:
        """Take a host away, and move the secrets of those below it."""
        del self.data["hosts"][index]
        moved: dict[Loc, Secret] = {}
        for loc, secret in self.secrets.items():
            match loc:
                case ("hosts", int() as number, *rest) if number == index:
                    continue
                case ("hosts", int() as number, *rest) if number > index:
                    moved["hosts", number - 1, *rest] = secret
                case _:
                    moved[loc] = secret
        self.secrets = moved

    def answers(self) -> Answers:
        """The answers. Raises AnswersError with every problem; their keys are as `hosts[1].address`."""
        return made(self.data)

    def problems(self) -> tuple[Problem, ...]:
        """What is not right yet."""
        try:
            self.answers()
        except AnswersError as error:
            return error.problems
        return ()

    def resolved(self) -> Resolved:
        """The hosts with their secrets. Raises AnswersError, also for secrets that were not typed since kinstall was started."""
        answers, missing = self.answers(), self.missing()
        if missing:
            what, mend = "not typed yet: secrets are never written to the draft", "type it again"
            raise AnswersError([Problem("the draft", 0, dotted(loc), what, mend) for loc in missing.values()])
        known = {question: self.secrets[loc].reveal() for question, loc in asked(answers).items()}
        return resolve_all(answers, known.__getitem__, os.environ)

    def only(self, host: str) -> Draft:
        """A draft of this one host, whatever is wrong with the others: enough to connect to it."""
        hosts = self.get("hosts", default=[])
        index = next(number for number, one in enumerate(hosts) if one.get("name") == host)
        data = {"hosts": [{**hosts[index], "role": "control-plane"}], "addons": "none"}
        if "access" in self.data:
            data["access"] = self.data["access"]
        secrets = {("hosts", 0, *loc[2:]): secret for loc, secret in self.secrets.items() if loc[:2] == ("hosts", index)}
        return Draft(data, secrets | {loc: secret for loc, secret in self.secrets.items() if loc[:1] == ("access",)})

    def missing(self) -> dict[str, Loc]:
        """The questions whose answers nobody has typed, each with the place of the secret: after a restart, all of them."""
        return {question: loc for question, loc in asked(self.answers()).items() if loc not in self.secrets}

    def yaml(self) -> str:
        """answers.yaml. Raises AnswersError when they are not right yet."""
        return dump(self.answers())

    def save(self, path: Path | None = None) -> None:
        """Keep it, readable by nobody else. A crash while it is written leaves the old one."""
        path = path or draft_path()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        kept = {"screen": self.screen, "session": self.session, "answers": self.data}
        write(path, HEAD + yaml.safe_dump(kept, sort_keys=False, allow_unicode=True))


def load(path: Path | None = None) -> Draft | None:
    """The draft that was kept; None when there is none, or none that can be read."""
    try:
        kept = yaml.safe_load((path or draft_path()).read_text(encoding="utf-8"))
        return Draft(dict(kept["answers"]), screen=str(kept["screen"]), session=str(kept["session"]))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        return None


def forget(path: Path | None = None) -> None:
    """It is finished, or not wanted any more."""
    (path or draft_path()).unlink(missing_ok=True)
