"""Debian's archive through a cache, under its own name and under Ubuntu's."""

import asyncio
import re
import subprocess
import time
from pathlib import Path

import aiohttp
from aiohttp import web

from .settings import CACHE, LAB

UBUNTU = {"noble": "trixie", "focal": "bullseye"}  # the stand-ins' packages are Debian's
FRESH = 3600
BIG = 1 << 18


def debian_mirrors() -> dict[str, str]:
    """The archives that this machine's own apt uses: {"debian": URL, "debian-security": URL}."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    shown = subprocess.run(command, capture_output=True, text=True).stdout
    return {m[2]: m[1] for m in re.finditer(r"^(\S+/(debian(?:-security)?))/?$", shown, re.MULTILINE)}


class Archive:
    """A caching proxy: what has a fixed content is kept for ever, an index for an hour (and longer when the upstream is away)."""

    def __init__(self) -> None:
        self.upstream = debian_mirrors()
        self.locks: dict[str, asyncio.Lock] = {}

    async def get(self, path: str) -> Path | None:
        """The file behind /debian/... or /debian-security/..., or None."""
        root, _, rest = path.lstrip("/").partition("/")
        if root not in self.upstream or ".." in rest:
            return None
        kept = CACHE / root / rest
        async with self.locks.setdefault(path, asyncio.Lock()):
            if self._is_fresh(kept):
                return kept
            try:
                return await self._fetch(f"{self.upstream[root]}/{rest}", kept)
            except (aiohttp.ClientError, TimeoutError):
                return kept if kept.is_file() else None

    @staticmethod
    def _is_fresh(kept: Path) -> bool:
        fixed = "/pool/" in str(kept) or "/by-hash/" in str(kept)
        return kept.is_file() and (fixed or time.time() - kept.stat().st_mtime < FRESH)

    @staticmethod
    async def _fetch(url: str, kept: Path) -> Path | None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(kept.name + ".part")
        async with aiohttp.ClientSession(auto_decompress=False) as session, session.get(url) as response:
            if response.status != 200:
                return None
            with part.open("wb") as file:
                async for chunk in response.content.iter_chunked(BIG):
                    file.write(chunk)
        return part.rename(kept)


archive = Archive()


async def debian(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """Debian's archive."""
    kept = await archive.get(path)
    return web.FileResponse(kept, chunk_size=BIG) if kept else None


async def ubuntu(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """Debian's archive under Ubuntu's names: its release file says so and is signed by the lab."""
    found = re.fullmatch(r"/ubuntu/dists/(\w+)/(.*)", path)
    if not found:
        return await debian(site, request, re.sub("^/ubuntu/", "/debian/", path))
    codename, file = found[1], found[2]
    if codename not in UBUNTU or file in ("Release", "Release.gpg"):
        return None
    kept = await archive.get(f"/debian/dists/{UBUNTU[codename]}/{file}")
    if not kept or file != "InRelease":
        return web.FileResponse(kept) if kept else None
    return web.Response(body=await signed(renamed(kept.read_text(), codename)))


def renamed(release: str, codename: str) -> str:
    """Debian's signed release file as Ubuntu's, without its signature."""
    text = release.split("\n\n", 1)[1].partition("-----BEGIN PGP SIGNATURE")[0]
    text = re.sub(r"(?m)^Origin: .*", "Origin: Ubuntu", text)
    return re.sub(r"(?m)^(Suite|Codename): .*", rf"\1: {codename}", text)


async def signed(text: str) -> bytes:
    """The text, signed in the clear by the lab."""
    command = ["gpg", "--homedir", str(LAB / "gnupg"), "--batch", "-u", "centos@lab", "--clearsign"]
    pipe, silence = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    gpg = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=silence)
    return (await gpg.communicate(text.encode()))[0]
