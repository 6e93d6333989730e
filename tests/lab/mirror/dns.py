"""A name server that knows the impersonated names and the lab's hosts, and says NXDOMAIN to everything else."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

Lookup = Callable[[str], str | None]
A, ANY = 1, 255
HEADER = 12
ANSWER = 0x8580  # an answer, authoritative, recursion offered
NXDOMAIN = 3


def answer(query: bytes, lookup: Lookup) -> bytes:
    """The reply to one DNS message with one question."""
    labels, at = [], HEADER
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1"))
        at += 1 + query[at]
    (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
    question = query[HEADER : at + 5]
    ip = lookup(".".join(labels).lower())
    record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 5, 4) + socket.inet_aton(ip) if ip and kind in (A, ANY) else b""
    flags = ANSWER if ip else ANSWER | NXDOMAIN
    return query[:2] + struct.pack("!HHHHH", flags, 1, 1 if record else 0, 0, 0) + question + record


class Udp(asyncio.DatagramProtocol):
    """Questions by datagram."""

    transport: asyncio.DatagramTransport

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Keeps the way to answer."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answers a question; noise is ignored."""
        with suppress(IndexError, struct.error):
            self.transport.sendto(answer(data, self.lookup), addr)


async def serve(udp: socket.socket, tcp: socket.socket, lookup: Lookup) -> None:
    """Answers on both sockets from now on."""

    async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack("!H", await reader.readexactly(2))
                reply = answer(await reader.readexactly(size), lookup)
                writer.write(struct.pack("!H", len(reply)) + reply)
        except (asyncio.IncompleteReadError, ConnectionError, IndexError, struct.error):
            writer.close()

    await asyncio.get_running_loop().create_datagram_endpoint(lambda: Udp(lookup), sock=udp)
    await asyncio.start_server(stream, sock=tcp)
