"""How an account becomes root.

sudo, sudo-rs and their translations word everything differently, so nothing here reads sudo's words or prompt: what counts is the exit
status, whether the password line was taken from stdin, and a marker that only the root shell itself prints.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from kinstall.errors import SudoRefused
from kinstall.secrets import Redactor, Secret
from kinstall.transport import clean

if TYPE_CHECKING:
    from kinstall.shell import Shell

ON_A_TERMINAL: Final = 20.0  # seconds for sudo there to start a shell: after a wrong password it would wait for another one for ever
ADMIN_GROUPS: Final = {"sudo", "wheel", "admin", "root"}

# The shell that gets the script drops every line up to the marker: a password that sudo did not want ends here, neither run nor printed.
# No backslash, no exclamation mark, no inner quote: the account's login shell may be fish or csh.
PREAMBLE: Final = 'echo {0}; echo {0} >&2; while IFS= read -r l; do test "$l" = {0} && exec sh -s; done; exit 97'
# On a terminal `sh -s` would be interactive, with prompts; and sudo may have made another terminal, which echoes again.
TTY_PREAMBLE: Final = 'stty raw -echo; echo {0}; while IFS= read -r l; do test "$l" = {0} && exec sh -c ". /dev/stdin"; done; exit 97'
TTY: Final = "sh -c 'stty raw -echo && echo \"$0-tty\" && exec \"$@\"' {0} "

WHO: Final = """\
id -u; id -un; id -nG; command -v sudo || echo
LC_ALL=C sudo -k -n sh -c : 2>&1; s=$?
echo; echo $s
"""

# Exit status of sudo, then "unread" when the password line is still there: then sudo never asked for it.
ASK_ONCE: Final = (
    "env LC_ALL=C sh -c 'sudo -S -k -p \"\" sh -c : >/dev/null; s=$?; IFS= read -r l && r=unread || r=taken; echo \"$s $r\"'"
)


@dataclass(frozen=True, slots=True)
class Become:
    """One way to run a shell. Without `sudo` it is the account's own, be that root or not."""

    sudo: bool = False
    password: Secret | None = None
    tty: bool = False
    hint: str = ""  # for the day it stops to work

    def command(self, mark: str) -> str:
        """The command line that starts the shell. It holds no secret."""
        if not self.sudo:
            return f"sh -c '{PREAMBLE.format(mark)}'"
        asking = "-S -k -p ''" if self.password else "-k -n"
        sudo = f"env LC_ALL=C sudo {asking} sh -c '{(TTY_PREAMBLE if self.tty else PREAMBLE).format(mark)}'"
        return TTY.format(mark) + sudo if self.tty else sudo

    @property
    def answer(self) -> bytes:
        """What sudo reads: one line, or nothing."""
        return f"{self.password.reveal()}\n".encode() if self.sudo and self.password else b""

    def separately(self, mark: str) -> str:
        """Call the script so that stderr comes after stdout: a terminal has only one stream."""
        return (f"exec 3>&1; kinstall_err=$(kinstall_script </dev/null 2>&1 >&3 3>&-); kinstall_status=$?\n"
                f'printf "%s" "{mark}-err$kinstall_err"; exit $kinstall_status')

    @staticmethod
    def end_of_output(mark: str) -> bytes:
        """What `separately` prints between the two."""
        return f"{mark}-err".encode()


async def find_become(shell: Shell, password: Secret | None) -> Become:
    """The first way that works: root already, sudo without a password, with it, and both again on a terminal (requiretty)."""
    uid, user, groups, sudo, *said, status = (await shell.user(WHO)).out.splitlines()
    hint = advice(user, groups.split())
    if uid == "0":
        return Become()
    if not sudo:
        raise SudoRefused(f"{user} is not root, and there is no sudo", hint=NO_SUDO.format(user=user), host=shell.name)
    if status == "0":
        return Become(sudo=True, hint=hint)
    refusal = evidence("\n".join(said).encode(), password)
    if password:
        status, line, refusal = await ask_once(shell, password)
        if status == "0":
            return Become(sudo=True, password=password, hint=hint)
        if line == "taken":
            raise SudoRefused(refused(user, groups.split(), refusal), hint=hint, host=shell.name)
    return await on_a_terminal(shell, password, hint) or no_way(shell.name, user, refusal, hint, password)


async def ask_once(shell: Shell, password: Secret) -> tuple[str, str, str]:
    """Give sudo the password, and the end of its input after it: exit status, whether it took the line, and what it said."""
    tried = await shell.probe(ASK_ONCE, f"{password.reveal()}\n".encode())
    status, _, line = tried.out.strip().rpartition("\n")[2].partition(" ")
    return status, line, evidence(tried.err.encode(), password)


async def on_a_terminal(shell: Shell, password: Secret | None, hint: str) -> Become | None:
    """sudo refused without even asking: that is how it is when it wants a terminal."""
    for answer in dict.fromkeys((None, password)):
        become = Become(sudo=True, password=answer, tty=True, hint=hint)
        try:
            async with asyncio.timeout(ON_A_TERMINAL):
                await shell.run("exit 0", become)
                return become
        except TimeoutError:
            raise SudoRefused("sudo on a terminal takes the password and asks again: it is wrong", hint=hint, host=shell.name) from None
        except SudoRefused:
            continue
    return None


def no_way(host: str, user: str, refusal: str, hint: str, password: Secret | None) -> NoReturn:
    """Nothing of all that worked."""
    if password:
        raise SudoRefused(f"sudo refuses {user}: {refusal}", hint=hint, host=host)
    raise SudoRefused(f"sudo asks {user} for a password, and none was given: {refusal}", hint=WITHOUT_ASKING.format(user=user), host=host)


def refused(user: str, groups: list[str], refusal: str) -> str:
    """sudo took the password and said no. Only its words know whether it was the password or the account, so they are shown."""
    if ADMIN_GROUPS & set(groups):
        return f"sudo did not accept the password of {user}: {refusal}"
    return f"sudo did not accept {user} (wrong password, or not allowed to use sudo): {refusal}"


NO_SUDO: Final = """\
Debian:  su -c 'apt-get install -y sudo && usermod -aG sudo {user}'
EL:      su -c 'dnf install -y sudo && usermod -aG wheel {user}'
or let kinstall log in as root with a key"""

WITHOUT_ASKING: Final = """\
give kinstall the sudo password, or let {user} use sudo without one, as root:
echo '{user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/kinstall && chmod 0440 /etc/sudoers.d/kinstall"""


def advice(user: str, groups: list[str]) -> str:
    """What to do when sudo says no to this account."""
    if ADMIN_GROUPS & set(groups):
        return f"check the sudo password: log in as {user} and run  sudo -k true"
    return (f"allow it as root:  usermod -aG sudo {user}   (Debian, Ubuntu)\n"
            f"                   usermod -aG wheel {user}  (Rocky, AlmaLinux, CentOS)\n"
            f"and check the sudo password: log in as {user} and run  sudo -k true")


def evidence(printed: bytes, password: Secret | None) -> str:
    """The last of what a program printed, on one line and without the password."""
    redactor = Redactor()
    if password:
        redactor.add(password)
    lines = [redactor.clean(clean(line)).strip() for line in printed.splitlines()]
    return " / ".join([line for line in lines if line][-3:]) or "it printed nothing"
