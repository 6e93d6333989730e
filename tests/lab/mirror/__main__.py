"""The mirror: DNS, HTTP and HTTPS on the gateway's address, for the names in sites.SITES and no others.

It listens in the lab's network namespace and fetches (Debian packages only) from the machine's own: a socket stays in the
namespace that it was made in. Control: JSON lines on $LAB/mirror.sock. Access log: JSON lines in $LAB/mirror.log."""

import asyncio
import ctypes
import json
import os
import re
import signal
import socket
import time
from pathlib import Path
from urllib.parse import unquote

from aiohttp import web

from . import ca, dns, faults
from .settings import GATEWAY, LAB
from .sites import SITES

CLONE_NEWNET = 0x40000000
PORTS = {
    "udp": (socket.SOCK_DGRAM, 53),
    "tcp": (socket.SOCK_STREAM, 53),
    "http": (socket.SOCK_STREAM, 80),
    "https": (socket.SOCK_STREAM, 443),
}


async def main() -> None:
    """Serves until SIGTERM."""
    made = sockets()
    ca.ensure_ca(LAB / "ca")
    await dns.serve(made["udp"], made["tcp"], lookup)
    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    tls = ca.server_context(LAB / "ca", sorted(SITES))
    await web.SockSite(runner, made["http"], backlog=512).start()
    await web.SockSite(runner, made["https"], ssl_context=tls, backlog=512).start()
    (LAB / "mirror.sock").unlink(missing_ok=True)
    await asyncio.start_unix_server(faults.control, LAB / "mirror.sock")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


async def handle(request: web.BaseRequest) -> web.StreamResponse:
    """One request: answered, spoilt or slowed, and logged."""
    began = time.time()
    site, path = request.host.split(":")[0].lower(), unquote(request.rel_url.raw_path)
    status = 500
    try:
        answer = await respond(site, request, path)
        status = answer.status
        if faults.state.kbit and isinstance(answer, web.FileResponse) and request.method == "GET":
            return await faults.trickle(request, answer)
        if not answer.prepared:
            await answer.prepare(request)
            await answer.write_eof()
        return answer
    finally:
        log(request, site, path, status, began)


async def respond(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse:
    """What the site says to the path, unless a fault was ordered for it."""
    if code := faults.state.due(f"{site}{path}"):
        return await faults.spoil(request, code)
    answer = await SITES[site](site, request, path) if site in SITES else None
    return answer or web.Response(status=404, text="not in the lab's mirror\n")


def log(request: web.BaseRequest, site: str, path: str, status: int, began: float) -> None:
    """One line of the access log."""
    entry = {
        "at": round(began, 3),
        "client": client(request.remote or ""),
        "scheme": request.scheme,
        "method": request.method,
        "host": site,
        "path": path,
        "status": status,
        "ms": round((time.time() - began) * 1000),
        "agent": request.headers.get("User-Agent", "")[:60],
    }
    with (LAB / "mirror.log").open("a") as file:
        file.write(json.dumps(entry) + "\n")


def lookup(name: str) -> str | None:
    """An impersonated name is the gateway; a host's name (bare or under .lab) is the host."""
    if name in SITES:
        return GATEWAY
    if not re.fullmatch(r"[a-z0-9-]+(\.lab)?", name):
        return None
    host = LAB / "hosts" / name.removesuffix(".lab") / "conf.json"
    return str(json.loads(host.read_text())["ip"]) if host.is_file() else None


def client(ip: str) -> str:
    """The name of the host that has this address."""
    for conf in (LAB / "hosts").glob("*/conf.json"):
        if f'"{ip}"' in conf.read_text():
            return conf.parent.name
    return "control" if ip == GATEWAY else ip


def sockets() -> dict[str, socket.socket]:
    """The listening sockets, made in the lab's namespace; afterwards this process is back in the machine's own."""
    made: dict[str, socket.socket] = {}
    with Path("/proc/self/ns/net").open() as home, (LAB / "netns").open() as lab:
        enter(lab.fileno())
        try:
            for name, (kind, port) in PORTS.items():
                made[name] = socket.socket(socket.AF_INET, kind)
                made[name].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                made[name].bind((GATEWAY, port))
        finally:
            enter(home.fileno())
    return made


def enter(namespace: int) -> None:
    """This thread into a network namespace."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


if __name__ == "__main__":
    (LAB / "mirror.pid").write_text(str(os.getpid()))
    asyncio.run(main())
