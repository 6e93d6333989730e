"""The Trust screen: unknown keys side by side, accepted one by one or all after a question; a changed one by nothing at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
from textual.widgets import DataTable

from kinstall import hostkeys
from kinstall.desk import Answer
from kinstall.draft import Draft
from kinstall.reception import Reception
from kinstall.screens import trust
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.trust import TrustScreen
from tests.engine.conftest import PASSWORD, LabServer, ecdsa, ed25519, home, known, make_server, server  # noqa: F401  # fixtures
from tests.screens.doors import CHANGED, FINGERPRINT, NO_SUDO, READY, UNKNOWN, Doors, doors, drafted, flat, row, seen, shown, text

OTHER = FINGERPRINT[:-1] + "x"
ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")


async def asked() -> tuple[Draft, Doors]:
    """Two new machines, one whose key is another one, one that is known; all were asked."""
    draft, desk = drafted(*ADDRESSES), doors(
        {"10.0.0.1": UNKNOWN, "10.0.0.2": replace(UNKNOWN, fingerprint=OTHER), "10.0.0.3": CHANGED, "10.0.0.4": READY})
    for host in draft.get("hosts"):
        await desk.greet(draft, host["name"])
    desk.asked.clear()
    return draft, desk


def accepted(desk: Doors) -> list[object]:
    return [what for kind, what in desk.asked if kind == "accept"]


async def test_keys_in_question_are_side_by_side_with_whole_fingerprints_at_80_columns() -> None:
    draft, desk = await asked()
    async with shown(TrustScreen, draft, desk) as (app, _):
        assert isinstance(app.stage, TrustScreen) and app.stage.is_needed
        assert "? h1" in row(app, FINGERPRINT) and "10.0.0.1" in row(app, FINGERPRINT)
        assert "? h2" in row(app, OTHER)
        assert "‼ h3" in row(app, "ANOTHER KEY")
        assert "h4" not in text(app), "nobody asks about a key that is known"
        assert "ssh-keygen -lf" in text(app)
        footer = text(app).splitlines()[-1]
        for key in ("a Accept", "A Accept all", "r Ask again", "esc Back", "^n Next", "f1 Help"):
            assert key in footer, footer


@pytest.mark.parametrize("key", ["a", "enter"])
async def test_a_key_that_was_compared_is_accepted_and_the_host_asked_again(key: str) -> None:
    draft, desk = await asked()
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        await pilot.press("down", key)
        await seen(app, "known: it lets us in")
        assert accepted(desk) == [("h1", FINGERPRINT)] and desk.greeted() == ["10.0.0.1"]
        assert "● h1" in row(app, "10.0.0.1 ") and "? h2" in text(app)


async def test_all_are_accepted_after_a_question_that_says_how_many_and_what_it_means() -> None:
    draft, desk = await asked()
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        await pilot.press("A")
        assert isinstance(app.screen, ConfirmScreen)
        await seen(app, "2 keys", FINGERPRINT, OTHER, "known_hosts", "passwords", "1 changed key stays refused")
        await pilot.press("enter")
        assert accepted(desk) == [], "the safe answer has the focus"
        await pilot.press("A", "y")
        await seen(app, "● h1", "● h2")
        assert accepted(desk) == [("h1", FINGERPRINT), ("h2", OTHER)]
        assert "‼ h3" in text(app) and isinstance(app.stage, TrustScreen) and app.stage.is_needed


@pytest.mark.parametrize("keys", [("a",), ("enter",), ("A",), ("A", "y"), ("y",)])
async def test_a_changed_key_is_accepted_by_no_key(keys: tuple[str, ...]) -> None:
    draft, desk = drafted("10.0.0.3"), doors({"10.0.0.3": CHANGED})
    await desk.greet(draft, "h1")
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        await pilot.press(*keys)
        await pilot.pause()
        assert accepted(desk) == [] and app.screen is app.stage
        if keys != ("y",):
            assert "never accepted here" in flat(app)


async def test_a_changed_key_shows_both_and_stops_until_it_was_mended() -> None:
    draft, desk = drafted("10.0.0.3"), doors({"10.0.0.3": CHANGED})
    await desk.greet(draft, "h1")
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        await seen(app, "SHA256:old", FINGERPRINT, "ssh-keygen -R '10.0.0.3'")
        await pilot.press("ctrl+n")
        await seen(app, "shows another key than the known one. Find out why", "r asks again")
        assert not app.left
        desk.says["10.0.0.3"] = UNKNOWN     # somebody removed the old one
        await pilot.press("r")
        await seen(app, "? h1")
        await pilot.press("a")
        await seen(app, "Every key is known. Ctrl-N goes on.")
        await pilot.press("ctrl+n")
        assert [event.forward for event in app.left] == [True]


async def test_next_goes_to_the_key_that_nobody_has_said_yes_to() -> None:
    draft, desk = await asked()
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        await pilot.press("down", "a", "ctrl+n")
        await seen(app, "Compare the key of h2 (10.0.0.2)")
        table = app.stage.query_one(DataTable)
        assert app.focused is table and "? h2" in text(app).splitlines()[table.region.y + 1 + table.cursor_row]
        assert not app.left


async def test_nothing_to_trust_says_so_and_goes_on() -> None:
    draft, desk = drafted("10.0.0.4"), doors()
    await desk.greet(draft, "h1")
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        assert isinstance(app.stage, TrustScreen) and not app.stage.is_needed
        await seen(app, "Every key is known")
        await pilot.press("A")
        await seen(app, "There is no new key to accept.")
        await pilot.press("ctrl+n")
        assert len(app.left) == 1


async def test_a_machine_that_then_refuses_the_account_sends_one_back() -> None:
    draft, desk = drafted("10.0.0.1"), doors({"10.0.0.1": UNKNOWN})
    await desk.greet(draft, "h1")
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        desk.accept = lambda host, fingerprint: desk.says.update({"10.0.0.1": NO_SUDO})  # type: ignore[method-assign]
        await pilot.press("a")
        await seen(app, "✗ h1")
        await pilot.press("ctrl+n")
        await seen(app, "sudo asks admin for a password", "Esc goes back to mend it")
        await pilot.press("escape")
        assert [event.forward for event in app.left] == [False]


def test_the_command_on_the_screen_is_the_one_that_errors_tell() -> None:
    assert trust.COMPARE == hostkeys.COMPARE


async def test_a_real_key_is_shown_compared_and_remembered(tmp_path: Path, home: Path, ed25519: asyncssh.SSHKey) -> None:  # noqa: F811
    real = make_server(tmp_path / "scratch", [ed25519])
    await real.start()
    draft, desk = drafted("127.0.0.1", access={"user": "lab", "port": real.port}), Reception()
    draft.keep(PASSWORD, "access", "password")
    await desk.greet(draft, "h1")
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        await seen(app, ed25519.get_fingerprint())
        assert real.seen_passwords == [] and not (home / ".ssh" / "known_hosts").exists()
        await pilot.press("A", "y")
        await seen(app, "Every key is known")
        (seen_host,) = desk.greetings.values()
        assert seen_host.answer is Answer.READY
        assert ed25519.export_public_key().decode().split()[1] in (home / ".ssh" / "known_hosts").read_text()
    await desk.close()
    await real.stop()


async def test_a_real_changed_key_stays_refused(server: LabServer, home: Path, ecdsa: asyncssh.SSHKey) -> None:  # noqa: F811
    (home / ".ssh" / "known_hosts").write_text("")
    known(home, server, ecdsa)
    draft, desk = drafted("127.0.0.1", access={"user": "lab", "port": server.port}), Reception()
    draft.keep(PASSWORD, "access", "password")
    await desk.greet(draft, "h1")
    before = (home / ".ssh" / "known_hosts").read_text()
    async with shown(TrustScreen, draft, desk) as (app, pilot):
        await seen(app, "ANOTHER KEY", server.keys[0].get_fingerprint(), ecdsa.get_fingerprint(), "ssh-keygen -R")
        for key in ("a", "enter", "A", "r", "ctrl+n"):
            await pilot.press(key)
        await seen(app, "shows another key than the known one")
        assert not app.left and server.seen_passwords == [] and (home / ".ssh" / "known_hosts").read_text() == before
    await desk.close()
