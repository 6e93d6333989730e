"""Who is asked, and when: each host as soon as its address, its account or its secrets are others than when it was last asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from kinstall.desk import Answer, Greeting
from kinstall.draft import Draft
from kinstall.screens.stage import Stage

AT_ONCE: Final = 16
TOGETHER: Final = 0.05      # seconds
SECRETS: Final = ("key_passphrase", "password", "sudo_password")


class Greeter:
    """Asks in workers of a stage, at most 16 at once; `news` is called when somebody was asked, and when somebody answered."""

    def __init__(self, stage: Stage, news: Callable[[], None]) -> None:
        self._stage, self._draft, self._desk, self._news = stage, stage.draft, stage.desk, news
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._ways: dict[str, object] = {}      # how each host was reached when it was last asked
        self._under_way: set[str] = set()
        self._is_told_soon = False

    def seen(self, name: str) -> Greeting | None:
        """What a host answered; connecting, while it has not."""
        return Greeting(host=name, answer=Answer.CONNECTING) if name in self._under_way else self._desk.greetings.get(name)

    def ask_changed(self) -> None:
        """Ask every host that is reached in another way than before, or was never asked."""
        hosts = self._draft.get("hosts", default=[])
        for index, host in enumerate(hosts):
            name, way = str(host.get("name", "")), way_to(self._draft, index)
            if self._ways.get(name) != way or self.seen(name) is None:
                self._ways[name] = way
                self.ask(name)

    def ask(self, name: str) -> None:
        """Ask this one, whether or not anything changed; what was under way for it ends."""
        self._under_way.add(name)
        self._stage.run_worker(self._ask(name), group=f"greet-{name}", exclusive=True)
        self._soon()

    def forget(self, name: str) -> None:
        """This host is gone, or has another name."""
        self._stage.workers.cancel_group(self._stage, f"greet-{name}")
        self._under_way.discard(name)
        self._ways.pop(name, None)
        self._desk.greetings.pop(name, None)

    def keep_only(self, names: Collection[str]) -> None:
        """Forget all others."""
        for name in [name for name in {*self._ways, *self._under_way} if name not in names]:
            self.forget(name)

    async def _ask(self, name: str) -> None:
        async with self._gate:
            await self._desk.greet(self._draft, name)
        self._under_way.discard(name)
        self._ways[self._stage.adopt(name)] = self._ways.pop(name, None)
        self._soon()

    def _soon(self) -> None:
        """Many who answer at once are one piece of news."""
        if not self._is_told_soon:
            self._is_told_soon = True
            self._stage.set_timer(TOGETHER, self._tell)

    def _tell(self) -> None:
        self._is_told_soon = False
        self._news()


def way_to(draft: Draft, index: int) -> object:
    """Everything that decides how a host is reached: its own, and what it has in common with the others."""
    host = draft.get("hosts", index)
    common, own = draft.get("access", default={}), host.get("access", {})
    typed = {name: draft.secrets.get(("hosts", index, "access", name) if name in own else ("access", name)) for name in SECRETS}
    return host.get("address"), {**common, **own}, typed
