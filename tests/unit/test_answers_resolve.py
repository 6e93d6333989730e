"""From answers to hosts: access merged, paths expanded, secrets fetched once each, and every failure told at once."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from pathlib import Path

import pytest

from kinstall.answers import load, questions, resolve, resolve_all
from kinstall.errors import AnswersError
from kinstall.model import Access, Host, Role
from kinstall.secrets import Secret


def write(folder: Path, text: str) -> Path:
    path = folder / "answers.yaml"
    path.write_text(text)
    return path


def told(path: Path, environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(AnswersError) as caught:
        resolve(load(path), None, environ)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_hosts_come_out_in_order_with_access_merged(tmp_path: Path) -> None:
    for name in ("key", "other"):
        (tmp_path / name).write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "sudo").write_text("pa ss\n\n")
    (tmp_path / "sudo").chmod(0o640)
    pin = "SHA256:" + "A" * 43
    path = write(tmp_path, f"access: {{host_key: {pin}, " + """user: systemv, key: key, password: {env: PW}, sudo_password: {file: ./sudo}}
hosts:
  - {name: b, address: 10.0.0.2, role: control-plane}
  - {name: a, address: local, access: {user: admin, port: 2222, key: other, agent: false, jump: gate, password: {env: OTHER}}}
""")
    secret = Secret("pa ss\n")
    assert resolve(load(path), None, {"PW": "one", "OTHER": "two"}) == (
        Host(name="b", address="10.0.0.2", role=Role.CONTROL_PLANE, access=Access(
            user="systemv", key=tmp_path / "key", password=Secret("one"), sudo_password=secret, host_key=pin)),
        Host(name="a", address="local", role=Role.WORKER, access=Access(
            user="admin", port=2222, key=tmp_path / "other", password=Secret("two"), sudo_password=secret, agent=False, jump="gate",
            host_key=pin)),
    )


def test_without_access_the_ssh_config_decides(tmp_path: Path) -> None:
    assert resolve(load(write(tmp_path, "hosts: [{address: pi, role: control-plane}]")), None, {})[0].access == Access()


ASKING = """
access: {user: me, key_passphrase: {prompt: true}, password: {prompt: true}, sudo_password: {prompt: true}}
hosts:
  - {name: a, address: 10.0.0.1, role: control-plane}
  - {name: b, address: 10.0.0.2}
  - {name: c, address: 10.0.0.3, access: {user: you}}
  - {name: d, address: 10.0.0.4, access: {password: {prompt: true}, sudo_password: {env: SUDO}}}
"""


def test_each_question_is_asked_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return f"answer {len(asked)}"

    answers = load(write(tmp_path, ASKING))
    hosts = resolve(answers, ask, {"SUDO": "s"})
    assert asked == [
        "Passphrase of the SSH key", "Password of me", "Password for sudo of me", "Password of you", "Password for sudo of you",
        "Password of me on d"]
    assert questions(answers) == tuple(asked)
    assert hosts[0].access.password == hosts[1].access.password == Secret("answer 2")
    assert hosts[3].access.sudo_password == Secret("s")


GRAFANA = "addons: {grafana: {user: boss, password: {prompt: true}}}"


def test_grafanas_password_is_resolved_with_the_others(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return f"answer {len(asked)}"

    answers = load(write(tmp_path, ASKING + GRAFANA))
    found = resolve_all(answers, ask, {"SUDO": "s"})
    assert asked == list(questions(answers))
    assert (asked[-1], found.grafana_password) == ("Password for boss in Grafana", Secret("answer 7"))
    assert found.hosts == resolve(answers, lambda question: f"answer {asked.index(question) + 1}", {"SUDO": "s"})


def test_what_is_off_or_not_given_is_not_asked_for(tmp_path: Path) -> None:
    host = "hosts: [{address: pi, role: control-plane}]\n"
    for text in ("", "addons: none", "addons: {grafana: false}", "addons: {grafana: true}"):
        answers = load(write(tmp_path, host + text))
        assert (resolve_all(answers, None, {}).grafana_password, questions(answers)) == (None, ())


def test_all_that_cannot_be_had_is_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, ASKING + GRAFANA)
    with pytest.raises(AnswersError) as caught:
        resolve_all(load(path), None, {"SUDO": "s"})
    assert [problem.key for problem in caught.value.problems] == [
        "access.key_passphrase", "access.password", "access.sudo_password", "hosts[3].access.password", "addons.grafana.password"]
    assert caught.value.problems[-1].mend == "write {env: KINSTALL_GRAFANA_PASSWORD} and set that variable"


def test_the_passphrase_is_asked_for_by_the_name_of_the_key(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----")
    (tmp_path / "id").chmod(0o600)
    path = write(tmp_path, "access: {key: id, key_passphrase: {prompt: true}}\nhosts: [{address: pi, role: control-plane}]")
    assert questions(load(path)) == ("Passphrase of the key id",)


def test_nobody_to_ask(tmp_path: Path) -> None:
    assert told(write(tmp_path, ASKING), {"SUDO": "s"}) == [
        "2: access.key_passphrase: there is nobody to ask for it here: write {env: KINSTALL_KEY_PASSPHRASE} and set that variable",
        "2: access.password: there is nobody to ask for it here: write {env: KINSTALL_PASSWORD} and set that variable",
        "2: access.sudo_password: there is nobody to ask for it here: write {env: KINSTALL_SUDO_PASSWORD} and set that variable",
        "7: hosts[3].access.password: there is nobody to ask for it here: write {env: KINSTALL_PASSWORD} and set that variable",
    ]


def test_secrets_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("hunter2")
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "empty").chmod(0o600)
    (tmp_path / "binary").write_bytes(b"hunter2\xff")
    path = write(tmp_path, """
access: {password: {env: UNSET}, sudo_password: {file: ~/missing}}
hosts:
  - {name: a, address: 10.0.0.1, role: control-plane}
  - {name: b, address: 10.0.0.2}
  - {name: c, address: 10.0.0.3, access: {password: {env: EMPTY}, sudo_password: {file: ./open}}}
  - {name: d, address: 10.0.0.4, access: {password: {env: hunter2}, sudo_password: {file: ./empty}}}
  - {name: e, address: 10.0.0.5, access: {password: {file: hunter2}, sudo_password: {file: ./binary}}}
  - {name: f, address: 10.0.0.6, access: {password: {file: ./}}}
""")
    assert told(path, {"EMPTY": "", "HOME": str(tmp_path / "home")}) == [
        "2: access.password: the environment variable UNSET is not set: export it, then start again",
        f"2: access.sudo_password: {tmp_path}/home/missing: no such file: mend the path",
        "6: hosts[2].access.password: the environment variable EMPTY is empty: export it, then start again",
        f"6: hosts[2].access.sudo_password: {tmp_path}/open: everyone on this machine may read it: chmod 600, and perhaps a new secret",
        "7: hosts[3].access.password: the environment variable that it names is not set: export it, then start again",
        f"7: hosts[3].access.sudo_password: {tmp_path}/empty: the file is empty: write the secret into it",
        "8: hosts[4].access.password: this file: no such file: mend the path",
        f"8: hosts[4].access.sudo_password: {tmp_path}/binary: not a text: save the secret as UTF-8",
        f"9: hosts[5].access.password: {tmp_path}: a directory, not a file: name the file in it",
    ]


def test_the_same_secret_is_fetched_once(tmp_path: Path) -> None:
    reads: list[str] = []

    class Counting(UserDict[str, str]):
        def __getitem__(self, key: str) -> str:
            reads.append(key)
            return super().__getitem__(key)

    environ = Counting(PW="x")
    path = write(tmp_path, "access: {password: {env: PW}, sudo_password: {env: PW}}\nhosts: [{address: pi, role: control-plane}, po]")
    assert len(resolve(load(path), None, environ)) == 2
    assert reads.count("PW") == 1
