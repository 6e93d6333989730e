"""A host key is known, pinned, or accepted by somebody; a changed one is never waved through."""

from __future__ import annotations

import base64
import hmac
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from kinstall.errors import HostKeyChanged, HostKeyUnknown
from kinstall.hostkeys import HostKeyCheck, accepting, parsed, read_known_hosts, remember
from kinstall.ssh import connect
from tests.engine.conftest import LabServer, host, known, make_server


@pytest.fixture
async def stranger(tmp_path: Path, home: Path, ed25519: asyncssh.SSHKey, ecdsa: asyncssh.SSHKey) -> AsyncIterator[LabServer]:
    """A server with keys of two types that nobody knows yet."""
    server = make_server(tmp_path / "stranger", [ed25519, ecdsa])
    await server.start()
    yield server
    await server.stop()


def another(algorithm: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(algorithm)


class TestUnknown:
    async def test_nobody_said_yes(self, stranger: LabServer, ed25519: asyncssh.SSHKey) -> None:
        with pytest.raises(HostKeyUnknown) as failure:
            await connect(host(stranger))
        assert failure.value.fingerprint == ed25519.get_fingerprint()
        assert failure.value.key.split() == ed25519.export_public_key().decode().split()[:2]
        assert stranger.seen_passwords == []

    async def test_a_yes_is_written_down_and_not_asked_for_again(self, stranger: LabServer, home: Path) -> None:
        asked: list[tuple[str, str]] = []

        async def yes(name: str, fingerprint: str) -> bool:
            asked.append((name, fingerprint))
            return True

        path = home / "new" / "known_hosts"
        for _ in range(2):
            await (await connect(host(stranger), known_hosts=path, accept=yes)).close()
        assert len(asked) == 1 and asked[0][0] == "cp1"
        assert path.read_text().startswith(f"[127.0.0.1]:{stranger.port} ssh-ed25519 ")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    async def test_a_fingerprint_that_was_compared_before(self, stranger: LabServer, ed25519: asyncssh.SSHKey) -> None:
        await (await connect(host(stranger), accept=accepting({ed25519.get_fingerprint()}))).close()

    async def test_another_fingerprint_is_not_accepted(self, stranger: LabServer) -> None:
        with pytest.raises(HostKeyUnknown):
            await connect(host(stranger), accept=accepting({another().get_fingerprint()}))

    async def test_a_key_of_port_22_says_nothing_about_another_port(self, stranger: LabServer, home: Path) -> None:
        remember(home / ".ssh" / "known_hosts", "127.0.0.1", 22, line(another()))
        with pytest.raises(HostKeyUnknown):
            await connect(host(stranger))


class TestKnown:
    async def test_a_known_ecdsa_key_does_not_collide_with_an_ed25519_one(
            self, stranger: LabServer, home: Path, ecdsa: asyncssh.SSHKey) -> None:
        known(home, stranger, ecdsa)
        transport = await connect(host(stranger))
        assert transport.connection.get_server_host_key() == asyncssh.import_public_key(ecdsa.export_public_key())
        await transport.close()

    async def test_a_changed_key_is_never_accepted(self, stranger: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        old = another()
        known(home, stranger, old)
        with pytest.raises(HostKeyChanged) as failure:
            await connect(host(stranger), accept=accepting({ed25519.get_fingerprint()}))
        told = "\n".join(failure.value.lines())
        assert old.get_fingerprint() in told and ed25519.get_fingerprint() in told
        assert f"ssh-keygen -R '[127.0.0.1]:{stranger.port}'" in told
        assert stranger.seen_passwords == []

    async def test_a_known_type_that_the_host_does_not_have_any_more(
            self, stranger: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        old = another("ssh-rsa")
        known(home, stranger, old)
        with pytest.raises(HostKeyChanged) as failure:
            await connect(host(stranger), accept=accepting({ed25519.get_fingerprint()}))
        assert old.get_fingerprint() in failure.value.message and ed25519.get_fingerprint() in failure.value.message

    async def test_a_revoked_key(self, stranger: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        (home / ".ssh").mkdir()
        (home / ".ssh" / "known_hosts").write_text(f"@revoked * {line(ed25519)}\n")
        with pytest.raises(HostKeyChanged, match="revoked"):
            await connect(host(stranger), accept=accepting({ed25519.get_fingerprint()}))

    async def test_an_authority(self, tmp_path: Path, home: Path) -> None:
        authority, key = another(), another()
        certificate = authority.generate_host_certificate(key, "lab", principals=["127.0.0.1"])
        server = make_server(tmp_path / "signed", [(key, certificate)])  # type: ignore[list-item]
        await server.start()
        (home / ".ssh").mkdir()
        (home / ".ssh" / "known_hosts").write_text(f"@cert-authority [127.*]:* {line(authority)}\n")
        await (await connect(host(server))).close()
        (home / ".ssh" / "known_hosts").write_text(f"@cert-authority [127.*]:* {line(another())}\n")
        with pytest.raises(HostKeyChanged, match="not trusted"):
            await connect(host(server))
        (home / ".ssh" / "known_hosts").write_text("")
        with pytest.raises(HostKeyUnknown) as failure:  # nobody knows an authority: then the key itself counts
            await connect(host(server))
        assert failure.value.fingerprint == key.get_fingerprint()
        await server.stop()

    async def test_ssh_config_cannot_turn_it_off(self, stranger: LabServer, home: Path) -> None:
        (home / ".ssh").mkdir()
        (home / ".ssh" / "config").write_text("Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile none\n")
        with pytest.raises(HostKeyUnknown):
            await connect(host(stranger))

    async def test_a_file_that_ssh_config_names(self, stranger: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        remember(home / "lab_hosts", "127.0.0.1", stranger.port, line(ed25519))
        (home / ".ssh").mkdir()
        (home / ".ssh" / "config").write_text(f"Host *\n  UserKnownHostsFile {home}/lab_hosts\n")
        await (await connect(host(stranger))).close()


class TestPinned:
    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
    async def test_whichever_type_is_pinned(self, stranger: LabServer, request: pytest.FixtureRequest, kind: str) -> None:
        key: asyncssh.SSHKey = request.getfixturevalue(kind)
        transport = await connect(host(stranger, host_key=key.get_fingerprint()))
        shown = transport.connection.get_server_host_key()
        assert shown and shown.get_fingerprint() == key.get_fingerprint()
        await transport.close()

    async def test_a_pin_that_matches_nothing(self, stranger: LabServer, ed25519: asyncssh.SSHKey) -> None:
        pin = another().get_fingerprint()
        with pytest.raises(HostKeyChanged) as failure:
            await connect(host(stranger, host_key=pin), accept=accepting({ed25519.get_fingerprint()}))
        assert pin in failure.value.message and ed25519.get_fingerprint() in failure.value.message
        assert stranger.seen_passwords == []

    async def test_a_pin_wins_over_known_hosts(self, stranger: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        known(home, stranger, ed25519)
        with pytest.raises(HostKeyChanged):
            await connect(host(stranger, host_key=another().get_fingerprint()))
        await (await connect(host(stranger, host_key=ed25519.get_fingerprint()))).close()


class TestFile:
    def test_lines_are_appended_and_nothing_else_is_touched(self, tmp_path: Path) -> None:
        path = tmp_path / "known_hosts"
        path.write_text("# mine\nold ssh-ed25519 AAAA without a newline")
        remember(path, "cp1", 22, "ssh-ed25519 BBBB")
        remember(path, "cp2", 2222, "ssh-ed25519 CCCC")
        assert path.read_text() == "# mine\nold ssh-ed25519 AAAA without a newline\ncp1 ssh-ed25519 BBBB\n[cp2]:2222 ssh-ed25519 CCCC\n"

    def test_hashed_names_and_lines_that_make_no_sense(self, tmp_path: Path) -> None:
        key, salt = another(), b"12345678901234567890"
        digest = hmac.new(salt, b"[cp1.lab]:2222", "sha1").digest()
        hashed = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
        (tmp_path / "known_hosts").write_text(f"nonsense\n@what ever this is\n|1|broken ssh-ed25519 AAAA\n{hashed} {line(key)}\n")
        check = HostKeyCheck(read_known_hosts([tmp_path / "known_hosts", tmp_path / "missing"]), "")
        assert [found.get_fingerprint() for found in check.lookup("CP1.lab", "10.0.0.1", 2222)[0]] == [key.get_fingerprint()]
        assert check.lookup("cp1.lab", "10.0.0.1", None)[0] == []

    def test_an_entry_for_the_address_is_not_one_for_the_name(self, tmp_path: Path) -> None:
        remember(tmp_path / "known_hosts", "10.0.0.1", 22, line(another()))
        check = HostKeyCheck(read_known_hosts([tmp_path / "known_hosts"]), "")
        assert check.lookup("cp1", "10.0.0.1", None)[0] == []
        assert len(check.lookup("10.0.0.1", "10.0.0.1", None)[0]) == 1

    def test_a_file_is_parsed_once_for_all_hosts(self, tmp_path: Path) -> None:
        remember(tmp_path / "known_hosts", "cp1", 22, line(another()))
        before = parsed.cache_info().hits
        read_known_hosts([tmp_path / "known_hosts"])
        read_known_hosts([tmp_path / "known_hosts"])
        assert parsed.cache_info().hits == before + 1


def line(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key().decode().split()[:2])
