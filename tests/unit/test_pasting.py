"""What a person pastes becomes hosts, each with a name of its own; what makes no sense is told, and spoils nothing."""

from __future__ import annotations

import pytest

from kinstall.pasting import hosts, own_name


@pytest.mark.parametrize(("text", "addresses"), [
    ("192.168.1.31", ["192.168.1.31"]),
    ("192.168.1.31-33", ["192.168.1.31", "192.168.1.32", "192.168.1.33"]),
    ("192.168.1.254-192.168.2.1", ["192.168.1.254", "192.168.1.255", "192.168.2.0", "192.168.2.1"]),
    ("10.0.0.1, 10.0.0.2;10.0.0.3\n10.0.0.4\t10.0.0.5", [f"10.0.0.{n}" for n in range(1, 6)]),
    ("# mine\n10.0.0.1  # the first\n#10.0.0.2", ["10.0.0.1"]),
    ("kmaster.lan knode", ["kmaster.lan", "knode"]),
    ("", []),
])
def test_addresses(text: str, addresses: list[str]) -> None:
    found = hosts(text)
    assert [host["address"] for host in found.hosts] == addresses
    assert not found.mistakes


def test_an_account_and_a_port_go_to_every_host_of_a_range() -> None:
    found = hosts("admin@10.0.0.7-8:2222")
    assert [host["access"] for host in found.hosts] == [{"user": "admin", "port": 2222}] * 2


def test_names_are_short_and_nobody_elses() -> None:
    there = [{"name": "node-31", "address": "10.9.9.31"}]
    found = hosts("192.168.1.31 192.168.1.32 Pi.lan pi.home _odd_", there)
    assert [host["name"] for host in found.hosts] == ["node-31-2", "node-32", "pi", "pi-2", "odd"]


def test_what_is_there_already_is_told_and_not_added_twice() -> None:
    there = [{"name": "a", "address": "10.0.0.1"}]
    found = hosts("10.0.0.1 10.0.0.2 10.0.0.2 10.0.0.1:2222", there)
    assert [(host["address"], host.get("access")) for host in found.hosts] == [("10.0.0.2", None), ("10.0.0.1", {"port": 2222})]
    assert found.mistakes == ["10.0.0.1 is there already", "10.0.0.2 is there already"]


@pytest.mark.parametrize("text", ["300.1.1.1", "10.0.0.9-3", "10.0.0.1-10.9.0.1", "a@b@c", "10.0.0.1-999", "host:99999", "fe80::1"])
def test_what_makes_no_sense_is_a_sentence_and_the_rest_is_taken(text: str) -> None:
    found = hosts(f"10.0.0.1 {text} 10.0.0.250")
    assert [host["address"] for host in found.hosts] == ["10.0.0.1", "10.0.0.250"]
    assert len(found.mistakes) == 1 and found.mistakes[0].startswith(text)


@pytest.mark.parametrize(("name", "hostname", "own"), [
    ("node-31", "kmaster.lan", "kmaster"), ("node", "Pi4", "pi4"), ("chosen", "kmaster", "chosen"), ("node-31", "localhost", "node-31"),
    ("node-31", "taken", "node-31"), ("node-31", "under_score", "node-31"), ("node-31", "", "node-31"),
])
def test_a_machine_keeps_its_own_name_unless_somebody_chose_one(name: str, hostname: str, own: str) -> None:
    assert own_name({"name": name, "address": "10.0.0.31"}, hostname, ["taken"]) == own


def test_a_password_in_an_address_is_not_told_again() -> None:
    (mistake,) = hosts("me:secret@host").mistakes
    assert mistake.startswith("me:…@host: no host") and "secret" not in mistake
