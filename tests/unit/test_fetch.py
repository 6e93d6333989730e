"""What kinstall fetches by itself: verified, kept, and a failure says what to do."""

from __future__ import annotations

import asyncio
import http.server
import ipaddress
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kinstall import fetch as room
from kinstall.errors import SourceError
from kinstall.fetch import Patch, fetch, newest_patch

BODY = b"apiVersion: v1\n"
HASH = sha256(BODY).hexdigest()


def get(url: str, *, sha256: str | None, timeout: float = 30) -> bytes:
    return asyncio.run(fetch(url, sha256=sha256, timeout=timeout))


PAGES = {"/file.yaml": BODY, "/stable-1.37.txt": b"v1.37.4\n", "/stable-1.36.txt": b"<html>Welcome to the hotel</html>"}


class Site(http.server.BaseHTTPRequestHandler):
    """A small site with a few ways to go wrong."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/broken":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"half")
        elif body := PAGES.get(self.path):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    asked: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and no proxy between us and 127.0.0.1."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache" / "kinstall"


def serve(server: Server) -> Iterator[Server]:
    server.asked = []
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def site() -> Iterator[Server]:
    yield from serve(Server(("127.0.0.1", 0), Site))


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signed itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "home")]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "home.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(pem))
    return path


@pytest.fixture
def secure_site(authority: Path) -> Iterator[str]:
    server = Server(("127.0.0.1", 0), Site)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    for running in serve(server):
        yield running.url.replace("http:", "https:")


def test_what_was_fetched_is_kept_and_not_fetched_again(site: Server, cache: Path) -> None:
    assert get(f"{site.url}/file.yaml", sha256=HASH.upper()) == BODY
    assert get(f"{site.url}/file.yaml", sha256=HASH) == BODY
    assert site.asked == ["/file.yaml"]
    assert [path.name for path in cache.iterdir()] == [HASH]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


def test_without_a_hash_it_is_fetched_each_time(site: Server, cache: Path) -> None:
    assert [get(f"{site.url}/file.yaml", sha256=None) for _ in range(2)] == [BODY, BODY]
    assert len(site.asked) == 2 and not cache.exists()


def test_a_spoiled_cache_is_fetched_anew(site: Server, cache: Path) -> None:
    cache.mkdir(parents=True)
    (cache / HASH).write_bytes(b"spoiled")
    assert get(f"{site.url}/file.yaml", sha256=HASH) == BODY
    assert (cache / HASH).read_bytes() == BODY


def test_a_cache_that_cannot_be_written_is_no_failure(site: Server, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("in the way")
    assert get(f"{site.url}/file.yaml", sha256=HASH) == BODY


def test_a_wrong_hash_names_both(site: Server, cache: Path) -> None:
    with pytest.raises(SourceError) as caught:
        get(f"{site.url}/file.yaml", sha256="0" * 64)
    assert HASH in caught.value.message and "0" * 64 in caught.value.message and caught.value.hint
    assert not cache.exists()


def test_files_and_paths(tmp_path: Path, cache: Path) -> None:
    path = tmp_path / "with space.yaml"
    path.write_bytes(BODY)
    assert get(str(path), sha256=HASH) == BODY
    assert get(path.as_uri(), sha256=None) == BODY
    assert not cache.exists()
    with pytest.raises(SourceError, match="sha256"):
        get(str(path), sha256="0" * 64)


@pytest.mark.parametrize(("url", "says"), [
    ("{site}/nothing.yaml", "404"),
    ("{site}/broken", "broke off"),
    ("http://127.0.0.1:1/x", "refused"),
    ("ftp://example.org/x", "ftp"),
    ("http://[", "no address"),
    ("http://127.0.0.1:port/x", "port"),
    ("/nowhere/at/all", "No such file"),
    ("/", "directory"),
])
def test_what_cannot_be_had(site: Server, url: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as caught:
        get(url.format(site=site.url), sha256=None)
    assert caught.value.hint


def test_a_name_that_cannot_be_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(SourceError, match="name cannot be resolved") as caught:
        get("https://mirror.home/x", sha256=None)
    assert "DNS" in caught.value.hint


def test_an_authority_of_ones_own(secure_site: str, authority: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(SourceError, match="certificate is not trusted") as caught:
        get(f"{secure_site}/file.yaml", sha256=None)
    assert "SSL_CERT_FILE" in caught.value.hint
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert get(f"{secure_site}/file.yaml", sha256=None) == BODY


def test_what_is_too_large(site: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LIMIT", 10)
    with pytest.raises(SourceError, match="larger"):
        get(f"{site.url}/file.yaml", sha256=None)


def test_what_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SourceError, match="in time"):
        get(f"http://127.0.0.1:{silent.getsockname()[1]}/", sha256=None, timeout=0.1)


def test_the_newest_patch(site: Server) -> None:
    assert asyncio.run(newest_patch("1.37", fallback="1.37.2", source=f"{site.url}/")) == Patch("1.37.4")
    for minor in ("1.36", "1.35"):  # a hotel's page; nothing
        patch = asyncio.run(newest_patch(minor, fallback=f"{minor}.1", source=site.url))
        assert patch.version == f"{minor}.1" and f"stable-{minor}.txt" in patch.note
