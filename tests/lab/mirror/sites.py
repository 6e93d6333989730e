"""What each impersonated name serves. A handler takes (site, request, path) and returns a response, or None for 404."""

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from . import archive, registry, served
from .settings import LAB, WWW

Handler = Callable[[str, web.BaseRequest, str], Awaitable[web.StreamResponse | None]]
CONTENT = "https://prod-cdn.packages.k8s.io/repositories/isv:/kubernetes:/core:/stable:/"
BIG = 1 << 18


async def files(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """www/SITE/PATH."""
    target = (WWW / site / path.lstrip("/")).resolve()
    if not target.is_relative_to(WWW / site):
        return None
    return web.FileResponse(target, chunk_size=BIG) if target.is_file() else None


async def docker(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """Files, and folders as lists of links, as the real one shows them."""
    target = (WWW / site / path.lstrip("/")).resolve()
    if not (path.endswith("/") and target.is_dir() and target.is_relative_to(WWW / site)):
        return await files(site, request, path)
    names = [x.name + "/" * x.is_dir() for x in sorted(target.iterdir()) if not x.name.startswith(".")]
    return web.Response(content_type="text/html", text="".join(f'<a href="{name}">{name.rstrip("/")}</a>\n' for name in names))


async def pkgs_k8s_io(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """Redirects to its content network, as the real one does."""
    found = re.fullmatch(r"/core:/stable:/(.*)", path)
    return web.Response(status=302, headers={"Location": CONTENT + found[1]}) if found else None


async def rocky_mirrorlist(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """A list of one mirror."""
    repo, _, release = request.query.get("repo", "").partition("-")
    where = f"{release.split('.')[0]}/{repo}/{request.query.get('arch', 'x86_64')}"
    return web.Response(text=f"http://dl.rockylinux.org/pub/rocky/{where}/os/\n")


async def raw_github(site: str, request: web.BaseRequest, path: str) -> web.StreamResponse | None:
    """Calico's manifests, whatever the version asked for; else files."""
    found = re.fullmatch(r"/projectcalico/calico/(v3[.\d]+)/manifests/calico(-vxlan)?\.yaml", path)
    if not found:
        return await files(site, request, path)
    return web.Response(body=served.calico(LAB, found[1]), content_type="text/plain", charset="utf-8")


SITES: dict[str, Handler] = {
    "debian.lab": archive.debian,
    "security-debian.lab": archive.debian,
    "archive.ubuntu.com": archive.ubuntu,
    "security.ubuntu.com": archive.ubuntu,
    "pkgs.k8s.io": pkgs_k8s_io,
    "prod-cdn.packages.k8s.io": files,
    "download.docker.com": docker,
    "dl.k8s.io": files,
    "vault.centos.org": files,
    "dl.rockylinux.org": files,
    "mirrors.rockylinux.org": rocky_mirrorlist,
    "get.helm.sh": files,
    "prometheus-community.github.io": files,
    "github.com": files,
    "raw.githubusercontent.com": raw_github,
    "registry.k8s.io": registry.registry,
    "registry-1.docker.io": registry.registry,
    "auth.docker.io": registry.token,
    "quay.io": registry.registry,
    "ghcr.io": registry.registry,
}
