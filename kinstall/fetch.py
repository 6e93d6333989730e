"""What kinstall itself fetches, on the machine it runs on: manifests, version texts, archives. Verified by hash before anyone uses it.

urllib honours proxies from the environment, and the default TLS context honours SSL_CERT_FILE, as everything else on the machine does.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import socket
import ssl
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from hashlib import sha256 as hash_of
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import platformdirs

from kinstall import __version__
from kinstall.errors import SourceError

LIMIT: Final = 20 * 1024 * 1024
_CHUNK: Final = 1 << 16


async def fetch(url: str, *, sha256: str | None, timeout: float = 30) -> bytes:
    """The bytes behind an https, http or file URL, or a plain path; SourceError when they cannot be had or are not what they should be.

    What has a hash comes out of the cache when it was fetched before, so a second run needs no network for it.
    """
    return await asyncio.to_thread(_fetch, url, sha256.lower() if sha256 else None, timeout)


@dataclass(frozen=True, slots=True)
class Patch:
    """The newest patch of a minor, and a note when it is not of today."""

    version: str
    note: str = ""


async def newest_patch(minor: str, *, fallback: str, source: str = "https://dl.k8s.io/release", timeout: float = 10) -> Patch:
    """The newest patch of a minor, as its publisher says it; the table's (`fallback`) with a note when the publisher cannot be asked."""
    url = f"{source.rstrip('/')}/stable-{minor}.txt"
    try:
        text = (await fetch(url, sha256=None, timeout=timeout)).decode(errors="replace").strip()
    except SourceError as error:
        return Patch(fallback, f"The newest patch of Kubernetes {minor} could not be asked for, so {fallback} it is: {error.message}")
    if re.fullmatch(rf"v{re.escape(minor)}\.[0-9]+", text):
        return Patch(text.removeprefix("v"))
    return Patch(fallback, f"{url} does not name a patch of Kubernetes {minor}, so {fallback} it is")


def _fetch(url: str, sha256: str | None, timeout: float) -> bytes:
    path = _local(url)
    kept = _cached(sha256) if sha256 and path is None else None
    if kept is not None:
        return kept
    data = _read_file(path) if path else _download(url, timeout)
    if sha256 and (actual := hash_of(data).hexdigest()) != sha256:
        raise SourceError(
            f"{url} is not what it should be: its sha256 is {actual}, and {sha256} was expected",
            hint="It was changed on the way or at its source; nothing of it was used. Whoever serves a copy puts its hash into the "
            "answers.",
        )
    if sha256 and path is None:
        _keep(sha256, data)
    return data


def _local(url: str) -> Path | None:
    """The path that a file URL or a plain path means; None for a URL of the web, SourceError for any other scheme."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SourceError(f"{url} is no address: {error}", hint="Use https, http, file, or a path.") from error
    if parts.scheme in ("http", "https"):
        return None
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if "://" in url:
        raise SourceError(f"{url}: {parts.scheme} cannot be fetched from", hint="Use https, http, file, or a path.")
    return Path(url).expanduser()


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _limited(str(path), file, deadline=float("inf"))
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise SourceError(f"{path} cannot be read: {cause}", hint="The answers name this file as a source.") from error


def _download(url: str, timeout: float) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": f"kinstall/{__version__}"})  # noqa: S310  # _local has looked at the scheme
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=ssl.create_default_context()) as response:  # noqa: S310
            if url.startswith("https:") and not response.geturl().startswith("https:"):
                raise SourceError(f"{url} leads to {response.geturl()}, which is not encrypted", hint="Name another source in the answers.")
            data = _limited(url, response, deadline=time.monotonic() + 4 * timeout)
            if response.length:  # what is missing of Content-Length: reading in chunks, http.client takes an early end for the end
                raise http.client.IncompleteRead(data, response.length)
            return data
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause, hint = _why(error)
        raise SourceError(f"{url} cannot be fetched: {cause}", hint=hint) from error


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _limited(name: str, stream: _Readable, deadline: float) -> bytes:
    """All of a stream, unless it is too much or comes too slowly (a socket's timeout only sees a pause, never a trickle)."""
    data = bytearray()
    while chunk := stream.read(_CHUNK):
        data += chunk
        if len(data) > LIMIT:
            raise SourceError(f"{name} is larger than {LIMIT >> 20} MB", hint="This is not the file that kinstall looks for.")
        if time.monotonic() > deadline:
            raise TimeoutError
    return bytes(data)


_ONLINE: Final = "Look at the network and the proxy of the machine that kinstall runs on, or name a mirror in `sources`."
_MISSING: Final = "Does the source have this version? A mirror may lag behind."
# The first that fits: what went wrong, in words, and what to do. An exception's own text is shown where it says more than we could.
_CAUSES: Final[tuple[tuple[type[BaseException], str, str], ...]] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted ({0.verify_message})",
     "When a proxy or mirror has its own authority, name that authority's file in SSL_CERT_FILE. Is the clock right?"),
    (ssl.SSLError, "TLS failed ({0.reason})", _ONLINE),
    (socket.gaierror, "its name cannot be resolved ({0.strerror})", "Look at the DNS of the machine that kinstall runs on; is it online?"),
    (TimeoutError, "it does not answer in time", _ONLINE),
    (ConnectionRefusedError, "the connection was refused", _ONLINE),
    (http.client.IncompleteRead, "it broke off before its end", "Run kinstall again."),
    (OSError, "{0}", _ONLINE),
    (Exception, "{0}", "Is the address right?"),
)


def _why(error: BaseException) -> tuple[str, str]:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server says {error.code} {error.reason}", _MISSING if error.code in (404, 410) else _ONLINE
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, BaseException):
        return _why(error.reason)
    return next((cause.format(error), hint) for kind, cause, hint in _CAUSES if isinstance(error, kind))


# ---- the cache: files named by the hash of their content, which is checked again whenever one is read ----
def _place(sha256: str) -> Path:
    return Path(platformdirs.user_cache_dir("kinstall")) / sha256


def _cached(sha256: str) -> bytes | None:
    try:
        data = _place(sha256).read_bytes()
    except OSError:
        return None
    return data if hash_of(data).hexdigest() == sha256 else None


def _keep(sha256: str, data: bytes) -> None:
    """Written beside its place and moved there, so that no reader sees half of it. No cache is no failure: it costs a download."""
    place = _place(sha256)
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".fetch-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(place)
        except OSError:
            Path(name).unlink(missing_ok=True)
    except OSError:
        return
