"""The wizard as a whole: which stage comes after which, what it goes on with, and how it is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from kinstall import draft as drafts
from kinstall.desk import Answer, Greeting
from kinstall.draft import Draft
from kinstall.screens.check import CheckScreen
from kinstall.screens.hosts import HostsScreen
from kinstall.screens.options import OptionsScreen
from kinstall.screens.plan import PlanScreen
from kinstall.screens.result import ResultScreen
from kinstall.screens.resume import ResumeScreen, SecretsScreen
from kinstall.screens.trust import TrustScreen
from kinstall.screens.wizard import Wizard
from tests.screens.conftest import RecordedDesk, Tape, recorded
from tests.screens.test_run_terminal import Terminal

KEY = "SHA256:" + "a" * 43


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def three() -> Draft:
    hosts = [{"name": name, "address": f"10.77.0.{n}", "role": "worker"} for name, n in (("cp1", 11), ("w1", 21), ("w2", 22))]
    hosts[0]["role"] = "control-plane"
    return Draft({"hosts": hosts})


def a_desk(answer: Answer = Answer.READY) -> RecordedDesk:
    greetings = {name: Greeting(host=name, answer=answer, fingerprint=KEY, cpus=2, memory=1 << 32) for name in ("cp1", "w1", "w2")}
    played = {"check": "check-good", "plan": "plan", "install": "first", "verify": "verify"}
    tapes = {name: Tape(recorded(of)) for name, of in played.items()}
    return RecordedDesk(greetings=greetings, tapes=tapes)


async def until(pilot: Pilot[int], condition: Callable[[], object]) -> None:
    for _ in range(200):
        await pilot.pause(0.05)
        if condition():
            return
    raise AssertionError(f"not so within 10 s; on {pilot.app.screen}")


async def to(pilot: Pilot[int], screen: type) -> None:
    await pilot.press("ctrl+n")
    await until(pilot, lambda: isinstance(pilot.app.screen, screen))


async def test_from_hosts_to_the_result_and_back_to_the_plan() -> None:
    """Nobody is asked to trust what is known; what the run ended with is shown; Esc plans what is left anew."""
    desk = a_desk()
    async with Wizard(three(), desk, asks=False).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: sum(what == "greet" for what, _ in desk.asked) == 3)
        await to(pilot, CheckScreen)
        await until(pilot, lambda: desk.tapes["check"].code == 0)
        await to(pilot, OptionsScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, CheckScreen))
        await to(pilot, OptionsScreen)
        await to(pilot, PlanScreen)
        await until(pilot, lambda: desk.tapes["plan"].code == 0)
        await to(pilot, ResultScreen)   # the tape runs through the Run screen at once
        kept = drafts.load()
        assert kept and kept.session == "" and kept.screen == "plan"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
        await until(pilot, lambda: sum(what == "plan" for what, _ in desk.asked) == 2)


async def test_a_key_that_nobody_knows_is_a_stage_of_its_own() -> None:
    desk = a_desk(Answer.UNKNOWN_KEY)
    async with Wizard(three(), desk, asks=False).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(desk.greetings) == 3)
        await to(pilot, TrustScreen)


async def test_what_was_typed_is_offered_and_gone_on_with() -> None:
    old = three()
    old.screen = "options"
    async with Wizard(old, a_desk()).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ResumeScreen))
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, OptionsScreen))


async def test_or_it_is_begun_anew() -> None:
    old = three()
    old.save()
    async with Wizard(old, a_desk()).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ResumeScreen))
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.screen, HostsScreen))
        assert old.data == {} and drafts.load() is None


async def test_an_installation_that_was_begun_is_gone_on_with_when_its_secrets_are_typed_again() -> None:
    old, desk = three(), a_desk()
    old.put({"prompt": True}, "access", "password")
    old.session = "/somewhere/a-journal.jsonl"
    async with Wizard(old, desk).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ResumeScreen))
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, SecretsScreen))
        await pilot.press(*"secret", "enter")
        await until(pilot, lambda: ("install", old) in desk.asked)
        assert old.secrets["access", "password"].reveal() == "secret"
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultScreen))


async def test_verify_keeps_what_the_result_has_and_counts_the_new_proofs() -> None:
    desk = a_desk()
    old = three()
    old.session = "/somewhere/a-journal.jsonl"
    async with Wizard(old, desk).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, ResumeScreen))
        await pilot.press("g")
        await until(pilot, lambda: isinstance(pilot.app.screen, ResultScreen))
        result = pilot.app.screen
        await pilot.press("v")
        await until(pilot, lambda: desk.tapes["verify"].code == 0)
        assert pilot.app.screen is result


def test_a_closed_terminal_ends_it_at_once_however_much_is_drawn(state: Path) -> None:
    """The writer to a dead terminal would be waited for for ever."""
    window = Terminal(state, "tests.screens.wizard_in_terminal")
    window.until("was not finished")
    window.press("g")
    window.until("count 20.")
    assert window.hang_up() == 130
