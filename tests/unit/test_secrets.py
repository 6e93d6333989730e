"""Secrets never show, and nothing reaches a sink uncleaned."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinstall.events import AnyEvent, CommandStarted, Failure, Note, Output, StepChanged, encode
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
