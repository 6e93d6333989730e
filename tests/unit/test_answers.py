"""answers/*.yaml are files that people write; the .txt beside each is what kinstall says about it, as `line: key: what: mend`.

UPDATE_GOLDEN=1 pytest tests/unit/test_answers.py writes the .txt files anew; the diff is for reading.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from kinstall.answers import Answers, check, complaint, dump, load, parse
from kinstall.answers.sources import DOCKER_RPM_KEY
from kinstall.errors import AnswersError
from kinstall.model import Role

CASES = sorted((Path(__file__).parent / "answers").glob("*.yaml"))


def problems(path: Path) -> list[str]:
    try:
        load(path)
    except AnswersError as error:
        return [str(problem).removeprefix(f"{path}:") for problem in error.problems]
    return []


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_problem_is_told(path: Path) -> None:
    golden, told = path.with_suffix(".txt"), "".join(f"{line}\n" for line in problems(path))
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(told)
    assert told == golden.read_text()
    assert "hunter" not in told


def test_four_lines_are_enough() -> None:
    answers = load(CASES[0].with_name("four-lines.yaml"))
    assert [(host.name, host.address, host.role) for host in answers.hosts] == [
        ("kmaster", "192.168.1.31", Role.CONTROL_PLANE),
        ("knode1", "192.168.1.32", Role.WORKER),
        ("node-192-168-1-33", "192.168.1.33", Role.WORKER),
    ]
    assert answers.hosts[2].access.user == "admin"
    assert (answers.cluster.name, answers.cluster.kubernetes, answers.network.plugin) == ("homelab", "auto", "calico")
    assert answers.firewall == "open"
    assert answers.selinux == "permissive"


def test_values_are_what_their_text_says() -> None:
    answers = load(CASES[0].with_name("everything-right.yaml"))
    assert answers.cluster.kubernetes == "1.30"
    assert answers.network.pods == IPv4Network("172.20.0.0/16")
    assert answers.sources.kubernetes.url == "https://mirror.lan/k8s"
    assert answers.sources.kubernetes.fingerprint == "DE15B14486CD377B9E876E1A234654DA9A296436"
    assert (answers.sources.calico.sha256 or "").startswith("e3b0c442")
    assert answers.access.agent is False
    assert (answers.access.password, answers.addons) == (None, ())


def test_one_fingerprint_counts_for_both_kinds_of_packages() -> None:
    host = "hosts: [{name: a, address: 10.0.0.1, role: control-plane}]\n"
    own = parse(host + f"sources: {{docker: {{fingerprint: {'1' * 40}}}}}").sources.docker
    assert own.rpm_fingerprint == own.fingerprint
    assert parse(host).sources.docker.rpm_fingerprint == DOCKER_RPM_KEY


def test_access_is_overridden_field_by_field() -> None:
    answers = load(CASES[0].with_name("everything-right.yaml"))
    merged = answers.access_of(answers.host("a"))
    assert (merged.user, merged.port, merged.agent) == ("systemv", 2222, False)


@pytest.mark.parametrize(("make", "said"), [
    (lambda path: None, ":0: no such file: mend the path"),
    (lambda path: path.mkdir(), ":0: a directory, not a file: name the file in it"),
    (lambda path: path.write_bytes(b"hosts:\n  - \xff"), ":2: not UTF-8: save the file as UTF-8"),
])
def test_a_file_that_cannot_be_read(tmp_path: Path, make: object, said: str) -> None:
    path = tmp_path / "answers.yaml"
    make(path)  # type: ignore[operator]
    with pytest.raises(AnswersError) as caught:
        load(path)
    assert str(caught.value) == f"{path}{said}"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise PermissionError

    monkeypatch.setattr("kinstall.answers.files.contents", refuse)
    with pytest.raises(AnswersError, match="you may not read this file"):
        load(tmp_path / "answers.yaml")


PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"


@pytest.mark.parametrize(("name", "text", "mode", "said"), [
    ("id", PRIVATE, 0o600, ""),
    ("id", PRIVATE, 0o640, "a key that others may read, which ssh refuses too: chmod 600 {}"),
    ("id.pub", "ssh-ed25519 AAAA me", 0o600, "a public key: name the private one, id"),
    ("key", "ecdsa-sha2-nistp256 AAAA me", 0o600, "a public key: name the private one"),
    ("id.ppk", "PuTTY-User-Key-File-3: ssh-ed25519", 0o600, "a key in PuTTY's format: puttygen"),
    ("id", "hello", 0o600, "not a private key: name the file that `ssh-keygen` wrote"),
    ("", "", 0, "a directory, not a file"),
    ("none", None, 0, "no such file"),
])
def test_keys_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str | None, mode: int, said: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    key = tmp_path / ".ssh" / name
    if text:
        key.write_text(text)
        key.chmod(mode)
    path = tmp_path / "answers.yaml"
    path.write_text(
        f"access: {{key: ~/.ssh/{name}}}\n"
        f"hosts: [{{name: a, address: 10.0.0.1, role: control-plane, access: {{key: .ssh/{name}}}}}]")
    told = problems(path)
    assert len(told) == (2 if said else 0)
    expected = said.format(key).replace("one, id", f"one, {tmp_path / '.ssh' / 'id'}").replace("puttygen", f"convert it: puttygen {key}")
    assert [line.startswith(f"{n}: {where}.key: {key}: {expected}") for n, where, line in zip(
        (1, 2), ("access", "hosts[0].access"), told, strict=False)] == [True] * len(told)


def test_answers_from_a_wizard_are_checked_too() -> None:
    hosts = ({"name": "a", "address": "10.0.0.1"}, {"name": "a", "address": "10.0.0.2"})
    answers = Answers.model_validate({"hosts": hosts})
    assert [(problem.line, problem.key, problem.what) for problem in check(answers)] == [
        (0, "hosts[1].name", "the same name as in hosts[0].name"), (0, "hosts", "no host is the control plane")]
    assert check(load(CASES[0].with_name("four-lines.yaml"))) == ()


@pytest.mark.parametrize(("key", "text", "said"), [
    ("hosts.address", "192.168.1.31", ""),
    ("hosts.address", "192.168.1.311", "not an IPv4 address"),
    ("hosts.name", "Node 1", "not a name: lowercase letters, digits and - inside, 63 at most: write node-1"),
    ("network.pods", "10.244.0.0/16", ""),
    ("cluster.kubernetes", "newest", "not a Kubernetes version"),
    ("access.port", "ssh", "must be a whole number"),
    ("sources.docker.fingerprint", "12", "not a key's fingerprint"),
    ("firewall", "opne", "a value that is not known here: did you mean open?"),
])
def test_one_value_can_be_tried(key: str, text: str, said: str) -> None:
    told = complaint(key, text)
    assert told.startswith(said)
    assert bool(told) == bool(said)


def test_dump_writes_what_was_decided_and_nothing_else() -> None:
    text = dump(load(CASES[0].with_name("four-lines.yaml")))
    assert "sources" not in text
    assert "name: kmaster" in text
