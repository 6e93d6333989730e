"""Words that stand for a group of keys: `helm: true` for all of its defaults, `grafana: false` for none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializerFunctionWrapHandler, ValidatorFunctionWrapHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from kinstall.answers.scalars import wrong
from kinstall.answers.sections import Section

SWITCHES: Final = ("helm", "metrics-server", "kube-state-metrics", "node-exporter", "prometheus", "grafana")

# The words that pydantic takes for a bool, so that `grafana: off` means what `agent: off` does.
_WORDS: Final[Mapping[str, bool]] = (
    dict.fromkeys(("true", "yes", "on", "y", "t", "1"), True) | dict.fromkeys(("false", "no", "off", "n", "f", "0"), False)
)


def word(raw: object) -> bool | None:
    """What a value says that is a switch; None for one that is none."""
    return raw if isinstance(raw, bool) else _WORDS.get(raw.lower()) if isinstance(raw, str) else None


@dataclass(frozen=True, slots=True)
class Switch:
    """A group of keys that can be switched off: `Annotated[Entry | Literal[False], Switch(Entry)]`.

    Not the union that pydantic would make of this: in that one's errors a place has a part that nobody wrote.
    """

    entry: type[Section]

    def check(self, raw: object, inner: ValidatorFunctionWrapHandler) -> object:
        """False, or the group."""
        switched = word(raw)
        if switched is None and not isinstance(raw, Mapping | self.entry):
            raise wrong("neither true, false nor a group of keys", "write true, false, or its keys indented below it")
        return False if switched is False else inner({} if switched else raw)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.wrap_serializer_function_ser_schema(_written)
        return core_schema.no_info_wrap_validator_function(self.check, handler.generate_schema(self.entry), serialization=written)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "boolean"}]}


def _written(value: object, inner: SerializerFunctionWrapHandler) -> Any:  # noqa: ANN401  # whatever YAML can hold
    """A group of which nothing was said is `true`."""
    return False if value is False else inner(value) or True


def expand_addons(raw: object) -> object:
    """The add-ons with a word for all of them written out. Anything else stays as it is, for pydantic to say so."""
    if isinstance(raw, list | tuple):
        raise wrong("a list, as earlier versions had it: each add-on is a key now, and installed unless it says false", _instead(raw))
    if not isinstance(raw, str | bool):
        return raw
    switched = {"all": True, "none": False}.get(raw.lower()) if isinstance(raw, str) else None
    switched = word(raw) if switched is None else switched
    if switched is None:
        raise wrong("a value that is not known here", "write all, none, or a key such as `grafana: false` below it for each add-on")
    return dict.fromkeys(SWITCHES, switched)


def _instead(listed: Sequence[object]) -> str:
    """What to write now. Only what is known is named: anything may stand in the list."""
    without = [name for name in SWITCHES if name not in listed]
    if len(without) == len(SWITCHES):
        return "write `addons: none`" if not listed else "write a key for each, such as `helm: true`"
    return f"write {', '.join(f'`{name}: false`' for name in without)}, indented below it" if without else "write `addons: all`"


def expand_storage(raw: object) -> object:
    """Storage with a word for it written out."""
    if raw == "none" or word(raw) is False:
        return {}
    return {"class": raw} if isinstance(raw, str) and word(raw) is None else raw
