"""The image registries: the distribution API, read-only, over one OCI layout."""

import json
import re
import time

from aiohttp import web

from .settings import HERE, REGISTRY

TOKENS = {
    "registry-1.docker.io": ("https://auth.docker.io/token", "registry.docker.io"),
    "ghcr.io": ("https://ghcr.io/token", "ghcr.io"),
    "quay.io": ("https://quay.io/v2/auth", "quay.io"),
}
BIG = 1 << 18


async def registry(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """One registry; anonymous tokens where the real ones want them."""
    if path in ("/token", "/v2/auth"):
        return await token(site, request, path)
    if site in TOKENS and "Authorization" not in request.headers:
        realm, service = TOKENS[site]
        return refusal("UNAUTHORIZED", 401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="{service}"'})
    if path == "/v2/":
        return web.json_response({})
    found = re.fullmatch(r"/v2/(.+)/(manifests|blobs|tags)/([^/]+)", path)
    if not found:
        return None
    name, kind, ref = found.groups()
    image = f"{site.replace('registry-1.docker.io', 'docker.io')}/{name}"
    return tags(name, image) if kind == "tags" else content(image, kind, ref)


async def token(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """An anonymous token."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return web.json_response({"token": "lab", "access_token": "lab", "expires_in": 300, "issued_at": now})


def tags(name: str, image: str) -> web.Response:
    """The image's tags."""
    known = [ref.rpartition(":")[2] for ref in refs() if ref.rpartition(":")[0] == image]
    return web.json_response({"name": name, "tags": known}) if known else refusal("NAME_UNKNOWN", 404)


def content(image: str, kind: str, ref: str) -> web.StreamResponse:
    """A manifest or a blob, by digest or (a manifest) by tag."""
    digest = ref if ref.startswith("sha256:") else refs().get(f"{image}:{ref}", "")
    blob = REGISTRY / "blobs/sha256" / digest.removeprefix("sha256:")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) or not blob.is_file():
        return refusal("MANIFEST_UNKNOWN" if kind == "manifests" else "BLOB_UNKNOWN", 404)
    headers = {"Docker-Content-Digest": digest, "Content-Type": "application/octet-stream"}
    if kind == "blobs":
        return web.FileResponse(blob, headers=headers, chunk_size=BIG)
    body = blob.read_bytes()
    return web.Response(body=body, headers=headers | {"Content-Type": json.loads(body)["mediaType"]})


def refs() -> dict[str, str]:
    """{"quay.io/prometheus/prometheus:v3.13.5": "sha256:..."} out of the layout's index, with the aliases of aliases.txt."""
    index = json.loads((REGISTRY / "index.json").read_text())
    known = {m["annotations"]["org.opencontainers.image.ref.name"]: m["digest"] for m in index["manifests"]}
    lines = (HERE / "aliases.txt").read_text().splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    return known | {alias: known[ref] for alias, ref in pairs if ref in known}


def refusal(code: str, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """An error as the distribution API words it."""
    error = {"code": code, "message": code.lower().replace("_", " ")}
    return web.json_response({"errors": [error]}, status=status, headers=headers)
