"""The Plan screen: what would be done, unfolded; saved; started; and what stands in the way of that."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from kinstall.draft import Draft
from kinstall.events import Described, Failure, Note, Planned
from kinstall.screens.help import HelpScreen
from kinstall.screens.plan import PlanScreen
from kinstall.screens.saving import SaveScreen
from kinstall.screens.widgets.plan_parts import parse
from kinstall.screens.widgets.unfold import Unfold
from tests.screens.check_app import T0, FormApp, draft, drawn, ended, form, typed
from tests.screens.conftest import RecordedDesk, Tape, recorded, until

CLUSTER = Described(host="cp1", title="The cluster (through its API server: only what differs is changed)", lines=(
    "  metrics-server         Tell what nodes and pods use", "      apply Deployment kube-system/metrics-server",
    "      image registry.k8s.io/metrics-server:v0.8.0", "  grafana                Show dashboards",
    "      apply Deployment monitoring/grafana",
    "  namespace monitoring stays: it holds what others have made (pod x)",
))


def planned() -> RecordedDesk:
    """Recorded in the lab: three bare hosts; and the cluster after them, as it is told today."""
    *events, last = recorded("plan")
    return RecordedDesk(tapes={"plan": Tape([*events, CLUSTER, last])})


def refused() -> RecordedDesk:
    """A host that will not do: it is planned all the same."""
    *events, last = recorded("plan")
    failure = Failure(at=T0, host="w1", step="swap", message="Swap is on, and stays on.", hint="swapoff -a\nOr, knowingly: --allow swap")
    return RecordedDesk(tapes={"plan": Tape([*events, failure, last])})


def tree(app: FormApp) -> Unfold:
    return app.screen_made.query_one(Unfold)


def plans(desk: RecordedDesk) -> int:
    return sum(name == "plan" for name, _ in desk.asked)


# ---- what is shown ----
async def test_machines_with_what_there_is_to_do_on_them() -> None:
    async with form(PlanScreen, planned()) as (app, _):
        assert app.row("▸ cp1").startswith("▸ cp1: 20 steps, 17 to do, 32 commands 10.77.0.11, control-plane, Debian")
        assert app.row("▸ w2").startswith("▸ w2: 18 steps, 15 to do, 28 commands")
        assert app.row("▸ The cluster").startswith("▸ The cluster: 2 add-ons, 2 objects through its API server")


async def test_above_stands_which_kubernetes_and_why() -> None:
    async with form(PlanScreen, planned(), size=(120, 40)) as (app, _):
        assert "3 machines, Kubernetes 1.37.2, flannel 0.28.10. Nothing was changed yet." in app.words
        assert "Kubernetes 1.37.2, the newest that all hosts can run" in app.words
        assert "! w1: CentOS Linux 8 has had no free updates since 2021-12-31." in app.words


async def test_long_reasons_leave_the_tree_its_room_and_scroll() -> None:
    events = recorded("plan")
    notes = [Note(at=T0, text=f"reason {number}, a long one, folded at eighty columns, I think", level="info") for number in range(9)]
    async with form(PlanScreen, RecordedDesk(tapes={"plan": Tape([*events[:-1], *notes, events[-1]])})) as (app, pilot):
        assert tree(app).size.height >= 10
        assert "reason 8" not in app.words
        app.screen.query_one("#reasons").focus()
        await pilot.press("end")
        await drawn(pilot)
        assert "reason 8" in app.words


async def test_of_one_machine_the_steps_are_shown_at_once() -> None:
    hosts = until(recorded("plan"), lambda event: isinstance(event, Described))
    start = hosts[0]
    alone = [type(start)(at=T0, kinstall="1", cluster="lab", hosts=start.hosts[:1]), *hosts[1:], ended()]  # type: ignore[union-attr,call-arg]
    async with form(PlanScreen, RecordedDesk(tapes={"plan": Tape(alone)}), draft(("cp1",))) as (app, _):
        assert app.row("▾ cp1")
        assert "= Name the machine after its node hostname" in app.words


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_keys_stand_in_the_footer_whole(size: tuple[int, int]) -> None:
    async with form(PlanScreen, planned(), size=size) as (app, _):
        footer = app.text.splitlines()[-1]
        for key in ("Unfold", "f1 Help", "esc Back", "^n Install", "s Save", "x Unfold all"):
            assert key in footer, footer


async def test_what_hosts_say_is_no_markup() -> None:
    events = recorded("plan")
    strange = Described(host="cp1", title="cp1 ([b]x[/b])", lines=("  names                  [red]Title", "      $ echo '[/]' [bold]"))
    note = Note(at=T0, text="[red]limits[/]", level="warning")
    desk = RecordedDesk(tapes={"plan": Tape([*events[:-1], note, strange, events[-1]])})
    async with form(PlanScreen, desk, size=(120, 40)) as (app, pilot):
        await pilot.press("end", "x")
        await drawn(pilot)
        await pilot.press("end")
        await drawn(pilot)
        for text in ("[red]limits[/]", "[red]Title", "$ echo '[/]' [bold]", "[b]x[/b]"):
            assert text in app.text


# ---- unfolding ----
async def test_enter_and_the_right_arrow_unfold_down_to_what_is_written_into_a_file() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        await pilot.press("enter")
        await drawn(pilot)
        assert "= Name the machine after its node hostname" in app.words
        assert "▸ · Let the nodes know each other by name" in app.words
        await pilot.press("right", "down", "right")
        await drawn(pilot)
        assert "$ keep /etc/hosts as /etc/hosts.before-kinstall" in app.words
        await pilot.press("down", "down", "enter")
        await drawn(pilot)
        assert "▾ $ write /etc/hosts 6 lines" in app.words
        assert "+ 10.77.0.21 w1" in app.words


async def test_the_left_arrow_folds_and_then_goes_up() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        await pilot.press("right", "down", "down", "right", "down")
        node = tree(app).cursor_node
        assert node is not None
        assert node.data == "$ keep /etc/hosts as /etc/hosts.before-kinstall"
        await pilot.press("left")
        assert tree(app).cursor_node is node.parent
        await pilot.press("left")
        assert not node.parent.is_expanded  # type: ignore[union-attr]
        await pilot.press("left", "left")
        await drawn(pilot)
        assert app.row("▸ cp1")


async def test_x_unfolds_all_and_shift_x_folds_all() -> None:
    async with form(PlanScreen, planned(), size=(120, 40)) as (app, pilot):
        assert tree(app).last_line == 3
        await pilot.press("x")
        await drawn(pilot)
        assert tree(app).last_line > 300
        assert "+ 10.77.0.21 w1" in app.words
        await pilot.press("down", "down", "down")
        await pilot.press("X")
        await drawn(pilot)
        assert tree(app).last_line == 3
        assert tree(app).cursor_line == 0       # of the step that was selected, the machine


async def test_a_long_line_stands_below_in_full_and_moves_by_the_arrows() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        await pilot.press("x")
        await drawn(pilot)
        apt = next(node for node in tree(app)._tree_nodes.values() if node.data and node.data.lstrip().startswith("apt-get install"))
        tree(app).move_cursor(apt)
        await drawn(pilot)
        assert "ca-certificates" in app.screen.query_one("#whole").render().plain  # type: ignore[union-attr]
        before = tree(app).scroll_x
        await pilot.press("right", "right")
        assert tree(app).scroll_x > before
        await pilot.press("left", "left")
        assert tree(app).scroll_x == before
        assert tree(app).cursor_node is apt


async def test_a_click_unfolds() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        line = next(number for number, text in enumerate(app.text.splitlines()) if "w1: 20 steps" in text)
        await pilot.click(offset=(6, line))
        await drawn(pilot)
        assert "▾ w1" in app.words
        assert "Make SELinux permissive" in app.words


# ---- saving ----
def left(folder: Path) -> list[str]:
    """What is in a folder."""
    return [one.name for one in folder.iterdir()]


async def save(tmp_path: Path, *keys: str, of: Draft | None = None) -> tuple[Path, str]:
    """The plan's screen, `s`, this path, and these keys; what is on the screen then."""
    path = tmp_path / "homelab.yaml"
    async with form(PlanScreen, planned(), of, size=(120, 40)) as (app, pilot):
        await pilot.press("s")
        assert isinstance(app.screen, SaveScreen)
        assert app.screen.query_one(Input).value == "./answers.yaml"
        app.screen.query_one(Input).value = str(path)
        await pilot.press("enter", *keys)
        await drawn(pilot)
        return path, app.words.replace("│", "").replace("  ", " ")


async def test_s_saves_answers_for_nobody_else_and_without_secrets(tmp_path: Path) -> None:
    of = draft()
    path, words = await save(tmp_path, of=of)
    assert path.read_text(encoding="utf-8") == of.yaml()
    assert "correct horse" not in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "Saved" in words
    assert "homelab.yaml" in words


async def test_it_says_which_secrets_will_be_asked_for_and_which_variable_to_set() -> None:
    async with form(PlanScreen, planned(), size=(120, 40)) as (app, pilot):
        await pilot.press("s")
        await drawn(pilot)
        assert "kinstall --headless asks for:" in app.words
        assert "Password for sudo of systemv" in app.words
        assert "{env: KINSTALL_SUDO_PASSWORD}" in app.words
    of = draft()
    of.keep("", "access", "sudo_password")
    async with form(PlanScreen, planned(), of, size=(120, 40)) as (app, pilot):
        await pilot.press("s")
        await drawn(pilot)
        assert "No secret is in it, and none is needed." in app.words


async def test_it_does_not_write_over_a_file_unasked(tmp_path: Path) -> None:
    path = tmp_path / "homelab.yaml"
    path.write_text("mine", encoding="utf-8")
    path.chmod(0o644)
    (tmp_path / ".homelab.yaml.kinstall-new").write_text("half", encoding="utf-8")   # a save that was killed
    _, words = await save(tmp_path)
    assert "is there already. Write over it?" in words
    await save(tmp_path, "n")
    assert path.read_text(encoding="utf-8") == "mine"
    await save(tmp_path, "y")
    assert path.read_text(encoding="utf-8") == draft().yaml()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert left(tmp_path) == ["homelab.yaml"]


async def test_a_place_that_cannot_be_written_is_told_where_one_types(tmp_path: Path) -> None:
    path = tmp_path / "no" / "such" / "place.yaml"
    async with form(PlanScreen, planned(), size=(120, 40)) as (app, pilot):
        await pilot.press("s")
        for name, reason in ((path, "No such file or directory"), (tmp_path, "it is a directory")):
            app.screen.query_one(Input).value = str(name)
            await pilot.press("enter")
            await drawn(pilot)
            assert reason in app.words
            assert app.screen.query_one(Input).has_focus
        await pilot.press("escape")
        assert app.screen is app.screen_made


# ---- starting ----
async def test_ctrl_n_starts() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        await pilot.press("ctrl+n")
        assert (app.starts, app.left) == (1, [])


async def test_enter_on_the_button_starts() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        app.screen.query_one("#start", Button).focus()
        await pilot.press("enter")
        await pilot.pause()
        assert app.starts == 1


async def test_the_button_is_reached_by_tab() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        await pilot.press("tab")
        assert app.screen.query_one("#start", Button).has_focus


async def test_it_does_not_start_while_it_plans() -> None:
    events = until(recorded("plan"), lambda event: isinstance(event, Planned))
    async with form(PlanScreen, RecordedDesk(tapes={"plan": Tape(events, hangs=True)})) as (app, pilot):
        assert "Looking what is there, and what is to be done: 3 of 3 machines." in app.words
        await pilot.press("ctrl+n")
        assert app.screen.query_one("#start", Button).disabled
        assert "Still planning: wait a moment." in app.words
        assert app.starts == 0


async def test_what_stands_in_the_way_is_told_with_what_to_do_and_nothing_starts() -> None:
    async with form(PlanScreen, refused()) as (app, pilot):
        assert "✗ w1, swap: Swap is on, and stays on." in app.words
        assert "Or, knowingly: --allow swap" in app.words
        assert "Nothing was changed yet" not in app.words
        await pilot.press("ctrl+n")
        assert app.screen.query_one("#start", Button).disabled
        assert "This stands in the way" in app.words
        assert app.starts == 0


async def test_a_plan_that_could_not_be_made_blocks() -> None:
    lost = [*recorded("plan")[:2], Failure(at=T0, message="https://dl.k8s.io cannot be reached", hint="Is there a proxy?"), ended(1)]
    desk = RecordedDesk(tapes={"plan": Tape(lost)})
    async with form(PlanScreen, desk) as (app, pilot):
        assert "https://dl.k8s.io cannot be reached Is there a proxy?" in app.words
        await pilot.press("ctrl+n")
        assert app.starts == 0
        desk.tapes["plan"] = Tape(recorded("plan"))
        await pilot.press("r")
        await drawn(pilot)
        assert "dl.k8s.io" not in app.words
        await pilot.press("ctrl+n")
        assert app.starts == 1


async def test_esc_goes_back_and_f1_helps() -> None:
    async with form(PlanScreen, planned()) as (app, pilot):
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "escape")
        assert app.left == [False]


async def test_it_plans_once_for_the_same_answers_and_anew_for_others() -> None:
    of, desk = draft(), planned()
    async with form(PlanScreen, desk, of) as (app, pilot):
        app.screen_made.entered()
        await drawn(pilot)
        assert plans(desk) == 1
        of.put("1.36", "cluster", "kubernetes")
        app.screen_made.entered()
        await drawn(pilot)
        assert plans(desk) == 2
        assert tree(app).last_line == 3     # the old plan is gone
        typed(of, "another horse")
        app.screen_made.entered()
        await drawn(pilot)
        assert plans(desk) == 3


async def test_a_plan_of_other_answers_is_ended_before_a_new_one_begins() -> None:
    of, desk = draft(), RecordedDesk(tapes={"plan": Tape(recorded("plan")[:4], hangs=True)})
    async with form(PlanScreen, desk, of) as (app, pilot):
        old, desk.tapes["plan"] = desk.tapes["plan"], Tape(recorded("plan"))
        of.put("1.36", "cluster", "kubernetes")
        app.screen_made.entered()
        await drawn(pilot)
        assert old.detached
        await pilot.press("ctrl+n")
        assert app.starts == 1


# ---- taken apart ----
def test_every_line_of_a_plan_is_somewhere_in_its_parts() -> None:
    for event in recorded("plan"):
        if isinstance(event, Described):
            plan = parse(event.title, event.lines)
            parts = [part for step in plan.steps for part in step.parts]
            assert len(plan.steps) + len(parts) + sum(len(part.lines) for part in parts) == len(event.lines)
            assert sum(part.text.startswith("$ ") for part in parts) == sum(line.startswith("      $ ") for line in event.lines)
            assert all(step.title and " " not in step.name for step in plan.steps)
            assert [step.already for step in plan.steps] == [line.endswith("(already so)") for line in event.lines if line[:3].strip()]


def test_a_remark_is_no_step() -> None:
    plan = parse(CLUSTER.title, CLUSTER.lines)
    assert [(step.name, step.title) for step in plan.steps] == [
        ("metrics-server", "Tell what nodes and pods use"), ("grafana", "Show dashboards"),
        ("namespace monitoring stays: it holds what others have made (pod x)", ""),
    ]
    assert [part.text for part in plan.steps[1].parts] == ["apply Deployment monitoring/grafana"]
