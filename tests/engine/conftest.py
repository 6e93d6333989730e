"""A real SSH server in this process: it runs real `sh` in a scratch directory, with a sudo of our own making first in PATH."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import socket
import termios
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from kinstall.model import Access, Host, Role
from kinstall.secrets import Secret

PASSWORD = "correct horse; $(battery) 'staple'"

# id: root below sudo, account 1000 otherwise, whoever runs the tests.
ID = """\
#!/bin/sh
case $1 in -u) echo ${FAKE_UID:-1000};; -un) echo lab;; -nG) echo ${FAKE_GROUPS:-lab sudo};; esac
"""

# sudo in several flavours (FLAVOUR): ask, nopasswd, rs, tty, tty-nopasswd, denied. Every argv is written down.
SUDO = r"""#!/bin/sh
echo "$*" >>"$SCRATCH/sudo.argv"
non_interactive=
while :; do
    case $1 in -n) non_interactive=1;; -p) shift;; -*) ;; *) break;; esac
    shift
done
run() { FAKE_UID=0; export FAKE_UID; exec "$@"; }
case $FLAVOUR in tty*) [ -t 0 ] || { echo "sudo: sorry, you must have a tty to run sudo" >&2; exit 1; };; esac
case $FLAVOUR in *nopasswd) run "$@";; esac
if [ "$non_interactive" ]; then
    case $FLAVOUR in rs) echo "sudo: interactive authentication is required" >&2;; *) echo "sudo: a password is required" >&2;; esac
    exit 1
fi
echo "We trust you have received the usual lecture" >&2
for try in 1 2 3; do
    [ "$FLAVOUR" = rs ] && printf '[sudo: authenticate] Password: ' >&2
    if [ "$FLAVOUR" = rs ]; then
        given=$(dd bs=8192 count=1 2>/dev/null | head -n 1)  # the real one reads ahead: what came with the password is lost
        [ "$given" ]
    else
        IFS= read -r given
    fi || { echo "sudo: no password was provided" >&2; exit 1; }
    if [ "$given" = "$RIGHT" ]; then
        [ "$FLAVOUR" = denied ] && { echo "lab is not in the sudoers file.  This incident will be reported. ($given)" >&2; exit 1; }
        run "$@"
    fi
    echo tried >>"$SCRATCH/sudo.tries"
    case $FLAVOUR in rs) echo "sudo: Authentication failed, try again." >&2;; *) echo "Sorry, try again." >&2;; esac
done
exit 1
"""


@dataclass
class LabServer:
    """The server, what it is told to do, and what it saw."""

    scratch: Path
    env: dict[str, str]
    keys: list[asyncssh.SSHKey]
    port: int = 0
    password: str | None = PASSWORD
    account_keys: list[asyncssh.SSHKey] = field(default_factory=list)
    most_tries: int = 6
    banner: str = ""
    seen_keys: list[str] = field(default_factory=list)
    seen_passwords: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    open: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    children: list[asyncio.subprocess.Process] = field(default_factory=list)
    acceptor: asyncssh.SSHAcceptor | None = None

    async def start(self) -> None:
        self.acceptor = await asyncssh.listen(
            "127.0.0.1", self.port, server_host_keys=self.keys, server_factory=lambda: Door(self), process_factory=self.run, encoding=None,
            login_timeout=10)
        self.port = self.acceptor.get_port()

    async def stop(self) -> None:
        self.drop()
        for child in self.children:
            if child.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                await child.wait()
        if self.acceptor:
            self.acceptor.close()
            await self.acceptor.wait_closed()

    def drop(self) -> None:
        """Cut every connection, as a pulled cable with a reset at its end would."""
        for connection in self.open:
            connection.abort()
        self.open.clear()

    async def run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """What sshd does: the account's shell, pipes or a terminal, the exit status."""
        self.commands.append(process.command or "")
        with contextlib.suppress(asyncssh.Error, OSError):
            await (self._on_tty if process.term_type else self._on_pipes)(process)

    async def _on_pipes(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        child = await asyncio.create_subprocess_exec(
            "sh", "-c", process.command or "", cwd=self.scratch, env=self.env, stdin=-1, stdout=-1, stderr=-1, start_new_session=True)
        assert child.stdin and child.stdout and child.stderr
        self.children.append(child)
        feeding = asyncio.create_task(pump(process.stdin, child.stdin))
        await asyncio.gather(pump(child.stdout, process.stdout, close=False), pump(child.stderr, process.stderr, close=False))
        status = await child.wait()
        feeding.cancel()
        process.exit(status) if status >= 0 else process.exit_with_signal("KILL")

    async def _on_tty(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        ours, theirs = pty.openpty()

        def own_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        child = await asyncio.create_subprocess_exec(
            "sh", "-c", process.command or "", cwd=self.scratch, env=self.env, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=own_terminal)
        os.close(theirs)
        self.children.append(child)
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def readable() -> None:
            try:
                data = os.read(ours, 65536)
            except OSError:
                data = b""
            if data:
                process.stdout.write(data)
            else:
                loop.remove_reader(ours)
                ended.set()

        loop.add_reader(ours, readable)
        feeding = asyncio.create_task(self._type(process, ours))
        status = await child.wait()
        await ended.wait()
        feeding.cancel()
        os.close(ours)
        process.exit(max(status, 0))

    async def _type(self, process: asyncssh.SSHServerProcess[bytes], ours: int) -> None:
        while data := await process.stdin.read(4096):
            await asyncio.to_thread(os.write, ours, data)


async def pump(source: Any, target: Any, *, close: bool = True) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await source.read(32768):
            target.write(data)
            await target.drain()
    if close:
        target.close()


class Door(asyncssh.SSHServer):
    """Who is let in."""

    def __init__(self, server: LabServer) -> None:
        self._server, self._refusals = server, 0

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.open.append(conn)

    def begin_auth(self, username: str) -> bool:
        if self._server.banner:
            self._connection.send_auth_banner(self._server.banner)
        return True

    def password_auth_supported(self) -> bool:
        return self._server.password is not None

    def kbdint_auth_supported(self) -> bool:
        return False

    def validate_password(self, username: str, password: str) -> bool:
        self._server.seen_passwords.append(password)
        return self._refuse_unless(password == self._server.password)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        self._server.seen_keys.append(key.get_fingerprint())
        return self._refuse_unless(key.public_data in {known.public_data for known in self._server.account_keys})

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        return True

    def _refuse_unless(self, right: bool) -> bool:
        if self._server.banner:  # pam_nologin: the credentials were right, and sshd hangs up all the same
            asyncio.get_running_loop().call_soon(self._connection.abort)
            return False
        self._refusals += not right
        if self._refusals >= self._server.most_tries:
            self._connection.disconnect(2, "Too many authentication failures")
        return right


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory without keys, agent or ssh_config."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return home


@pytest.fixture(scope="session")
def ed25519() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture(scope="session")
def ecdsa() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ecdsa-sha2-nistp256")


def make_server(scratch: Path, keys: list[asyncssh.SSHKey]) -> LabServer:
    programs = scratch / "programs"
    programs.mkdir(parents=True)
    program(programs / "sudo", SUDO)
    program(programs / "id", ID)
    env = {"PATH": f"{programs}:/usr/bin:/bin", "SCRATCH": str(scratch), "FLAVOUR": "ask", "RIGHT": PASSWORD, "HOME": str(scratch)}
    return LabServer(scratch, env, keys)


@pytest.fixture
async def server(tmp_path: Path, home: Path, ed25519: asyncssh.SSHKey) -> AsyncIterator[LabServer]:
    """A running server with one host key, which the user's known_hosts has already."""
    server = make_server(tmp_path / "scratch", [ed25519])
    await server.start()
    known(home, server, ed25519)
    yield server
    await server.stop()


def known(home: Path, server: LabServer, key: asyncssh.SSHKey) -> None:
    path = home / ".ssh" / "known_hosts"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("a") as file:
        file.write(f"[127.0.0.1]:{server.port} {key.export_public_key().decode()}")


def host(server: LabServer, **access: Any) -> Host:
    """The server as a host with a password account, unless told otherwise."""
    given = {"user": "lab", "port": server.port, "password": Secret(PASSWORD), **access}
    return Host(name="cp1", address="127.0.0.1", role=Role.WORKER, access=Access(**given))


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something that has no event."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
