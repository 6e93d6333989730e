"""kinstall check on real hosts that are really spoiled: it names what is wrong, and its own mend makes it right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from kinstall.events import Checking, Connected, Found
from tests.lab.labctl.lab import Lab
from tests.lab.runs import KINSTALL, Run, environment, install, newest, nodes
from tests.lab.spoiled import CNI0, HANDLED, ROUNDS, WEAVE, XENIAL, Round, Spoiled

Answers = Callable[..., Path]
Seen = Mapping[tuple[str, str], Found]
THREE = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}


def check(lab: Lab, answers: Path, *args: str) -> Run:
    """kinstall check, and what it left behind."""
    state = answers.parent / "state"
    done = lab.run(KINSTALL, "check", answers, *args, env=environment(state), timeout=120)
    return Run(done.returncode, done.stdout, done.stderr, newest(state))


def found(run: Run) -> Seen:
    """(host, check) -> the finding, of the last look of this run."""
    events = run.events
    last = max(number for number, event in enumerate(events) if isinstance(event, Checking))
    return {(event.host, event.check): event for event in events[last:] if isinstance(event, Found)}


@pytest.mark.long
@pytest.mark.parametrize("one", ROUNDS.values(), ids=ROUNDS)
def test_spoiled_hosts_are_named_mended_and_then_installed(lab: Lab, answers: Answers, one: Round) -> None:
    """Spoil, look, do what the findings say, look again; then an installation goes through, and another one changes nothing."""
    lab.fresh(**one.hosts)
    path, cases = answers(), one.cases
    before = found(check(lab, path))
    spoil(lab, cases)
    run = check(lab, path)
    seen = found(run)
    assert not [complaint for case in cases if (complaint := complaint_of(case, seen))], run.out
    assert run.code == 1 and "sesame" not in run.everything
    assert not {case.key for case in cases if case.level not in (HANDLED, "ok")} & set(before), "only what was spoiled is found"
    lab.mirror_clear()
    again = mended(lab, path, cases, seen)
    assert again.code == 0, again.out
    first, second = install(lab, path), install(lab, path)
    assert first.code == 0, first.everything
    assert nodes(lab) == dict.fromkeys(one.hosts, (True, "v1.37.2"))
    assert (second.code, second.ended.changed) == (0, 0), second.everything


def mended(lab: Lab, path: Path, cases: Sequence[Spoiled], seen: Seen) -> Run:
    """The look after the mends; twice, where one mend brings up the next (a proxy)."""
    for _ in range(2):
        mend(lab, cases, seen)
        again = check(lab, path)
        seen = found(again)
        if not still(cases, seen):
            break
    assert not still(cases, seen), again.out
    return again


def spoil(lab: Lab, cases: Sequence[Spoiled]) -> None:
    """The mirror last: what is installed to spoil a host comes from there."""
    for case in cases:
        if case.spoil:
            lab.ssh(case.host, case.spoil)
    for case in cases:
        if case.fault:
            lab.mirror_fail(*case.fault)


def complaint_of(case: Spoiled, seen: Seen) -> str:
    """What is not as it should be with what was found; "" when all is well."""
    one = seen.get(case.key)
    if one is None:
        return "" if case.level == "ok" else f"{case.key}: nothing was found"
    well = one.level == case.level and case.says in one.sentence and (one.mend or one.advice or case.level == HANDLED)
    return "" if well else f"{case.key}: {one}"


def mend(lab: Lab, cases: Iterable[Spoiled], seen: Seen) -> None:
    """The commands of each finding that is there, as they were printed, or the given ones where words say what to do."""
    for case in ours(cases):
        commands = case.mend or "\n".join(seen[case.key].mend) if case.key in seen else ""
        if commands:
            lab.ssh(case.host, f"set -e\n{commands}")


def still(cases: Iterable[Spoiled], seen: Seen) -> list[Found]:
    """What is still found that has commands; settings that the installation replaces are told until then."""
    return [seen[case.key] for case in ours(cases) if case.key in seen and (case.mend or seen[case.key].mend)]


def ours(cases: Iterable[Spoiled]) -> list[Spoiled]:
    """What the installation does not handle by itself."""
    return [case for case in cases if case.level not in (HANDLED, "ok")]


def test_three_hosts_in_the_time_of_a_connection_and_a_script(lab: Lab, answers: Answers) -> None:
    """Fresh hosts: nothing blocks, nothing is changed; each host was connected to once. --json tells the same as events."""
    lab.fresh(**THREE)
    path = answers()
    for name in THREE:
        lab.ssh(name, MARK)
    run = check(lab, path, "--json")
    assert run.code == 0, run.everything
    assert "blocking" not in {event.level for event in found(run).values()}
    assert sorted(event.host for event in run.events if isinstance(event, Connected)) == sorted(THREE)
    told = [json.loads(line) for line in run.out.splitlines()]
    assert {(one["host"], one["check"]) for one in told if one["type"] == "found"} == set(found(run))
    assert run.ended.seconds < 10
    assert {name: lab.ssh(name, CHANGED) for name in THREE} == dict.fromkeys(THREE, "")


MARK = "touch /root/mark; sleep 0.1"
# what sudo, apt and rpm keep for themselves whenever they are asked something
THEIRS = ("/var/log", "/tmp", "/var/tmp", "/run", "/home", "/var/cache/apt", "*/.rpmdb")
ELSEWHERE = " -o ".join(f"-path '{path}' -prune" for path in THEIRS)
CHANGED = f"find / -xdev {ELSEWHERE} -o -not -type d -cnewer /root/mark -print"


def test_what_may_be_fixed_is_fixed_and_the_installation_then_converges(lab: Lab, answers: Answers) -> None:
    """An installation does not begin before what blocks is mended or allowed, changes nothing till then, and then goes through."""
    lab.fresh(cp1="debian13")
    path = answers()
    lab.ssh("cp1", f"{CNI0}; {WEAVE}; {XENIAL}; {MARK}")
    refused = install(lab, path)
    assert refused.code == 1
    assert "05-weave.conflist" in refused.err and "--allow cni-config" in refused.err and "cni0" in refused.err
    assert lab.ssh("cp1", CHANGED) == "", "nothing was changed"
    fixed = check(lab, path, "--fix")
    assert fixed.code == 0, fixed.everything
    assert "mended on cp1: cni-config" in fixed.err and "2 mended, looking again" in fixed.err
    lab.ssh("cp1", "echo '{}' > /etc/cni/net.d/99-other.conflist")
    run = install(lab, path, "--allow", "cni-config")
    assert run.code == 0, run.everything
    assert "allowed by the answers: cni-config" in run.path.read_text()
    assert nodes(lab) == {"cp1": (True, "v1.37.2")}
