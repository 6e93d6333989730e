"""answers/*.yaml are files that people write; the .txt beside each is what kinstall says about it, as `line: key: what: mend`.

UPDATE_GOLDEN=1 pytest tests/unit/test_answers.py writes the .txt files anew; the diff is for reading.
"""

from __future__ import annotations

import os
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from kinstall.answers import AddonsEntry, Answers, check, complaint, dump, load, parse
from kinstall.answers.addons import ENTRIES
from kinstall.answers.sources import DOCKER_RPM_KEY
from kinstall.answers.switches import SWITCHES
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
    assert (answers.access.password, answers.addons) == (None, AddonsEntry())


HOST = "hosts: [{name: a, address: 10.0.0.1, role: control-plane}]\n"


def chosen(answers: Answers) -> list[str]:
    return [name for name, field in AddonsEntry.written() if name in SWITCHES and getattr(answers.addons, name.replace("-", "_"))]


@pytest.mark.parametrize(("text", "wanted"), [
    ("", SWITCHES), ("addons:", SWITCHES), ("addons: all", SWITCHES), ("addons: true", SWITCHES), ("addons: Yes", SWITCHES),
    ("addons: none", ()), ("addons: false", ()), ("addons: NO", ()), ("addons: off", ()), ("addons: {}", SWITCHES),
    ("addons: {helm: no, grafana: off, prometheus: False, metrics-server: n}", ("kube-state-metrics", "node-exporter")),
    ("addons: {helm: yes, grafana: {}, prometheus: ON}", SWITCHES),
    ("addons: {grafana: false, kube-state-metrics: no}", ("helm", "metrics-server", "node-exporter", "prometheus")),
])
def test_which_addons_are_on(text: str, wanted: tuple[str, ...]) -> None:
    answers = parse(HOST + text)
    assert chosen(answers) == list(wanted)
    assert parse(dump(answers)) == answers
    assert (answers.addons.storage.kind, answers.addons.storage.claims) == ("none", ())


def test_every_addon_that_has_keys_takes_true_for_its_defaults() -> None:
    for name, entry in ENTRIES.items():
        addons = parse(HOST + f"addons: {{{name}: true}}").addons
        assert getattr(addons, name.replace("-", "_")) == entry()


def test_what_addons_are_given() -> None:
    answers = load(CASES[0].with_name("addons-right.yaml"))
    addons = answers.addons
    assert addons.helm and addons.prometheus and addons.grafana and addons.metrics_server
    assert (addons.helm.version, addons.metrics_server.kubelet_tls) == ("4.3.1", "serving")
    assert (addons.prometheus.directory, addons.prometheus.size, addons.prometheus.node_port) == ("/srv/data/prometheus", "512Mi", 32767)
    assert (addons.grafana.user, addons.grafana.node_port) == ("admin@home.lan", 30004)
    web, other = addons.storage.claims
    assert (web.nodes, web.owner, web.namespace, other.namespace) == (("w1", "w1", "w2"), "999:999", "shop", "default")
    assert addons.storage.kind == "local-path"
    helm = answers.sources.helm
    assert (helm.url, (helm.sha256.amd64 or "")[:8], helm.sha256.arm64) == ("http://mirror.lan/helm", "e3b0c442", None)
    assert answers.sources.images.model_dump(exclude_none=True) == {"docker.io": "mirror.lan:5000/docker", "quay.io": "mirror.lan/quay"}


@pytest.mark.parametrize(("written", "kind"), [("local-path", "local-path"), ("none", "none"), ("no", "none"), ("{class: none}", "none")])
def test_storage_in_a_word(written: str, kind: str) -> None:
    assert parse(HOST + f"addons: {{storage: {written}}}").addons.storage.kind == kind


def test_a_dump_says_true_and_false() -> None:
    text = dump(parse(HOST + "addons: {helm: {}, grafana: no, node-exporter: yes, storage: {class: local-path}}"))
    for line in ("helm: true", "grafana: false", "node-exporter: true", "class: local-path"):
        assert f"  {line}\n" in text


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
    assert check(load(CASES[0].with_name("addons-right.yaml"))) == ()


def test_addons_from_a_wizard_are_checked_too() -> None:
    addons = {"node-exporter": False, "prometheus": {"node": "b", "node_port": 30004}, "storage": {"directory": "/srv/x"}}
    answers = Answers.model_validate({"hosts": [{"name": "a", "address": "10.0.0.1", "role": "control-plane"}], "addons": addons})
    assert [(problem.key, problem.what) for problem in check(answers)] == [
        ("addons.prometheus.node", "not one of the hosts"),
        ("addons.prometheus.node_port", "the same port as grafana has, 30004"),
        ("addons.node-exporter", "off, and Grafana's dashboards ask for what it tells"),
    ]


@pytest.mark.parametrize(("key", "text", "said"), [
    ("hosts.address", "192.168.1.31", ""),
    ("hosts.address", "192.168.1.311", "not an IPv4 address"),
    ("hosts.name", "Node 1", "not a name: lowercase letters, digits and - inside, 63 at most: write node-1"),
    ("network.pods", "10.244.0.0/16", ""),
    ("cluster.kubernetes", "newest", "not a Kubernetes version"),
    ("access.port", "ssh", "must be a whole number"),
    ("sources.docker.fingerprint", "12", "not a key's fingerprint"),
    ("firewall", "opne", "a value that is not known here: did you mean open?"),
    ("addons", "none", ""),
    ("addons", "some", "a value that is not known here"),
    ("addons.helm", "no", ""),
    ("addons.helm", "perhaps", "neither true, false nor a group of keys"),
    ("addons.node-exporter", "perhaps", "must be true or false"),
    ("addons.prometheus.size", "10G", "not a size: write 10Gi"),
    ("addons.grafana.node_port", "3000", "not a node port: write one from 30000 to 32767"),
    ("addons.storage.claims.directory", "/usr/share/web", "a directory of the system"),
    ("sources.images.docker.io", "mirror.lan:5000", ""),
    ("sources.images.docker.io", "https://mirror.lan", "not an image registry"),
    ("sources.helm.sha256", "abc", "not a SHA-256"),
])
def test_one_value_can_be_tried(key: str, text: str, said: str) -> None:
    told = complaint(key, text)
    assert told.startswith(said)
    assert bool(told) == bool(said)


def test_dump_writes_what_was_decided_and_nothing_else() -> None:
    text = dump(load(CASES[0].with_name("four-lines.yaml")))
    assert "sources" not in text
    assert "name: kmaster" in text
