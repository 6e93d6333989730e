"""The Desk over real hosts: greetings with connections that are kept, and every kind of run as a stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from kinstall import distro, facts
from kinstall.answers import Answers, Resolved
from kinstall.control import Control
from kinstall.desk import Answer, Greeting, Stream
from kinstall.draft import Draft
from kinstall.errors import AnswersError, HostKeyChanged, HostKeyUnknown, KinstallError, LoginRefused, SudoRefused, UnfitError
from kinstall.events import Found
from kinstall.examination import Examination
from kinstall.hub import Hub
from kinstall.installation import Installation
from kinstall.lending import Lender
from kinstall.model import Facts, Host
from kinstall.peeking import PEEK
from kinstall.runner import failure
from kinstall.running import Running
from kinstall.runs import begin, end
from kinstall.scanning import scan
from kinstall.secrets import Redactor
from kinstall.session import redactor
from kinstall.visit import visit

# an error -> how the host answered, and the key of the answers that would help; any other one means that it cannot be reached
REFUSALS: Mapping[type[KinstallError], tuple[Answer, str]] = {
    HostKeyUnknown: (Answer.UNKNOWN_KEY, ""), HostKeyChanged: (Answer.CHANGED_KEY, ""),
    LoginRefused: (Answer.REFUSED, "password"), SudoRefused: (Answer.REFUSED, "sudo_password"),
}

Task = Callable[[Answers, Resolved, Hub], Awaitable[int]]


class Reception:
    """See Desk."""

    def __init__(self) -> None:
        self.greetings: dict[str, Greeting] = {}
        self._lender = Lender()
        self._hosts: dict[str, Host] = {}   # as they were when they were last used
        self._running: list[Running] = []

    async def greet(self, draft: Draft, host: str) -> Greeting:
        """See Desk."""
        self.greetings[host] = Greeting(host=host, answer=Answer.CONNECTING)
        self.greetings[host] = await self._asked(draft, host)
        return self.greetings[host]

    async def _asked(self, draft: Draft, host: str) -> Greeting:
        try:
            (one,) = draft.only(host).resolved().hosts
        except AnswersError as error:
            problem = error.problems[0]
            return Greeting(host=host, answer=Answer.REFUSED, message=problem.what, hint=problem.mend, needs=problem.key.rpartition(".")[2])
        try:
            return await self._greeted(one)
        except KinstallError as error:
            return refused(host, error)

    def rename(self, host: str, name: str) -> None:
        """See Desk."""
        if greeting := self.greetings.pop(host, None):
            self.greetings[name] = replace(greeting, host=name)
        self._lender.rename(host, name)

    def accept(self, host: str, fingerprint: str) -> None:
        """See Desk."""
        self._lender.say_yes(host, fingerprint)

    def check(self, draft: Draft) -> Stream:
        """See Desk."""
        return self.mend(draft, ())

    def mend(self, draft: Draft, findings: Sequence[Found]) -> Stream:
        """See Desk."""
        async def task(answers: Answers, found: Resolved, hub: Hub) -> int:
            return await Examination(answers, found.hosts, hub, self._lender, mends=findings, everything=True).run()

        return self._stream(draft, task)

    def plan(self, draft: Draft) -> Stream:
        """See Desk."""
        async def task(answers: Answers, found: Resolved, hub: Hub) -> int:
            run = Installation(answers, found.hosts, hub, self._lender, plan_only=True, password=found.grafana_password)
            return await run.run()

        return self._stream(draft, task)

    def install(self, draft: Draft) -> Stream:
        """See Desk."""
        control = Control(attended=True)

        async def task(answers: Answers, found: Resolved, hub: Hub) -> int:
            run = Installation(answers, found.hosts, hub, self._lender, password=found.grafana_password, control=control)
            try:
                return await run.run()
            finally:
                stream.shown = run.shown

        stream = self._stream(draft, task, control=control, keep=True)
        return stream

    def verify(self, draft: Draft) -> Stream:
        """See Desk."""
        async def task(answers: Answers, found: Resolved, hub: Hub) -> int:
            from kinstall.verification import Verification

            return await Verification(answers, found.hosts, hub, self._lender, found.grafana_password).run()

        return self._stream(draft, task, keep=True)

    async def peek(self, host: str) -> Sequence[str]:
        """See Desk."""
        try:
            transport = await self._lender.beside(self._hosts[host])
            return (await transport.root(PEEK, timeout=10)).out.splitlines()
        except KinstallError as error:
            return [error.message]

    async def shell(self, host: str) -> str:
        """See Desk."""
        try:
            await visit(await self._lender.beside(self._hosts[host]))
        except KinstallError as error:
            return error.message
        return ""

    async def scan(self, network: str) -> Mapping[str, str]:
        """See Desk."""
        return await scan(network)

    async def close(self) -> None:
        """See Desk: runs that are still under way are detached first."""
        for running in self._running:
            running.detach()
            await running.ended()
        await self._lender.let_go()

    async def _greeted(self, host: Host) -> Greeting:
        transport = await self._lender.connect(host)
        result = await transport.root(facts.script(host.access.user), timeout=30)
        await self._lender.keep(host, transport)
        self._hosts[host.name] = host
        return welcome(host.name, facts.parse(result.out))

    def _stream(self, draft: Draft, task: Task, *, control: Control | None = None, keep: bool = False) -> Running:
        try:
            answers, found = draft.answers(), draft.resolved()
        except AnswersError as error:
            return self._started(str(draft.get("cluster", "name", default="homelab")), Redactor(), telling(error))
        self._hosts |= {host.name: host for host in found.hosts}
        masks = redactor(found.hosts, found.grafana_password)
        return self._started(answers.cluster.name, masks, lambda hub: task(answers, found, hub), control, keep)

    def _started(
        self, cluster: str, masks: Redactor, work: Callable[[Hub], Awaitable[int]], control: Control | None = None, keep: bool = False
    ) -> Running:
        self._running = [run for run in self._running if run.code is None]
        self._running.append(Running(cluster, masks, work, control=control, keep=keep))
        return self._running[-1]


def welcome(host: str, has: Facts) -> Greeting:
    """A greeting out of what a host is. A distribution that nobody knows is no refusal: the check says more of it."""
    try:
        title, message = distro.resolve(has.os_release).title, ""
    except UnfitError as error:
        title, message = has.os_release.get("PRETTY_NAME", "unknown"), error.message
    return Greeting(
        host=host, answer=Answer.READY, distribution=title, hostname=has.hostname, kernel=has.kernel, arch=has.arch, cpus=has.cpus,
        memory=has.memory, message=message,
    )


def refused(host: str, error: KinstallError) -> Greeting:
    """A greeting out of what went wrong."""
    kind, needs = next((meant for known, meant in REFUSALS.items() if isinstance(error, known)), (Answer.UNREACHABLE, ""))
    fingerprint = error.fingerprint if isinstance(error, HostKeyUnknown) else ""
    return Greeting(host=host, answer=kind, message=error.message, hint=error.hint, fingerprint=fingerprint, needs=needs)


def telling(error: AnswersError) -> Callable[[Hub], Awaitable[int]]:
    """A run that only says what is wrong with the answers."""
    async def work(hub: Hub) -> int:
        began = begin(hub, "", ())
        hub.emit(failure(error))
        return end(hub, began, error.exit_code)

    return work
