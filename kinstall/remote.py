"""Long commands as transient systemd units on the host: started once, followed, found again after a drop or after kinstall's own death.

systemd 239 (EL 8) is the oldest one meant here; it has no StandardOutput=append:, so the shell redirects. Script and log are under /run,
which a reboot empties just as it forgets the unit: both then say that nothing ran to its end.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from base64 import encodebytes
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from kinstall.errors import CommandFailed, ConnectionLost
from kinstall.transport import Result, Transport

OnLines = Callable[[list[str]], None]
Reopen = Callable[[], Awaitable[None]]

RUN = "/run/kinstall"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
PAUSE: Final = 0.05  # seconds between two batches of lines
ATTEMPTS: Final = 5  # drops in a row that bring nothing: then it is not the cable any more
BRIEF: Final = 2.0  # seconds that a connection must hold, or bring a line, to count as one
LOST_STATUS: Final = 255
TAIL: Final = 20
NAME: Final = re.compile(r"kinstall-(?P<step>[A-Za-z0-9_.:-]+)-[0-9a-f]{8}")
AGAIN: Final = "run kinstall again: it looks at what is there and goes on"
NO_UNIT: Final = "systemd there takes no new unit: `systemctl is-system-running` and `systemd-run true` may tell why"
SECURE_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class UnitResult:
    """How a unit ended, and whether it had been started before this run."""

    exit_status: int
    lines_seen: int
    attached: bool


@dataclass(frozen=True, slots=True)
class RunningUnit:
    """A unit that an earlier kinstall left behind; `active` while its command still runs, or waits for systemd to begin it."""

    name: str
    step: str
    active: bool


def unit_name(step_id: str, shell: str) -> str:
    """The same command of the same step has the same name, whoever starts it."""
    return f"kinstall-{re.sub(r'[^A-Za-z0-9_.:-]', '-', step_id)}-{sha256(shell.encode()).hexdigest()[:8]}"


async def run_unit(transport: Transport, step_id: str, shell: str, on_lines: OnLines, reopen: Reopen | None = None) -> UnitResult:
    """Run a command to its end, whatever happens to the connection. Cancelling leaves it running on the host.

    `reopen` connects again after a drop, and may tell somebody; without it the transport does it alone.
    """
    watch = Watch(transport, unit_name(step_id, shell), step_id, on_lines, reopen)
    return await watch.to_the_end(attached=await watch.start(shell))


async def attach(transport: Transport, name: str, on_lines: OnLines, reopen: Reopen | None = None) -> UnitResult:
    """Follow a unit that runs already, from its first line to its end."""
    step = NAME.fullmatch(name)
    return await Watch(transport, name, step["step"] if step else name, on_lines, reopen).to_the_end(attached=True)


async def running_units(transport: Transport) -> list[RunningUnit]:
    """What an earlier kinstall left on the host: running, or ended with nobody looking."""
    listed = await transport.root("systemctl list-units --all --plain --no-legend --full --type=service 'kinstall-*.service'", check=True)
    found = []
    for name, _, state, *_ in (line.split(None, 4) for line in listed.out.splitlines() if len(line.split()) >= 4):
        if match := NAME.fullmatch(name.removesuffix(".service")):
            found.append(RunningUnit(match[0], match["step"], active=state not in {"active", "failed"}))
    return found


async def stop(transport: Transport, name: str) -> None:
    """End a unit that waits for what will not come, and clear it away. Never for what must not be killed halfway."""
    await transport.root(COLLECT.format(unit=name, run=RUN))


class Watch:
    """One unit on one host, and how far its log has been read."""

    def __init__(self, transport: Transport, name: str, step: str, on_lines: OnLines, reopen: Reopen | None) -> None:
        self._transport, self._name, self._step = transport, name, step
        self._reopen = reopen or transport.reopen
        self._batches = Batches(on_lines)
        self._boot = ""
        self._seen = 0

    async def start(self, shell: str) -> bool:
        """Start the unit unless it is there. True: somebody else had started it, running or ended."""
        script = START.format(unit=self._name, run=RUN, boot_id=BOOT_ID, step=self._step.replace("'", ""), path=SECURE_PATH,
                              script=encodebytes(shell.encode()).decode())
        answers: list[Result] = []
        result = await self._insist(script, answers)
        if result.exit_status:
            raise CommandFailed(f"the unit {self._name} could not be started", exit_status=result.exit_status, hint=NO_UNIT,
                                tail=(result.out + result.err).splitlines()[-TAIL:], host=self._transport.name, step=self._step)
        self._boot, state = result.out.split()[:2]
        return state == "found" and not answers  # after a drop it may be our own that is found

    async def to_the_end(self, *, attached: bool) -> UnitResult:
        """Follow until it ends, then clear it away."""
        try:
            ending = await self._follow()
        finally:
            self._batches.flush()
        await self._insist(COLLECT.format(unit=self._name, run=RUN), [])
        return UnitResult(exit_status(ending), self._seen, attached)

    async def _follow(self) -> dict[str, str]:
        clock, drops = asyncio.get_running_loop().time, 0
        while True:
            since = clock(), self._seen
            try:
                ending = await self._follow_once()
            except ConnectionLost:
                drops = drops + 1 if clock() - since[0] < BRIEF and self._seen == since[1] else 0
                if drops == ATTEMPTS:
                    raise
                await self._reopen()
                continue
            if int(ending["lines"]) <= self._seen:  # else tail was faster than the log's last lines
                return ending

    async def _follow_once(self) -> dict[str, str]:
        """Lines from the first one not seen yet. The script's own words carry a marker that no log can contain."""
        mark = f"kinstall-{secrets.token_hex(8)}"
        script = FOLLOW.format(unit=self._name, run=RUN, boot_id=BOOT_ID, mark=mark, first=self._seen + 1)
        async with aclosing(self._transport.follow(script)) as lines:
            async for line in lines:
                if line.startswith(mark):
                    words = dict(word.split("=", 1) for word in line.split()[1:])
                    self._same_boot(words["boot"])
                    if "state" in words:
                        return self._ended(words)
                else:
                    self._seen += 1
                    self._batches.add(line)
        raise ConnectionLost("the host ended the shell that followed a command", host=self._transport.name, step=self._step, hint=AGAIN)

    def _same_boot(self, boot: str) -> None:
        if self._boot not in ("", boot):
            raise self._vanished("the host restarted while the command ran")
        self._boot = boot

    def _ended(self, words: dict[str, str]) -> dict[str, str]:
        if words["state"] == "inactive":
            raise self._vanished(f"the unit {self._name} is gone, and how its command ended nobody knows")
        if words["system"] == "stopping" and exit_status(words):  # it did not fail: the shutdown killed it
            raise self._vanished("the host shut down while the command ran")
        return words

    def _vanished(self, message: str) -> CommandFailed:
        return CommandFailed(message, exit_status=LOST_STATUS, host=self._transport.name, step=self._step, tail=self._batches.last,
                             hint=AGAIN)

    async def _insist(self, script: str, drops: list[Result]) -> Result:
        """Run a short script that may run twice, through drops."""
        for attempt in range(ATTEMPTS):
            try:
                return await self._transport.root(script)
            except ConnectionLost:
                if attempt == ATTEMPTS - 1:
                    raise
                drops.append(Result(LOST_STATUS, "", ""))
                await self._reopen()
        raise AssertionError("unreachable")


class Batches:
    """Hands lines on at most every 50 ms: a screen that is told each of 10,000 lines a second answers no key."""

    def __init__(self, on_lines: OnLines) -> None:
        self._on_lines = on_lines
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self.last: list[str] = []

    def add(self, line: str) -> None:
        """One more line."""
        self._waiting.append(line)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self.flush)

    def flush(self) -> None:
        """Hand on what waits."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self.last = [*self.last, *lines][-TAIL:]
            self._on_lines(lines)


def exit_status(ending: dict[str, str]) -> int:
    """As a shell would have it: 128 and more when a signal ended the command (ExecMainCode is CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3)."""
    status = int(ending.get("status") or LOST_STATUS)
    if ending.get("code") != "1":
        return 128 + status
    return status or (0 if ending.get("result") == "success" else LOST_STATUS)


START: Final = """\
cat {boot_id}
Job=; eval "$(systemctl show {unit}.service -p ActiveState,Job)"
case $ActiveState${{Job:+-queued}} in
    activating*|deactivating*|reloading*|inactive-queued) echo found; exit 0;;
    active*|failed*) [ -f {run}/{unit}/log ] && {{ echo found; exit 0; }}
                   systemctl stop {unit}.service; systemctl reset-failed {unit}.service 2>/dev/null;;
esac
umask 077
mkdir -p {run} && rm -rf {run}/{unit} && mkdir {run}/{unit} && : >{run}/{unit}/log || exit
base64 -d >{run}/{unit}/script <<'KINSTALL_END' || exit
{script}KINSTALL_END
systemd-run --quiet --no-block --unit={unit} --description='kinstall: {step}' --property=Type=oneshot --property=RemainAfterExit=yes \\
    --setenv=LC_ALL=C --setenv=DEBIAN_FRONTEND=noninteractive --setenv=HOME=/root --setenv=PATH={path} \\
    /bin/sh -c 'umask 022; exec </dev/null >>{run}/{unit}/log 2>&1; exec /bin/sh {run}/{unit}/script' || exit
echo started
"""

# The log is read by tail until the command's process is gone; then systemd is asked how it ended. While systemd re-executes itself
# (its own upgrade does that) it answers nothing for a moment: that is no answer, so ask again. A unit that is inactive and has a job waits
# for its turn (the host is still starting); without one it is gone.
FOLLOW: Final = """\
log={run}/{unit}/log; first={first}; boot=$(cat {boot_id})
ask() {{
    ActiveState=; MainPID=0; Job=
    eval "$(systemctl show {unit}.service -p ActiveState,MainPID,Result,ExecMainCode,ExecMainStatus,Job 2>/dev/null)"
    case $ActiveState in inactive) ActiveState=${{Job:+queued}}; ActiveState=${{ActiveState:-inactive}};; esac
}}
echo "{mark} boot=$boot"
while ask; do
    case $ActiveState in
        queued) sleep 0.5;;
        activating) [ "$MainPID" -gt 0 ] && {{ tail -n +$first --pid="$MainPID" -s 0.1 -f "$log" 2>/dev/null; break; }};;
        ?*) tail -n +$first "$log" 2>/dev/null; break;;
    esac
    sleep 0.05
done
while ask; do
    case $ActiveState in ''|queued|activating|deactivating|reloading) sleep 0.05;; *) break;; esac
done
lines=$(grep -c '' "$log" 2>/dev/null)
[ "${{lines:-0}}" -ge $first ] && [ -n "$(tail -c 1 "$log" 2>/dev/null)" ] && echo
system=$(systemctl is-system-running 2>/dev/null)
echo "{mark} boot=$boot state=$ActiveState result=$Result code=$ExecMainCode status=$ExecMainStatus lines=${{lines:-0}} system=$system"
"""

COLLECT: Final = """\
systemctl stop {unit}.service 2>/dev/null
systemctl reset-failed {unit}.service 2>/dev/null
rm -rf {run}/{unit}
rmdir {run} 2>/dev/null
exit 0
"""
