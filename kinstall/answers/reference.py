"""docs/answers.md, written from the model: python -m kinstall.answers.reference > docs/answers.md"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from inspect import cleandoc
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import NoneType
from typing import Final, Literal, get_args, get_origin

from kinstall.answers.model import Answers
from kinstall.answers.sections import SecretRef, Section
from kinstall.answers.walk import Key, keys

_TYPES: Final[Mapping[object, str]] = {
    str: "text", int: "number", bool: "true, false", Path: "path", SecretRef: "a reference", IPv4Network: "network", IPv4Address: "address",
}
_HEAD: Final = """\
# answers.yaml

<!-- Written by `python -m kinstall.answers.reference` from kinstall/answers. -->

Four lines are enough; everything else has a default.

```yaml
hosts:
  - {name: kmaster, address: 192.168.1.31, role: control-plane}
  - {name: knode1, address: 192.168.1.32}
  - admin@192.168.1.33
```

`assets/answers.example.yaml` shows every key. An unknown key is an error, and kinstall tells all errors of a file at once.
A key without a value counts as left out. Relative paths start from the folder of the file. A value is what its text says:
`kubernetes: 1.30` is 1.30, and a host may be called `no`. True is `true`, `yes` or `on`, false is `false`, `no` or `off`.

## Secrets

A secret never stands in the file; a reference to it does:

| Reference | The secret is |
| --- | --- |
| `{env: NAME}` | in this environment variable |
| `{file: path}` | in this file, which holds nothing else; one newline at its end does not count |
| `{prompt: true}` | asked for when kinstall starts, each question once |
"""


def reference() -> str:
    """The page, as it must stand in docs/answers.md."""
    return "\n".join([_HEAD, *_section((), Answers, "## Top level")])


def _section(path: tuple[str, ...], section: type[Section], title: str) -> Iterator[str]:
    yield f"{title}\n"
    yield f"{cleandoc(section.__doc__ or '')}\n" if path else "The groups are explained below.\n"
    yield "| Key | What it is | Values | Default |"
    yield "| --- | --- | --- | --- |"
    own = [key for key in keys(section) if len(key.path) == 1]
    yield from (_row(key) for key in own)
    yield ""
    for key in own:
        here = (*path, key.path[0])
        if key.section and here != ("hosts", "access"):
            dotted = ".".join(here)
            yield from _section(here, key.section, f"{'#' * (len(here) + 1)} {dotted}")


def _row(key: Key) -> str:
    description = (key.field.description or "").replace("|", "\\|")
    return f"| `{key.path[0]}` | {description} | {_values(key)} | {_default(key)} |"


def _values(key: Key) -> str:
    if key.section is None:
        return _type(key.field.annotation)
    if get_origin(key.field.annotation) is tuple:
        return "a list of groups"
    return "true, false, or a group" if _is_switch(key.field.annotation) else "a group"


def _is_switch(annotation: object) -> bool:
    return any(get_args(part) == (False,) for part in get_args(annotation))


def _type(annotation: object) -> str:
    arguments = [argument for argument in get_args(annotation) if argument not in (NoneType, Ellipsis)]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if get_origin(annotation) is tuple:
        return f"a list of {_type(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{choice.value}`" for choice in annotation)
    return _TYPES.get(annotation) or _type(arguments[0])


def _default(key: Key) -> str:
    if key.field.is_required():
        return "from the address" if key.path == ("name",) else "required"
    default = key.field.get_default(call_default_factory=True, validated_data={})
    if _is_switch(key.field.annotation):
        return "`true`"
    if key.section or default in (None, ()):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    print(reference(), end="")
