"""What SSH and this very machine have in common: a root shell is started, proves that it is there, and gets its script on stdin."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from asyncio import CancelledError, Future, ensure_future, gather, shield, wait
from asyncio import timeout as time_limit
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final, Protocol

from kinstall.errors import CommandFailed, LoginRefused, SudoRefused
from kinstall.secrets import Secret
from kinstall.sudo import Become, evidence, find_become
from kinstall.transport import CALL, MERGED, LineFolder, Result, framed

HANDSHAKE: Final = 120.0  # seconds for sudo to start the shell; when the password is wrong now it would wait for another one for ever
MOMENT: Final = 0.5  # seconds for a command to finish starting before it is let go of
TAIL: Final = 20  # lines of output that an error carries
TIMED_OUT: Final = 124  # the exit status of timeout(1)
HANGS: Final = "Something on this host does not answer: load, disks, network mounts and `systemctl is-system-running` may tell what."
FAILS: Final = "Mend on this host what the lines above complain of, and run kinstall again."


class Process(Protocol):
    """A command on the host. Every method raises ConnectionLost when the way there broke."""

    def write(self, data: bytes) -> None:
        """Send to its stdin, without waiting."""
        ...

    def end(self) -> None:
        """End its stdin."""
        ...

    async def read(self) -> bytes:
        """The next chunk of its stdout; nothing at its end."""
        ...

    async def read_err(self) -> bytes:
        """The next chunk of its stderr; nothing at its end."""
        ...

    async def wait(self) -> int:
        """Its exit status, 128 and more when a signal ended it."""
        ...

    def kill(self) -> None:
        """Let go of it, whatever state it is in."""
        ...


class Shell(ABC):
    """A Transport on top of `_start`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.become = Become()
        self._beginning: set[Future[Process]] = set()

    @abstractmethod
    async def _start(self, command: str, *, tty: bool) -> Process:
        """Start a command line, understood by whatever login shell the account has."""

    async def _begin(self, command: str, *, tty: bool) -> Process:
        """Start a command. Who is cancelled meanwhile waits a moment at most, and what is half begun is let go of when it is there.

        asyncio.create_subprocess_exec, cancelled in the middle, may never return (Python 3.11), and an SSH session would stay open.
        """
        beginning = ensure_future(self._start(command, tty=tty))
        try:
            return await shield(beginning)
        except CancelledError:
            self._beginning.add(beginning)  # or nobody would hold it
            beginning.add_done_callback(self._let_go)
            await wait({beginning}, timeout=MOMENT)
            raise

    def _let_go(self, beginning: Future[Process]) -> None:
        self._beginning.discard(beginning)
        if not beginning.cancelled() and not beginning.exception():
            beginning.result().kill()

    async def become_root(self, password: Secret | None) -> None:
        """Find out how the account becomes root, with this password if sudo asks for one; SudoRefused when it cannot."""
        self.become = await find_become(self, password)

    async def root(self, script: str, *, check: bool = False, timeout: float | None = None) -> Result:
        """Run a script as root."""
        try:
            async with time_limit(timeout):
                result = await self.run(script, self.become)
        except TimeoutError:
            raise CommandFailed(f"a script did not end within {timeout:g} seconds", exit_status=TIMED_OUT, host=self.name,
                                hint=HANGS) from None
        if check and result.exit_status:
            raise CommandFailed(f"a script ended with exit status {result.exit_status}", exit_status=result.exit_status,
                                tail=(result.err or result.out).splitlines()[-TAIL:], host=self.name, hint=FAILS)
        return result

    async def user(self, script: str) -> Result:
        """Run a script as the account itself."""
        return await self.run(script, Become())

    async def run(self, script: str, become: Become) -> Result:
        """Run a script in this one way to be root, or as the account itself."""
        mark = new_mark()
        process = await self._begin(become.command(mark), tty=become.tty)
        try:
            call = become.separately(mark) if become.tty else CALL
            head = await self._hand_over(process, become, mark, framed(script, call))
            out, err = await gather(everything(process.read, head), everything(process.read_err))
            status = await process.wait()
        finally:
            process.kill()
        if become.tty:
            out, _, err = out.rpartition(become.end_of_output(mark))
            err += b"\n" if err else b""  # the shell cut it off
        return Result(status, text(out), text(err.rpartition(f"{mark}\n".encode())[2]))

    async def follow(self, script: str) -> AsyncGenerator[str, None]:
        """Run a script as root and yield its lines as they come."""
        mark, folder = new_mark(), LineFolder()
        process = await self._begin(self.become.command(mark), tty=self.become.tty)
        try:
            chunk = await self._hand_over(process, self.become, mark, MERGED + framed(script))
            while True:
                for line in folder.feed(chunk):
                    yield line
                if not (chunk := await process.read()):
                    break
            await process.wait()  # tells a lost connection from the end
            for line in folder.end():
                yield line
        finally:
            process.kill()

    async def probe(self, command: str, stdin: bytes) -> Result:
        """Run a bare command line with this stdin: for finding out about sudo, before there is a shell to hand a script to."""
        process = await self._begin(command, tty=False)
        try:
            process.write(stdin)
            process.end()
            out, err = await gather(everything(process.read), everything(process.read_err))
            return Result(await process.wait(), text(out), text(err))
        finally:
            process.kill()

    async def _hand_over(self, process: Process, become: Become, mark: str, script: bytes) -> bytes:
        """Give the script to the shell once it is what it should be; what it printed already comes back."""
        if become.answer or become.tty:
            head = await self._get_past_sudo(process, become, mark)
            process.write(f"{mark}\n".encode() + script)
        else:
            process.write(f"{mark}\n".encode() + script)
            head = await self._expect(process, become, mark, b"")
        if not become.tty:
            process.end()
        return head

    async def _get_past_sudo(self, process: Process, become: Become, mark: str) -> bytes:
        """Send the password alone and wait for the shell.

        sudo-rs reads ahead and would swallow the script; sudo on a terminal throws away what was typed too early; and the terminal itself
        echoes until it is told not to.
        """
        try:
            async with time_limit(HANDSHAKE):
                head = await self._expect(process, become, f"{mark}-tty", b"") if become.tty else b""
                process.write(become.answer)
                return await self._expect(process, become, mark, head)
        except TimeoutError:
            raise SudoRefused("sudo still waits: it did not take the password", hint=become.hint, host=self.name) from None

    async def _expect(self, process: Process, become: Become, mark: str, seen: bytes) -> bytes:
        """Read up to the marker's line. It comes from the shell itself: no .bashrc, lecture or prompt can be taken for it."""
        line = f"{mark}\n".encode()
        while line not in seen:
            chunk = await process.read()
            if not chunk:
                await process.wait()
                raise self._no_shell(become, seen + await everything(process.read_err))
            seen += chunk
        return seen.partition(line)[2]

    def _no_shell(self, become: Become, printed: bytes) -> SudoRefused | LoginRefused:
        said = evidence(printed, become.password)
        if become.sudo:
            return SudoRefused(f"sudo refuses: {said}", hint=become.hint, host=self.name)
        return LoginRefused(f"the account can log in, but gets no shell: {said}", host=self.name,
                            hint="log in by hand once: its password may have expired, or its shell may be nologin")


def new_mark() -> str:
    """A word that nothing else on the host prints."""
    return f"kinstall-{secrets.token_hex(8)}"


async def everything(read: Callable[[], Awaitable[bytes]], head: bytes = b"") -> bytes:
    """A stream up to its end."""
    chunks = [head]
    while chunk := await read():
        chunks.append(chunk)
    return b"".join(chunks)


def text(data: bytes) -> str:
    """Bytes of a host as text; what is not UTF-8 is replaced."""
    return data.decode(errors="replace")
