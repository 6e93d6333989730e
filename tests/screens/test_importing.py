"""Machines to choose from, on the Hosts screen: what ssh knows, and what a network has that somebody names."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinstall.draft import Draft
from kinstall.reception import Reception
from kinstall.screens.hosts import HostsScreen
from kinstall.screens.importing import ImportScreen
from tests.engine.conftest import home  # noqa: F401  # the fixture
from tests.screens.doors import doors, drafted, seen, shown, text


def addresses(draft: Draft) -> list[str]:
    return [host["address"] for host in draft.get("hosts", default=[])]


@pytest.fixture
def ssh(home: Path) -> Path:  # noqa: F811  # the fixture
    folder = home / ".ssh"
    folder.mkdir(mode=0o700)
    (folder / "config").write_text("Host pi nas\nHost *.lan\n")
    (folder / "known_hosts").write_text("10.0.0.5 ssh-ed25519 A\n[10.0.0.6]:2222 ssh-ed25519 B\n")
    return folder


@pytest.mark.usefixtures("ssh")
async def test_i_offers_what_ssh_knows_and_space_chooses() -> None:
    draft = drafted("pi")
    async with shown(HostsScreen, draft, doors()) as (app, pilot):
        await pilot.press("i")
        assert isinstance(app.screen, ImportScreen)
        await seen(app, "[ ] nas", "in ~/.ssh/config", "10.0.0.6:2222", "in ~/.ssh/known_hosts")
        assert "[ ] pi" not in text(app), "it is in the table already"
        await pilot.press("ctrl+s")
        await seen(app, "Nothing is chosen yet")
        await pilot.press("space", "down", "down", "space")
        await seen(app, "[x] nas", "[x] 10.0.0.6:2222", "[ ] 10.0.0.5")
        await pilot.press("ctrl+s")
        assert addresses(draft) == ["pi", "nas", "10.0.0.6"]
        assert draft.get("hosts", 2, "access") == {"port": 2222}


@pytest.mark.usefixtures("home")
async def test_a_network_is_looked_through_only_when_it_is_named() -> None:
    draft, desk = Draft(), doors()
    desk.found = {"10.0.0.7": "SSH-2.0-OpenSSH_9.6", "10.0.0.8": "SSH-2.0-dropbear"}
    async with shown(HostsScreen, draft, desk) as (app, pilot):
        await pilot.press("ctrl+o")
        await seen(app, "Neither ~/.ssh/config nor")
        await pilot.press("enter")
        await seen(app, "Which network?")
        assert desk.asked == []
        await pilot.press(*"10.0.0.0/24", "enter")
        await seen(app, "2 machines with SSH", "[ ] 10.0.0.7", "SSH-2.0-OpenSSH_9.6")
        assert desk.asked == [("scan", "10.0.0.0/24")]
        await pilot.press("down", "space", "ctrl+s")
        assert addresses(draft) == ["10.0.0.8"]


@pytest.mark.usefixtures("home")
async def test_what_is_no_network_is_explained_and_esc_leaves() -> None:
    draft = Draft()
    async with shown(HostsScreen, draft, Reception()) as (app, pilot):
        await pilot.press("ctrl+o")
        await pilot.press(*"nonsense", "enter")
        await seen(app, "nonsense", "write a network with its size")
        await pilot.press("escape")
        assert isinstance(app.screen, HostsScreen) and addresses(draft) == []
