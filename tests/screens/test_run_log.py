"""The log pane: bounded, robust against whatever a host prints, and drawn from what is visible only."""

from __future__ import annotations

import gc
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from kinstall.screens.loglines import lines_of
from kinstall.screens.widgets.log import LogPane
from kinstall.screens.widgets.rings import KEPT, LONGEST, TOTAL, Line, Rings, clean
from tests.screens.stagehand import step


class Logs(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.pane = LogPane()

    def compose(self) -> ComposeResult:
        yield self.pane


@asynccontextmanager
async def logs(size: tuple[int, int] = (40, 6)) -> AsyncIterator[LogPane]:
    app = Logs()
    async with app.run_test(size=size):
        yield app.pane


def lines(host: str, *texts: str) -> list[Line]:
    return [Line(0.0, host, text) for text in texts]


def shown(pane: LogPane) -> list[str]:
    return [row.text for row in pane.rows()]


@pytest.mark.parametrize(("raw", "drawn"), [
    ("plain", "plain"), ("a\tb", "a       b"), ("10 %\r20 %\r30 %\r", "30 %"), ("bell\x07 back\x08", "bell back"), ("\x9b31mred", "31mred"),
    ("right\u202eleft", "rightleft"), ("nb\xa0sp", "nb sp"), ("容器 ✓", "容器 ✓"), ("", ""),
])
def test_what_a_terminal_would_obey_is_not_drawn(raw: str, drawn: str) -> None:
    assert clean(raw) == drawn


@given(st.text())
def test_whatever_a_host_prints_is_printable(raw: str) -> None:
    assert clean(raw) == "" or clean(raw).isprintable()


def test_a_line_without_end_has_an_end() -> None:
    assert len(clean("x" * 10_000_000)) <= LONGEST + 1


def test_rings_are_bounded_however_many_hosts_print_however_much() -> None:
    rings = Rings(hosts=200)
    for host in range(200):
        for _ in range(3):
            rings.add(f"h{host}", lines(f"h{host}", *map(str, range(1_000))))
    assert len(rings) <= TOTAL + KEPT
    assert rings.of("h7")[-1].text == "999" and rings.all[-1].host == "h199"


def test_marks_of_steps_and_commands_are_lines() -> None:
    assert lines_of(step("a", "tools", "running"), {"tools": "Install"})[1][0].text.endswith("Install: running")
    assert lines_of(step("a", "tools", "waiting"), {})[1] == []


def test_the_garbage_collector_does_not_visit_the_lines() -> None:
    """Measured with 200,000 of them: each full collection held up a key for 0.1 s."""
    assert not gc.is_tracked(Line(0.0, "a", "text", "note"))


async def test_only_the_visible_lines_are_looked_at() -> None:
    async with logs() as pane:
        pane.add("a", lines("a", *map(str, range(KEPT))))
        pane.draw()
        began = time.perf_counter()
        for _ in range(100):
            pane._redraw()
            assert shown(pane) == [str(number) for number in range(KEPT - 6, KEPT)]
        assert (time.perf_counter() - began) / 100 < 0.01       # of 20,000 lines; to go through all takes longer than that


async def test_a_filter_is_kept_up_with_new_lines_and_finds_old_ones() -> None:
    async with logs() as pane:
        pane.add("a", lines("a", "E: old", "fine"))
        pane.add("b", lines("b", "E: of another"))
        pane.look_at("a")
        pane.search("e:")
        assert shown(pane) == ["E: old"]
        pane.add("a", lines("a", "well", "E: new"))
        pane.add("b", lines("b", "E: of another"))
        pane.draw()
        assert shown(pane) == ["E: old", "E: new"]
        pane.search("")
        assert shown(pane) == ["E: old", "fine", "well", "E: new"]


async def test_standing_still_survives_a_ring_that_runs_over() -> None:
    async with logs() as pane:
        pane.look_at("a")
        pane.add("a", lines("a", *map(str, range(100))))
        pane.scroll_lines(-10)
        before = shown(pane)
        assert before == [str(number) for number in range(84, 90)]
        pane.add("a", lines("a", *map(str, range(KEPT * 2))))
        pane.draw()
        assert shown(pane) == before
        pane.scroll_lines(+10)
        assert pane.is_following and shown(pane)[-1] == str(KEPT * 2 - 1)


async def test_the_oldest_line_is_reached_folded_or_not() -> None:
    async with logs() as pane:
        pane.add("a", lines("a", *(f"{number}:" + "x" * 60 for number in range(50))))
        for _ in range(2):
            pane.scroll_to_start()
            assert shown(pane)[0].startswith("0:")
            pane.follow()
            pane.wrap()


async def test_wide_characters_are_folded_within_the_width() -> None:
    async with logs() as pane:
        pane.wrap()
        pane.add("a", lines("a", "容器" * 30))
        pane.draw()
        assert len(pane.rows()) > 2
        assert all(cell_len(row.head + row.text) <= 40 for row in pane.rows())


@pytest.mark.parametrize("wrapped", [False, True])
async def test_every_row_fills_exactly_the_width(wrapped: bool) -> None:
    async with logs() as pane:
        if wrapped:
            pane.wrap()
        pane.add("a", lines("a", "short", "容" * 31, "x" * 100, ""))
        pane.draw()
        assert {pane.render_line(number).cell_length for number in range(6)} == {40}
