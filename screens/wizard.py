"""The wizard: which stage comes after which, over one draft and one desk."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from textual.binding import BindingType

from kinstall.asking import tell
from kinstall.desk import Desk, Stream
from kinstall.draft import Draft, forget
from kinstall.errors import CANCELLED, DONE, KinstallError
from kinstall.progress import Progress
from kinstall.screens.base import KinstallApp
from kinstall.screens.check import CheckScreen
from kinstall.screens.hosts import HostsScreen
from kinstall.screens.options import OptionsScreen
from kinstall.screens.plan import PlanScreen
from kinstall.screens.result import ResultScreen
from kinstall.screens.resume import ResumeScreen, SecretsScreen
from kinstall.screens.run import RunScreen
from kinstall.screens.stage import Stage
from kinstall.screens.trust import TrustScreen
from kinstall.secrets import Redactor

FORMS: Final[tuple[type[Stage], ...]] = (HostsScreen, TrustScreen, CheckScreen, OptionsScreen, PlanScreen)
ORDER: Final = tuple(form.STEP for form in FORMS)


class Wizard(KinstallApp):
    """From an empty draft to a cluster. Its result is the exit code of the last installation."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, draft: Draft, desk: Desk, *, asks: bool = True) -> None:
        super().__init__()
        self.draft, self.desk, self.asks = draft, desk, asks
        self.stream: Stream | None = None

    def on_mount(self) -> None:
        """The first stage, or the question whether to go on with what is there."""
        for form in FORMS:
            self.install_screen(form(self.draft, self.desk), form.STEP)
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, self.exit, CANCELLED)
            loop.add_signal_handler(signal.SIGHUP, self._gone)
        self.push_screen(ORDER[0])
        if self.draft.get("hosts") and self.asks:
            self.push_screen(ResumeScreen(self.draft), self._resumed)

    def _gone(self) -> None:
        """The terminal was closed. Its writer is dead, and whatever is drawn, even the goodbye, would wait for it: no more of that."""
        if self._driver is not None:
            self._driver.write = lambda data: None  # type: ignore[method-assign]
        self._leaving = asyncio.ensure_future(self._leave())

    async def _leave(self) -> None:
        """Let go of the hosts, where units go on, and end at once. The draft and the journal are on disk already."""
        try:
            await self.desk.close()
        finally:
            os._exit(CANCELLED)

    def _resumed(self, on: bool | None) -> None:
        if not on:
            self._anew()
        elif self.draft.session:
            self._with_secrets(self._begin)
        else:
            self._with_secrets(self._go_back)

    def _go_back(self) -> None:
        self.go(self.draft.screen)

    def _anew(self) -> None:
        self.draft.data.clear()
        self.draft.secrets.clear()
        self.draft.screen = self.draft.session = ""
        forget()
        self._form(ORDER[0]).entered()

    def _with_secrets(self, then: Callable[[], None]) -> None:
        """Go on when the secrets that nobody keeps were typed again. Later, when the screen that asked is gone."""
        questions = {} if self.draft.problems() else self.draft.missing()
        if not questions:
            self.call_later(then)
            return

        def typed(all_of_them: bool | None) -> None:
            self.call_later(then if all_of_them else self._form(ORDER[0]).entered)

        self.push_screen(SecretsScreen(self.draft, questions), typed)

    def go(self, stage: str) -> None:
        """Show this stage; the first one for a name that is none."""
        self.draft.screen = stage if stage in ORDER else ORDER[0]
        self.keep()
        self.switch_screen(self.draft.screen)

    def keep(self) -> None:
        """The draft, as it is now, to the disk. That it cannot be kept is told, and stops nobody."""
        if not self.draft.get("hosts"):
            return
        try:
            self.draft.save()
        except OSError as error:
            self.notify(f"The draft cannot be kept: {error.strerror}", severity="warning")

    def on_stage_changed(self, _: Stage.Changed) -> None:
        """Something was typed."""
        self.keep()

    def on_stage_left(self, event: Stage.Left) -> None:
        """To the next stage, or the one before. Nobody is asked to trust what is known already."""
        ways = ORDER[ORDER.index(event.stage) + 1 :] if event.forward else ORDER[: ORDER.index(event.stage)][::-1]
        for stage in ways:
            form = self._form(stage)
            if not isinstance(form, TrustScreen) or form.is_needed:
                self.go(stage)
                return

    def on_plan_screen_start(self, _: PlanScreen.Start) -> None:
        """Install."""
        self._begin()

    def on_run_screen_ended(self, event: RunScreen.Ended) -> None:
        """It is over, for now: what came of it."""
        self.draft.session = "" if event.stream.code == DONE else event.stream.journal
        self.keep()
        self.switch_screen(ResultScreen(event.progress, event.stream, draft=self.draft))

    def on_result_screen_verify(self, _: ResultScreen.Verify) -> None:
        """Look again whether everything works."""
        self.run_worker(self._verify(), exclusive=True)

    def on_result_screen_again(self, _: ResultScreen.Again) -> None:
        """What is left is planned anew."""
        self._form("plan").forget()
        self.go("plan")

    async def _verify(self) -> None:
        screen, progress = self.screen, Progress()
        try:
            async for event in self.desk.verify(self.draft):
                progress = progress.apply(event)
        except KinstallError as error:
            self.notify("\n".join(error.lines()), severity="error", markup=False)
        if isinstance(screen, ResultScreen):
            screen.verified(progress)

    def on_result_screen_export(self, event: ResultScreen.Export) -> None:
        """A cast and a picture of this session, beside where kinstall was started."""
        self.run_worker(self._export(Path(event.journal)), exclusive=True, group="export")

    async def _export(self, journal: Path) -> None:
        self.notify("Filming: this takes a few seconds.", title="Export")
        try:
            made = await asyncio.to_thread(films, journal, Path.cwd())
        except KinstallError as error:
            self.notify("\n".join(error.lines()), severity="error", markup=False)
        else:
            self.notify("\n".join(map(str, made)), title="Exported, with names and addresses replaced", markup=False, timeout=15)

    def _begin(self) -> None:
        try:
            self.stream = self.desk.install(self.draft)
        except KinstallError as error:
            self.notify("\n".join(error.lines()), severity="error")
            return
        self.draft.session = self.stream.journal
        self.keep()
        self.switch_screen(RunScreen(self.stream, self.desk))

    def _form(self, stage: str) -> Stage:
        form = self.get_screen(stage)
        assert isinstance(form, Stage)  # noqa: S101  # those are what was installed under these names
        return form

    def redactor(self) -> Redactor:
        """Every secret that was typed."""
        made = Redactor()
        for secret in self.draft.secrets.values():
            made.add(secret)
        return made

    def journal(self) -> str:
        """Of the installation, if one was begun."""
        return self.stream.journal if self.stream else ""


def films(journal: Path, folder: Path) -> list[Path]:
    """A cast for asciinema and a picture of how it ended, for showing to others; where they are."""
    from kinstall.sessions.exporting import Wanted, export
    from kinstall.sessions.reading import load

    base = folder / journal.stem
    return export(load(journal), Wanted(cast=base.with_suffix(".cast"), svg=base.with_suffix(".svg"), speed=4, nameless=True))


def show(draft: Draft, desk: Desk, *, asks: bool = True) -> int:
    """The wizard until it is left; the exit code. Whatever still runs is detached: units on the hosts go on.

    `asks`: whether it asks first to go on with the draft, if there is something in it.
    """
    async def until_left() -> int:
        app = Wizard(draft, desk, asks=asks)
        try:
            code = await app.run_async()
        finally:
            await desk.close()
        return app.return_code or 0 if code is None else code

    code = asyncio.run(until_left())
    if draft.session:
        tell("The installation is not finished. Start kinstall again to go on with it.\n")
    elif draft.get("hosts"):
        tell("What you typed is kept: kinstall goes on with it.\n")
    return code
