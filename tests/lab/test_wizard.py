"""The wizard in a real terminal, on real hosts: the keys that a person presses, and what they see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.lab.labctl.answers import sources
from tests.lab.labctl.lab import Lab
from tests.lab.labctl.paths import PASSWORD
from tests.lab.runs import KINSTALL, environment, install, newest, nodes, wait_for_unit
from tests.lab.terminal import Terminal

Answers = Callable[..., Path]
MIXED = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}


def through_hosts(seen: Terminal) -> None:
    """Three addresses, one account, its password; every key compared."""
    seen.until("type an address")
    seen.type("10.77.0.11")
    seen.press("enter")
    seen.type("10.77.0.21-22")
    seen.press("enter")
    seen.to("Account")
    seen.type("systemv")
    seen.to("Password")
    seen.type(PASSWORD)
    seen.until("key to compare")
    seen.next("Is it really your machine")
    seen.press("A", "y")
    seen.until("Every key is known")
    seen.next("swap")


def test_from_nothing_to_a_cluster_without_touching_a_file(lab: Lab, tmp_path: Path) -> None:
    """Empty start, seven screens, the Result; then the saved answers run headless and change nothing."""
    lab.fresh(**MIXED)
    state, saved = tmp_path / "state", tmp_path / "answers.yaml"
    with Terminal(lab, KINSTALL, env=environment(state)) as seen:
        through_hosts(seen)
        seen.until("machines need something", "cgroup on", seconds=60)
        seen.press("o")
        seen.until("Overrule: cgroup?")
        seen.press("y")
        seen.next("Pod network")
        options(seen)
        kept = yaml.safe_load((state / "kinstall/draft.yaml").read_text())["answers"]
        assert kept["sources"]["flannel"] == sources()["flannel"], f"typed, and kept as it was typed\n{seen.text}"
        seen.next("Nothing was changed yet")
        seen.press("s")
        seen.until("Save the answers as")
        seen.press("ctrl-u")
        seen.type(str(saved))
        seen.press("enter", "ctrl-n")
        seen.until("prepare", "network", seconds=60)
        seen.until("is ready: 3 nodes", "Grafana", seconds=420)
        assert PASSWORD not in seen.text
        seen.press("t")
        seen.until("s in all")
        seen.press("escape", "q")
        assert seen.ends() == 0
    text = saved.read_text()
    assert PASSWORD not in text and PASSWORD not in newest(state).read_text()
    assert PASSWORD not in (state / "kinstall/draft.yaml").read_text()
    assert set(nodes(lab)) == {"cp1", "w1", "w2"} and all(ready for ready, _ in nodes(lab).values())

    data = yaml.safe_load(text)
    data["access"]["password"] = {"env": "LAB_PASSWORD"}    # there is nobody to ask
    saved.write_text(yaml.safe_dump(data))
    again = install(lab, saved)
    assert (again.code, again.ended.changed) == (0, 0), again.everything


def options(seen: Terminal) -> None:
    """What a person with a mirror of their own types: the laboratory is one."""
    seen.until("Pod network")
    seen.to("Pods")
    seen.press("backtab", "enter", "down", "enter")
    seen.to("Grafana account")
    seen.press("tab", "tab", "enter")     # past the other fold
    given = sources()
    for label, value in (
        ("K8s key", given["kubernetes"]["fingerprint"]), ("Docker key", given["docker"]["fingerprint"]),
        ("flannel manifest", given["flannel"]["url"]), ("flannel version", given["flannel"]["version"]),
        ("flannel SHA-256", given["flannel"]["sha256"]), ("Helm version", given["helm"]["version"]),
        ("Helm SHA-256", given["helm"]["sha256"]),
    ):
        seen.press("tab")
        seen.to(label)
        seen.type(str(value))
    seen.press("tab")


def test_what_fails_on_one_host_is_mended_and_tried_again(lab: Lab, answers: Answers, tmp_path: Path) -> None:
    """The mirror has no containerd for w1: w1 fails and says why, cp1 goes on; `r` completes it, and all is Ready."""
    lab.fresh(cp1="debian13", w1="debian12")
    path = answers(addons="none")
    lab.mirror_fail(r"bookworm.*/containerd\.io_", 404)
    with Terminal(lab, KINSTALL, "--from", path, env=environment(tmp_path / "state")) as seen:
        to_the_plan(seen)
        seen.press("ctrl-n")
        seen.until("✗ w1", "Cause", seconds=180)
        seen.until("cp1", "r Retry")
        lab.mirror_clear()
        seen.press("r")
        seen.until("is ready: 2 nodes", seconds=240)
        seen.press("q")
        assert seen.ends() == 0
    assert all(ready for ready, _ in nodes(lab).values()) and len(nodes(lab)) == 2


def to_the_plan(seen: Terminal) -> None:
    """Everything is in the answers: next, next, next."""
    seen.until("10.77.0.21")
    seen.next("swap")
    seen.next("Pod network")
    seen.next("Nothing was changed yet")


def test_a_closed_terminal_is_gone_on_with(lab: Lab, answers: Answers, tmp_path: Path) -> None:
    """The window is closed in the middle. The next start offers to go on, follows what still runs, and finishes."""
    lab.fresh(cp1="debian13", w1="debian12")
    path, state = answers(addons="none"), tmp_path / "state"
    with Terminal(lab, KINSTALL, "--from", path, env=environment(state)) as seen:
        to_the_plan(seen)
        seen.press("ctrl-n")
        seen.until("▶", "packages", seconds=60)
        wait_for_unit(lab, "kinstall-")     # apt is at work
    with Terminal(lab, KINSTALL, env=environment(state)) as seen:
        seen.until("was not finished")
        seen.press("g")
        seen.until("is ready: 2 nodes", seconds=300)
        seen.press("q")
        assert seen.ends() == 0
    assert all(ready for ready, _ in nodes(lab).values()) and len(nodes(lab)) == 2


def test_a_file_that_was_asked_for_in_lines_installs(lab: Lab, tmp_path: Path) -> None:
    """`kinstall init`, answered at a terminal; then its file, with what the laboratory's mirror needs, run headless."""
    lab.fresh(cp1="debian13", w1="debian12")
    path, state = tmp_path / "answers.yaml", tmp_path / "state"
    with Terminal(lab, KINSTALL, "init", path, env=environment(state)) as seen:
        seen.until("Your machines")
        seen.type("10.77.0.11 10.77.0.21")
        seen.press("enter")
        seen.until("control plane?")
        seen.press("enter")
        seen.until("Account on them")
        seen.type("systemv")
        seen.press("enter", "down", "down", "enter")
        seen.until("get it from?")
        seen.press("down", "enter")
        seen.until("sensible value")
        seen.press("n")
        seen.until("Next:")
        assert seen.ends() == 0
    data = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump(data | {
        "sources": sources(), "allow": ["cgroup-v1"], "network": {"plugin": "flannel"}, "addons": "none"}))
    run = install(lab, path, "--accept-new-host-keys", KINSTALL_PASSWORD=PASSWORD)
    assert run.code == 0, run.everything
    assert all(ready for ready, _ in nodes(lab).values()) and len(nodes(lab)) == 2


@pytest.mark.long
def test_a_terminal_of_lines_installs_too(lab: Lab, answers: Answers, tmp_path: Path) -> None:
    """TERM=dumb, and an answers.yaml in the folder: a look, a yes, the installation, all in lines."""
    lab.fresh(cp1="debian13")
    answers(addons="none")
    env = environment(tmp_path / "state", TERM="dumb")
    with Terminal(lab, KINSTALL, env=env, size=(120, 40), cwd=tmp_path) as seen:
        seen.until("(TERM=dumb): kinstall asks in lines", "Install what it says?")
        seen.press("y", "enter")
        seen.until("Install now? Nothing was changed so far.", seconds=60)
        seen.press("y", "enter")
        seen.until("lab is ready: 1 node", seconds=240)
        assert seen.ends() == 0
    assert nodes(lab)["cp1"][0]
