"""The Hosts screen: typed, pasted, imported; roles; accounts; who answers what; and what Next says."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import DataTable, Input

from kinstall.desk import Answer, Greeting
from kinstall.draft import Draft
from kinstall.reception import Reception
from kinstall.screens.help import HelpScreen
from kinstall.screens.host import HostScreen
from kinstall.screens.hosts import HostsScreen
from tests.engine.conftest import PASSWORD, LabServer, ecdsa, ed25519, home, server  # noqa: F401  # fixtures
from tests.screens.doors import CHANGED, NO_SUDO, READY, UNKNOWN, UNREACHABLE, doors, drafted, row, seen, shown, text


async def paste(app: App[int], pilot: Pilot[int], pasted: str) -> None:
    """As a terminal does it."""
    app.post_message(events.Paste(pasted))
    await pilot.pause(0.05)


def roles(draft: Draft) -> list[str]:
    return [host["role"] for host in draft.get("hosts", default=[])]


def addresses(draft: Draft) -> list[str]:
    return [host["address"] for host in draft.get("hosts", default=[])]


# ---- typing and pasting ----
async def test_a_first_time_user_reads_what_to_do_and_types_an_address() -> None:
    draft, desk = Draft(), doors()
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        assert "Which machines shall become the cluster?" in text(app) and "type an address" in text(app)
        await pilot.press(*"10.0.0.1", "enter", *"10.0.0.2-3", "enter")
        await seen(app, "Debian 13  4 cores  8.0 G")
        assert "Which machines" not in text(app)
        assert draft.get("hosts", 0) == {"name": "node-1", "address": "10.0.0.1", "role": "control-plane"}
        assert roles(draft) == ["control-plane", "worker", "worker"]
        assert app.changes >= 2
        assert "● 10.0.0.1" in row(app, "control plane")
        assert sorted(desk.greeted()) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


async def test_many_lines_are_pasted_into_the_line_and_none_is_lost() -> None:
    draft = Draft()
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        await paste(app, pilot, "10.0.0.1\nadmin@10.0.0.2:2222\r\n10.0.0.7-8\n")
        assert addresses(draft) == ["10.0.0.1", "10.0.0.2", "10.0.0.7", "10.0.0.8"]
        assert draft.get("hosts", 1, "access") == {"user": "admin", "port": 2222}
        assert app.stage.query_one("#add", Input).value == ""


async def test_one_line_that_is_pasted_waits_for_enter() -> None:
    draft = Draft()
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        await paste(app, pilot, "10.0.0.1 10.0.0.2\n")
        assert addresses(draft) == [] and app.stage.query_one("#add", Input).value == "10.0.0.1 10.0.0.2"
        await pilot.press("enter")
        assert addresses(draft) == ["10.0.0.1", "10.0.0.2"]


async def test_pasted_on_the_table_it_is_added_and_pasted_into_a_password_it_is_one() -> None:
    draft = drafted("10.0.0.1")
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        assert isinstance(app.focused, DataTable)
        await paste(app, pilot, "10.0.0.2")
        assert addresses(draft) == ["10.0.0.1", "10.0.0.2"]
        app.stage.query_one("#access-password").focus()
        await paste(app, pilot, "se\ncret")
        assert addresses(draft) == ["10.0.0.1", "10.0.0.2"]
        assert draft.secrets["access", "password"].reveal() == "se"


async def test_what_makes_no_sense_stays_and_is_explained_until_one_types_on() -> None:
    draft = Draft()
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        await pilot.press(*"300.1.1.1", "enter")
        await seen(app, "300.1.1.1: not an IPv4 address")
        assert app.stage.query_one("#add", Input).value == "300.1.1.1"
        await pilot.press("backspace")
        await pilot.pause()
        assert "not an IPv4 address" not in text(app)


async def test_letters_are_letters_in_a_field_and_keys_in_the_table() -> None:
    draft = drafted("10.0.0.1", "10.0.0.2")
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        app.stage.query_one("#add").focus()
        await pilot.press(*"dcwir")
        assert app.stage.query_one("#add", Input).value == "dcwir" and roles(draft) == ["control-plane", "worker"]
        await pilot.press("escape", "down", "c")
        assert roles(draft) == ["worker", "control-plane"]


# ---- the keys of the table ----
async def test_there_is_always_exactly_one_control_plane() -> None:
    draft = drafted("10.0.0.1", "10.0.0.2", "10.0.0.3")
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        await pilot.press("down", "down", "c")
        assert roles(draft) == ["worker", "worker", "control-plane"]
        await pilot.press("w")
        assert roles(draft) == ["worker", "worker", "control-plane"]
        await seen(app, "One machine must be the control plane")
        await pilot.press("up", "w", "d")
        assert addresses(draft) == ["10.0.0.1", "10.0.0.3"] and roles(draft) == ["worker", "control-plane"]
        assert "One machine must be" not in text(app)
        await pilot.press("d")
        assert roles(draft) == ["control-plane"]


async def test_a_removed_host_takes_its_secrets_along_and_is_asked_anew_when_it_comes_back() -> None:
    draft, desk = drafted("10.0.0.1", "10.0.0.2"), doors()
    draft.keep("one", "hosts", 0, "access", "password")
    draft.keep("two", "hosts", 1, "access", "password")
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await seen(app, "Debian 13")
        desk.greeted()
        await pilot.press("d", "d")
        assert addresses(draft) == [] and draft.secrets == {}
        await seen(app, "Which machines")
        await pilot.press(*"10.0.0.1", "enter")
        await seen(app, "Debian 13")
        assert desk.greeted() == ["10.0.0.1"]


async def test_a_host_that_is_removed_while_one_connects_is_let_go() -> None:
    draft, desk = drafted("10.0.0.1"), doors(shut=True)
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await seen(app, "connecting…")
        await pilot.press("d")
        await pilot.pause(0.05)
        assert desk.inside == 0 and desk.greetings == {}
        desk.open.set()
        await pilot.press(*"10.0.0.1", "enter")
        await seen(app, "Debian 13")


async def test_enter_edits_and_says_under_the_field_what_is_wrong() -> None:
    draft, desk = drafted("10.0.0.1", "10.0.0.2"), doors()
    draft.keep("kept", "hosts", 0, "access", "password")
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await pilot.press("enter")
        assert isinstance(app.screen, HostScreen)
        for name, value, wrong in (
            ("name", "Bad_", "write bad"), ("name", "h2", "the same name as in h2 (10.0.0.2)"),
            ("address", "10.0.0.2", "the same address as in h2"), ("access-port", "x", "whole number"), ("access-port", "70000", "65535"),
            ("access-key", "/no/key", "no such file"), ("access-jump", "a b", "host to jump through"), ("node_address", "1.1", "IPv4"),
        ):
            field = app.screen.query_one(f"#{name}", Input)
            before, field.value = field.value, value
            await seen(app, wrong)
            await pilot.press("ctrl+s")
            assert isinstance(app.screen, HostScreen) and app.screen.focused is field
            field.value = before
        app.screen.query_one("#name", Input).value = "master"
        app.screen.query_one("#access-port", Input).value = "2222"
        app.screen.query_one("#access-sudo_password", Input).value = "root's"
        desk.greeted()
        await pilot.press("enter")
        assert draft.get("hosts", 0, "name") == "master"
        assert draft.get("hosts", 0, "access", "port") == 2222
        assert {loc[3]: secret.reveal() for loc, secret in draft.secrets.items()} == {"password": "kept", "sudo_password": "root's"}
        await seen(app, "10.0.0.1:2222")
        assert desk.greeted() == ["10.0.0.1"] and set(desk.greetings) == {"master", "h2"}


async def test_esc_leaves_a_host_as_it_was() -> None:
    draft = drafted("10.0.0.1")
    before = str(draft.data)
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        await pilot.press("enter")
        await pilot.press(*"xyz", "escape")
        assert isinstance(app.screen, HostsScreen) and str(draft.data) == before


async def test_r_connects_again() -> None:
    desk = doors({"10.0.0.1": UNREACHABLE})
    async with shown(HostsScreen, drafted("10.0.0.1"), desk) as (app, pilot):
        await seen(app, "✗ 10.0.0.1", "no route to host", "is it switched on")
        desk.says.clear()
        await pilot.press("r")
        await seen(app, "● 10.0.0.1", "Debian 13")


# ---- who answers ----
async def test_a_host_is_seen_connecting_and_next_waits_for_it() -> None:
    desk = doors(shut=True)
    async with shown(HostsScreen, drafted("10.0.0.1"), desk) as (app, pilot):
        await seen(app, "◌ 10.0.0.1", "connecting…")
        await pilot.press("ctrl+n")
        await seen(app, "Still connecting to h1 (10.0.0.1): wait a moment.")
        desk.open.set()
        await seen(app, "● 10.0.0.1")
        assert "Still connecting" not in text(app) and not app.left
        await pilot.press("ctrl+n")
        assert [(event.stage, event.forward) for event in app.left] == [("hosts", True)]


async def test_no_more_than_sixteen_are_asked_at_once_and_all_are() -> None:
    desk = doors(shut=True)
    async with shown(HostsScreen, drafted(*(f"10.0.0.{n}" for n in range(1, 31))), desk) as (app, pilot):
        await pilot.pause(0.1)
        assert (desk.inside, desk.most) == (16, 16)
        assert "◌ 10.0.0.1 " in text(app)
        desk.open.set()
        await pilot.pause(0.2)
        assert len(desk.greeted()) == 30 and desk.most == 16
        assert {one.answer for one in desk.greetings.values()} == {Answer.READY}


async def test_another_account_asks_only_those_whom_it_is_for_and_only_when_one_stops_typing() -> None:
    draft, desk = drafted("10.0.0.1", "10.0.0.2"), doors()
    draft.put({"user": "own"}, "hosts", 1, "access")
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await seen(app, "Debian 13")
        desk.greeted()
        app.stage.query_one("#access-user").focus()
        await pilot.press(*"adm")
        assert draft.get("access", "user") == "adm" and desk.greeted() == []
        await pilot.press("i")
        await asyncio.sleep(0.9)
        assert desk.greeted() == ["10.0.0.1"]
        await pilot.press("n", "enter")
        await pilot.pause()
        assert desk.greeted() == ["10.0.0.1"]
        desk.open.clear()
        await pilot.press("x", "ctrl+n")
        await seen(app, "Still connecting to h1")
        assert desk.greeted() == ["10.0.0.1"] and not app.left
        desk.open.set()
        app.stage.query_one("#access-sudo_password").focus()
        await pilot.press("x", "enter")
        await pilot.pause()
        assert sorted(desk.greeted()) == ["10.0.0.1", "10.0.0.2"]


async def test_a_sudo_password_that_is_needed_is_asked_for_where_it_is_typed() -> None:
    draft, desk = drafted("10.0.0.1", "10.0.0.2"), doors({"10.0.0.2": NO_SUDO})
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await seen(app, "needs the password for sudo")
        await pilot.press("ctrl+n")
        await seen(app, "h2 (10.0.0.2) needs the password for sudo")
        assert app.focused is app.stage.query_one("#access-sudo_password")
        desk.says.clear()
        await pilot.press(*"secret-word", "enter")
        await seen(app, "● 10.0.0.2")
        assert "h2 (10.0.0.2) needs" not in text(app) and "secret-word" not in text(app) and "•••" in text(app)
        assert draft.get("access", "sudo_password") == {"prompt": True}
        await pilot.press("ctrl+n")
        assert app.left


async def test_a_password_of_its_own_is_changed_where_it_is() -> None:
    draft, desk = drafted("10.0.0.1", "10.0.0.2"), doors({"10.0.0.2": NO_SUDO})
    draft.keep("wrong", "hosts", 1, "access", "sudo_password")
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await seen(app, "needs the password for sudo")
        await pilot.press("ctrl+n")
        table = app.stage.query_one(DataTable)
        assert app.focused is table and table.cursor_row == 1


async def test_next_names_the_host_that_cannot_be_reached_before_those_that_need_a_moment() -> None:
    desk = doors({"10.0.0.9": UNREACHABLE}, shut=True)
    async with shown(HostsScreen, drafted("10.0.0.1", "10.0.0.9"), desk) as (app, pilot):
        desk.open.set()
        await seen(app, "no route to host")
        desk.open.clear()
        await pilot.press("r")
        await seen(app, "◌ 10.0.0.1")
        await pilot.press("ctrl+n")
        await seen(app, "h2 (10.0.0.9): no connection", "remove it with d")
        assert app.stage.query_one(DataTable).cursor_row == 1
        await pilot.press("d")
        await seen(app, "Still connecting to h1")
        assert not app.left


@pytest.mark.parametrize(("greeting", "words"), [(UNKNOWN, "a key to compare"), (CHANGED, "ANOTHER KEY")])
async def test_keys_in_question_are_the_next_screens_business(greeting: Greeting, words: str) -> None:
    async with shown(HostsScreen, drafted("10.0.0.1"), doors({"10.0.0.1": greeting})) as (app, pilot):
        await seen(app, words)
        await pilot.press("ctrl+n")
        assert len(app.left) == 1


async def test_next_without_a_machine_goes_to_the_line() -> None:
    async with shown(HostsScreen, Draft(), doors()) as (app, pilot):
        await pilot.press("escape", "ctrl+n")
        await seen(app, "Type the address of at least one machine")
        assert app.focused is app.stage.query_one("#add") and not app.left


async def test_a_wrong_account_is_explained_while_it_is_typed_and_next_goes_there() -> None:
    async with shown(HostsScreen, drafted("10.0.0.1"), doors()) as (app, pilot):
        app.stage.query_one("#access-user").focus()
        await seen(app, "The account to log in with")
        await pilot.press(*"a b")
        await seen(app, "✗ not a user name: write the account's name alone")
        await pilot.press("tab", "ctrl+n")
        assert app.focused is app.stage.query_one("#access-user") and not app.left
        await pilot.press(*["backspace"] * 2)
        await pilot.pause()
        assert "not a user name" not in text(app)


async def test_a_key_file_that_is_not_there_is_explained() -> None:
    async with shown(HostsScreen, drafted("10.0.0.1"), doors()) as (app, pilot):
        app.stage.query_one("#access-key").focus()
        await pilot.press(*"/no/key")
        await seen(app, "/no/key: no such file")


async def test_what_the_draft_does_not_keep_is_asked_for_again() -> None:
    draft = drafted("10.0.0.1", access={"user": "admin", "password": {"prompt": True}, "sudo_password": {"env": "SUDO_WORD"}})
    async with shown(HostsScreen, draft, doors()) as (app, _):
        assert "type it again" in row(app, "Password") and "from the variable" in row(app, "For sudo")
        assert "admin" in row(app, "Account") and "admin" in row(app, "10.0.0.1")


async def test_what_hosts_say_is_no_markup() -> None:
    said = replace(UNREACHABLE, message="[bold red]no[/] [link=x]", hint="[/]")
    async with shown(HostsScreen, drafted("10.0.0.1"), doors({"10.0.0.1": said})) as (app, _):
        await seen(app, "[bold red]no[/] [link=x]")


async def test_a_machine_that_has_a_name_keeps_it() -> None:
    draft, desk = Draft(), doors({"10.0.0.1": replace(READY, distribution="Fedora 43", hostname="pi.lan", cpus=1)})
    async with shown(HostsScreen, draft, desk, size=(120, 40)) as (app, pilot):
        await pilot.press(*"10.0.0.1", "enter")
        await seen(app, "● pi ", "Fedora 43  1 core  ")
        assert draft.get("hosts", 0, "name") == "pi"
        desk.greeted()
        app.stage.entered()
        await pilot.pause()
        assert desk.greeted() == []


# ---- the screen as a whole ----
@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_everything_essential_is_there(size: tuple[int, int]) -> None:
    says = {"10.0.0.1": READY, "10.0.0.2": NO_SUDO, "10.0.0.3": UNREACHABLE}
    async with shown(HostsScreen, drafted(*says), doors(says), size=size) as (app, _):
        await seen(app, "● ", "Debian 13  4 cores  8.0 G", "control plane", "worker", "no route to host", "needs the password for sudo")
        assert ("h1" in row(app, "Debian 13  4")) == (size[0] >= 100)
        footer = text(app).splitlines()[-1]
        for key in ("Edit", "c Control", "w Worker", "d Remove", "i Import", "f1 Help", "^n Next"):
            assert key in footer, footer


async def test_the_cursor_stays_on_its_host_and_the_arrows_go_on_to_the_fields() -> None:
    draft = drafted(*(f"10.0.0.{n}" for n in range(1, 31)))
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        table = app.stage.query_one(DataTable)
        await pilot.press(*["down"] * 19)
        draft.remove_host(0)
        app.stage.entered()
        await pilot.pause()
        assert table.cursor_row == 18 and "h20 (10.0.0.20)" in text(app)
        await pilot.press("end", *["down"] * 12)
        assert isinstance(app.focused, Input)
        app.stage.query_one("#add").focus()
        await pilot.press("up")
        assert table.has_focus


async def test_f1_explains_the_keys() -> None:
    async with shown(HostsScreen, drafted("10.0.0.1"), doors()) as (app, pilot):
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        await seen(app, "The arrows and Tab go from the table")


async def test_a_real_server_is_asked_with_what_was_typed(server: LabServer) -> None:  # noqa: F811  # the fixture
    draft, desk = Draft(), Reception()
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await pilot.press(*f"lab@127.0.0.1:{server.port}", "enter")
        await seen(app, "needs a key or a password")
        await pilot.press("ctrl+n")
        assert app.focused is app.stage.query_one("#access-password")
        await paste(app, pilot, PASSWORD)
        await pilot.press("enter")
        await seen(app, " core", " G")
        assert PASSWORD not in text(app)
        await pilot.press("ctrl+n")
        assert len(app.left) == 1
    await desk.close()
