"""The Options screen: what is typed and chosen is in the draft, the defaults are not, and what is wrong is said where it is put right."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, Collapsible, Input, Select, Static

from kinstall.draft import Draft
from kinstall.events import Found
from kinstall.progress import Progress
from kinstall.reasons import Option, options
from kinstall.screens.check import CheckScreen
from kinstall.screens.options import OptionsScreen
from kinstall.screens.stage import Stage
from kinstall.screens.widgets.option import OptionLine
from kinstall.screens.widgets.option_controls import Field, Tick
from kinstall.secrets import Secret
from tests.screens.conftest import RecordedDesk

HOSTS = [
    {"name": "cp1", "address": "10.77.0.11", "role": "control-plane"}, {"name": "w1", "address": "10.77.0.21"},
    {"name": "w2", "address": "10.77.0.22"},
]
LIMIT = Found(
    check="versions", title="Kubernetes", level="warning", short="1.34",
    sentence="Kubernetes 1.34 is the newest that all of them run: w1 cannot run 1.35: CentOS Linux 8 has booted with cgroup v1.",
    advice="To lift that: grubby.")


class Alone(App[None]):
    """The one screen."""

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft, self.left, self.changes = draft, list[Stage.Left](), 0

    def on_mount(self) -> None:
        self.install_screen(CheckScreen(self.draft, RecordedDesk()), "check")
        self.push_screen(OptionsScreen(self.draft, RecordedDesk()))

    def on_stage_left(self, event: Stage.Left) -> None:
        self.left.append(event)

    def on_stage_changed(self, _: Stage.Changed) -> None:
        self.changes += 1


@asynccontextmanager
async def shown(data: Mapping[str, Any] | None = None, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Alone, Pilot[None]]]:
    app = Alone(Draft({"hosts": [dict(host) for host in HOSTS], **(data or {})}))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


def seen(app: App[Any]) -> str:
    """The screen as text."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


def line(app: App[Any], key: str) -> OptionLine:
    return next(one for one in app.screen.query(OptionLine) if one.option.key == key)


def wrong(app: App[Any], key: str) -> str:
    """What stands below an option."""
    return line(app, key).wrong


def given(app: Alone) -> dict[str, Any]:
    """The draft without its hosts."""
    return {key: value for key, value in app.draft.data.items() if key != "hosts"}


async def typed(app: App[Any], pilot: Pilot[None], key: str, text: str) -> None:
    line(app, key).query_one(Input).focus()
    await pilot.press("ctrl+u", *text)
    await pilot.pause()


# ---- defaults, and what is changed ----
async def test_nothing_is_written_while_nobody_chooses_anything() -> None:
    async with shown() as (app, pilot):
        await pilot.press(*["tab"] * 40)
        assert given(app) == {}
        assert app.changes == 0


async def test_every_option_is_there_with_its_reason() -> None:
    async with shown(size=(120, 90)) as (app, pilot):
        for fold in app.screen.query(Collapsible):
            fold.collapsed = False
        await pilot.pause()
        whole = seen(app)
        for option in options():
            if option.kind != "listed" and option.key != "addons.storage.directory":
                assert option.label in whole
                assert option.reason in whole, option.key


async def test_a_text_is_written_as_it_is_typed_and_the_default_is_not() -> None:
    async with shown() as (app, pilot):
        await typed(app, pilot, "cluster.name", "attic")
        assert given(app) == {"cluster": {"name": "attic"}}
        assert "kinstall: attic" in seen(app)
        assert "Name *" in seen(app)
        await typed(app, pilot, "cluster.name", "homelab")
        assert given(app) == {}
        assert "Name *" not in seen(app)
        assert app.changes >= 10


async def test_a_name_of_digits_stays_a_text_and_a_port_becomes_a_number() -> None:
    async with shown() as (app, pilot):
        await typed(app, pilot, "cluster.name", "42")
        await typed(app, pilot, "addons.grafana.node_port", "30005")
        assert given(app) == {"cluster": {"name": "42"}, "addons": {"grafana": {"node_port": 30005}}}
        assert not app.draft.problems()


async def test_the_right_arrow_takes_the_default_over_to_change_a_part() -> None:
    async with shown() as (app, pilot):
        line(app, "network.pods").query_one(Input).focus()
        await pilot.press("right", *["backspace"] * 4, *"9/16")
        assert given(app) == {"network": {"pods": "10.244.0.9/16"}}
        assert wrong(app, "network.pods")


async def test_a_choice_is_made_with_the_keys() -> None:
    async with shown() as (app, pilot):
        line(app, "network.plugin").control.focus()
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        assert given(app) == {"network": {"plugin": "flannel"}}
        await pilot.press("space", "up", "enter")
        await pilot.pause()
        assert given(app) == {}


async def test_a_version_that_no_list_has_is_kept_and_shown() -> None:
    async with shown({"cluster": {"kubernetes": "1.36.1"}}) as (app, pilot):
        assert line(app, "cluster.kubernetes").query_one(Select).value == "1.36.1"
        await pilot.pause()
        assert given(app) == {"cluster": {"kubernetes": "1.36.1"}}


async def test_data_go_to_the_first_worker_or_where_one_says() -> None:
    async with shown() as (app, pilot):
        assert "w1, by default" in str(line(app, "addons.prometheus.node").query_one(Select)._options[0][0])
        line(app, "addons.prometheus.node").control.focus()
        await pilot.press("enter", "end", "enter")
        await pilot.pause()
        assert given(app) == {"addons": {"prometheus": {"node": "w2"}}}


async def test_a_machine_that_is_gone_is_said_to_be() -> None:
    async with shown({"addons": {"prometheus": {"node": "w9"}}}) as (app, _):
        assert line(app, "addons.prometheus.node").query_one(Select).value == "w9"
        assert "not one of the hosts" in wrong(app, "addons.prometheus.node")


async def test_the_kubeconfig_is_offered_and_can_be_another() -> None:
    async with shown() as (app, pilot):
        line(app, "cluster.kubeconfig").control.focus()
        await pilot.press("space")
        assert given(app) == {"cluster": {"kubeconfig": "~/.kube/config"}}
        await pilot.press("tab", "ctrl+u", *"/tmp/k")
        assert given(app) == {"cluster": {"kubeconfig": "/tmp/k"}}
        await pilot.press("shift+tab", "space")
        assert given(app) == {}


async def test_overruled_checks_are_words() -> None:
    async with shown({"allow": ["cgroup-v1"]}) as (app, pilot):
        app.screen.query(Collapsible).first().collapsed = False
        await typed(app, pilot, "allow", "cgroup-v1, low-memory")
        assert given(app) == {"allow": ["cgroup-v1", "low-memory"]}
        await typed(app, pilot, "allow", "cgroup-v9")
        assert "did you mean cgroup-v1" in wrong(app, "allow")


# ---- switches ----
@pytest.mark.parametrize("option", [one for one in options() if one.kind == "switch"], ids=lambda option: option.key)
async def test_a_switch_says_off_in_words_and_false_in_the_answers(option: Option) -> None:
    async with shown() as (app, pilot):
        tick = line(app, option.key).query_one(Tick)
        tick.focus()
        await pilot.press("space")
        assert given(app) == {"addons": {option.loc[1]: False}}
        assert "[ ] off" in str(tick.render())
        await pilot.press("space")
        assert given(app) == {}
        assert "[X] on" in str(tick.render())


async def test_what_was_typed_comes_back_with_its_switch() -> None:
    addons = {"prometheus": {"node_port": 31000, "node": "w2"}, "grafana": {"user": "root"}}
    async with shown({"addons": addons}) as (app, pilot):
        line(app, "addons.prometheus").control.focus()
        await pilot.press("space")
        assert app.draft.get("addons", "prometheus") is False
        assert not line(app, "addons.prometheus.node_port").display
        await pilot.press("space")
        assert given(app) == {"addons": addons}
        assert line(app, "addons.prometheus.node_port").display
        assert line(app, "addons.prometheus.node_port").query_one(Input).value == "31000"


async def test_a_directory_of_disks_goes_and_comes_with_them() -> None:
    storage = {"class": "local-path", "directory": "/srv/disks"}
    async with shown({"addons": {"storage": dict(storage)}}) as (app, pilot):
        line(app, "addons.storage.class").control.focus()
        await pilot.press("enter", "up", "enter")
        await pilot.pause()
        assert given(app) == {}
        await pilot.press("enter", "down", "enter")
        await pilot.pause()
        assert given(app) == {"addons": {"storage": storage}}


async def test_a_word_for_all_add_ons_is_spelled_out() -> None:
    async with shown({"addons": "none"}) as (app, pilot):
        assert not any(line(app, key).query_one(Tick).value for key in ("addons.helm", "addons.grafana", "addons.prometheus"))
        line(app, "addons.helm").control.focus()
        await pilot.press("space")
        assert app.draft.get("addons", "grafana") is False
        assert "helm" not in app.draft.get("addons")


async def test_grafana_says_what_it_needs_and_g_switches_it_on() -> None:
    async with shown() as (app, pilot):
        for key in ("addons.prometheus", "addons.node-exporter"):
            line(app, key).control.focus()
            await pilot.press("space")
        assert "needs Prometheus, node-exporter" in seen(app)
        assert not wrong(app, "addons.prometheus")      # it is said at Grafana
        await pilot.press("g")
        await pilot.pause()
        assert given(app) == {}
        assert "needs Prometheus" not in seen(app)


async def test_next_goes_to_the_button_that_switches_on_what_grafana_needs() -> None:
    async with shown() as (app, pilot):
        line(app, "addons.kube-state-metrics").control.focus()
        await pilot.press("space", "ctrl+n")
        assert isinstance(app.focused, Button)
        assert "Grafana needs State metrics" in seen(app)
        assert not app.left
        await pilot.press("enter", "ctrl+n")
        assert app.left[0].forward


async def test_the_button_can_be_clicked() -> None:
    async with shown() as (app, pilot):
        line(app, "addons.prometheus").control.focus()
        await pilot.press("space")
        await pilot.click("#partners")
        assert given(app) == {}


# ---- the password ----
async def test_a_password_is_kept_apart_and_never_shown() -> None:
    async with shown() as (app, pilot):
        await typed(app, pilot, "addons.grafana.password", "hunter2")
        assert given(app) == {"addons": {"grafana": {"password": {"prompt": True}}}}
        assert app.draft.secrets == {("addons", "grafana", "password"): Secret("hunter2")}
        assert "hunter2" not in seen(app)
        await typed(app, pilot, "addons.grafana.password", "")
        assert given(app) == {}
        assert app.draft.secrets == {}


async def test_a_password_from_elsewhere_stays_until_another_is_typed() -> None:
    async with shown({"addons": {"grafana": {"password": {"env": "GRAFANA"}}}}) as (app, pilot):
        assert line(app, "addons.grafana.password").query_one(Field).placeholder == "from $GRAFANA"
        line(app, "addons.grafana.password").control.focus()
        await pilot.press("tab")
        assert app.draft.get("addons", "grafana", "password") == {"env": "GRAFANA"}


# ---- what is wrong ----
@pytest.mark.parametrize(("key", "text", "says"), [
    ("cluster.name", "My Lab", "lowercase"),
    ("network.pods", "10.244.0.0", "10.244.0.0/16"),
    ("network.services", "10.244.0.0/20", "overlaps with the pods"),
    ("network.pods", "10.77.0.0/16", "cp1 lies in the network of the pods"),
    ("addons.grafana.node_port", "30090", "the same port as prometheus"),
    ("addons.grafana.node_port", "80", "30000 to 32767"),
    ("addons.prometheus.directory", "/etc/prometheus", "a directory of the system"),
    ("addons.grafana.directory", "/var/lib/kinstall/prometheus/grafana", "on the same host"),
    ("addons.prometheus.size", "10GB", "write 10Gi"),
    ("addons.prometheus.retention", "soon", "15d"),
    ("addons.helm.version", "4.99.9", "does not know the hash"),
    ("sources.flannel.url", "https://mirror.lan/flannel.yaml", "sources.flannel.sha256"),
    ("sources.images.docker.io", "https://mirror.lan", "not an image registry"),
])
async def test_what_is_wrong_stands_below_the_field_and_next_goes_there(key: str, text: str, says: str) -> None:
    async with shown(size=(120, 40)) as (app, pilot):
        for fold in app.screen.query(Collapsible):
            fold.collapsed = False
        await pilot.pause()
        await typed(app, pilot, key, text)
        assert says in wrong(app, key), wrong(app, key)
        line(app, key).scroll_visible(animate=False, immediate=True)
        await pilot.pause()
        assert says.split(maxsplit=1)[0] in seen(app)
        line(app, "cluster.name").control.focus()
        for fold in app.screen.query(Collapsible):
            fold.collapsed = True
        await pilot.press("ctrl+n")
        await pilot.pause()
        assert app.focused is line(app, key).control
        assert all(isinstance(one, Screen) or one.display for one in app.focused.ancestors_with_self if isinstance(one, Widget))
        assert says in " ".join(str(app.screen.query_one("#obstacle", Static).render()).split())
        assert not app.left
        await typed(app, pilot, key, "")
        assert not wrong(app, key)
        await pilot.press("ctrl+n")
        assert [one.forward for one in app.left] == [True]


async def test_what_is_wrong_with_a_claim_is_said_at_the_claims() -> None:
    claims = [{"statefulset": "db", "claim": "data", "directory": "/etc/db", "nodes": ["w1"]}]
    async with shown({"addons": {"storage": {"claims": claims}}}) as (app, pilot):
        assert "1: data of db" in str(line(app, "addons.storage.claims").control.render())
        assert "a directory of the system" in wrong(app, "addons.storage.claims")
        await pilot.press("ctrl+n")
        assert app.focused is line(app, "addons.storage.claims").control


async def test_what_the_check_found_out_about_versions_is_the_reason() -> None:
    async with shown() as (app, pilot):
        check, screen = app.get_screen("check"), app.screen
        assert isinstance(check, CheckScreen)
        assert isinstance(screen, OptionsScreen)
        check.progress = Progress().apply(LIMIT)
        screen.entered()
        assert "auto: 1.34, w1 runs no newer" in seen(app)
        assert not wrong(app, "cluster.kubernetes")
        line(app, "cluster.kubernetes").query_one(Select).value = "1.36"
        await pilot.pause()
        assert "w1 cannot run 1.35" in wrong(app, "cluster.kubernetes")
        line(app, "cluster.kubernetes").query_one(Select).value = "1.33"
        await pilot.pause()
        assert not wrong(app, "cluster.kubernetes")


# ---- keys ----
async def test_what_an_option_is_about_stands_below() -> None:
    async with shown() as (app, pilot):
        for option in options():
            one = line(app, option.key)
            if one.display and not any(isinstance(around, Collapsible) for around in one.ancestors):
                one.control.focus()
                await pilot.pause()
                text = " ".join(seen(app).split())
                assert f"{option.label}: {option.about}" in text, option.key


async def test_page_keys_go_from_group_to_group() -> None:
    async with shown() as (app, pilot):
        screen = app.screen
        assert isinstance(screen, OptionsScreen)
        reached = []
        for _ in range(4):
            await pilot.press("pagedown")
            found = screen.focused_line()
            reached.append(found.option.key if found else "")
        assert reached == ["network.plugin", "addons.prometheus", "addons.storage.class", "addons.prometheus.node_port"]
        await pilot.press("pagedown", "enter")
        assert not screen.query(Collapsible).first().collapsed
        await pilot.press("pageup", "pageup")
        found = screen.focused_line()
        assert found and found.option.key == "addons.storage.class"


async def test_arrows_go_from_field_to_field_also_over_lists() -> None:
    async with shown() as (app, pilot):
        await pilot.press("down")
        assert app.focused is line(app, "cluster.kubernetes").control
        await pilot.press("down")
        assert app.focused is line(app, "cluster.runtime").control
        await pilot.press("up", "up")
        assert app.focused is line(app, "cluster.name").control


async def test_f1_explains_the_focused_option_and_the_keys() -> None:
    async with shown() as (app, pilot):
        line(app, "network.plugin").control.focus()
        await pilot.press("f1")
        await pilot.pause()
        assert "Pod network" in seen(app)
        assert "network policies" in seen(app)
        await pilot.press("escape")
        assert isinstance(app.screen, OptionsScreen)


async def test_escape_goes_back_and_what_was_typed_is_still_there() -> None:
    async with shown() as (app, pilot):
        await typed(app, pilot, "cluster.name", "attic")
        await pilot.press("escape")
        assert [one.forward for one in app.left] == [False]
        app.draft.put(["cgroup-v1"], "allow")       # the Check screen overrules something meanwhile
        screen = app.screen
        assert isinstance(screen, OptionsScreen)
        screen.entered()
        assert line(app, "cluster.name").query_one(Input).value == "attic"
        assert line(app, "allow").query_one(Input).value == "cgroup-v1"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_no_reason_is_cut(size: tuple[int, int]) -> None:
    async with shown(size=size) as (app, pilot):
        for fold in app.screen.query(Collapsible):
            fold.collapsed = False
        await pilot.pause()
        for one in app.screen.query(OptionLine):
            assert not one.display or len(one.option.reason) <= one.room, one.option.key
