"""What deserves another try, by what real programs print."""

from __future__ import annotations

import pytest

from kinstall.retries import deserved

REFUSED = "The connection to the server 10.77.0.11:6443 was refused - did you specify the right host or port?"
LISTS = [
    "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)",
    "E: Unable to lock directory /var/lib/apt/lists/",
]
DPKG = [
    "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)... 599s",
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)",
    "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
]


def test_the_api_server_restarts_in_kubectls_words() -> None:
    retry = deserved(["", REFUSED])
    assert retry and retry.name == "the API server is not ready yet"


def test_lists_are_waited_for_ten_minutes_and_dpkg_not_for_ten_hours() -> None:
    """apt fails at once when its lists are locked, and waits ten minutes by itself for dpkg's lock."""
    lists, dpkg = deserved(LISTS), deserved(DPKG)
    assert lists and dpkg
    assert lists.times * lists.pause == 600
    assert dpkg.times == 3


@pytest.mark.parametrize("line", ["E: Unable to locate package kubeadm", "error: no such file", DPKG[0]])
def test_everything_else_fails_at_once(line: str) -> None:
    """Also what failed of something else after a lock was waited for."""
    assert deserved([line]) is None
