"""What cannot work is named per host, all at once, before anything is changed anywhere."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.lab.labctl.lab import Lab
from tests.lab.runs import KINSTALL, environment, install, wait_for_unit

Answers = Callable[..., Path]
TRACES = "ls /run/kinstall /etc/modules-load.d/kinstall.conf 2>/dev/null; grep -c kinstall /etc/hosts"


def edited(path: Path, **changes: dict[str, object]) -> Path:
    """answers.yaml with other access for these hosts; a host that is not there is added as a worker."""
    tree = yaml.safe_load(path.read_text())
    for name, change in changes.items():
        known = next((host for host in tree["hosts"] if host["name"] == name), None)
        if known is None:
            known = {"name": name, "role": "worker"}
            tree["hosts"].append(known)
        known |= change
    path.write_text(yaml.safe_dump(tree))
    return path


def test_every_host_that_cannot_be_used_is_named_together(lab: Lab, answers: Answers) -> None:
    lab.fresh(cp1="debian12", w1="centos8", w2="debian13", w3="debian12")
    lab.ssh("w2", "gpasswd -d systemv sudo")
    pins = {host.name: host.host_key for host in lab.hosts()}
    path = edited(
        answers(),
        w1={"access": {"host_key": pins["cp1"]}},                       # another machine's key
        w3={"access": {"host_key": pins["w3"], "password": {"env": "WRONG"}, "agent": False}},
        w4={"address": "10.77.0.99"},                                   # nobody there
    )
    run = install(lab, path, WRONG="not-the-password")
    assert run.code == 3
    assert "w1: its key is not the one expected" in run.err
    assert "w2: " in run.err
    assert "usermod -aG" in run.err
    assert "w3: " in run.err
    assert "w4: no connection to 10.77.0.99:22" in run.err
    assert "not-the-password" not in run.everything
    assert lab.ssh("cp1", f"{TRACES} || true") == "0\n", "the host that would have worked was left alone"


def test_an_unknown_host_key_is_not_accepted_by_itself(lab: Lab, answers: Answers) -> None:
    lab.fresh(cp1="debian12")
    path = edited(answers(), cp1={"access": {}})
    refused = install(lab, path)
    assert refused.code == 3
    key = lab.host("cp1").host_key
    assert f"host_key: {key}" in refused.err
    accepted = install(lab, path, "--plan", "--accept-new-host-keys")
    assert accepted.code == 0
    assert install(lab, path, "--plan").code == 0, "it is remembered"


def test_two_kinstalls_do_not_work_on_one_host(lab: Lab, answers: Answers) -> None:
    """The second is told who has the host, and changes nothing; a plan is free; a killed one leaves no claim behind."""
    lab.fresh(cp1="debian12")
    path = answers()
    first = lab.popen(KINSTALL, "--headless", path, env=environment(path.parent / "first"))
    wait_for_unit(lab, "kinstall-tools-")
    second = install(lab, path)
    assert second.code == 3
    assert "another kinstall works on this host" in second.err
    assert f"process {first.pid}" in second.err
    assert not second.statuses("running")
    assert install(lab, path, "--plan").code == 0
    first.kill()
    first.wait()
    third = lab.popen(KINSTALL, "--headless", path, env=environment(path.parent / "third"))
    wait_for_unit(lab, "kinstall-containerd-")
    third.send_signal(signal.SIGINT)
    assert third.wait(timeout=60) == 130


def test_hosts_that_are_unfit_are_named_together(lab: Lab, answers: Answers) -> None:
    lab.fresh(cp1="debian12", w1="debian13", w2="debian12")
    lab.ssh("w1", "sed -i 's/^ID=.*/ID=slackware/; /^ID_LIKE/d; /CODENAME/d; s/^PRETTY_NAME=.*/PRETTY_NAME=Slackware/' /etc/os-release")
    lab.ssh("w2", f"echo {lab.ssh('cp1', 'cat /etc/machine-id').strip()} > /etc/machine-id")
    run = install(lab, answers())
    assert run.code == 1
    assert "w1: Slackware is not a distribution that kinstall knows" in run.err
    assert "machine-id" in run.err
    assert lab.ssh("cp1", f"{TRACES} || true") == "0\n"


def test_a_cgroup_v1_host_limits_the_version_and_is_named(lab: Lab, answers: Answers) -> None:
    lab.fresh(cp1="debian12")
    run = install(lab, answers(allow=[]), "--plan")
    assert "cp1 cannot run 1.35" in run.everything
    assert "allow: [cgroup-v1]" in run.everything
