"""The script that gathers evidence, run by the shells that are here; and what reads its output, whatever that is."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from kinstall.diagnosis import collect, merged, parse
from kinstall.diagnosis.sections import SECTIONS

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


def run(folder: Path, stubs: Mapping[str, str], shell: str = "sh") -> tuple[dict[str, list[str]], float]:
    """The script on this machine, with programs of our own before the real ones."""
    for name, body in stubs.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    began = time.monotonic()
    command = [shell, "sh"] if shell == "busybox" else [shell]
    script = collect(60, units=["kinstall-x-0.service"], names=["localhost"])
    env = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(command, input=script, capture_output=True, text=True, env=env, timeout=20, check=True)
    assert done.stderr == ""
    return parse(done.stdout), time.monotonic() - began


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_runs_in_every_shell_and_tells_what_is_here(shell: str, tmp_path: Path) -> None:
    found, _ = run(tmp_path, {}, shell)
    assert any(line.startswith("now 1") for line in found["time"])
    assert any(" used, " in line and line.startswith("space") for line in found["disk"])
    assert "lookup localhost: 127.0.0.1" in "\n".join(found["dns"]) or "lookup localhost: ::1" in "\n".join(found["dns"])
    assert found["units"][-1] in ("joined yes", "joined no")
    assert any(line.startswith("MemTotal: ") for line in found["memory"])


def test_journals_are_read_without_their_noise_and_repetitions(tmp_path: Path) -> None:
    journal = """case "$*" in
*"-u kubelet"*) n=100
  while [ $n -lt 600 ]; do echo "1764057601.$n w1 kubelet[1]: E1125 08:00:01.$n  1 a.go:1] \\"cannot\\" n=$n"; n=$((n + 1)); done
  echo '1764057602.0 w1 kubelet[1]: I1125 08:00:02.0  1 a.go:1] "SyncLoop ADD"'
  echo '1764057603.0 w1 kubelet[1]: E1125 08:00:03.0  1 a.go:1] "something else failed"' ;;
*"-u containerd"*) echo 'level=info msg=x'; echo '1.0 w1 containerd[1]: time="x" level=error msg="bad"' ;;
esac"""
    found, _ = run(tmp_path, {"journalctl": journal})
    assert 30 <= len(found["kubelet"]) <= 60
    assert found["kubelet"][0].endswith("n=100")
    assert found["kubelet"][-1].endswith('"something else failed"')
    assert not any("SyncLoop" in line for line in found["kubelet"])
    assert found["containerd"] == ['1.0 w1 containerd[1]: time="x" level=error msg="bad"']


def test_what_an_earlier_containerd_said_before_the_step_began_is_not_told(tmp_path: Path) -> None:
    """It was configured anew and restarted since: its old complaint once ended an init that went well."""
    journal = """case "$*" in
*"-b _SYSTEMD_INVOCATION_ID=now1"*) echo '9.0 w1 containerd[2]: level=warning msg="failed to load plugin" now' ;;
*"-b"*"containerd"*) echo '1.0 w1 containerd[1]: level=warning msg="failed to load plugin" then' ;;
esac"""
    found, _ = run(tmp_path, {"journalctl": journal, "systemctl": 'case "$*" in *InvocationID*) echo InvocationID=now1 ;; esac'})
    assert found["containerd"] == ['9.0 w1 containerd[2]: level=warning msg="failed to load plugin" now']


def test_an_event_that_repeats_is_told_at_its_first_and_at_its_last_time(tmp_path: Path) -> None:
    """The awk of the section, with what kubectl's template prints."""
    body = SECTIONS["events"]
    awk = body[body.index("awk -v") :].replace("""$(date -u -d "@$since" +%Y-%m-%dT%H:%M:%SZ)""", "2026-11-25T08:00:00Z")
    events = (
        "2026-11-25T08:05:00Z 2026-11-25T07:00:00Z node=w1 a/b Unhealthy: long\n"
        "2026-11-25T08:05:00Z 2026-11-25T08:05:00Z node=w1 a/c Failed: once\n"
        "2026-11-25T07:05:00Z 2026-11-25T07:00:00Z node=w1 a/d Failed: before\n"
        "Unable to connect to the server\n"
    )
    out = subprocess.run(["sh", "-c", awk], input=events, capture_output=True, text=True, check=True).stdout
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "2026-11-25T08:00:00Z node=w1 a/b Unhealthy: long", "2026-11-25T08:05:00Z node=w1 a/b Unhealthy: long",
        "2026-11-25T08:05:00Z node=w1 a/c Failed: once", "Unable to connect to the server",
    ]


def test_a_host_on_which_everything_hangs_answers_in_time(tmp_path: Path) -> None:
    hang = ("journalctl", "systemctl", "crictl", "df", "ip", "ss", "getent", "containerd", "ps", "timedatectl")
    found, seconds = run(tmp_path, dict.fromkeys(hang, "exec sleep 60"))
    assert seconds < 6
    assert any(line.startswith("now 1") for line in found["time"])


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    run(tmp_path, {})
    assert not [*Path("/run").glob("kinstall-look.*"), *Path("/dev/shm").glob("kinstall-look.*")]


def test_a_host_without_tools_says_less(tmp_path: Path) -> None:
    found, _ = run(tmp_path, dict.fromkeys(("journalctl", "systemctl", "crictl", "ip", "ss", "ps", "df"), "exit 127"))
    assert "kubelet" not in found
    assert "time" in found


def test_names_and_units_cannot_break_the_script() -> None:
    evil = "x'; touch /tmp/kinstall-evil; '"
    done = subprocess.run(["sh", "-n"], input=collect(1, units=[evil], names=[evil, "$(id)"]), capture_output=True, text=True, check=True)
    assert done.stderr == ""


def framed(name: str, text: str) -> str:
    return f"{name} {base64.b64encode(text.encode(errors='surrogateescape')).decode()}\n"


@pytest.mark.parametrize("text", ["kubelet x\nunits y", "a\x00b", "swap aGk=", "ünïcode \udcff", "x" * 9000])
def test_what_a_host_prints_cannot_break_the_framing(text: str) -> None:
    found = parse(framed("kubelet", text) + framed("swap", "/dev/sda5 partition 1"))
    assert set(found) == {"kubelet", "swap"}
    assert found["swap"] == ["/dev/sda5 partition 1"]


NO_SECTIONS = ["", "garbage", "kubelet", "kubelet !!!", "kubelet YQ", "moon YQ==", "\n\n", "Last login: today\nkubelet ="]


@pytest.mark.parametrize("out", NO_SECTIONS)
def test_what_is_no_section_is_no_evidence(out: str) -> None:
    assert parse(out) == {}


def test_sections_are_bounded_and_credentials_masked() -> None:
    found = parse(framed("events", "pull https://me:secret@mirror.lan/x failed\n" + "y\n" * 9000))
    assert found["events"][0] == "pull https://********@mirror.lan/x failed"
    assert len(found["events"]) == 400


def test_the_commands_own_output_belongs_to_the_evidence() -> None:
    assert merged({"swap": ["x"], "output": ["journal"]}, ["tail"]) == {"swap": ["x"], "output": ["tail"]}
    assert merged({"output": ["journal"]}) == {"output": ["journal"]}


def test_every_section_is_a_function_of_its_own() -> None:
    script = collect(1)
    assert all(f"s_{name}() {{" in script for name in SECTIONS)
