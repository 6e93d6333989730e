"""One kinstall at a time on a host: a claim, a file under /run that names its holder and must be renewed. --plan makes none.

A second run would take the first one's units for what a dead kinstall left behind, and collect them under its feet. The claim is no lock
that a process on the host holds: that would end with the connection, and the run does not. It ends when it is released; with the host's
next start, which empties /run; when it was not renewed for two minutes; or at once, when its holder was a process of the machine that
asks, and is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from kinstall.errors import CommandFailed, ConnectError, KinstallError
from kinstall.holder import Holder, holder, ourselves
from kinstall.runner import Runner
from kinstall.together import done

CLAIM: Final = "/run/kinstall.claim"
RENEW: Final = 30.0     # seconds between two signs of life
STALE: Final = 120      # seconds without one
PATIENCE: Final = 5.0   # seconds to release all claims at the end
NOBODY: Final = "-"

Made = TypeVar("Made")


class Claimed(ConnectError):
    """Another kinstall works on this host."""


class Claims:
    """A run's claims on its hosts."""

    def __init__(self) -> None:
        self.me = ourselves()
        self._runners: list[Runner] = []

    async def take(self, runners: Iterable[Runner]) -> None:
        """Claim all of these hosts. Raises Several with every host that somebody else has."""
        self._runners = list(runners)
        await done(map(self._take, self._runners))

    async def during(self, work: Coroutine[Any, Any, Made]) -> Made:
        """Do this work and renew the claims meanwhile. When another kinstall has taken a host over, the work is stopped; raises Claimed."""
        main = asyncio.ensure_future(work)
        tasks: set[asyncio.Future[Any]] = {main, *(asyncio.ensure_future(self._renew(runner)) for runner in self._runners)}
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if main not in ended:
                ended.pop().result()    # raises: renewing ends in no other way
            return await main
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def release(self) -> None:
        """Give back what is ours, as far as that can be done quickly."""
        script = RELEASE.format(claim=CLAIM, folder=PurePosixPath(CLAIM).parent, id=self.me.id)
        runners, self._runners = self._runners, []
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(runner.transport.root(script) for runner in runners), return_exceptions=True)

    async def _renew(self, runner: Runner) -> None:
        while True:
            await asyncio.sleep(RENEW)
            try:
                await self._take(runner)
            except Claimed:
                raise
            except KinstallError:   # a broken connection: whoever works on this host finds out too, and the next sign of life may come
                continue

    async def _take(self, runner: Runner) -> None:
        quiet, by = await self._ask(runner, NOBODY)
        if by and by.is_gone:
            quiet, by = await self._ask(runner, by.id)
        if by:
            raise refused(runner.host, quiet, by)

    async def _ask(self, runner: Runner, gone: str) -> tuple[str, Holder | None]:
        """Take or renew; or the seconds since the holder's last sign of life, and who it is."""
        folder = PurePosixPath(CLAIM).parent
        result = await runner.script(TAKE.format(claim=CLAIM, folder=folder, me=self.me, id=self.me.id, gone=gone, stale=STALE))
        if result.exit_status:
            message = f"no claim could be written to {CLAIM}: {result.err.strip()}"
            raise CommandFailed(message, exit_status=result.exit_status, host=runner.host, hint=f"Is {folder} full, or read-only?")
        quiet, _, line = result.out.strip().partition(" ")
        return quiet, holder(line) if line else None


def refused(host: str, quiet: str, by: Holder) -> Claimed:
    """The error for whoever came second."""
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(by.since))
    return Claimed(
        f"another kinstall works on this host: {by.name}, process {by.pid}, since {since} (last sign of life: {quiet} s ago)", host=host,
        hint=f"Wait for its end, or stop it there with Ctrl-C. If it is dead, its claim ends {STALE} s after that sign of life.",
    )


# Both scripts take turns by a lock on the folder, for as long as they run; so reading, judging and writing are one. Time is the host's
# uptime: no clock that is set right in the middle makes a claim old.
TAKE: Final = """\
exec 9<{folder} && flock -w 30 9 || exit
read -r now _ </proc/uptime; now=${{now%%.*}}
at=; who=
[ -f {claim} ] && {{ read -r at; read -r who; }} <{claim}
case $at in ''|*[!0-9]*) at=0;; esac
case $who in
    ''|'{id} '*|'{gone} '*) ;;
    *) [ $((now - at)) -ge {stale} ] || {{ echo "$((now - at)) $who"; exit 0; }};;
esac
umask 022
printf '%s\\n%s\\n' "$now" '{me}' >{claim}.new && mv -f {claim}.new {claim}
"""

RELEASE: Final = """\
exec 9<{folder} && flock -w 30 9 || exit
{{ read -r at; read -r who; }} <{claim}
case $who in '{id} '*) rm -f {claim};; esac
"""
