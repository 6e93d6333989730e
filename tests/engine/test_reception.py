"""The desk over a real SSH server: greetings, keys that a person says yes to, connections that are used again, runs as streams."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncssh
import pytest

from kinstall.desk import Answer, Desk
from kinstall.draft import Draft
from kinstall.events import AnyEvent, Checking, Failure, Found, RunEnded, RunStarted
from kinstall.reception import Reception
from kinstall.scanning import scan
from tests.engine.conftest import PASSWORD, LabServer, free_port, known, make_server, until


def draft(server: LabServer, password: str = PASSWORD) -> Draft:
    access = {"user": "lab", "port": server.port}
    made = Draft({"hosts": [{"name": "cp1", "address": "127.0.0.1", "role": "control-plane", "access": access}]})
    made.keep(password, "access", "password")
    return made


def written(path: str) -> str:
    return Path(path).read_text()


def a_desk() -> Desk:
    return Reception()


async def test_a_host_that_is_let_in_says_what_it_is(server: LabServer) -> None:
    desk = a_desk()
    seen = await desk.greet(draft(server), "cp1")
    assert (seen.answer, seen.host) == (Answer.READY, "cp1")
    assert seen.cpus > 0 and seen.memory > 1 << 20 and seen.kernel and seen.distribution
    await desk.close()
    await until(lambda: all(connection.is_closed() for connection in server.open))


async def test_the_connection_is_used_again_until_something_changed(server: LabServer) -> None:
    desk, typed = a_desk(), draft(server)
    for _ in range(3):
        assert (await desk.greet(typed, "cp1")).answer is Answer.READY
    assert len(server.open) == 1
    typed.put("local", "access", "key")
    typed.put(None, "access", "key")
    typed.put("other", "hosts", 0, "access", "user")
    assert (await desk.greet(typed, "cp1")).answer is Answer.READY
    assert len(server.open) == 2
    server.drop()
    assert (await desk.greet(typed, "cp1")).answer is Answer.READY
    await desk.close()


async def test_a_wrong_password_and_a_closed_port_are_told_apart(server: LabServer) -> None:
    desk = a_desk()
    wrong = await desk.greet(draft(server, "wrong"), "cp1")
    assert (wrong.answer, wrong.needs) == (Answer.REFUSED, "password") and wrong.message and wrong.hint
    server.env["RIGHT"] = "another one"
    sudo = await desk.greet(draft(server), "cp1")
    assert (sudo.answer, sudo.needs) == (Answer.REFUSED, "sudo_password")
    typed = draft(server)
    typed.put(free_port(), "hosts", 0, "access", "port")
    assert (await desk.greet(typed, "cp1")).answer is Answer.UNREACHABLE
    typed.put("no address", "hosts", 0, "address")
    assert (await desk.greet(typed, "cp1")).needs == "address"
    await desk.close()


async def test_an_unknown_key_waits_for_a_yes_and_is_then_known(tmp_path: Path, home: Path, ed25519: asyncssh.SSHKey) -> None:
    server = make_server(tmp_path / "scratch", [ed25519])
    await server.start()
    desk = a_desk()
    unknown = await desk.greet(draft(server), "cp1")
    assert (unknown.answer, unknown.fingerprint) == (Answer.UNKNOWN_KEY, ed25519.get_fingerprint())
    assert server.seen_passwords == []
    desk.accept("other", unknown.fingerprint)
    assert (await desk.greet(draft(server), "cp1")).answer is Answer.UNKNOWN_KEY
    desk.accept("cp1", unknown.fingerprint)
    assert (await desk.greet(draft(server), "cp1")).answer is Answer.READY
    assert (await a_desk().greet(draft(server), "cp1")).answer is Answer.READY
    await desk.close()
    await server.stop()


async def test_a_changed_key_is_never_accepted(server: LabServer, home: Path, ecdsa: asyncssh.SSHKey) -> None:
    (home / ".ssh" / "known_hosts").write_text("")
    known(home, server, ecdsa)
    desk = a_desk()
    changed = await desk.greet(draft(server), "cp1")
    assert changed.answer is Answer.CHANGED_KEY
    desk.accept("cp1", server.keys[0].get_fingerprint())
    assert (await desk.greet(draft(server), "cp1")).answer is Answer.CHANGED_KEY
    await desk.close()


async def test_a_check_is_a_stream_that_ends(server: LabServer) -> None:
    desk, typed = a_desk(), draft(server)
    await desk.greet(typed, "cp1")
    stream = desk.check(typed)
    events: list[AnyEvent] = [event async for event in stream]
    assert isinstance(events[0], RunStarted) and isinstance(events[-1], RunEnded)
    assert any(isinstance(event, Checking) for event in events) and any(isinstance(event, Found) for event in events)
    assert stream.code == events[-1].exit_code and stream.journal == ""
    assert len(server.open) == 1, "the greeting's connection"
    await desk.close()


async def test_answers_that_are_not_right_are_told_by_the_stream(server: LabServer) -> None:
    desk, typed = a_desk(), draft(server)
    typed.put("nowhere", "addons", "prometheus", "node")
    stream = desk.plan(typed)
    events = [event async for event in stream]
    assert stream.code == 2
    assert any("addons.prometheus.node" in event.message for event in events if isinstance(event, Failure))
    typed.put(None, "addons", "prometheus", "node")
    typed.secrets.clear()
    stream = desk.plan(typed)
    assert "not typed yet" in "".join(event.message for event in [event async for event in stream] if isinstance(event, Failure))
    await desk.close()


async def test_what_was_detached_ends(server: LabServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    desk = a_desk()
    stream = desk.install(draft(server))
    stream.detach()
    events = [event async for event in stream]
    assert stream.code == 130
    assert PASSWORD not in written(stream.journal)
    assert not events or isinstance(events[-1], RunEnded)
    await desk.close()


async def test_a_look_and_a_second_connection(server: LabServer) -> None:
    desk = a_desk()
    assert (await desk.greet(draft(server), "cp1")).answer is Answer.READY
    said = await desk.peek("cp1")
    assert any(line.startswith("load: ") for line in said) and any(line.startswith("memory: ") for line in said)
    assert len(server.open) == 2
    await desk.close()


async def test_a_network_is_looked_through(server: LabServer) -> None:
    found = await scan("127.0.0.0/30", server.port)
    assert list(found) == ["127.0.0.1"] and found["127.0.0.1"].startswith("SSH-2.0")
    silent = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    assert await scan("127.0.0.1/32", silent.sockets[0].getsockname()[1]) == {}
    silent.close()
    for wrong in ("10.0.0.0/8", "nonsense"):
        with pytest.raises(ValueError, match=wrong):
            await scan(wrong)
