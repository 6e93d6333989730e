"""An API server in this process: TLS, discovery, objects in memory. What a cluster does with them is not here: that is the laboratory's."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import yaml
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kinstall.addons.removal import CONTENT
from kinstall.addons.table import ADDONS
from kinstall.cluster.api import SERVER_NAME
from kinstall.manifests import Object, shipped

CLUSTER_WIDE: Final = {
    "APIService", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding", "Namespace", "Node", "PersistentVolume", "StorageClass",
}
ALSO: Final = {("v1", "Node"), ("v1", "Event"), ("certificates.k8s.io/v1", "CertificateSigningRequest"), *CONTENT}
OUT: Final = dict.fromkeys(("observedGeneration", "updatedReplicas", "readyReplicas", "replicas", "availableReplicas"), 1)


def kinds() -> set[tuple[str, str]]:
    """Those of the add-ons, and those that kinstall asks for besides."""
    return ALSO | {(item["apiVersion"], item["kind"]) for addon in ADDONS if addon.manifests for item in shipped(addon.id)}


def plural(kind: str) -> str:
    """As in a path."""
    word = kind.lower()
    return f"{word}es" if word.endswith("s") else f"{word}s"


class Authority:
    """A CA, and the certificates that it signs."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
        mine = self._builder(self.name, self.key).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        self.certificate = mine.sign(self.key, hashes.SHA256())

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
        return builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def signed(self, *names: str) -> tuple[str, str]:
        """A certificate for these names, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        sans = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        builder = self._builder(subject, key).add_extension(x509.SubjectAlternativeName(sans), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return (certificate.public_bytes(Encoding.PEM).decode(),
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())

    def context(self, folder: Path, *names: str) -> ssl.SSLContext:
        """A server's."""
        folder.mkdir(exist_ok=True)
        for path, text in zip((folder / "certificate", folder / "key"), self.signed(*names), strict=True):
            path.write_text(text, encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "certificate", folder / "key")
        return context


@dataclass
class ApiServer:
    """Objects by their path. `refused`: paths that may not be deleted; `answers`: what other paths answer; `asked`: every request."""

    objects: dict[str, Object] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    authority: Authority = field(default_factory=Authority)
    admin_conf: str = ""

    def put(self, *items: Object) -> None:
        """These objects are there."""
        for item in items:
            self.objects[path(item)] = {**item, "metadata": {"resourceVersion": "1", **item["metadata"]}}

    def has(self, kind: str, name: str) -> bool:
        return any(item["kind"] == kind and item["metadata"]["name"] == name for item in self.objects.values())

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        where = request.path.rstrip("/")
        if request.method == "PATCH":
            item = await request.json()
            self.put({**item, "status": OUT} if item["kind"] == "Deployment" else item)
        if request.method == "PUT":
            where = where.removesuffix("/approval")
            self.objects[where] = await request.json()
        if request.method == "DELETE" and where in self.refused:
            return self._status(403, "Forbidden", f"{where} is forbidden")
        if where in self.objects:
            return web.json_response(self.objects.pop(where) if request.method == "DELETE" else self.objects[where])
        found = self._found(where, request.query.get("labelSelector", ""))
        return self._status(404, "NotFound", f"{where} not found") if found is None else web.json_response(found)

    def _found(self, where: str, labels: str) -> Object | None:
        if where in self.answers:
            return dict(self.answers[where])
        if where in (known := discovery()):
            return known[where]
        version, _, last = where.rpartition("/")
        for one, kind in kinds():
            if last == plural(kind) and (version == root(one) or version.startswith(f"{root(one)}/namespaces/")):
                space = version.partition("/namespaces/")[2]
                listed = [item for item in self._listed(one, kind, labels) if not space or item["metadata"].get("namespace") == space]
                return {"kind": f"{kind}List", "apiVersion": one, "metadata": {}, "items": listed}
        return None

    def _listed(self, version: str, kind: str, labels: str) -> list[Object]:
        wanted = dict(word.split("=") for word in labels.split(",") if word)
        mine = (item for item in self.objects.values() if (item["apiVersion"], item["kind"]) == (version, kind))
        return [item for item in mine if wanted.items() <= item["metadata"].get("labels", {}).items()]

    def _status(self, code: int, reason: str, message: str) -> web.Response:
        return web.json_response({"kind": "Status", "code": code, "reason": reason, "message": message}, status=code)


def root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def path(item: Object) -> str:
    space = "" if item["kind"] in CLUSTER_WIDE else f"/namespaces/{item['metadata']['namespace']}"
    return f"{root(item['apiVersion'])}{space}/{plural(item['kind'])}/{item['metadata']['name']}"


def discovery() -> dict[str, Object]:
    """What tells a client which kinds there are."""
    versions = sorted({version for version, _ in kinds()})
    groups = [{"name": v.partition("/")[0], "versions": [{"groupVersion": v, "version": v.rpartition("/")[2]}],
               "preferredVersion": {"groupVersion": v, "version": v.rpartition("/")[2]}} for v in versions if "/" in v]
    told: dict[str, Object] = {
        "/version": {"major": "1", "minor": "37", "gitVersion": "v1.37.2"}, "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis": {"kind": "APIGroupList", "groups": groups},
    }
    for one in versions:
        resources = [{"name": plural(kind), "singularName": kind.lower(), "kind": kind, "namespaced": kind not in CLUSTER_WIDE,
                      "verbs": ["get", "list", "patch", "delete", "create"]} for version, kind in sorted(kinds()) if version == one]
        told[root(one)] = {"kind": "APIResourceList", "groupVersion": one, "resources": resources}
    return told


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[ApiServer]:
    """One that answers, with an admin.conf that leads to it."""
    server = ApiServer()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=server.authority.context(folder, SERVER_NAME))
    await site.start()
    port = runner.addresses[0][1]
    certificate, key = server.authority.signed("kubernetes-admin")
    server.admin_conf = yaml.safe_dump({
        "clusters": [{"cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": encoded(server.authority.pem)}}],
        "users": [{"user": {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}}],
    })
    try:
        yield server
    finally:
        await runner.cleanup()


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
