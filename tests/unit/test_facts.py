"""What the probe prints becomes Facts: recorded hosts in tests/unit/facts, odd input, and the script itself under every shell here."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kinstall.distro import resolve
from kinstall.facts import PARSERS, parse, script
from kinstall.model import Facts

RECORDED = sorted((Path(__file__).parent / "facts").glob("*.yaml"))
SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]


def printed(probe: Mapping[str, str | bytes]) -> str:
    """What the script prints for these raw values."""
    raw = {key: value.encode() if isinstance(value, str) else value for key, value in probe.items()}
    return "".join(f"{key} {base64.b64encode(value).decode()}\n" for key, value in raw.items())


def plain(facts: Facts, name: str) -> Any:
    """A fact as the data files write it."""
    value = getattr(facts, name)
    if name == "addresses":
        return [f"{interface} {address}" for interface, address in value]
    return [str(each) for each in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_host(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    facts = parse(printed(case["probe"]))
    expect = case["expect"]
    assert resolve(facts.os_release).id == expect.pop("distro")
    assert {name: plain(facts, name) for name in expect} == expect
    assert facts.memory > 0 and facts.cpus > 0 and facts.free["/var"] > 0
    assert facts.addresses and facts.default_source in {str(address.ip) for _, address in facts.addresses}


def test_every_fact_has_a_parser_and_every_parser_a_line_in_the_script() -> None:
    assert set(PARSERS) == {field.name for field in fields(Facts)}
    assert all(f"say {key}\n" in script() for key in PARSERS)


def test_nothing_printed_is_every_default() -> None:
    assert parse("") == Facts()
    assert parse(printed(dict.fromkeys(PARSERS, ""))) == Facts()


def test_a_banner_does_not_disturb() -> None:
    assert parse("Welcome to host\nLast login: yesterday\n" + printed({"kernel": "6.1.0\n"}) + "bye").kernel == "6.1.0"


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    assert parse(printed({"hostname": b"caf\xe9\n"})).hostname == "caf\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(("text", "seen"), [
    ("containerd containerd.io 2.3.7 1c4457e\n", "2.3.7"),
    ("containerd github.com/containerd/containerd/v2 v2.2.0-rc.1 1c4457e\n", "2.2.0-rc.1"),
    ("containerd github.com/containerd/containerd 1.7.24~ds1 1.7.24~ds1-6+b4\n", "1.7.24~ds1"),
    ("containerd: command not found", ""),
])
def test_versions_of_containerd(text: str, seen: str) -> None:
    assert parse(printed({"containerd": text})).containerd == seen


def test_the_networks_of_other_plugins_are_no_networks_of_the_host() -> None:
    routes = """\
10.244.0.0/24 dev cni0 proto kernel scope link src 10.244.0.1
10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
10.245.1.0/26 via 10.0.0.5 dev tunl0 proto bird onlink
10.245.2.0/26 via 10.0.0.6 dev eth0 proto bird
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.4
192.168.122.0/24 dev virbr0 proto kernel scope link src 192.168.122.1 linkdown
unreachable 10.99.0.0/16 metric 5
"""
    assert plain(parse(printed({"routes": routes})), "routes") == ["10.0.0.0/24", "192.168.122.0/24"]


@given(st.text())
def test_parse_never_fails_on_any_text(text: str) -> None:
    assert isinstance(parse(text), Facts)


@given(st.dictionaries(st.sampled_from(sorted(PARSERS)), st.one_of(
    st.binary(),
    st.text("0123456789./ :\n\t\"'=#\\ABCdevinetsrcserver\N{ARABIC-INDIC DIGIT ONE}").map(str.encode),
)))
def test_parse_never_fails_on_any_value(probe: dict[str, bytes]) -> None:
    assert isinstance(parse(printed(probe)), Facts)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_runs_with_next_to_no_path(shell: str) -> None:
    command = [shutil.which(shell) or shell, *(["sh"] if shell == "busybox" else []), "-s"]
    run = subprocess.run(command, input=script("root"), env={"PATH": "/usr/bin"}, capture_output=True, text=True)
    facts = parse(run.stdout)
    assert run.stderr == ""
    assert [line.partition(" ")[0] for line in run.stdout.splitlines()] == [key for key in printed_order() if key in PARSERS]
    assert (facts.account, facts.home) == ("root", "/root")
    assert facts.arch and facts.cpus and facts.memory and facts.free["/"] and facts.boot_id


def printed_order() -> list[str]:
    """The keys in the order that the script says them in."""
    return [line.rpartition("say ")[2].strip() for line in script().splitlines() if "| say " in line]


def test_no_key_of_a_kubeconfig_is_printed() -> None:
    lines = [line for line in script().splitlines() if "/etc/kubernetes" in line]
    assert len(lines) == 1 and lines[0].strip().startswith("sed -n '/^ *server:/p' ")


def test_an_account_is_quoted() -> None:
    assert "account='a; reboot'\n" in script("a; reboot")
