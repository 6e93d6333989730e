"""What goes wrong on request: answers that fail, connections that drop or hang, slow lines."""

import asyncio
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web

FOR_EVER = 1 << 30
CHUNK = 1 << 14


@dataclass
class Fault:
    """An answer that was ordered to go wrong."""

    regex: str
    code: str
    left: int


@dataclass
class State:
    """All that is ordered at the moment."""

    faults: list[Fault] = field(default_factory=list)
    kbit: int = 0

    def due(self, url: str) -> str:
        """The code of the fault that is due for host/path, counted down; or nothing."""
        for fault in self.faults:
            if fault.left and re.search(fault.regex, url):
                fault.left -= 1
                return fault.code
        return ""

    def order(self, ask: dict[str, Any]) -> None:
        """Does what a control line says: {"do": "fail"|"slow"|"clear"|"ping", ...}."""
        match ask["do"]:
            case "fail":
                self.faults.append(checked(ask))
            case "slow":
                self.kbit = int(ask["kbit"])
            case "clear":
                self.faults.clear()
                self.kbit = 0
            case "ping":
                pass
            case other:
                raise ValueError(f"no such order: {other}")


def checked(ask: dict[str, Any]) -> Fault:
    """The fault, or a ValueError."""
    code = str(ask["code"])
    if code not in ("drop", "hang") and not re.fullmatch(r"[2-5]\d\d", code):
        raise ValueError(f"a fault is an HTTP status, drop or hang, not {code}")
    try:
        re.compile(ask["regex"])
    except re.error as error:
        raise ValueError(f"{ask['regex']!r} is no regular expression: {error}") from None
    return Fault(ask["regex"], code, int(ask.get("times", FOR_EVER)))


state = State()


async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One JSON line in, one out."""
    said: dict[str, Any] = {"ok": True}
    try:
        state.order(json.loads(await reader.readline()))
    except (KeyError, ValueError) as error:
        said = {"ok": False, "why": str(error)}
    said |= {"faults": [asdict(fault) for fault in state.faults], "kbit": state.kbit}
    writer.write(json.dumps(said).encode() + b"\n")
    await writer.drain()
    writer.close()


async def spoil(request: web.BaseRequest, code: str) -> web.StreamResponse:
    """One answer gone wrong: a status, a dropped connection, or silence."""
    if code == "hang":
        await asyncio.sleep(3600)
    if code in ("drop", "hang"):
        if request.transport:
            request.transport.abort()
        return web.Response(status=499)
    return web.Response(status=int(code), text="the lab was told to fail this\n")


async def trickle(request: web.BaseRequest, inner: web.FileResponse) -> web.StreamResponse:
    """The file at state.kbit."""
    path = inner._path
    size, kind = str(path.stat().st_size), "application/octet-stream"
    out = web.StreamResponse(headers={"Content-Length": size, "Content-Type": kind} | dict(inner.headers))
    await out.prepare(request)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if state.kbit:
                await asyncio.sleep(len(chunk) * 8 / 1000 / state.kbit)
            await out.write(chunk)
    await out.write_eof()
    return out
