"""The script that travels: under every shell here, harmless, and read back whole; and a whole check of this very machine as two hosts."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinstall.answers import Answers
from kinstall.checks import ALLOWED, CHECKS, Check, Level, Observed, Source, Subject, judge_host, read, script
from kinstall.checks.listener import attempt, listen, stop
from kinstall.checks.model import is_address
from kinstall.checks.reach import attempts, listening, processes
from kinstall.checks.reference import reference
from kinstall.checks.run import check
from kinstall.checks.script import SHORT
from kinstall.checks.wanted import of_answers
from kinstall.errors import ConnectionLost
from kinstall.model import Facts, Host, Role
from kinstall.runner import Runner
from kinstall.transport import Result, framed
from tests.unit.test_checks import CP, W1, WANTED

SHELLS = [shell for shell in ("sh", "dash", "bash", "busybox") if shutil.which(shell)]
# refused at once: nothing leaves this machine
NOWHERE = (Source(id="kubernetes", title="Kubernetes' packages", url="https://127.0.0.1:1/deb", exact=True),
           Source(id="mirror", title="the registry", url="https://127.0.0.1:1/v2/", exact=True, image=True))
HERE = replace(WANTED, sources=NOWHERE, names=("localhost",), vault="")
# what would change a host, were it a command in a probe
CHANGES = re.compile(r"(^|[;&|(]\s*|\bdo\s+|\bthen\s+)(rm|mv|cp|sed -i|tee|dd|mkdir|touch|mktemp|ln|chmod|chown|kill|modprobe(?! -nq)|"
                     r"systemctl (?!is-active|show|list|--version)|apt-get (?!indextargets)|dnf|rpm -[^q]|ip link (?!show)|"
                     r"iptables -|nft (?!list))\b", re.MULTILINE)


def command(shell: str) -> list[str]:
    return [shutil.which(shell) or shell, *(["sh"] if shell == "busybox" else []), "-s"]


def sh(text: str, shell: str = "sh", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(shell), input=text, capture_output=True, text=True, env=environment or None)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_runs_quietly_and_every_probe_prints_its_line(shell: str) -> None:
    began = time.time()
    run = sh(framed(script(HERE, "root")).decode(), shell)     # as a transport sends it
    printed = read(run.stdout)
    assert run.stderr == "" and run.returncode == 0
    assert set(printed.seen) == {check.id for check in CHECKS if check.probe}
    assert began - 1 < printed.began < printed.ended < time.time() + 1
    assert printed.facts.arch and printed.facts.boot_id
    found = {result.check: result.finding for result in judge_host(Observed(Subject(CP, printed.facts, HERE), printed.seen))}
    assert "refused" in found["sources"].sentence or "no connection" in found["sources"].sentence
    assert found["dns"].level is Level.OK and found["localhost"].level is Level.OK


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_understood_by_every_shell(shell: str) -> None:
    run = subprocess.run([*command(shell)[:-1], "-n"], input=script(HERE), capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_the_script_is_quiet_where_next_to_nothing_is_installed(tmp_path: Path) -> None:
    for name in ("base64", "tr", "head", "date", "cat"):
        (tmp_path / name).symlink_to(cast(str, shutil.which(name)))
    text, times = re.subn(r'PATH="\$PATH:[^"]*"', f'PATH="{tmp_path}"', script(HERE, "root"))
    assert times == 2
    printed = read(sh(text).stdout)
    assert set(printed.seen) == {check.id for check in CHECKS if check.probe}
    assert judge_host(Observed(Subject(CP, printed.facts, HERE), printed.seen))


@pytest.mark.parametrize("one", [check for check in CHECKS if check.probe], ids=lambda one: one.id)
def test_a_probe_only_reads(one: Check) -> None:
    bare = re.sub(r"'[^']*'", "''", one.probe).replace("3<>", "")
    assert not CHANGES.search(bare), CHANGES.search(bare)
    assert not re.search(r">\s*(?!/dev/null|&1)[/$\"\w]", bare), "it writes a file"


def test_what_would_change_a_host_would_be_found() -> None:
    for bad in ("rm -f /x", "a; sed -i s,a,b, /x", "for x in a; do mv a b; done", "modprobe overlay", "systemctl stop x", "apt-get update"):
        assert CHANGES.search(bad), bad


def test_answers_are_quoted() -> None:
    text = script(replace(HERE, names=("$(touch /tmp/x)", "a'b"), vault="`id`"), "a; reboot")
    assert "names='$(touch /tmp/x) a'\"'\"'b'" in text and "vault='`id`'" in text and "account='a; reboot'" in text


def test_lines_of_slow_probes_reach_a_pipe_whole() -> None:
    assert len(base64.b64encode(b"x" * SHORT)) + max(len(check.id) for check in CHECKS) + len("check. \n") < 4096


def test_odd_lines_do_not_disturb() -> None:
    good = f"check.swap {base64.b64encode(b'zram').decode()}\n"
    odd = "Last login: today\ncheck.dns %%%\n"
    assert read(f"{odd}{good}check.began {base64.b64encode(b'1700000000.%N').decode()}\n").seen == {"swap": "zram"}
    assert read(f"check.began {base64.b64encode(b'1700000000.5').decode()}\n").began == 1700000000.5


@given(st.text())
def test_reading_never_raises(out: str) -> None:
    assert isinstance(read(out).facts, Facts)


# ---- reach, with real sockets ----
def only(tmp_path: Path, *names: str) -> str:
    """A PATH with these programs alone."""
    for name in names:
        (tmp_path / name).symlink_to(Path(sys.executable).resolve() if name == "python3" else cast(str, shutil.which(name)))
    return str(tmp_path)


@pytest.mark.parametrize("tool", ["python3", "perl", "socat"])
def test_a_listener_answers_and_is_ended(tool: str, tmp_path: Path) -> None:
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not here")
    path = only(tmp_path, tool, "grep", "sleep", "ls", "timeout", "setsid")
    out = sh(listen(["36443/tcp", "38472/udp"], "127.0.0.2"), PATH=path).stdout
    try:
        assert out.splitlines()[0] in (f"tool {tool.rstrip('3')}", f"tool {path}/{tool}")
        assert listening(out) == {"36443/tcp": "ours", "38472/udp": "ours"}, out
        again = listening(sh(listen(["36443/tcp"], "127.0.0.2")).stdout)
        assert again == {"36443/tcp": "taken"}
        places = [("127.0.0.2", "36443/tcp"), ("127.0.0.2", "38472/udp"), ("127.0.0.2", "36444/tcp"), ("127.0.0.2", "38473/udp")]
        ends = attempts(sh(attempt(places)).stdout)
        assert [ends[place][0] == 0 for place in places] == [True, True, False, False]
        assert all("refused" in ends[place][1] for place in places[2:])
    finally:
        sh(stop(processes(out)))
    time.sleep(0.1)
    assert attempts(sh(attempt(places[:1])).stdout)[places[0]][0] != 0


def test_without_anything_to_listen_with_it_says_so(tmp_path: Path) -> None:
    out = sh(listen(["36443/tcp"], "127.0.0.2"), PATH=only(tmp_path, "grep", "sleep")).stdout
    assert out.splitlines() == ["tool none", "36443/tcp failed"]


# ---- a whole check ----
class Here(Runner):
    """A runner whose host is this very machine, without a connection."""

    def __init__(self, name: str) -> None:
        self.host, self.scripts = name, 0

    async def script(self, shell: str) -> Result:
        self.scripts += 1
        run = sh(framed(shell).decode())
        return Result(run.returncode, run.stdout, run.stderr)


class Gone(Here):
    """A runner whose host is gone."""

    async def script(self, shell: str) -> Result:
        raise ConnectionLost("the connection broke")


def answers() -> Answers:
    hosts = [{"name": "cp1", "address": "127.0.0.2", "role": "control-plane", "node_address": "127.0.0.2"},
             {"name": "w1", "address": "127.0.0.3", "node_address": "127.0.0.3"},
             {"name": "w2", "address": "127.0.0.4", "node_address": "127.0.0.4"}]
    sources = {"kubernetes": {"url": "https://127.0.0.1:1"}, "docker": {"url": "https://127.0.0.1:1"}, "registry": "127.0.0.1:1/k8s"}
    return Answers.model_validate({"hosts": hosts, "sources": sources, "network": {"plugin": "flannel"}})


async def test_a_whole_check_in_one_script_a_host_and_the_tries() -> None:
    entries = answers()
    hosts = [Host(name=host.name, address=host.address, role=host.role) for host in entries.hosts]
    runners = {"cp1": Here("cp1"), "w1": Here("w1"), "w2": Gone("w2")}
    report = await check(entries, hosts, runners)
    assert [(error.host, error.step) for error in report.errors] == [("w2", "check")]
    assert set(report.facts) == {"cp1", "w1"} and runners["cp1"].scripts == 4  # facts and probes; listen; attempt; stop
    assert {result.host for result in report.results} <= {"cp1", "w1", ""}
    reach = {result.host: result.finding for result in report.results if result.check == "reach"}
    assert {host: finding.level for host, finding in reach.items()} == {"cp1": Level.OK, "w1": Level.OK}, reach
    assert {result.host for result in report.stops() if result.check == "duplicates"} == {"w1"}
    assert "sources" in {result.check for result in report.stops()} - {result.check for result in report.stops({"sources"})}
    ranks = [result.finding.level.rank for result in report.findings()]
    assert ranks == sorted(ranks, reverse=True)


def test_what_the_answers_want() -> None:
    hosts = [Host(name="cp1", address="127.0.0.2", role=Role.CONTROL_PLANE)]
    wanted = of_answers(Answers.model_validate({"hosts": [{"name": "cp1", "address": "127.0.0.2", "role": "control-plane"}]}), hosts,
                        today=WANTED.today, registries=["docker.io", "quay.io"])
    assert [source.url for source in wanted.sources] == [
        "https://pkgs.k8s.io/core:/stable:/v1.37/deb/Release.key", "https://download.docker.com/linux/", "https://registry.k8s.io/v2/",
        "https://quay.io/v2/", "https://registry-1.docker.io/v2/"]
    assert "registry-1.docker.io" in wanted.names and [source.image for source in wanted.sources] == [False, False, True, True, True]


def test_the_document_is_the_table() -> None:
    path = Path(__file__).parents[2] / "docs" / "checks.md"
    assert path.read_text(encoding="utf-8") == reference(), "write it anew: python -m kinstall.checks.reference > docs/checks.md"
    assert all(f"`{word}`" in reference() for word in ALLOWED)


def test_what_is_an_address() -> None:
    assert is_address("10.0.0.1") and not is_address("") and not is_address("::1") and not is_address(W1.name)
