"""The Check screen: what was found, by check and machine, as it comes; what it means; every key."""

from __future__ import annotations

import asyncio

import pytest
from textual.widgets import Button

from kinstall.draft import Draft
from kinstall.events import AnyEvent, CommandStarted, Failure, Found, Note
from kinstall.hub import Hub
from kinstall.running import Running
from kinstall.screens.check import CheckScreen
from kinstall.screens.check_details import DetailsScreen
from kinstall.screens.confirm import ConfirmScreen
from kinstall.screens.help import HelpScreen
from kinstall.screens.widgets.findings import Findings
from kinstall.secrets import Redactor
from tests.screens.check_app import T0, Ended, FormApp, begun, draft, drawn, ended, form, found, looked, typed
from tests.screens.conftest import RecordedDesk, Tape, recorded, until


def spoiled() -> RecordedDesk:
    """Recorded in the lab: three hosts, each spoiled in its way; after any mend, all is well."""
    return RecordedDesk(tapes={"check": Ended(recorded("check-spoiled"), ends=1), "mend": Tape(recorded("check-good"))})


def told(*events: AnyEvent, hangs: bool = False) -> RecordedDesk:
    return RecordedDesk(tapes={"check": Tape(list(events), hangs=hangs), "mend": Tape(recorded("check-good"))})


def table(app: FormApp) -> Findings:
    return app.screen_made.query_one(Findings)


def mended(desk: RecordedDesk) -> list[list[tuple[str, str]]]:
    """What the desk was asked to mend, look by look."""
    return [[(one.host, one.check) for one in what] for name, what in desk.asked if name == "mend"]  # type: ignore[attr-defined]


def checks(desk: RecordedDesk) -> int:
    return sum(name == "check" for name, _ in desk.asked)


# ---- what is shown ----
async def test_rows_are_checks_columns_are_hosts_the_worst_first() -> None:
    async with form(CheckScreen, spoiled()) as (app, _):
        assert app.row("cp1") == "cp1 w1 w2"
        assert app.row("ports") == "ports ✗ 6443 ✓ ✓"
        assert app.row("other clusters") == "other clusters ✗ kubeadm's ✓ ✗ k3s"
        assert app.row("repositories") == "repositories ✓ ⚙ vault ✗ cdrom"
        levels = [min(["blocking", "warning", "handled"].index(one.level) for one in table(app).sheet.of_row(check))
                  for check in table(app).sheet.rows]
        assert levels == sorted(levels)


async def test_the_summary_says_how_many_machines_need_something_and_how_many_checks_are_fine() -> None:
    async with form(CheckScreen, spoiled()) as (app, _):
        assert "3 of 3 machines need something. The installation does what is marked ⚙ by itself. 43 checks are fine" in app.words
    desk = RecordedDesk(tapes={"check": Tape(recorded("check-good"))})
    async with form(CheckScreen, desk) as (app, _):
        assert "3 machines, and none of them needs anything from you." in app.words


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_keys_stand_in_the_footer_whole(size: tuple[int, int]) -> None:
    async with form(CheckScreen, spoiled(), size=size) as (app, _):
        footer = app.text.splitlines()[-1]
        for key in ("Details", "f1 Help", "esc Back", "^n Next", "f Mend", "F Mend all", "o Overrule", "r Again"):
            assert key in footer, footer


async def test_below_stands_what_the_selected_cell_means_and_what_mends_it() -> None:
    async with form(CheckScreen, spoiled()) as (app, pilot):
        assert "ports on cp1: Ports that the cluster needs are taken: 6443 (kube-apiserver) by python3, pid 883." in app.words
        assert "systemctl disable --now squatter.service" in app.words
        assert "f runs this as root, after a question. o overrules it." in app.words
        await pilot.press("down", "down", "down", "down", "right")
        await drawn(pilot)
        assert "mounts on w1: /opt is mounted noexec" in app.words
        assert "Take noexec off /opt in /etc/fstab as well." in app.words
        assert "f runs this as root. o overrules it." in app.words
        await pilot.press("left")
        await drawn(pilot)
        assert "cp1 has nothing to say of this." in app.words


async def test_on_the_name_of_a_check_all_its_machines_are_meant() -> None:
    desk = spoiled()
    async with form(CheckScreen, desk) as (app, pilot):
        await pilot.press("down", "down", "down", "down", "left")
        await drawn(pilot)
        assert "mounts on w1, w2: /opt is mounted noexec" in app.words
        await pilot.press("f")
        assert isinstance(app.screen, ConfirmScreen)
        assert "w2: mount -o remount,bind,exec /opt" in app.words
        await pilot.press("y")
        await drawn(pilot)
        assert mended(desk) == [[("w1", "mounts"), ("w2", "mounts")]]


async def test_it_draws_as_events_come_and_says_who_is_still_asked() -> None:
    events = [*begun(), found("cp1", "swap", "handled", short="on"), looked("cp1")]
    async with form(CheckScreen, told(*events, hangs=True)) as (app, pilot):
        assert app.row("swap") == "swap ⚙ on … …"
        assert "Looking: 1 of 3 machines answered." in app.words
        await pilot.press("right")
        await drawn(pilot)
        assert "w1 was not asked for this yet." in app.words


async def test_before_anybody_answered_it_says_who_is_connected() -> None:
    events = until(recorded("check-good"), lambda event: event.seq == 3)
    async with form(CheckScreen, told(*events, hangs=True)) as (app, _):
        assert "Connecting: 2 of 3 machines." in app.words


async def test_v_shows_what_is_fine_too() -> None:
    events = [*begun(), found("cp1", "memory", "ok", short="8.0 G", sentence="Enough."), found("cp1", "swap", "handled", short="on"),
              *map(looked, ("cp1", "w1", "w2")), ended()]
    async with form(CheckScreen, told(*events)) as (app, pilot):
        assert not app.row("memory")
        await pilot.press("v")
        await drawn(pilot)
        assert app.row("memory") == "memory ✓ 8.0 G ✓ ✓"
        await pilot.press("v")
        await drawn(pilot)
        assert not app.row("memory")


async def test_what_is_so_of_all_together_has_a_column() -> None:
    events = [*begun(), found("", "networks", "blocking", short="overlap", sentence="Pods and services overlap.", advice="Choose others."),
              found("w1", "swap", "handled", short="on"), ended(1)]
    desk = told(*events)
    async with form(CheckScreen, desk) as (app, pilot):
        assert app.row("cp1") == "cp1 w1 w2 all"
        assert app.row("networks") == "networks ✓ ✓ ✓ ✗ overlap"
        assert "networks: Pods and services overlap. Choose others." in app.words
        await pilot.press("f")
        assert "kinstall cannot mend this by itself" in app.words
        assert not mended(desk)


async def test_a_machine_that_cannot_be_reached_is_a_row_and_stands_in_the_way() -> None:
    refused = Failure(at=T0, host="w2", message="10.77.0.12: no route to host", hint="Is it switched on?\nSame network?")
    desk = told(*begun(connected=("cp1", "w1")), found("cp1", "swap", "handled", short="on"), refused, ended(3))
    async with form(CheckScreen, desk) as (app, pilot):
        assert app.row("connection") == "connection ✓ ✓ ✗ failed"
        assert app.row("swap") == "swap ⚙ on ✓"      # nobody knows it of w2
        assert "10.77.0.12: no route to host" in app.words
        assert "Same network?" in app.words
        table(app).point("swap", "w2")
        await drawn(pilot)
        assert "w2 could not be asked." in app.words
        await pilot.press("ctrl+n")
        assert "1 thing stands in the way. w2, connection: below is what to do." in app.words
        await pilot.press("o")
        assert "This cannot be overruled" in app.words
        assert app.left == []
        await pilot.press("escape")                     # to put it right; whoever comes again finds it looked at anew
        app.screen_made.entered()
        await drawn(pilot)
        assert (app.left, checks(desk)) == ([False], 2)


async def test_answers_that_are_not_right_are_told_as_a_finding_of_all() -> None:
    failure = Failure(at=T0, message="hosts[0].access: not typed yet", hint="type it again")
    async with form(CheckScreen, told(failure, ended(2))) as (app, _):
        assert app.row("answers") == "answers ✗ failed"
        assert "hosts[0].access: not typed yet type it again" in app.words


async def test_a_finding_that_is_told_again_as_a_failure_is_one() -> None:
    async with form(CheckScreen, RecordedDesk(tapes={"check": Ended(recorded("fix"), ends=1)})) as (app, _):
        assert app.row("old interfaces") == "old interfaces ✗ cni0"
        assert not app.row("connection")


async def test_what_hosts_say_is_no_markup() -> None:
    strange = found("w1", "ports", "blocking", short="[b]x[/b]", sentence="[red]taken[/red] by [/]", mend=("echo '[bold]'",))
    async with form(CheckScreen, told(*begun(), strange, ended(1))) as (app, pilot):
        for text in ("[b]x[/b]", "[red]taken[/red] by [/]", "echo '[bold]'"):
            assert text in app.words
        await pilot.press("f")
        assert "echo '[bold]'" in app.words


async def test_many_machines_scroll_sideways_and_the_checks_stay() -> None:
    names = tuple(f"worker-number-{number:02}.example.org" for number in range(20))
    events = [*begun(names), *(found(name, "swap", "handled", short=f"zram {number}") for number, name in enumerate(names)), ended()]
    async with form(CheckScreen, told(*events), draft(names)) as (app, pilot):
        assert "zram 19" not in app.text
        await pilot.press(*["right"] * 19)
        await drawn(pilot)
        assert "zram 19" in app.row("swap")
        assert "swap on worker-number-19.example.org: swap!" in app.words


async def test_the_table_scrolls_to_the_last_check() -> None:
    async with form(CheckScreen, spoiled()) as (app, pilot):
        assert not app.row("firewall")
        await pilot.press("ctrl+end")
        await drawn(pilot)
        assert app.row("reach") == "reach ✓ ⚙ firewalld ✓"


# ---- keys ----
async def test_f_mends_at_once_what_loses_nothing() -> None:
    desk = spoiled()
    async with form(CheckScreen, desk) as (app, pilot):
        table(app).point("machine-id", "w1")
        await pilot.press("f")
        await drawn(pilot)
        assert mended(desk) == [[("w1", "machine-id")]]
        assert "none of them needs anything" in app.words      # what was looked at after it


async def test_f_asks_first_with_the_commands_where_something_could_be_lost() -> None:
    desk = spoiled()
    async with form(CheckScreen, desk) as (app, pilot):
        table(app).point("other-cluster", "w2")
        await pilot.press("f")
        assert isinstance(app.screen, ConfirmScreen)
        assert "Run this as root on w2?" in app.words
        assert "That deletes the other cluster's data on this host." in app.words
        assert "/usr/local/bin/k3s$w-uninstall.sh" in app.words
        await pilot.press("enter")                              # the safe answer has the focus
        await drawn(pilot)
        assert mended(desk) == []
        await pilot.press("f", "y")
        await drawn(pilot)
        assert mended(desk) == [[("w2", "other-cluster")]]


async def test_f_on_what_needs_no_mend_says_so() -> None:
    desk = spoiled()
    async with form(CheckScreen, desk) as (app, pilot):
        table(app).point("swap", "w1")
        await pilot.press("f")
        assert "There is nothing to mend here." in app.words
        assert mended(desk) == []


async def test_shift_f_mends_all_that_loses_nothing_after_one_question_that_lists_it() -> None:
    desk = spoiled()
    able = [(one.host, one.check) for one in recorded("check-spoiled") if isinstance(one, Found) and one.fix and one.mend]
    async with form(CheckScreen, desk) as (app, pilot):
        await pilot.press("F")
        assert isinstance(app.screen, ConfirmScreen)
        assert "w1: systemd-machine-id-setup" in app.words
        assert "k3s" not in app.words
        await pilot.press("y")
        await drawn(pilot)
        assert len(able) == 8
        assert [set(one) for one in mended(desk)] == [set(able)]


async def test_shift_f_leaves_alone_what_was_allowed_and_says_when_there_is_nothing() -> None:
    of = draft()
    of.put(["ports", "swap"], "allow")
    desk = told(*begun(), found("w1", "swap", "blocking", mend=("swapoff -a",), fix=True, allow="swap"), ended())
    async with form(CheckScreen, desk, of) as (app, pilot):
        await pilot.press("F")
        assert app.screen is app.screen_made
        assert "Nothing here can be mended without a question" in app.words


async def test_a_long_list_of_mends_scrolls_by_the_arrows() -> None:
    names = tuple(f"w{number}" for number in range(30))
    events = [*begun(names), *(found(name, "swap", "blocking", mend=(f"swapoff /dev/{name}",), fix=True) for name in names), ended(1)]
    async with form(CheckScreen, told(*events), draft(names)) as (app, pilot):
        await pilot.press("F")
        assert "swapoff /dev/w29" not in app.words
        await pilot.press("pagedown", "pagedown", "pagedown")
        await drawn(pilot)
        assert "swapoff /dev/w29" in app.words
        assert app.screen.query_one("#no", Button).has_focus


async def test_while_it_mends_what_was_found_stays_and_the_command_is_named() -> None:
    desk = spoiled()
    running = CommandStarted(at=T0, host="w1", step="check", shell="systemd-machine-id-setup")
    desk.tapes["mend"] = Tape([*begun()[:-1], running], hangs=True)
    async with form(CheckScreen, desk) as (app, pilot):
        table(app).point("machine-id", "w1")
        await pilot.press("f")
        await drawn(pilot)
        assert "Mending on w1: systemd-machine-id-setup" in app.words
        assert app.row("ports") == "ports … 6443 … …"
        assert table(app).at == ("machine-id", "w1")
        for key in ("f", "F", "o", "r", "ctrl+n"):
            await pilot.press(key)
            assert "Still looking" in app.words
        assert len(mended(desk)) == 1


async def test_what_was_mended_is_told_and_a_mend_that_failed_is_a_row_that_stops_nobody() -> None:
    desk = spoiled()
    failed = Failure(at=T0, host="w1", step="check", message="chronyc ended with 1", tail=("506 Cannot talk to daemon",))
    desk.tapes["mend"] = Tape([*begun()[:-1], Note(at=T0, text="mended on cp1: swap"), failed, begun()[-1], ended()])
    async with form(CheckScreen, desk) as (app, pilot):
        table(app).point("machine-id", "w1")
        await pilot.press("f")
        await drawn(pilot)
        assert "mended on cp1: swap" in app.words
        assert app.row("mend ") == "mend ✓ ! failed ✓"
        assert "chronyc ended with 1 | 506 Cannot talk to daemon" in app.words
        await pilot.press("ctrl+n")
        assert app.left == [True]


async def test_o_overrules_after_it_said_what_that_means_and_takes_it_back() -> None:
    of, desk = draft(), spoiled()
    async with form(CheckScreen, desk, of) as (app, pilot):
        await pilot.press("o")
        assert isinstance(app.screen, ConfirmScreen)
        assert "It holds for every machine, now for cp1." in app.words
        assert "allow: [ports]" in app.words
        await pilot.press("n")
        assert of.get("allow") is None
        await pilot.press("o", "y")
        await drawn(pilot)
        assert of.get("allow") == ["ports"]
        assert of.answers().allow == ("ports",)
        assert (app.changed, checks(desk)) == (1, 2)
        assert app.row("ports") == "ports ! 6443 (allowed) ✓ ✓"
        assert "You overruled it (ports); o takes that back." in app.words
        await pilot.press("ctrl+n")
        assert "10 things stand in the way" in app.words
        table(app).point("ports", "cp1")
        await pilot.press("o")
        await drawn(pilot)
        assert of.get("allow") is None
        assert app.row("ports") == "ports ✗ 6443 ✓ ✓"


async def test_o_says_when_it_cannot_be_overruled_or_need_not_be() -> None:
    desk = told(*begun(), found("cp1", "systemd", "blocking"), found("cp1", "swap", "handled"), ended(1))
    of = draft()
    async with form(CheckScreen, desk, of) as (app, pilot):
        await pilot.press("o")
        assert "This cannot be overruled: an installation would fail." in app.words
        await pilot.press("down", "o")
        assert "Here is nothing to overrule." in app.words
        assert of.get("allow") is None


async def test_r_checks_again() -> None:
    desk = spoiled()
    async with form(CheckScreen, desk) as (app, pilot):
        desk.tapes["check"] = Tape(recorded("check-good"))
        await pilot.press("r")
        await drawn(pilot)
        assert checks(desk) == 2
        assert not app.row("ports")


async def test_enter_shows_all_of_it_and_its_keys_work_there() -> None:
    desk = spoiled()
    async with form(CheckScreen, desk) as (app, pilot):
        table(app).point("package-state", "cp1")
        await pilot.press("enter")
        assert isinstance(app.screen, DetailsScreen)
        assert "dpkg --configure -a" in app.words
        await pilot.press("y")
        assert app.clipboard == "DEBIAN_FRONTEND=noninteractive dpkg --configure -a\n" \
                                "DEBIAN_FRONTEND=noninteractive apt-get -y --fix-broken install\n"
        await pilot.press("escape", "enter", "f")
        await drawn(pilot)
        assert mended(desk) == [[("cp1", "package-state")]]


async def test_y_copies_the_commands_that_mend_it() -> None:
    async with form(CheckScreen, spoiled()) as (app, pilot):
        await pilot.press("y")
        assert app.clipboard == "systemctl disable --now squatter.service\n"


async def test_a_click_selects_a_cell_and_a_second_one_opens_it() -> None:
    async with form(CheckScreen, spoiled()) as (app, pilot):
        line = next(number for number, text in enumerate(app.text.splitlines()) if "mounts" in text)
        across = app.text.splitlines()[line].index("/opt noexec")
        await pilot.click(offset=(across, line))
        assert table(app).at == ("mounts", "w1")
        assert app.screen is app.screen_made
        await pilot.click(offset=(across, line))
        await drawn(pilot)
        assert isinstance(app.screen, DetailsScreen)


async def test_f1_helps() -> None:
    async with form(CheckScreen, spoiled(), size=(120, 100)) as (app, pilot):
        await pilot.press("f1")
        await drawn(pilot)
        assert isinstance(app.screen, HelpScreen)
        for words in ("run every mend that loses nothing", "go on although this stands in the way", "the checks that are fine, too"):
            assert words in app.words


# ---- next, back, again ----
async def test_next_goes_to_the_first_thing_that_stands_in_the_way() -> None:
    async with form(CheckScreen, spoiled()) as (app, pilot):
        await pilot.press("ctrl+end", "tab")
        await pilot.press("ctrl+n")
        assert "11 things stand in the way. cp1, ports: f mends it. Or o, knowingly." in app.words
        assert table(app).at == ("ports", "cp1")
        assert table(app).has_focus
        assert app.left == []


async def test_next_goes_on_when_nothing_stands_in_the_way() -> None:
    async with form(CheckScreen, RecordedDesk(tapes={"check": Tape(recorded("check-good"))})) as (app, pilot):
        await pilot.press("ctrl+n")
        assert app.left == [True]


async def test_next_waits_for_a_look_that_is_under_way() -> None:
    async with form(CheckScreen, told(*begun(), hangs=True)) as (app, pilot):
        await pilot.press("ctrl+n")
        assert "Still looking: wait a moment." in app.words
        assert app.left == []


async def test_esc_goes_back() -> None:
    async with form(CheckScreen, spoiled()) as (app, pilot):
        await pilot.press("escape")
        assert app.left == [False]


def change(of: Draft) -> None:
    of.put("1.36", "cluster", "kubernetes")


def type_again(of: Draft) -> None:
    typed(of, "another horse")


@pytest.mark.parametrize(("touch", "looks"), [(lambda of: None, 1), (change, 2), (type_again, 2)])
async def test_it_looks_once_for_the_same_answers(touch: object, looks: int) -> None:
    of, desk = draft(), spoiled()
    async with form(CheckScreen, desk, of) as (app, pilot):
        touch(of)  # type: ignore[operator]
        app.screen_made.entered()
        await drawn(pilot)
        assert checks(desk) == looks


async def test_help_over_a_failed_look_does_not_look_again() -> None:
    desk = told(*begun(connected=("cp1",)), Failure(at=T0, host="w1", message="no route"), ended(3))
    async with form(CheckScreen, desk) as (_, pilot):
        await pilot.press("f1", "escape")
        await drawn(pilot)
        assert checks(desk) == 1


async def test_a_look_at_other_answers_is_ended_before_a_new_one_begins() -> None:
    of, desk = draft(), told(*begun(), hangs=True)
    async with form(CheckScreen, desk, of) as (app, pilot):
        old = desk.tapes["check"]
        desk.tapes["check"] = Tape(recorded("check-good"))
        change(of)
        app.screen_made.entered()
        await drawn(pilot)
        assert old.detached
        assert checks(desk) == 2
        assert not app.screen_made.is_looking
        assert app.row("swap") == "swap ⚙ on ⚙ on ⚙ on"


async def test_a_real_run_of_other_answers_is_ended_too() -> None:
    """Its iterator was left where it waited; its end is waited for all the same."""
    over: list[str] = []

    async def work(hub: Hub) -> int:
        for event in begun():
            hub.emit(event)
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            over.append("connections closed")
        return 0

    class Alive(RecordedDesk):
        def check(self, draft: Draft) -> Running | Tape:  # type: ignore[override]
            assert checks(self) == len(over)    # never two at a time on the same hosts
            tape = super().check(draft)
            return Running("lab", Redactor(), work) if checks(self) == 1 else tape

    of, desk = draft(), Alive(tapes={"check": Tape(recorded("check-good"))})
    async with form(CheckScreen, desk, of) as (app, pilot):
        assert app.screen_made.is_looking
        change(of)
        app.screen_made.entered()
        await drawn(pilot)
        assert over == ["connections closed"]
        assert not app.screen_made.is_looking
        assert app.row("swap") == "swap ⚙ on ⚙ on ⚙ on"
