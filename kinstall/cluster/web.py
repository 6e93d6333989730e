"""HTTP to what runs in the cluster, by the way a person takes: a node's address and a node port, reached from the control plane."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kinstall.secrets import Secret
from kinstall.transport import Transport

if TYPE_CHECKING:
    import aiohttp

SECONDS: Final = 20.0   # for one answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status (0: nothing came), and the body."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        """A 2xx."""
        return 200 <= self.status < 300

    def data(self) -> Any:  # noqa: ANN401  # whatever the JSON holds
        """The body as JSON; an empty mapping when it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return {}


class Web:
    """One HTTP server. A request that fails is an Answer too: who proves something looks at it and tells it."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session, self._base = session, base

    async def get(self, path: str, **query: str) -> Answer:
        """GET path?query."""
        return await self.send("GET", path, query=query)

    async def send(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> Answer:
        """Any request, with a JSON body."""
        from aiohttp import ClientError  # 0.1 s: imported when a cluster is there

        try:
            async with self._session.request(method, f"{self._base}{path}", params=query, json=body) as response:
                return Answer(response.status, await response.text(errors="replace"))
        except (ClientError, OSError, TimeoutError) as error:
            return Answer(0, str(error) or type(error).__name__)


@asynccontextmanager
async def web(transport: Transport, address: str, port: int, account: tuple[str, Secret] | None = None) -> AsyncIterator[Web]:
    """The server at address:port as this host reaches it; `account` logs in with every request."""
    import aiohttp

    login = aiohttp.BasicAuth(account[0], account[1].reveal()) if account else None
    limit = aiohttp.ClientTimeout(total=SECONDS)
    async with transport.reach(address, port) as (host, local), aiohttp.ClientSession(auth=login, timeout=limit) as session:
        yield Web(session, f"http://{host}:{local}")
