"""The API server through the connection to its node: TLS verified, credentials in memory, no port of the cluster needed here."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from kinstall.cluster.credentials import Credentials, credentials
from kinstall.cluster.refusals import NOT_FOUND, Refusal, refusal
from kinstall.errors import ClusterError, ConnectionLost
from kinstall.manifests import OURS, Object
from kinstall.runner import Runner
from kinstall.steps.base import ADMIN_CONF

SERVER_NAME: Final = "kubernetes.default.svc"   # in every certificate that kubeadm makes for an API server
PATIENCE: Final = 60.0      # seconds that a request is repeated for while nobody answers
PAUSE: Final = 1.0
TIMEOUT: Final = 30.0       # seconds for one answer
BUSY: Final = frozenset({429, 500, 502, 503, 504})
Got = TypeVar("Got")


@asynccontextmanager
async def opened(runner: Runner) -> AsyncIterator[Api]:
    """The API server of this control plane, with the credentials that lie on it. Raises ClusterError."""
    result = await runner.script(f"cat {ADMIN_CONF}")
    try:
        known = credentials(result.out)
    except ValueError as error:
        raise ClusterError(f"{ADMIN_CONF} cannot be used: {error}", host=runner.host) from None
    runner.hub.redactor.add(known.key)
    api = Api(runner, known)
    try:
        yield api
    finally:
        await api.close()


class Api:
    """Requests to one API server. Each of them may be made twice, so it is made again when the connection breaks or nobody answers."""

    def __init__(self, runner: Runner, known: Credentials) -> None:
        self.runner, self._known = runner, known
        self._stack: AsyncExitStack | None = None
        self._client: Any = None
        self._opening = asyncio.Lock()

    @property
    def ca(self) -> str:
        """The certificate of the cluster's CA, PEM."""
        return self._known.ca

    async def get(self, kind: str, name: str, namespace: str = "", version: str = "v1") -> Object | None:
        """One object; None when there is none."""
        return await self.find({"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}})

    async def find(self, item: Object) -> Object | None:
        """The object as it is now, by the kind and the name of this one; None when there is none."""
        try:
            return await self._on_object("get", item)
        except Refusal as error:
            if error.status != NOT_FOUND:
                raise
            return None

    async def list(self, kind: str, namespace: str = "", version: str = "v1", *, labels: str = "", fields: str = "") -> list[Object]:
        """The objects of a kind, in one namespace or in all."""
        async def ask() -> Object:
            resource = await self._resource(version, kind)
            path = resource.path(namespace=namespace or None)
            return await self._send("get", path, label_selector=labels or None, field_selector=fields or None)

        found: list[Object] = (await self._patiently(ask)).get("items") or []
        return [{"apiVersion": version, "kind": kind, **item} for item in found]

    async def apply(self, item: Object, *, dry_run: bool = False) -> Object:
        """Server-side apply as the field manager kinstall; what another manager has set otherwise is not overruled. Raises Refusal."""
        return await self._on_object(
            "patch", item, body=item, content_type="application/apply-patch+yaml", field_manager=OURS, force_conflicts=False,
            dry_run="All" if dry_run else None,
        )

    async def delete(self, item: Object) -> bool:
        """Delete the object and what it owns; False when there was none."""
        try:
            await self._on_object("delete", item, body={"propagationPolicy": "Foreground"})
        except Refusal as error:
            if error.status != NOT_FOUND:
                raise
            return False
        return True

    async def send(self, method: str, path: str, body: Object | None = None) -> Object:
        """A request to any path of the API. Raises Refusal."""
        return await self._patiently(lambda: self._send(method, path, body=body))

    async def text(self, path: str) -> str:
        """What lies at a path, as text: a log. Raises Refusal."""
        return await self._patiently(lambda: self._text(path))

    async def renew(self) -> None:
        """Learn anew which kinds there are: after definitions of resources came in."""
        await self._close()

    async def close(self) -> None:
        """Let go of the way there."""
        await self._close()

    async def _on_object(self, method: str, item: Object, **params: Any) -> Object:
        async def ask() -> Object:
            resource = await self._resource(item["apiVersion"], item["kind"])
            metadata = item["metadata"]
            path = resource.path(name=metadata["name"], namespace=metadata.get("namespace") if resource.namespaced else None)
            return await self._send(method, path, **params)

        return await self._patiently(ask)

    async def _resource(self, version: str, kind: str) -> Any:
        from kubernetes.aio.dynamic.exceptions import ResourceNotFoundError

        client = await self._opened()
        try:
            return await client.resources.get(api_version=version, kind=kind)
        except ResourceNotFoundError:
            raise Refusal(NOT_FOUND, "NotFound", f"this cluster knows no {kind} of {version}") from None

    async def _send(self, method: str, path: str, **params: Any) -> Object:
        answer: Object = json.loads(await self._text(path, method, **params))
        return answer

    async def _text(self, path: str, method: str = "get", **params: Any) -> str:
        from kubernetes.aio.client.exceptions import ApiException

        client = await self._opened()
        try:
            response = await client.request(method, path, serialize=False, _request_timeout=TIMEOUT, **params)
            text: str = await response.text()
        except ApiException as error:
            body = error.body.decode(errors="replace") if isinstance(error.body, bytes) else error.body
            raise refusal(error.status or 0, body or str(error.reason)) from None
        return text

    async def _patiently(self, ask: Callable[[], Awaitable[Got]]) -> Got:
        """Asked again while the connection is broken or the API server is busy or starting, for PATIENCE seconds."""
        from aiohttp import ClientError  # with the client: imported when a cluster is there

        clock = asyncio.get_running_loop().time
        deadline = clock() + PATIENCE
        while True:
            try:
                return await ask()
            except Refusal as error:
                if error.status not in BUSY or clock() > deadline:
                    raise
            except (ClientError, OSError, TimeoutError, ConnectionLost) as error:
                await self._close()
                if clock() > deadline:
                    raise self._silent(error) from error
                await self.runner.reconnected()
            await asyncio.sleep(PAUSE)

    def _silent(self, error: Exception) -> ClusterError:
        what = f"the API server at {self._known.host}:{self._known.port} gives no answer: {str(error) or type(error).__name__}"
        return ClusterError(what, host=self.runner.host, hint="On this host: crictl ps -a; journalctl -u kubelet -n 50")

    async def _opened(self) -> Any:
        async with self._opening:
            if self._client is None:
                async with AsyncExitStack() as stack:
                    self._client = await self._connect(stack)
                    self._stack = stack.pop_all()
            return self._client

    async def _connect(self, stack: AsyncExitStack) -> Any:
        from kubernetes.aio.client import ApiClient, Configuration  # 0.2 s: imported when a cluster is there
        from kubernetes.aio.dynamic import DynamicClient

        host, port = await stack.enter_async_context(self.runner.transport.reach(self._known.host, self._known.port))
        settings = Configuration(host=f"https://{host}:{port}")
        settings.ca_cert_data, settings.tls_server_name = self._known.ca, SERVER_NAME
        settings.proxy = None   # it is on this machine, whatever the environment says
        with self._known.files() as (settings.cert_file, settings.key_file):
            client = await stack.enter_async_context(ApiClient(settings))
        cache = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kinstall-")), "kinds.json")
        return await DynamicClient(client, cache_file=str(cache))  # type: ignore[no-untyped-call]

    async def _close(self) -> None:
        stack, self._stack, self._client = self._stack, None, None
        if stack is not None:
            await stack.aclose()
