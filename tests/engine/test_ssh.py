"""Running and following over SSH, and what happens when the connection does not hold."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import time
from contextlib import aclosing
from hashlib import sha256
from pathlib import Path

import asyncssh
import pytest

from kinstall.errors import CommandFailed, ConnectionLost, LoginRefused, Unreachable
from kinstall.login import MOST_KEYS
from kinstall.model import Host
from kinstall.secrets import Secret
from kinstall.ssh import SshTransport, connect
from kinstall.transport import LineFolder
from tests.engine.conftest import PASSWORD, LabServer, host, known, make_server


async def lines(transport: SshTransport, script: str) -> list[str]:
    return [line async for line in transport.follow(script)]


class TestScripts:
    async def test_out_err_and_status_arrive_apart(self, server: LabServer) -> None:
        transport = await connect(host(server))
        result = await transport.root("echo out; echo err >&2; id -u; exit 7")
        assert (result.exit_status, result.out, result.err) == (7, "out\n0\n", "err\n")
        await transport.close()

    async def test_the_account_itself_is_not_root(self, server: LabServer) -> None:
        transport = await connect(host(server))
        assert (await transport.user("id -u; echo $LC_ALL")).out == "1000\nC\n"
        await transport.close()

    async def test_commands_cannot_eat_the_script(self, server: LabServer) -> None:
        transport = await connect(host(server))
        assert (await transport.root("cat\nwc -c\necho still here")).out.split() == ["0", "still", "here"]
        await transport.close()

    @pytest.mark.parametrize("shell", ["dash", "bash"])
    async def test_200_kilobytes_with_long_lines(self, server: LabServer, shell: str) -> None:
        found = next((path for path in (Path("/bin") / shell, Path("/usr/bin") / shell) if path.exists()), None)
        if found is None:
            pytest.skip(f"no {shell} here")
        (server.scratch / "programs" / "sh").symlink_to(found)
        data = os.urandom(150_000)
        transport = await connect(host(server))
        encoded = base64.b64encode(data).decode()
        result = await transport.root(f"echo {encoded} | base64 -d | sha256sum\ncat <<EOF\n{'x' * 50_000}\nEOF\n")
        assert len(result.out) > 50_000
        assert result.out.startswith(sha256(data).hexdigest())
        await transport.close()

    async def test_a_script_cut_in_the_middle_never_runs(self, server: LabServer) -> None:
        transport = await connect(host(server))
        process = await transport._start("sh -s", tty=False)
        process.write(b"kinstall_script() {\n:\ntouch half-a-script\n")
        process.end()
        assert await process.wait() != 0
        process.kill()
        assert not (server.scratch / "half-a-script").exists()
        await transport.close()

    async def test_a_syntax_error_is_an_exit_status(self, server: LabServer) -> None:
        transport = await connect(host(server))
        result = await transport.root("echo before\nif then")
        assert result.exit_status and not result.out and "yntax" in result.err
        assert any("yntax" in line for line in await lines(transport, "if then"))
        await transport.close()

    async def test_check_names_status_and_last_lines(self, server: LabServer) -> None:
        transport = await connect(host(server))
        with pytest.raises(CommandFailed) as failure:
            await transport.root("echo why >&2; exit 3", check=True)
        assert (failure.value.exit_status, failure.value.tail, failure.value.host) == (3, ("why",), "cp1")
        await transport.close()

    async def test_a_time_limit(self, server: LabServer) -> None:
        transport = await connect(host(server))
        with pytest.raises(CommandFailed, match=r"0\.2 seconds"):
            await transport.root("sleep 30", timeout=0.2)
        assert (await transport.root("echo fine")).out == "fine\n"
        await transport.close()

    async def test_what_the_login_shell_prints_is_not_output(self, server: LabServer) -> None:
        server.env["ENV"] = str(server.scratch / "noise")
        (server.scratch / "programs" / "env").write_text("#!/bin/sh\necho noise; echo noise >&2\nexec /usr/bin/env \"$@\"\n")
        (server.scratch / "programs" / "env").chmod(0o755)
        transport = await connect(host(server))
        result = await transport.root("echo out; echo err >&2")
        assert (result.out, result.err) == ("out\n", "err\n")
        await transport.close()

    async def test_more_scripts_at_once_than_sshd_allows_sessions(self, server: LabServer) -> None:
        transport = await connect(host(server))
        results = await asyncio.gather(*(transport.root(f"echo {number}") for number in range(20)))
        assert [int(result.out) for result in results] == list(range(20))
        await transport.close()


class TestLines:
    async def test_both_streams_in_order_and_the_last_line_without_newline(self, server: LabServer) -> None:
        transport = await connect(host(server))
        assert await lines(transport, "echo one; echo two >&2; echo three; printf four") == ["one", "two", "three", "four"]
        await transport.close()

    async def test_lines_come_as_they_are_printed(self, server: LabServer) -> None:
        transport = await connect(host(server))
        async with aclosing(transport.follow("echo first; sleep 30")) as following:
            assert await asyncio.wait_for(anext(following), 5) == "first"
        await transport.close()

    async def test_progress_colours_and_broken_bytes(self, server: LabServer) -> None:
        transport = await connect(host(server))
        script = r"printf '10%%\r50%%\r100%%\ncaf\351 \033[1;31mred\033[0m\r\n\033]0;title\007x\ty\001\n'; printf 'a\rb'"
        assert await lines(transport, script) == ["100%", "caf\N{REPLACEMENT CHARACTER} red", "x\ty", "b"]
        await transport.close()

    def test_chunks_cut_anywhere_make_the_same_lines(self) -> None:
        stream = "früh\r\n10%\r20%\r\r\nlast \x1b[32mgreen\x1b[0m\n\n\x1b[Kend".encode()
        whole = LineFolder()
        expected = [*whole.feed(stream), *whole.end()]
        assert expected == ["früh", "20%", "last green", "", "end"]
        for cut in range(len(stream)):
            folder = LineFolder()
            assert [*folder.feed(stream[:cut]), *folder.feed(stream[cut:]), *folder.end()] == expected
        folder = LineFolder()
        assert [line for byte in stream for line in folder.feed(bytes([byte]))] + folder.end() == expected

    def test_a_progress_bar_without_newline_takes_no_memory(self) -> None:
        folder = LineFolder()
        for number in range(10_000):
            assert folder.feed(b"x" * 100 + b"%d\r" % number) == []
        assert folder.feed(b"\n") == ["x" * 100 + "9999"]


class TestDrops:
    async def test_a_drop_while_following_keeps_the_lines_before_it(self, server: LabServer) -> None:
        transport = await connect(host(server))
        got: list[str] = []
        with pytest.raises(ConnectionLost) as failure:
            async for line in transport.follow("echo one; printf half; sleep 30"):
                got.append(line)
                server.drop()
        assert (got, failure.value.host) == (["one"], "cp1")
        await transport.close()

    async def test_a_drop_while_a_script_runs(self, server: LabServer) -> None:
        transport = await connect(host(server))
        asyncio.get_running_loop().call_later(0.3, server.drop)
        with pytest.raises(ConnectionLost):
            await transport.root("sleep 30")
        with pytest.raises(ConnectionLost):
            await transport.root("echo not connected")
        await transport.close()

    async def test_reopen_waits_for_the_host_and_all_callers_share_one_connection(self, server: LabServer) -> None:
        transport = await connect(host(server))
        await server.stop()
        asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(server.start()))
        with pytest.raises(ConnectionLost):
            await transport.root("echo gone")
        await asyncio.gather(transport.reopen(), transport.reopen(), transport.reopen())
        assert len(server.open) == 1
        assert (await transport.root("id -u")).out == "0\n"
        await transport.close()

    async def test_reopen_gives_up(self, server: LabServer) -> None:
        transport = await connect(host(server))
        await server.stop()
        with pytest.raises(ConnectionLost, match=r"0\.3 seconds.*refused"):
            await transport.reopen(patience=0.3)
        await transport.close()

    async def test_a_host_that_is_still_booting_is_waited_for(self, server: LabServer) -> None:
        transport = await connect(host(server))
        server.banner = "System is booting up. Unprivileged users are not permitted to log in yet."
        server.drop()
        with pytest.raises(LoginRefused, match="booting up"):
            await connect(host(server))
        asyncio.get_running_loop().call_later(0.5, lambda: setattr(server, "banner", ""))
        await transport.reopen(patience=10)
        assert (await transport.root("echo back")).out == "back\n"
        await transport.close()

    async def test_cancelling_frees_the_session(self, server: LabServer) -> None:
        transport = await connect(host(server))
        for _ in range(12):
            task = asyncio.create_task(transport.root("sleep 30"))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert (await transport.root("echo fine")).out == "fine\n"
        await transport.close()

    async def test_a_silent_host_is_noticed(self, server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kinstall.dial.KEEPALIVE", {"keepalive_interval": 0.1, "keepalive_count_max": 3})
        transport = await connect(host(server))
        started = time.monotonic()
        with pytest.raises(ConnectionLost):
            async for _ in transport.follow("echo one; sleep 30"):
                for connection in server.open:
                    connection._transport.pause_reading()  # type: ignore[union-attr]  # the server does not answer any more
        assert time.monotonic() - started < 5
        await transport.close()


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
        with pytest.raises(Exception, match="key is not known") as failure:
            await connect(behind)
        assert "jump host" in str(failure.value.host)  # type: ignore[attr-defined]
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


class TestUnreachable:
    async def test_refused(self, server: LabServer) -> None:
        with pytest.raises(Unreachable, match="refused"):
            await connect(host(server, port=free_port()))

    async def test_a_name_that_does_not_exist(self, server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
        async def nowhere(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", nowhere)
        with pytest.raises(Unreachable, match="cannot be resolved"):
            await connect(host(server))

    @pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
    async def test_not_ssh(self, server: LabServer, answer: bytes) -> None:
        async def web(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answer)
            writer.close()

        other = await asyncio.start_server(web, "127.0.0.1", 0)
        with pytest.raises(Unreachable, match="not SSH"):
            await connect(host(server, port=other.sockets[0].getsockname()[1]))
        other.close()

    async def test_silence(self, server: LabServer) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        other = await asyncio.start_server(silent, "127.0.0.1", 0)
        with pytest.raises(Unreachable, match="time limit"):
            await connect(host(server, port=other.sockets[0].getsockname()[1]), timeout=0.3)
        other.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def test_the_password_is_a_nasty_one() -> None:
    assert set("'\"$();") & set(PASSWORD)
