"""Keys, agent, passwords, ssh_config and jump hosts: who is let in, and what is told when nobody is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncssh
import pytest

from kinstall.errors import ConnectionLost, HostKeyUnknown, LoginRefused, Unreachable
from kinstall.login import MOST_KEYS
from kinstall.model import Host
from kinstall.secrets import Secret
from kinstall.ssh import connect
from tests.engine.conftest import LabServer, free_port, host, known, make_server


class TestLogin:
    async def test_a_key_file(self, server: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        ed25519.write_private_key(str(home / "id"))
        server.account_keys, server.password, server.env["FLAVOUR"] = [ed25519], None, "nopasswd"
        transport = await connect(host(server, key=home / "id", password=None))
        assert (await transport.root("id -u")).out == "0\n"
        await transport.close()

    async def test_an_encrypted_key_with_right_wrong_and_no_passphrase(
            self, server: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        ed25519.write_private_key(str(home / "id"), passphrase="sesame")
        server.account_keys, server.env["FLAVOUR"] = [ed25519], "nopasswd"
        with pytest.raises(LoginRefused, match="encrypted, and there is no passphrase"):
            await connect(host(server, key=home / "id"))
        with pytest.raises(LoginRefused, match="passphrase does not open"):
            await connect(host(server, key=home / "id", passphrase=Secret("wrong")))
        await (await connect(host(server, key=home / "id", passphrase=Secret("sesame")))).close()
        assert server.seen_passwords == []

    @pytest.mark.parametrize(("content", "says"), [(None, "cannot be read"), ("garbage", "not a private key")])
    async def test_a_key_that_is_none(self, server: LabServer, home: Path, content: str | None, says: str) -> None:
        if content:
            (home / "id").write_text(content)
        with pytest.raises(LoginRefused, match=says):
            await connect(host(server, key=home / "id"))

    async def test_a_refusal_tells_what_was_tried_and_what_would_be_accepted(self, server: LabServer, home: Path) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(home / "id"))
        with pytest.raises(LoginRefused) as failure:
            await connect(host(server, key=home / "id", password=Secret("wrong")))
        told = "\n".join(failure.value.lines())
        assert key.get_fingerprint() in told and str(home / "id") in told and "publickey, password" in told
        assert "ssh-copy-id" in told and "wrong" not in told
        assert server.seen_passwords == ["wrong"]

    async def test_the_agent_is_limited_to_five_keys_after_the_named_one(
            self, server: LabServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        named, *held = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(9))
        named.write_private_key(str(home / "id"))
        async with agent(home / "agent", held):
            monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent"))
            await (await connect(host(server, key=home / "id"))).close()  # the password is reached: the sixth attempt
        assert server.seen_keys == [key.get_fingerprint() for key in (named, *held)][:MOST_KEYS]

    async def test_a_key_of_the_agent(self, server: LabServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        held = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(3)]
        server.account_keys, server.password, server.env["FLAVOUR"] = [held[2]], None, "nopasswd"
        async with agent(home / "agent", held):
            monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent"))
            await (await connect(host(server, password=None))).close()
            with pytest.raises(LoginRefused, match="no key and no password"):
                await connect(host(server, password=None, agent=False))

    async def test_an_encrypted_key_file_is_used_through_the_agent(
            self, server: LabServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(home / "id"), passphrase="sesame")
        key.write_public_key(str(home / "id.pub"))
        server.account_keys, server.password, server.env["FLAVOUR"] = [key], None, "nopasswd"
        async with agent(home / "agent", [key]):
            monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent"))
            await (await connect(host(server, key=home / "id", password=None))).close()

    async def test_too_many_failures_are_told(self, server: LabServer, home: Path) -> None:
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(home / "id"))
        server.most_tries = 1
        with pytest.raises(LoginRefused, match="Too many authentication failures"):
            await connect(host(server, key=home / "id"))

    async def test_an_alias_of_ssh_config_and_answers_that_win_over_it(
            self, server: LabServer, home: Path, ed25519: asyncssh.SSHKey) -> None:
        ed25519.write_private_key(str(home / ".ssh" / "lab_key"))
        server.account_keys, server.password, server.env["FLAVOUR"] = [ed25519], None, "nopasswd"
        (home / ".ssh" / "config").write_text(
            f"Host box\n  Hostname 127.0.0.1\n  Port {server.port}\n  User someone\n  IdentityFile ~/.ssh/lab_key\n"
            "  RequestTTY force\n  RemoteCommand false\n  UserKnownHostsFile none\n")
        alias = Host(name="cp1", address="box", role=host(server).role)
        transport = await connect(alias)
        assert transport.connection.get_extra_info("username") == "someone"
        assert (await transport.root("echo out; echo err >&2")).err == "err\n"
        await transport.close()
        with pytest.raises(Unreachable, match="refused"):
            await connect(host(server, port=free_port()))

    async def test_through_a_jump_host_whose_key_is_verified_as_well(
            self, server: LabServer, home: Path, tmp_path: Path, ecdsa: asyncssh.SSHKey) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(home / "id"))
        jump = make_server(tmp_path / "jump", [ecdsa])
        jump.account_keys = server.account_keys = [key]
        await jump.start()
        behind = host(server, key=home / "id", jump=f"admin@127.0.0.1:{jump.port}")
        with pytest.raises(HostKeyUnknown) as failure:
            await connect(behind)
        assert failure.value.host.startswith("jump host")
        known(home, jump, ecdsa)
        transport = await connect(behind)
        assert (await transport.root("id -u")).out == "0\n"
        assert jump.seen_passwords == []
        jump.drop()
        with pytest.raises(ConnectionLost):
            await transport.root("sleep 30")
        await transport.reopen()
        assert (await transport.root("id -u")).out == "0\n"
        await transport.close()
        with pytest.raises(Unreachable, match="jump host cannot reach"):
            await connect(host(server, key=home / "id", jump=f"127.0.0.1:{jump.port}", port=free_port()))
        await jump.stop()


class agent:  # it reads as a context
    """An ssh-agent that holds these keys."""

    def __init__(self, path: Path, keys: list[asyncssh.SSHKey]) -> None:
        self._path, self._keys = path, keys

    async def __aenter__(self) -> None:
        self._server = await asyncio.start_unix_server(self._answer, self._path)

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))
                answer = self._identities() if request[0] == 11 else self._sign(request[1:])
                writer.write(packed(answer))
        except asyncio.IncompleteReadError:
            writer.close()

    def _identities(self) -> bytes:
        return b"\x0c" + len(self._keys).to_bytes(4, "big") + b"".join(packed(key.public_data) + packed(b"key") for key in self._keys)

    def _sign(self, request: bytes) -> bytes:
        blob, rest = unpacked(request)
        data, _ = unpacked(rest)
        key = next(key for key in self._keys if key.public_data == blob)
        return b"\x0e" + packed(key.sign(data, b"ssh-ed25519"))


def packed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def unpacked(data: bytes) -> tuple[bytes, bytes]:
    end = 4 + int.from_bytes(data[:4], "big")
    return data[4:end], data[end:]
