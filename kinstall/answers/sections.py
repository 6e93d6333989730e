"""The ground all parts of the answers stand on, and the reference that stands for a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.fields import FieldInfo

from kinstall.answers.scalars import FilePath, Variable, wrong

# $ENV becomes the variable that suits the key, where the key is known.
INSTEAD: Final = "write {env: $ENV}, {file: path} or {prompt: true} instead"


class Section(BaseModel):
    """A group of keys: frozen, no unknown keys, and a key without a value is a key left out."""

    # hide_input_in_errors: pydantic's own message would quote the value, which may be a secret.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, raw: object) -> object:
        if not isinstance(raw, Mapping):
            return raw
        known = [name for name, _ in cls.written()]
        return {key: value for key, value in raw.items() if value is not None or key not in known}

    @classmethod
    def written(cls) -> Iterator[tuple[str, FieldInfo]]:
        """The fields by the names that they have in the file: `node-exporter`, which no attribute can be called."""
        yield from ((field.alias or name, field) for name, field in cls.model_fields.items())


class SecretRef(Section):
    """Where a secret is to be found. The secret itself has no place in the answers."""

    env: Variable | None = Field(default=None, description="The environment variable that holds it.")
    file: FilePath | None = Field(default=None, description="The file that holds it, and nothing else; readable by you alone.")
    prompt: bool | None = Field(default=None, description="`true`: kinstall asks for it when it starts.")

    @model_validator(mode="before")
    @classmethod
    def _only_references(cls, raw: object) -> object:
        if isinstance(raw, cls):
            return raw
        if not isinstance(raw, Mapping):
            raise wrong("a secret in clear: only a reference to it may stand here", INSTEAD)
        if not raw.keys() <= cls.model_fields.keys() or sum(value is not None for value in raw.values()) != 1:
            raise wrong("not a reference to a secret: it takes exactly one of env, file and prompt", INSTEAD)
        return raw

    @field_validator("prompt")
    @classmethod
    def _prompt_is_true(cls, value: bool | None) -> bool | None:
        if value is False:
            raise wrong("`prompt: false` refers to nothing", "write true, or leave the secret out")
        return value
