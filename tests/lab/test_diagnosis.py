"""Installations that fail for real: the cause is named, quickly, with what mends it; after the mend the same command goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kinstall.events import CommandStarted, Failure, Output
from tests.lab.broken import CHAIN, DNS_LOOP, JOIN_DROPPED, Broken
from tests.lab.labctl.lab import Lab
from tests.lab.runs import Run, install, nodes

Answers = Callable[..., Path]
SOON = 15.0     # seconds from the last sign of life to the named cause; kubeadm's own wait is four minutes


def broken(lab: Lab, path: Path, one: Broken, host: str = "cp1") -> Run:
    """Break it, run, and see that the run names it in time; then mend it."""
    if one.spoil:
        lab.ssh(host, one.spoil)
    if one.fault:
        lab.mirror_fail(*one.fault)
    try:
        run = install(lab, path, *(word for allow in one.allow for word in ("--allow", allow)))
    finally:
        lab.mirror_clear()
        if one.mend:
            lab.ssh(host, one.mend)
    failures = [event for event in run.events if isinstance(event, Failure)]
    assert run.code == 1, run.everything
    named = [(failure.host, failure.step, failure.cause) for failure in failures]
    assert (host, one.step, one.cause) in named, (named, run.err)
    failure = failures[named.index((host, one.step, one.cause))]
    assert waited(run, failure) < SOON
    assert f"({one.cause})" in run.err, "and the person at the terminal sees it"
    return run


def waited(run: Run, failure: Failure) -> float:
    """Seconds from the last line that the step printed, or else its command's start, to the failure."""
    here = (failure.host, failure.step)
    spoken = [event for event in run.events if isinstance(event, Output | CommandStarted) and (event.host, event.step) == here]
    return failure.at - max((event.at for event in spoken if event.seq < failure.seq), default=failure.at)


def test_a_host_that_is_broken_again_and_again(lab: Lab, answers: Answers) -> None:
    """One failure after the other, each named and mended; in the end the cluster is there."""
    lab.fresh(cp1="debian12")
    path = answers()
    began = time.monotonic()
    for one in CHAIN:
        broken(lab, path, one)
    last = install(lab, path)
    assert last.code == 0, last.everything
    assert nodes(lab) == {"cp1": (True, "v1.37.2")}
    assert time.monotonic() - began < 900
    assert install(lab, path).ended.changed == 0


@pytest.mark.long
def test_a_loop_of_dns_is_named(lab: Lab, answers: Answers) -> None:
    """CoreDNS asks itself: its log says so, and no other place does."""
    lab.fresh(cp1="debian13")
    path = answers()
    broken(lab, path, DNS_LOOP)
    again = install(lab, path)
    assert again.code == 0, again.everything


def test_a_worker_that_does_not_reach_the_control_plane(lab: Lab, answers: Answers) -> None:
    """A firewall on the worker drops what goes to 6443: the join is not waited for until kubeadm gives up."""
    lab.fresh(cp1="debian12", w1="debian13")
    path = answers()
    run = broken(lab, path, JOIN_DROPPED, host="w1")
    (began,) = (event.at for event in run.events if isinstance(event, CommandStarted) and (event.host, event.step) == ("w1", "join"))
    (failed,) = (event.at for event in run.events if isinstance(event, Failure))
    assert failed - began < SOON, "it is silent from its first moment"
    again = install(lab, path)
    assert again.code == 0, again.everything


@pytest.mark.parametrize("what", ["docker", "kubernetes"])
def test_a_repository_signed_with_another_key_is_not_used(lab: Lab, answers: Answers, what: str) -> None:
    """The fingerprint in the answers is not that of the key: told before anything is taken from there."""
    lab.fresh(cp1="debian12")
    run = install(lab, answers(sources={what: {"fingerprint": "0" * 40}}))
    assert run.code == 1
    assert "0" * 40 in run.err or "fingerprint" in run.err
