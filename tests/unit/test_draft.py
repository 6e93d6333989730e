"""A draft: what is typed can be taken back, kept without its secrets, and made into answers or into every problem at once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kinstall import draft
from kinstall.draft import Draft
from kinstall.errors import AnswersError

PASSWORD = "correct horse"


def example() -> Draft:
    made = Draft()
    made.put([{"name": "cp1", "address": "10.0.0.1", "role": "control-plane"}, {"name": "w1", "address": "10.0.0.2"}], "hosts")
    made.put("admin", "access", "user")
    return made


def test_what_is_put_can_be_got_and_taken_away() -> None:
    made = example()
    made.put(31000, "addons", "grafana", "node_port")
    assert made.get("addons", "grafana", "node_port") == 31000
    made.put("", "addons", "grafana", "node_port")
    assert made.get("addons", "grafana", "node_port") is None
    assert made.get("hosts", 1, "address") == "10.0.0.2"
    assert made.get("hosts", 7, "address", default="none") == "none"
    assert made.get("access", "user", "deeper", default="none") == "none"


def test_a_switch_that_was_off_becomes_a_group() -> None:
    made = example()
    made.put(False, "addons", "grafana")
    made.put(31000, "addons", "grafana", "node_port")
    assert made.get("addons", "grafana") == {"node_port": 31000}


def test_nothing_is_taken_from_where_nothing_is() -> None:
    made = example()
    made.put(False, "addons", "prometheus")
    made.put(None, "addons", "prometheus", "size")
    made.put("", "network", "pods")
    assert made.data["addons"] == {"prometheus": False} and "network" not in made.data


def test_answers_or_every_problem() -> None:
    made = example()
    assert made.answers().hosts[1].name == "w1"
    assert not made.problems()
    made.put("300.1.1.1", "hosts", 1, "address")
    made.put("calico2", "network", "plugin")
    assert {problem.key for problem in made.problems()} == {"hosts[1].address", "network.plugin"}


def test_a_secret_is_resolved_and_never_kept(tmp_path: Path) -> None:
    made = example()
    made.keep(PASSWORD, "access", "password")
    made.keep("other", "hosts", 1, "access", "sudo_password")
    cp1, w1 = made.resolved().hosts
    assert cp1.access.password and cp1.access.password.reveal() == PASSWORD
    assert cp1.access.sudo_password is None
    assert w1.access.sudo_password and w1.access.sudo_password.reveal() == "other"
    path = tmp_path / "state" / "draft.yaml"
    made.screen = "options"
    made.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert PASSWORD not in path.read_text() and PASSWORD not in made.yaml() and PASSWORD not in repr(made)
    again = draft.load(path)
    assert again and (again.data, again.screen, again.secrets) == (made.data, "options", {})
    assert len(again.missing()) == 2
    with pytest.raises(AnswersError) as caught:
        again.resolved()
    assert {problem.key for problem in caught.value.problems} == {"access.password", "hosts[1].access.sudo_password"}
    made.keep("", "access", "password")
    assert made.resolved().hosts[0].access.password is None


def test_the_secrets_of_later_hosts_move_when_one_is_removed() -> None:
    made = example()
    made.put({"name": "w2", "address": "10.0.0.3"}, "hosts", 1)
    made.data["hosts"].append({"name": "w3", "address": "10.0.0.4"})
    made.keep("of w2", "hosts", 1, "access", "password")
    made.keep("of w3", "hosts", 2, "access", "password")
    made.remove_host(1)
    assert [secret.reveal() for secret in made.secrets.values()] == ["of w3"]
    password = made.resolved().hosts[1].access.password
    assert password and password.reveal() == "of w3"


def test_one_host_can_be_had_whatever_is_wrong_with_the_others() -> None:
    made = example()
    made.keep(PASSWORD, "access", "password")
    made.keep("sudo", "hosts", 1, "access", "sudo_password")
    made.put("not an address!", "hosts", 0, "address")
    assert made.problems()
    (w1,) = made.only("w1").resolved().hosts
    assert (w1.address, w1.access.user) == ("10.0.0.2", "admin")
    assert w1.access.password and w1.access.sudo_password and w1.access.sudo_password.reveal() == "sudo"


@pytest.mark.parametrize("text", ["", "[", "answers: 5\nscreen: x\nsession: ''", "- a\n- b"])
def test_what_is_no_draft_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "draft.yaml"
    path.write_text(text)
    assert draft.load(path) is None
    draft.forget(path)
    draft.forget(path)
    assert draft.load(path) is None
