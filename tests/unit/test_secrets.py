"""Secrets never show, and nothing reaches a sink uncleaned."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinstall.events import (
    AnyEvent,
    CommandStarted,
    Failure,
    HostLine,
    Name,
    Note,
    Output,
    Planned,
    RunStarted,
    StepChanged,
    StepLine,
    Text,
    encode,
    texts,
)
from kinstall.hub import Hub
from kinstall.secrets import MASK, Redactor, Secret


@pytest.mark.parametrize("form", [str, repr, "{}".format, lambda s: f"{s:>40}", lambda s: f"{[s]}", lambda s: "%s" % s])  # noqa: UP031
def test_a_secret_masks_itself_in_every_form(form: object) -> None:
    assert callable(form)
    assert "hunter2" not in form(Secret("hunter2"))


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("hunter2"))


def test_tokens_are_masked_by_their_shape() -> None:
    line = "kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef --certificate-key " + "a" * 64
    assert Redactor().clean(line) == f"kubeadm join 10.0.0.1:6443 --token {MASK} --certificate-key {MASK}"


def test_a_hash_is_no_token() -> None:
    line = "--discovery-token-ca-cert-hash sha256:" + "0" * 64
    assert Redactor().clean(line) == line


def test_each_line_of_a_long_secret_is_masked() -> None:
    redactor = Redactor()
    redactor.add(Secret("first line\nsecond line\n"))
    assert redactor.clean("x second line y") == f"x {MASK} y"


secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20).filter(lambda s: "*" not in s)
around = st.text(st.characters(codec="utf-8"), max_size=20)


@given(secrets, around, around)
def test_no_event_carries_a_secret_to_a_sink(secret: str, before: str, after: str) -> None:
    """Whatever event a host's words travel in, what a sink gets has no secret in it."""
    text = f"{before}{secret}{after}"
    got: list[AnyEvent] = []
    redactor = Redactor()
    redactor.add(Secret(secret))
    hub = Hub([got.append], redactor)
    hub.emit(Output(host="h", step="s", lines=(text, text)))
    hub.emit(Note(text=text, host="h"))
    hub.emit(CommandStarted(host="h", step="s", shell=text))
    hub.emit(Failure(message=text, hint=text, tail=(text,)))
    hub.emit(StepChanged(host="h", step="s", status="failed", reason=text))
    for event in got:
        texts = [value for value in map(event.__getattribute__, event.__struct_fields__) if isinstance(value, str | tuple)]
        assert all(secret not in str(value) for value in texts)
        assert encode(event)


@pytest.mark.parametrize("password", ["e", "done", "running", "kubernetes", "cp1", "1"])
def test_a_password_does_not_rename_what_others_look_up(password: str) -> None:
    got: list[AnyEvent] = []
    redactor = Redactor()
    redactor.add(Secret(password))
    hub = Hub([got.append], redactor)
    events: tuple[AnyEvent, ...] = (
        RunStarted(kinstall="0.1", cluster="done", hosts=(HostLine("cp1", "10.0.0.1", "control-plane"),)),
        Planned(kubernetes="1.37.1", network="none", steps=(StepLine("kubernetes", "prepare", f"It is {password}", ("cp1",)),)),
        StepChanged(host="cp1", step="kubernetes", status="done", reason=f"it is {password}"),
        CommandStarted(host="cp1", step="kubernetes", shell=f"echo {password}", unit="kinstall-kubernetes-01"),
    )
    for event in events:
        hub.emit(event)
    started, planned, step, command = got
    assert isinstance(started, RunStarted) and isinstance(planned, Planned)
    assert isinstance(step, StepChanged) and isinstance(command, CommandStarted)
    assert started.hosts == events[0].hosts  # type: ignore[union-attr]
    assert (planned.kubernetes, planned.steps[0].id, planned.steps[0].hosts) == ("1.37.1", "kubernetes", ("cp1",))
    assert (step.host, step.step, step.status, command.unit) == ("cp1", "kubernetes", "done", "kinstall-kubernetes-01")
    assert all(text.endswith(MASK) for text in (planned.steps[0].title, step.reason, command.shell))


def structs() -> Iterator[type[msgspec.Struct]]:
    """Every event, and every struct that one carries."""
    for event in get_args(AnyEvent):
        yield event
        yield from (part for hint in get_type_hints(event).values() for part in get_args(hint) if isinstance(part, type(msgspec.Struct)))


def classified(hint: Any) -> bool:
    if get_origin(hint) is tuple:
        return classified(get_args(hint)[0])
    return hint in (Name, Text, int, float, bool) or get_origin(hint) is Literal or isinstance(hint, type(msgspec.Struct))


@pytest.mark.parametrize("kind", list(structs()))
def test_every_field_of_every_event_is_a_name_or_a_text(kind: type[msgspec.Struct]) -> None:
    hints = get_type_hints(kind, include_extras=True)
    assert [name for name, hint in hints.items() if not classified(hint)] == []


def test_a_field_that_nobody_classified_is_masked() -> None:
    class Forgotten(msgspec.Struct):
        host: Name
        said: str
        more: tuple[str, ...]

    Forgotten.__annotations__ = {"host": Name, "said": str, "more": tuple[str, ...]}
    assert texts(Forgotten) == {"said", "more"}


def test_a_host_does_not_write_to_the_admins_terminal() -> None:
    got: list[AnyEvent] = []
    Hub([got.append], Redactor()).emit(Output(host="h", step="s", lines=("\x1b]0;owned\x07\x1b[2Jhello\udcff\tyou",)))
    assert isinstance(got[0], Output)
    assert got[0].lines == ("hello?\tyou",)


def test_events_are_numbered_and_timed() -> None:
    got: list[AnyEvent] = []
    ticks = iter([10.0, 11.5])
    hub = Hub([got.append], Redactor(), clock=lambda: next(ticks))
    hub.emit(Note(text="one"))
    hub.emit(Note(text="two"))
    assert [(event.seq, event.at) for event in got] == [(1, 10.0), (2, 11.5)]
