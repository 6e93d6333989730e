"""Hosts that this machine knows of: in ssh's own configuration, and by their keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinstall.discovery import configured, known


@pytest.mark.parametrize(("config", "names"), [
    ('Host pi "nas" *.lan !x\n  HostName 10.0.0.9\nhost=gate\nMatch all\nHost *\n', ["pi", "nas", "gate"]),
    ("  host  a  b\n\tHOST = c\nHostName d\nHostKeyAlias e\n#Host f\nHost a\n", ["a", "b", "c"]),
    ("Host node?\nHost !only\n", []),
    ("", []),
])
def test_names_of_ssh_config_without_patterns(config: str, names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(config)
    assert configured(path) == names


def test_what_ssh_config_includes_is_looked_into(tmp_path: Path) -> None:
    (tmp_path / "config.d").mkdir()
    (tmp_path / "config").write_text(f"Include config.d/*.conf {tmp_path}/more\nHost last\n")
    (tmp_path / "config.d" / "1.conf").write_text("Host first\nInclude ../config\n")
    (tmp_path / "config.d" / "2.conf").write_text("Host second\n")
    (tmp_path / "config.d" / "old").write_text("Host not-this\n")
    (tmp_path / "more").write_text('Host third\n')
    assert configured(tmp_path / "config") == ["first", "second", "third", "last"]


def test_names_of_known_hosts_that_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(
        "# x\n|1|abc= ssh-ed25519 A\n10.0.0.1,cp1.lan ssh-ed25519 A\n[10.0.0.2]:2222 ssh-rsa B\n@revoked x ssh-rsa C\n\n"
        "*.lan,!y ssh-rsa D\nfe80::1 ssh-rsa E\n10.0.0.1 ssh-rsa F\n")
    assert known(path) == ["10.0.0.1", "cp1.lan", "10.0.0.2:2222"]


def test_what_is_not_there_or_no_text_knows_nobody(tmp_path: Path) -> None:
    assert configured(tmp_path / "none") == known(tmp_path / "none") == []
    assert configured(tmp_path) == []
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00Host \n")
    assert configured(tmp_path / "binary") == []
