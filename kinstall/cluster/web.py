"""HTTP to what runs in the cluster, by the way a person takes: a node's address and a node port, reached from the control plane."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kinstall.errors import ConnectionLost
from kinstall.runner import Runner
from kinstall.secrets import Secret

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
    """One HTTP server. A request that fails is an Answer too: who proves something looks at it, tells it, and looks again.

    The first request opens the way there, and so does the next one after it broke.
    """

    def __init__(self, runner: Runner, address: str, port: int, account: tuple[str, Secret] | None = None) -> None:
        self._runner, self._address, self._port, self._account = runner, address, port, account
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None
        self._base = ""

    async def get(self, path: str, **query: str) -> Answer:
        """GET path?query."""
        return await self.send("GET", path, query=query)

    async def send(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> Answer:
        """Any request, with a JSON body. Raises ConnectionLost when the host does not come back."""
        from aiohttp import ClientError  # 0.1 s: imported when a cluster is there

        try:
            session = await self._opened()
            async with session.request(method, f"{self._base}{path}", params=query, json=body) as response:
                return Answer(response.status, await response.text(errors="replace"))
        except (ClientError, OSError, TimeoutError, ConnectionLost) as error:
            await self.close()
            await self._runner.reconnected()
            why = error.__cause__ if isinstance(error, ConnectionLost) and error.__cause__ else error   # nobody may listen there
            return Answer(0, str(why) or type(why).__name__)

    async def close(self) -> None:
        """Let go of the way there."""
        stack, self._stack, self._session = self._stack, AsyncExitStack(), None
        await stack.aclose()

    async def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            headers = {"Authorization": basic(*self._account)} if self._account else {}
            host, port = await self._stack.enter_async_context(self._runner.transport.reach(self._address, self._port))
            self._base = f"http://{host}:{port}"
            session = aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=SECONDS))
            self._session = await self._stack.enter_async_context(session)
        return self._session


def basic(user: str, password: Secret) -> str:
    """A name and a password as HTTP carries them."""
    return f"Basic {base64.b64encode(f'{user}:{password.reveal()}'.encode()).decode()}"


@asynccontextmanager
async def web(runner: Runner, address: str, port: int, account: tuple[str, Secret] | None = None) -> AsyncIterator[Web]:
    """The server at address:port as this host reaches it; `account` logs in with every request."""
    site = Web(runner, address, port, account)
    try:
        yield site
    finally:
        await site.close()
