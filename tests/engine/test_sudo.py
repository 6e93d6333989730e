"""How an account becomes root, with every kind of sudo. sudo is a stand-in here (conftest); the real ones are met in the lab."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from kinstall.errors import LoginRefused, SudoRefused
from kinstall.local import connect_local
from kinstall.model import Access, Host, Role
from kinstall.secrets import Secret
from kinstall.ssh import SshTransport, connect
from kinstall.sudo import Become
from tests.engine.conftest import PASSWORD, LabServer, host, make_server, program


async def rooted(server: LabServer, flavour: str, **access: object) -> SshTransport:
    server.env["FLAVOUR"] = flavour
    return await connect(host(server, **access))


@pytest.mark.parametrize(("flavour", "needs_password", "needs_tty"), [
    ("ask", True, False), ("rs", True, False), ("nopasswd", False, False), ("tty", True, True), ("tty-nopasswd", False, True)])
async def test_every_flavour_leads_to_root(server: LabServer, flavour: str, needs_password: bool, needs_tty: bool) -> None:
    transport = await rooted(server, flavour)
    assert (bool(transport.become.password), transport.become.tty) == (needs_password, needs_tty)
    result = await transport.root("id -u; echo err >&2; cat; printf end; exit 4")
    assert (result.exit_status, result.out, result.err.strip()) == (4, "0\nend", "err")
    assert [line async for line in transport.follow("id -u; echo err >&2; printf end")] == ["0", "err", "end"]
    await transport.close()


@pytest.mark.parametrize("flavour", ["tty", "tty-nopasswd"])
async def test_a_terminal_carries_long_scripts_and_any_byte(server: LabServer, flavour: str) -> None:
    transport = await rooted(server, flavour)
    script = f"printf '\\003\\004\\021\\023\\000x\\r\\n' | od -An -c\nx={'y' * 100_000}\necho ${{#x}}\necho '\x03\x04\x11' | od -An -c"
    assert (await transport.root(script)).out.split() == [
        "003", "004", "021", "023", r"\0", "x", r"\r", r"\n", "100000", "003", "004", "021", r"\n"]
    await transport.close()


async def test_root_itself_needs_no_sudo(server: LabServer) -> None:
    server.env["FAKE_UID"] = "0"
    (server.scratch / "programs" / "sudo").unlink()
    transport = await connect(host(server))
    assert (await transport.root("id -u")).out == "0\n"
    assert transport.become == Become()
    await transport.close()


async def test_the_sudo_password_may_differ_from_the_account_password(server: LabServer) -> None:
    server.env["RIGHT"] = "another one"
    transport = await rooted(server, "ask", sudo_password=Secret("another one"))
    assert (await transport.root("id -u")).out == "0\n"
    await transport.close()


@pytest.mark.parametrize("flavour", ["ask", "rs"])
async def test_a_wrong_password_is_tried_once_and_not_shown(server: LabServer, flavour: str) -> None:
    with pytest.raises(SudoRefused) as failure:
        await rooted(server, flavour, sudo_password=Secret("wrong-one"))
    assert "did not accept the password of lab" in failure.value.message
    assert "wrong-one" not in "\n".join(failure.value.lines())
    assert (server.scratch / "sudo.tries").read_text() == "tried\n"


async def test_a_wrong_password_on_a_terminal(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinstall.sudo.ON_A_TERMINAL", 0.5)
    with pytest.raises(SudoRefused, match="takes the password and asks again: it is wrong"):
        await rooted(server, "tty", sudo_password=Secret("wrong-one"))


async def test_an_account_that_may_not_even_ask_on_a_terminal(server: LabServer) -> None:
    program(server.scratch / "programs" / "sudo", "#!/bin/sh\necho sudo: no >&2; exit 1\n")
    with pytest.raises(SudoRefused, match="sudo refuses lab: sudo: no"):
        await connect(host(server))


async def test_an_account_that_may_not_use_sudo(server: LabServer) -> None:
    server.env["FAKE_GROUPS"] = "lab users"
    with pytest.raises(SudoRefused) as failure:
        await rooted(server, "denied")
    told = "\n".join(failure.value.lines())
    assert "not in the sudoers file" in told and "usermod -aG sudo lab" in told and "usermod -aG wheel lab" in told
    assert PASSWORD not in told


async def test_no_password_given(server: LabServer, home: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(home / "id"))
    server.account_keys = [key]
    with pytest.raises(SudoRefused, match="asks lab for a password, and none was given") as failure:
        await rooted(server, "ask", key=home / "id", password=None)
    assert "NOPASSWD" in failure.value.hint


async def test_no_sudo_at_all(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = server.scratch / "programs"
    (programs / "sudo").unlink()
    for name in ("sh", "cat", "env"):  # an image with no sudo anywhere in PATH
        (programs / name).symlink_to(f"/bin/{name}" if os.access(f"/bin/{name}", os.X_OK) else f"/usr/bin/{name}")
    server.env["PATH"] = str(programs)
    monkeypatch.setattr("kinstall.transport.PROLOGUE", "")  # it adds the usual directories, where this machine may have a sudo
    with pytest.raises(SudoRefused, match="there is no sudo") as failure:
        await rooted(server, "ask")
    assert "apt-get install -y sudo" in failure.value.hint and "wheel lab" in failure.value.hint


async def test_an_account_without_a_shell(server: LabServer) -> None:
    (server.scratch / "programs" / "sh").write_text("#!/bin/bash\necho This account is currently not available.\nexit 1\n")
    (server.scratch / "programs" / "sh").chmod(0o755)
    with pytest.raises(LoginRefused, match="currently not available"):
        await rooted(server, "ask")


async def test_a_password_that_sudo_does_not_want_is_neither_run_nor_printed(server: LabServer) -> None:
    transport = await rooted(server, "ask")
    server.env["FLAVOUR"] = "nopasswd"
    transport.become = Become(sudo=True, password=Secret("touch run-as-a-command"))
    result = await transport.root("ls; id -u")
    assert result.out.splitlines()[-1] == "0" and "touch" not in result.out + result.err
    assert not list(server.scratch.rglob("run-as-a-command"))
    await transport.close()


async def test_sudo_taken_away_in_the_middle(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = await rooted(server, "ask")
    server.env["RIGHT"] = "changed meanwhile"
    monkeypatch.setattr("kinstall.shell.HANDSHAKE", 0.5)
    with pytest.raises(SudoRefused, match="did not take the password") as failure:
        await transport.root("id -u")
    assert failure.value.hint
    assert (server.scratch / "sudo.tries").read_text() == "tried\n"  # the script was not tried as a password
    await transport.close()


@pytest.mark.parametrize("flavour", ["ask", "tty"])
async def test_no_secret_in_any_argv_or_environment(server: LabServer, flavour: str) -> None:
    transport = await rooted(server, flavour)
    script = "# token-of-the-script\nps -eww -o args; tr '\\0' '\\n' </proc/$$/environ; tr '\\0' '\\n' </proc/$PPID/environ"
    seen = (await transport.root(script)).out
    assert "kinstall-" in "\n".join(server.commands)
    assert "token-of-the-script" not in seen
    seen += "\n".join(server.commands) + (server.scratch / "sudo.argv").read_text()
    assert PASSWORD not in seen.replace(f"RIGHT={PASSWORD}", "")  # the stand-in has to know it from somewhere
    await transport.close()


class TestLocal:
    """This machine, with the same sudo of our own making."""

    @pytest.fixture
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabServer:
        made = make_server(tmp_path / "scratch", [])
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        return made

    @pytest.mark.parametrize("flavour", ["ask", "nopasswd"])
    async def test_the_same_scripts(self, here: LabServer, monkeypatch: pytest.MonkeyPatch, flavour: str) -> None:
        monkeypatch.setenv("FLAVOUR", flavour)
        access = Access(sudo_password=Secret(PASSWORD))
        local = await connect_local(Host(name="here", address="local", role=Role.CONTROL_PLANE, access=access))
        result = await local.root(f"id -u; cat; echo err >&2; x={'y' * 200_000}; echo ${{#x}}; exit 3")
        assert (result.exit_status, result.out, result.err) == (3, "0\n200000\n", "err\n")
        assert [line async for line in local.follow("echo a; echo b >&2; printf c")] == ["a", "b", "c"]
        assert (await local.root("kill -9 $$")).exit_status == 137

    async def test_cancelling_ends_the_child(self, here: LabServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLAVOUR", "nopasswd")
        local = await connect_local(Host(name="here", address="local", role=Role.WORKER))
        task = asyncio.create_task(local.root("echo $$ >$SCRATCH/pid; exec sleep 30"))
        await until(lambda: bool((here.scratch / "pid").exists() and (here.scratch / "pid").read_text().strip()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        pid = int((here.scratch / "pid").read_text())
        await until(lambda: not alive(pid))

    async def test_a_wrong_password(self, here: LabServer) -> None:
        with pytest.raises(SudoRefused):
            await connect_local(Host(name="here", address="local", role=Role.WORKER, access=Access(sudo_password=Secret("wrong-one"))))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  # what is waited for has no event
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
