"""The table of distributions holds to its own rules, and hosts find their row."""

from __future__ import annotations

from datetime import date

import pytest

from kinstall.distro import DISTROS, Distro, resolve
from kinstall.errors import UnfitError

every_row = pytest.mark.parametrize("row", DISTROS, ids=lambda row: row.id)


def os_release(row: Distro, name: str) -> dict[str, str]:
    """What a host of this row says of itself."""
    said = {"ID": name, "VERSION_ID": row.version or "43", "NAME": f"Some {row.label or 'Linux'}", "PRETTY_NAME": f"Some {row.title}"}
    return said | ({"VERSION_CODENAME": row.codename} if row.codename else {"PLATFORM_ID": f"platform:{row.platform}"})


@every_row
def test_a_row_finds_itself(row: Distro) -> None:
    for name in row.names:
        found = resolve(os_release(row, name))
        assert (found.id, found.title) == (row.id, f"Some {row.title}")


@every_row
def test_a_minor_release_finds_the_same_row(row: Distro) -> None:
    if row.family == "rhel" and row.version:
        assert resolve(os_release(row, row.names[0]) | {"VERSION_ID": f"{row.version}.7"}).id == row.id


@every_row
def test_a_row_is_whole(row: Distro) -> None:
    assert row.manager.name == {"debian": "apt", "rhel": "dnf"}[row.family]
    assert bool(row.codename) == (row.family == "debian")
    assert row.admin_group == {"debian": "sudo", "rhel": "wheel"}[row.family]
    assert row.docker in {"debian", "ubuntu", "centos", "rhel", "fedora"}
    assert row.family == "rhel" or row.docker_release == row.codename
    assert {"socat", "ethtool"} <= set(row.tools) and any("iptables" in tool for tool in row.tools)
    assert any("conntrack" in tool for tool in row.tools)
    assert "runc" in row.conflicts
    assert not row.vault or row.end_of_life


def test_ids_are_there_once() -> None:
    assert len({row.id for row in DISTROS}) == len(DISTROS)


@pytest.mark.parametrize(("said", "row"), [
    ({"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22.2", "UBUNTU_CODENAME": "noble"}, "ubuntu2404"),
    ({"ID": "linuxmint", "ID_LIKE": "debian", "VERSION_ID": "6", "VERSION_CODENAME": "faye", "DEBIAN_CODENAME": "bookworm"}, "debian12"),
    ({"ID": "pop", "ID_LIKE": "ubuntu debian", "VERSION_ID": "22.04", "UBUNTU_CODENAME": "jammy"}, "ubuntu2204"),
    ({"ID": "debian", "VERSION_CODENAME": "trixie", "PRETTY_NAME": "Debian GNU/Linux trixie/sid"}, "debian13"),
    ({"ID": "ol", "ID_LIKE": "fedora", "VERSION_ID": "9.5", "PLATFORM_ID": "platform:el9"}, "el9"),
    ({"ID": "almalinux", "ID_LIKE": "rhel centos fedora", "VERSION_ID": "8.10", "PLATFORM_ID": "platform:el8"}, "el8"),
    ({"ID": "cloudlinux", "ID_LIKE": "rhel fedora centos", "VERSION_ID": "9.4", "PLATFORM_ID": "platform:el9"}, "el9"),
    ({"ID": "eurolinux", "ID_LIKE": "rhel fedora centos", "VERSION_ID": "8.8", "PLATFORM_ID": "platform:el8"}, "el8"),
    ({"ID": "centos", "ID_LIKE": "rhel fedora", "VERSION_ID": "10", "NAME": "CentOS Stream", "PLATFORM_ID": "platform:el10"}, "el10"),
])
def test_clones(said: dict[str, str], row: str) -> None:
    assert resolve(said).id == row


@pytest.mark.parametrize("said", [
    {},
    {"ID": "arch", "PRETTY_NAME": "Arch Linux"},
    {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_ID": "18.04", "VERSION_CODENAME": "bionic", "UBUNTU_CODENAME": "bionic"},
    {"ID": "debian", "VERSION_ID": "1"},
    {"ID": "centos", "ID_LIKE": "rhel fedora", "VERSION_ID": "7"},
    {"ID": "amzn", "ID_LIKE": "fedora", "VERSION_ID": "2023", "PLATFORM_ID": "platform:al2023"},
    {"ID": "kali", "ID_LIKE": "debian", "VERSION_ID": "2026.1", "VERSION_CODENAME": "kali-rolling"},
])
def test_what_is_not_known_is_named_with_what_is(said: dict[str, str]) -> None:
    with pytest.raises(UnfitError) as caught:
        resolve(said)
    assert said.get("PRETTY_NAME", said.get("ID", "without /etc/os-release")) in caught.value.message
    assert "Debian 12" in caught.value.hint and "CentOS Linux 8" in caught.value.hint


def test_fedora_takes_every_release() -> None:
    assert resolve({"ID": "fedora", "VERSION_ID": "44"}).docker_release == "44"


def test_centos_8_is_mended_by_data() -> None:
    row = resolve({"ID": "centos", "VERSION_ID": "8", "NAME": "CentOS Linux"})
    by_hand = row.rpm_by_hand.format(docker="https://download.docker.com/linux", arch="x86_64")
    assert by_hand == "https://download.docker.com/linux/rhel/8/x86_64/stable/Packages/"
    assert (row.vault, row.conflicts) == ("centos/8", ("podman", "buildah", "runc"))


def test_the_end_of_updates() -> None:
    row = resolve({"ID": "ubuntu", "VERSION_ID": "20.04"})
    assert not row.is_past(date(2025, 5, 31)) and row.is_past(date(2025, 6, 1))
    assert not resolve({"ID": "fedora", "VERSION_ID": "30"}).is_past(date(2030, 1, 1))
