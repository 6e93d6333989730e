"""Which addresses of a network answer to SSH: one try each, many at once, and nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Final

AT_ONCE: Final = 128
PATIENCE: Final = 1.5       # seconds; twice: for the connection, and for the first line
LARGEST: Final = 1 << 12    # addresses; a /20
PORT: Final = 22


async def scan(network: str, port: int = PORT) -> Mapping[str, str]:
    """The addresses on which SSH answers, each with its first line. Raises ValueError for what is no network, or too large a one."""
    wanted = IPv4Network(network.strip(), strict=False)
    if wanted.num_addresses > LARGEST:
        raise ValueError(f"{network} has {wanted.num_addresses} addresses: name a part of it, a /20 at most")
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(address: IPv4Address) -> tuple[str, str]:
        async with gate:
            return str(address), await banner(str(address), port)

    found = await asyncio.gather(*map(one, wanted.hosts()))
    return {address: said for address, said in found if said}


async def banner(address: str, port: int) -> str:
    """The first line of an SSH server; "" where there is none."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return ""
    try:
        async with asyncio.timeout(PATIENCE):
            line = (await reader.readline()).decode(errors="replace").strip()
            return line if line.startswith("SSH-") else ""
    except (OSError, TimeoutError, ValueError):
        return ""
    finally:
        writer.close()
