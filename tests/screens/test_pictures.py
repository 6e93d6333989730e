"""Every screen as a picture, at two sizes, dark and light, from recorded runs with a clock that stands still.

PICTURES=write pytest tests/screens/test_pictures.py draws them anew; look at them before you commit them.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from kinstall.desk import Answer, Greeting
from kinstall.draft import Draft
from kinstall.events import AnyEvent, Failure, StepChanged
from kinstall.progress import Progress
from kinstall.screens.base import KinstallApp
from kinstall.screens.check import CheckScreen
from kinstall.screens.hosts import HostsScreen
from kinstall.screens.options import OptionsScreen
from kinstall.screens.plan import PlanScreen
from kinstall.screens.result import ResultScreen
from kinstall.screens.run import RunScreen
from kinstall.screens.trust import TrustScreen
from tests.screens.conftest import RecordedDesk, Tape, recorded, until

FORMS: dict[str, Callable[[Draft, RecordedDesk], Screen[None]]] = {
    "hosts": HostsScreen, "trust": TrustScreen, "check": CheckScreen, "options": OptionsScreen, "plan": PlanScreen,
}
FOLDER = Path(__file__).parent / "pictures"
SIZES = {"80x24": (80, 24), "120x40": (120, 40)}
THEMES = {"dark": "textual-dark", "light": "textual-light"}
KEYS = {"cp1": "H7ANsqbbvVb6ltYCqtQoJszsWiBSba01n8Ytt0pIFAc", "w1": "WYWyd8jA388oSbzTvfL1o4y27xkORYUSBvD51X4RxmI"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """One time zone everywhere, and no runs of this computer to estimate from."""
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def draft() -> Draft:
    hosts = [{"name": "cp1", "address": "10.77.0.11", "role": "control-plane"}, {"name": "w1", "address": "10.77.0.21", "role": "worker"},
             {"name": "w2", "address": "10.77.0.22", "role": "worker"}]
    return Draft({"cluster": {"name": "homelab"}, "access": {"user": "admin"}, "hosts": hosts})


def greeted(answer: Answer) -> dict[str, Greeting]:
    """cp1 and w1 answer so; w2 is not there."""
    said = "" if answer is Answer.READY else "its key is not known"
    made = {
        name: Greeting(host=name, answer=answer, distribution="Debian GNU/Linux 13 (trixie)", hostname=name, kernel="6.12.48", cpus=4,
                       arch="x86_64", memory=8 << 30, fingerprint=f"SHA256:{key}", message=said)
        for name, key in KEYS.items()}
    return made | {"w2": Greeting(host="w2", answer=Answer.UNREACHABLE, message="no route to host", hint="Is it switched on?")}


def stages(name: str) -> Screen[None]:
    """A form over the recorded desk."""
    form = FORMS[name]
    desk = RecordedDesk(
        greetings=greeted(Answer.UNKNOWN_KEY if name == "trust" else Answer.READY),
        tapes={"check": Tape(recorded("check-spoiled")), "plan": Tape(recorded("plan"))})
    return form(draft(), desk)


def running(name: str, is_last: Callable[[AnyEvent], bool]) -> Screen[None]:
    return RunScreen(Tape(until(recorded(name), is_last), hangs=True), RecordedDesk())


def result(name: str) -> Screen[None]:
    progress = Progress()
    for event in recorded(name):
        progress = progress.apply(event)
    return ResultScreen(progress, Tape([]), draft=draft())


SCREENS: dict[str, Callable[[], Screen[None]]] = {
    **{name: lambda name=name: stages(name) for name in ("hosts", "trust", "check", "options", "plan")},  # type: ignore[misc]
    "run": lambda: running("first", lambda event: isinstance(event, StepChanged) and (event.step, event.status) == ("join", "running")),
    "failure": lambda: running("worker-fails", lambda event: isinstance(event, Failure)),
    "result": lambda: result("first"),
    "result-failed": lambda: result("worker-fails"),
}


class Gallery(KinstallApp):
    """Shows one screen in one theme."""

    def __init__(self, screen: Screen[None], theme: str) -> None:
        super().__init__()
        self._shown, self._wanted = screen, theme

    def on_mount(self) -> None:
        self.theme = self._wanted
        self.push_screen(self._shown)


async def still(pilot: Pilot[int]) -> str:
    """The screen when nothing moves any more. A caret that blinks is not waited for."""
    last = ""
    for _ in range(100):
        await pilot.pause(0.15)
        for field in pilot.app.screen.query("Input"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        seen = drawn(pilot.app)
        if seen == last:
            return seen
        last = seen
    raise AssertionError("it never stands still")


def drawn(app: App[int]) -> str:
    """The picture, without what differs each time: the ids that its styles are named by."""
    svg = app.export_screenshot(title="kinstall", simplify=True)
    return re.sub(r"terminal-[0-9]+", "terminal", svg)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_looks_as_it_did(name: str, size: str, theme: str) -> None:
    async with Gallery(SCREENS[name](), THEMES[theme]).run_test(size=SIZES[size]) as pilot:
        seen = await still(pilot)
    path = FOLDER / f"{name}-{size}-{theme}.svg"
    if os.environ.get("PICTURES") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
    assert seen == path.read_text(encoding="utf-8"), f"{path.name} looks different; PICTURES=write draws it anew"
