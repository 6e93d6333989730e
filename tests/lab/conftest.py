"""Fixtures for tests on real hosts: `lab` (one laboratory a session), `answers` (an answers.yaml for its hosts)."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.lab.labctl import answers as answers_file
from tests.lab.labctl import build, commands, doctor
from tests.lab.labctl.lab import Lab
from tests.lab.labctl.leftovers import leftovers
from tests.lab.labctl.lock import locked
from tests.lab.labctl.paths import PASSWORD

HERE = Path(__file__).parent
Answers = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `lab`, and skipped where `lab doctor` complains."""
    ours = [item for item in items if HERE in item.path.parents]
    wrong = doctor.complaints() if ours else []
    for item in ours:
        item.add_marker(pytest.mark.lab)
        if wrong:
            item.add_marker(pytest.mark.skip(reason=wrong[0]))


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The laboratory, empty at first. At the end everything is taken down, and nothing may be left behind."""
    with locked("session", "another test session uses the lab"):
        if commands.is_up():
            pytest.fail("the lab is up; `tests/lab/lab down` first", pytrace=False)
        if not build.is_built():
            pytest.fail("the lab is not built; `tests/lab/lab build` first", pytrace=False)
        try:
            yield Lab()
        finally:
            commands.down()
        assert leftovers() == []


@pytest.fixture(autouse=True)
def _well_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: the mirror has no faults, and every host has its cable."""
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").heal()


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """answers(hosts=..., account="systemv", **overrides) -> path; see labctl/answers.py. The password is in the environment."""
    monkeypatch.setenv(answers_file.PASSWORD_VARIABLE, PASSWORD)
    return partial(answers_file.answers, tmp_path)
