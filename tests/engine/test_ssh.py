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

import pytest

from kinstall.errors import CommandFailed, ConnectionLost, LoginRefused, Unreachable
from kinstall.ssh import SshTransport, connect
from kinstall.transport import LineFolder
from tests.engine.conftest import LabServer, free_port, host


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
