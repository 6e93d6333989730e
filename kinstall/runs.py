"""What every run has in common, whatever it does: it begins, it connects to hosts, it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Literal

from kinstall import __version__
from kinstall.connecting import Connector
from kinstall.errors import CANCELLED, DONE, KinstallError
from kinstall.events import Connected, HostLine, RunEnded, RunStarted
from kinstall.hub import Hub
from kinstall.model import Host
from kinstall.runner import Runner

RESULTS: Mapping[int, Literal["done", "cancelled"]] = {DONE: "done", CANCELLED: "cancelled"}


def begin(hub: Hub, cluster: str, hosts: Sequence[Host]) -> float:
    """Tell that a run over these hosts begins; the monotonic time at which it did."""
    lines = tuple(HostLine(host.name, host.address, str(host.role)) for host in hosts)
    hub.emit(RunStarted(kinstall=__version__, cluster=cluster, hosts=lines))
    return time.monotonic()


async def connected(connector: Connector, host: Host, hub: Hub) -> Runner:
    """A runner on this host, and the telling of it. Raises ConnectError, with the host in it."""
    began = time.monotonic()
    try:
        transport = await connector.connect(host)
    except KinstallError as error:
        error.host = error.host or host.name
        raise
    hub.emit(Connected(host=host.name, seconds=round(time.monotonic() - began, 3)))
    return Runner(transport, hub)


def end(hub: Hub, began: float, code: int, *, changed: int = 0) -> int:
    """Tell how the run ended; its exit code."""
    seconds = round(time.monotonic() - began, 3)
    hub.emit(RunEnded(result=RESULTS.get(code, "failed"), exit_code=code, seconds=seconds, changed=changed))
    return code
