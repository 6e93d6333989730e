"""Long commands as units.

systemd-run and systemctl are stand-ins here that know just what kinstall asks of them; the real ones are met in the lab.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kinstall.errors import CommandFailed
from kinstall.events import AnyEvent, CommandEnded, CommandStarted, ConnectionChanged, Output
from kinstall.hub import Hub
from kinstall.remote import UnitResult, attach, run_unit, running_units, unit_name
from kinstall.runner import Runner
from kinstall.secrets import Redactor
from kinstall.ssh import SshTransport, connect
from kinstall.states import Command
from tests.engine.conftest import LabServer, host, program, until

SYSTEMD_RUN = """\
#!/bin/sh
echo "$*" >>"$SCRATCH/units.argv"
while :; do
    case $1 in --unit=*) unit=${1#--unit=};; --setenv=*) export "${1#--setenv=}";; --*) ;; *) break;; esac
    shift
done
[ -e "$SCRATCH/units/$unit" ] && { echo "Unit $unit.service already exists." >&2; exit 1; }
mkdir -p "$SCRATCH/units/$unit"
setsid sh -c 'echo $$ >"$0/pid"; "$@"; echo $? >"$0/status.new"; mv "$0/status.new" "$0/status"' \
    "$SCRATCH/units/$unit" "$@" </dev/null >/dev/null 2>&1 &
"""

SYSTEMCTL = """\
#!/bin/sh
verb=$1; unit=${2%.service}; dir=$SCRATCH/units/$unit
state() {
    if [ ! -d "$1" ] || [ -e "$1/queued" ]; then echo inactive
    elif [ ! -e "$1/status" ]; then echo activating
    elif [ "$(cat "$1/status")" = 0 ]; then echo active
    else echo failed; fi
}
case $verb in
show) state=$(state "$dir"); pid=0; [ $state = activating ] && pid=$(cat "$dir/pid" 2>/dev/null)
      status=$(cat "$dir/status" 2>/dev/null || echo 0); code=1; result=success
      [ "$status" -gt 128 ] && { code=2; status=$((status - 128)); }
      [ $state = failed ] && result=exit-code
      [ -e "$dir/queued" ] && echo Job=77
      printf 'ActiveState=%s\\nMainPID=%s\\nResult=%s\\nExecMainCode=%s\\nExecMainStatus=%s\\n' $state ${pid:-0} $result $code $status;;
stop) [ "$(state "$dir")" = failed ] || rm -rf "$dir";;
reset-failed) rm -rf "$dir";;
is-system-running) [ -e "$SCRATCH/stopping" ] && echo stopping || echo degraded;;
list-units) for dir in "$SCRATCH"/units/*; do
                [ -d "$dir" ] && echo "$(basename "$dir").service loaded $(state "$dir") x kinstall: it"
            done;;
esac
exit 0
"""


@pytest.fixture
async def transport(server: LabServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SshTransport]:
    program(server.scratch / "programs" / "systemd-run", SYSTEMD_RUN)
    program(server.scratch / "programs" / "systemctl", SYSTEMCTL)
    (server.scratch / "boot_id").write_text("first-boot\n")
    monkeypatch.setattr("kinstall.remote.RUN", str(server.scratch / "run"))
    monkeypatch.setattr("kinstall.remote.BOOT_ID", str(server.scratch / "boot_id"))
    server.env["FLAVOUR"] = "nopasswd"
    transport = await connect(host(server))
    yield transport
    await transport.close()


class Seen:
    """What the callback got: lines, and when."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.times: list[float] = []

    def __call__(self, lines: list[str]) -> None:
        self.lines.extend(lines)
        self.times.append(time.monotonic())

    async def until(self, line: str) -> None:
        async with asyncio.timeout(10):
            while line not in self.lines:  # noqa: ASYNC110  # a list has no event
                await asyncio.sleep(0.01)


def nothing_left(server: LabServer, unit: str) -> bool:
    return not (server.scratch / "run" / unit).exists() and not (server.scratch / "units" / unit).exists()


async def test_a_command_runs_once_and_leaves_nothing(server: LabServer, transport: SshTransport) -> None:
    seen = Seen()
    shell = "echo $LC_ALL $HOME $DEBIAN_FRONTEND; echo err >&2; cat; printf 'last'"
    assert await run_unit(transport, "packages", shell, seen) == UnitResult(0, 3, False)
    assert seen.lines == ["C /root noninteractive", "err", "last"]
    assert nothing_left(server, unit_name("packages", shell))


@pytest.mark.parametrize(("shell", "status"), [("exit 7", 7), ("kill -9 $$", 137), ("false", 1), ("", 0), ("echo x", 0)])
async def test_the_exit_status(server: LabServer, transport: SshTransport, shell: str, status: int) -> None:
    assert (await run_unit(transport, "step", shell, Seen())).exit_status == status
    assert nothing_left(server, unit_name("step", shell))


async def test_neither_script_nor_log_is_for_other_eyes(server: LabServer, transport: SshTransport) -> None:
    seen = Seen()
    run = server.scratch / "run"
    shell = f": token-of-the-script; ls -ld {run}/* | cut -c1-10; ls -l {run}/*/* | cut -c1-10; ps -eww -o args; umask"
    await run_unit(transport, "init", shell, seen)
    assert seen.lines[:3] == ["drwx------", "-rw-------", "-rw-------"]
    assert seen.lines[-1] == "0022"
    assert not any("token-of-the-script" in line for line in seen.lines)
    assert "token-of-the-script" not in (server.scratch / "units.argv").read_text()


async def test_drops_lose_no_line_and_repeat_none(server: LabServer, transport: SshTransport) -> None:
    seen, shell = Seen(), "for i in $(seq 1 400); do echo line $i; sleep 0.003; done; printf 'no newline'; exit 5"
    run = asyncio.create_task(run_unit(transport, "slow", shell, seen))
    for at in (20, 150, 300):
        await seen.until(f"line {at}")
        server.drop()
    assert await run == UnitResult(5, 401, False)
    assert seen.lines == [f"line {i}" for i in range(1, 401)] + ["no newline"]


async def test_a_drop_in_the_middle_of_starting_starts_no_second_one(server: LabServer, transport: SshTransport) -> None:
    seen, shell = Seen(), f"echo started >>{server.scratch}/starts; sleep 0.3; echo done"
    program(server.scratch / "programs" / "systemd-run", SYSTEMD_RUN + "\nsleep 0.2\n")
    asyncio.get_running_loop().call_later(0.2, server.drop)
    assert await run_unit(transport, "once", shell, seen) == UnitResult(0, 1, False)
    assert (server.scratch / "starts").read_text() == "started\n"


async def test_kinstall_dies_and_the_next_one_finds_the_unit(server: LabServer, transport: SshTransport) -> None:
    seen, shell = Seen(), "echo one; sleep 0.5; echo two; exit 3"
    dying = asyncio.create_task(run_unit(transport, "join", shell, seen))
    await seen.until("one")
    dying.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await dying
    left = await running_units(transport)
    assert [(unit.name, unit.step, unit.active) for unit in left] == [(unit_name("join", shell), "join", True)]
    again = Seen()
    assert await run_unit(transport, "join", shell, again) == UnitResult(3, 2, True)
    assert again.lines == ["one", "two"]
    assert await running_units(transport) == []


async def test_a_unit_that_ended_with_nobody_looking_is_collected(server: LabServer, transport: SshTransport) -> None:
    shell = "echo all of it; exit 9"
    dying = asyncio.create_task(run_unit(transport, "upgrade", shell, Seen()))
    while not (server.scratch / "units" / unit_name("upgrade", shell) / "status").exists():
        await asyncio.sleep(0.01)
        if (server.scratch / "units" / unit_name("upgrade", shell)).exists():
            dying.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await dying
    [unit] = await running_units(transport)
    assert not unit.active
    seen = Seen()
    assert await attach(transport, unit.name, seen) == UnitResult(9, 1, True)
    assert seen.lines == ["all of it"] and nothing_left(server, unit.name)


async def test_a_unit_that_is_queued_is_waited_for(server: LabServer, transport: SshTransport) -> None:
    """A host that is still starting has jobs to do before ours: the unit is inactive until its turn comes."""
    shell = "echo at last; exit 4"
    unit = server.scratch / "units" / unit_name("boot", shell)
    queued = SYSTEMD_RUN.replace("setsid sh -c '", """touch "$SCRATCH/units/$unit/queued"
setsid sh -c 'while [ -e "$0/queued" ]; do sleep 0.05; done; """)
    program(server.scratch / "programs" / "systemd-run", queued)
    first = asyncio.create_task(run_unit(transport, "boot", shell, Seen()))
    await until((unit / "queued").exists)
    await asyncio.sleep(0.5)
    assert not first.done()
    first.cancel()  # kinstall dies; the next one finds the unit in the queue
    with contextlib.suppress(asyncio.CancelledError):
        await first
    assert [(left.name, left.active) for left in await running_units(transport)] == [(unit.name, True)]
    seen = Seen()
    again = asyncio.create_task(run_unit(transport, "boot", shell, seen))
    await asyncio.sleep(0.5)
    (unit / "queued").unlink()
    assert await asyncio.wait_for(again, 10) == UnitResult(4, 1, True)
    assert seen.lines == ["at last"] and nothing_left(server, unit.name)


async def test_a_drop_while_a_unit_is_followed_is_told(server: LabServer, transport: SshTransport) -> None:
    events: list[AnyEvent] = []
    runner = Runner(transport, Hub([events.append], Redactor()))
    running = asyncio.create_task(runner.run("slow", Command("echo first; sleep 0.5; echo last", long=True)))
    await until(lambda: any(isinstance(event, Output) for event in events))
    server.drop()
    await running
    kinds = [event.lost if isinstance(event, ConnectionChanged) else type(event) for event in events]
    assert kinds == [CommandStarted, Output, True, False, Output, CommandEnded]


async def test_one_drop_is_told_once_however_many_find_out(server: LabServer, transport: SshTransport) -> None:
    events: list[AnyEvent] = []
    runner = Runner(transport, Hub([events.append], Redactor()))
    scripts = [asyncio.create_task(runner.script("sleep 0.3; echo done")) for _ in range(3)]
    await asyncio.sleep(0.2)
    server.drop()
    assert [result.out for result in await asyncio.gather(*scripts)] == ["done\n"] * 3
    assert [event.lost for event in events if isinstance(event, ConnectionChanged)] == [True, False]


async def test_remains_of_a_start_that_failed_halfway_are_in_nobodys_way(server: LabServer, transport: SshTransport) -> None:
    shell = "echo fresh"
    remains = server.scratch / "run" / unit_name("half", shell)
    remains.mkdir(parents=True)
    (remains / "log").write_text("old\n")
    seen = Seen()
    assert await run_unit(transport, "half", shell, seen) == UnitResult(0, 1, False)
    assert seen.lines == ["fresh"]


async def test_the_host_restarts_in_the_middle(server: LabServer, transport: SshTransport) -> None:
    seen, shell = Seen(), "echo before; sleep 30"
    run = asyncio.create_task(run_unit(transport, "reboot", shell, seen))
    await seen.until("before")
    unit = server.scratch / "units" / unit_name("reboot", shell)
    pid = int((unit / "pid").read_text())
    for path in (unit, server.scratch / "run"):
        path.rename(Path(f"{path}.gone"))
    (server.scratch / "boot_id").write_text("second-boot\n")
    server.drop()
    os.killpg(pid, signal.SIGKILL)
    with pytest.raises(CommandFailed, match="restarted while the command ran") as failure:
        await run
    assert (failure.value.tail, failure.value.step, failure.value.host) == (("before",), "reboot", "cp1")


async def test_the_host_shuts_down_and_kills_the_command(server: LabServer, transport: SshTransport) -> None:
    (server.scratch / "stopping").touch()
    with pytest.raises(CommandFailed, match="shut down while the command ran"):
        await run_unit(transport, "reboot", "kill -TERM $$", Seen())
    assert (await run_unit(transport, "last", "true", Seen())).exit_status == 0


async def test_a_unit_that_vanished_without_a_restart(server: LabServer, transport: SshTransport) -> None:
    with pytest.raises(CommandFailed, match="is gone"):
        await attach(transport, "kinstall-never-00000000", Seen())


async def test_a_unit_that_cannot_be_started(server: LabServer, transport: SshTransport) -> None:
    program(server.scratch / "programs" / "systemd-run", "#!/bin/sh\necho Failed to connect to bus >&2; exit 1\n")
    with pytest.raises(CommandFailed, match="could not be started") as failure:
        await run_unit(transport, "step", "true", Seen())
    assert failure.value.tail[-1] == "Failed to connect to bus"
    assert "systemctl is-system-running" in failure.value.hint


async def test_lines_come_in_batches_and_soon(server: LabServer, transport: SshTransport) -> None:
    seen = Seen()
    run = asyncio.create_task(run_unit(transport, "flood", "echo first; sleep 0.5; seq 1 20000; sleep 0.2", seen))
    await seen.until("first")
    assert not run.done()
    await run
    assert len(seen.lines) == 20001
    assert all(later - earlier > 0.04 for earlier, later in zip(seen.times, seen.times[1:-1], strict=False))


async def test_200_kilobytes_and_any_character(server: LabServer, transport: SshTransport) -> None:
    seen = Seen()
    shell = f"x={'é' * 100_000}\nprintf %s \"$x\" | wc -c\nprintf '\\351\\r50%%\\rdone\\n'\n: '{{}} $(x) \\ KINSTALL_END'"
    await run_unit(transport, "long", shell, seen)
    assert seen.lines == ["200000", "done"]


def test_names() -> None:
    assert unit_name("kubeadm-init", "true") == unit_name("kubeadm-init", "true") != unit_name("kubeadm-init", "false")
    assert unit_name("a b/c", "").startswith("kinstall-a-b-c-") and len(unit_name("x", "")) == len("kinstall-x-") + 8
