"""What holds for all answers: they survive a dump, no message ever shows a secret, and no text makes the reader fall over."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kinstall.answers import Answers, dump, parse, resolve_all
from kinstall.errors import AnswersError

labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
paths = st.from_regex(r"(~/|/|\./)[a-z ._:#-]{1,10}[a-z]", fullmatch=True)
references = st.one_of(
    st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True).map(lambda name: {"env": name}), paths.map(lambda path: {"file": path}),
    st.just({"prompt": True}))
prints = st.text("0123456789abcdefABCDEF", min_size=40, max_size=40)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
urls = st.builds("{}://{}/{}".format, st.sampled_from(["https", "http"]), labels, labels)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


accesses = some(
    user=st.from_regex(r"[a-z_][a-z0-9_.-]{0,9}", fullmatch=True), port=st.integers(1, 65535), key=paths, key_passphrase=references,
    password=references, sudo_password=references, agent=st.booleans(), jump=labels, host_key=st.just("SHA256:" + "a+/" * 14 + "b"))
clusters = some(
    name=labels, kubernetes=st.sampled_from(["auto", "1.30", "1.36", "v1.37.2"]), kubeconfig=st.none() | paths)
manifests = st.fixed_dictionaries({"sha256": hashes}, optional={"url": urls | st.just("./x.yaml"), "version": st.just("3.33.0")})
sizes = st.builds("{}{}".format, st.integers(1, 999), st.sampled_from(["Mi", "Gi", "Ti"]))
folders = st.builds("/srv/{}".format, labels)
helm_sources = st.fixed_dictionaries(
    {"sha256": hashes | st.fixed_dictionaries({"amd64": hashes}, optional={"arm64": hashes})}, optional={"url": urls})
sources = some(
    helm=helm_sources, charts=urls, images=some(**{"docker.io": st.just("mirror.lan/docker"), "quay.io": st.just("mirror.lan:5000")}),
    kubernetes=some(url=urls, fingerprint=prints, versions=urls), docker=some(url=urls, fingerprint=prints, rpm_fingerprint=prints),
    registry=st.just("mirror.lan:5000/k8s"), vault=urls, calico=manifests, flannel=manifests)
switch = st.booleans() | st.sampled_from(["yes", "no", "On", "off"])


@st.composite
def addons(draw: st.DrawFn, nodes: list[str]) -> Any:
    """With words or keys for each; with Grafana and what it needs, or without; directories and names apart."""
    node = st.sampled_from(nodes)
    monitoring: dict[str, Any] = {"grafana": False, "prometheus": draw(switch), "node-exporter": draw(switch)} if draw(st.booleans()) else {
        "prometheus": draw(some(node=node, size=sizes, directory=st.just("/srv-prometheus"), retention=st.sampled_from(["15d", "1y2w"]))),
        "grafana": draw(some(node=node, node_port=st.integers(30100, 32767), user=labels, password=references)),
    }
    claims = draw(st.lists(st.fixed_dictionaries(
        {"statefulset": labels, "claim": labels, "directory": folders, "nodes": st.lists(node, min_size=1, max_size=3, unique=True)},
        optional={"namespace": labels, "size": sizes, "owner": st.just("999:0")},
    ), max_size=1))
    storage = {"claims": claims} | draw(st.just({}) | st.just({"class": "local-path"}))
    return draw(st.sampled_from(["all", "none", True, False]) | st.just(monitoring | {"storage": storage} | draw(some(
        helm=switch | some(version=st.sampled_from(["3", "4"])), **{"metrics-server": some(kubelet_tls=st.just("serving"))}))))


names = st.lists(labels, min_size=1, max_size=5, unique=True)


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    hosts = [
        {"name": name, "address": f"192.168.7.{index + 1}", "role": "worker" if index else "control-plane"} | draw(some(access=accesses))
        for index, name in enumerate(draw(names))]
    chosen = addons([str(host["name"]) for host in hosts])
    return Answers.model_validate({"hosts": hosts} | draw(some(
        cluster=clusters, access=accesses, sources=sources, network=some(plugin=st.sampled_from(["calico", "flannel"])),
        addons=chosen, firewall=st.sampled_from(["open", "disable", "leave"]),
        allow=st.lists(st.sampled_from(["cgroup-v1", "kernel"]), unique=True))))


@given(answers())
def test_answers_survive_a_dump(given_answers: Answers) -> None:
    text = dump(given_answers)
    again = parse(text)
    assert again == given_answers
    assert dump(again) == text


# Where a secret ends up when somebody did not read the manual. §: the secret.
PLACES = [
    "access: {password: §}", "access: {password: '§'}", "access:\n  password: §\n", "access:\n  sudo_password: |\n    §\n", "password: §",
    "access: {key_passphrase: {§}}", "access: {password: {§: x}}", "access: {password: {env: '§!'}}", "access: {password: [§]}",
    "access: {password: {§: x, §: y}}", "access: {password: {prompt: §}}", "access: {password: {env: §, x: §}}", "access: {sudo_pass: §}",
    "access: {passphrase: {§: §}}", "access: {password: *§}", "access: {password: !§ x}", "access: {password: !§!a x}",
    "access: {password: &§ x}", "access: {password:§}", "access: {password: a,§}", "access: {user: 'me:§'}", "access: {jump: 'me:§@gate'}",
    "access: {key: '-----BEGIN PRIVATE KEY-----\n\n§'}", "hosts: ['me:§@10.0.0.1']", "hosts: [{name: a, address: 'me:§@10.0.0.1'}]",
    "hosts: [{name: a, address: x, access: {password: §}}]", "hosts: [{name: a, address: x, password: §}]", "access: {host_key: §}",
    "sources: {docker: {url: 'https://me:§@mirror/'}}", "sources: {calico: {url: 'https://me:§@mirror/', sha256: '§'}}",
    "sources: {registry: 'https://me:§@mirror/'}", "access: {password: \"§\\q\"}", "access: {password: '§", "access: §", "cluster: [§]",
    "cluster: {kubernetes: '§'}", "addons: ['§']", "addons: §", "addons: {grafana: §}", "addons: {grafana: {password: §}}",
    "addons: {grafana: {password: [§]}}", "addons: {grafana: {user: 'me:§'}}", "addons: {prometheus: {size: §}}", "addons: {storage: §}",
    "addons: {prometheus: {retention: §}}", "addons: {storage: {claims: [{claim: '§!'}]}}", "addons: {helm: {version: §}}",
    "addons: {storage: {claims: [{directory: '§'}]}}", "sources: {helm: {url: 'https://me:§@mirror/', sha256: '§'}}",
    "sources: {images: {docker.io: 'me:§@mirror'}}",
]
letters = st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc", "Cs"])
secrets = st.text(letters, max_size=12).map("S3cr3t".__add__)


@given(secrets, st.sampled_from(PLACES))
def test_no_message_shows_a_secret(secret: str, place: str) -> None:
    try:
        parse(place.replace("§", secret))
    except AnswersError as error:
        assert "S3cr3t" not in str(error)
        assert "S3cr3t" not in repr(error.__cause__)


def test_no_message_shows_a_secret_in_any_of_the_places() -> None:
    for place in PLACES:
        for secret in ("S3cr3t", "S3cr3t: x", "S3cr3t #", "S3cr3t, b"):
            with pytest.raises(AnswersError) as caught:
                parse(place.replace("§", secret))
            # Between braces, `password: a,b: x` holds two keys in earnest.
            assert "S3cr3t" not in str(caught.value) or (secret, place) == ("S3cr3t: x", "access: {password: a,§}")


@given(answers(), secrets)
def test_resolving_shows_no_secret(given_answers: Answers, secret: str) -> None:
    environ = dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", secret)
    try:
        hosts = resolve_all(given_answers, lambda question: secret, environ)
    except AnswersError as error:
        assert "S3cr3t" not in str(error)
    else:
        assert "S3cr3t" not in repr(hosts)
    assert "S3cr3t" not in dump(given_answers)


@given(st.text(st.sampled_from("hosts:{}[]- \n'\"&*!|>#%@`?,a<"), max_size=40))
def test_any_text_is_answers_or_an_error_about_them(text: str) -> None:
    with suppress(AnswersError):
        parse(text)


words = st.sampled_from([
    "hosts", "access", "network", "sources", "cluster", "addons", "name", "address", "role", "password", "env", "calico", "url", "docker",
    "fingerprint", "pods", "allow", "helm", "grafana", "prometheus", "storage", "claims", "nodes", "node", "directory", "class", "version",
    "node_port", "sha256", "images"])


@given(st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4)))
def test_any_data_is_answers_or_an_error_about_them(data: object) -> None:
    try:
        parse(yaml.safe_dump(data))
    except AnswersError as error:
        assert "see docs/answers.md" not in str(error)  # that is what is said of errors nobody foresaw
