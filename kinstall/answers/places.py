"""Directories for data on hosts: which ones they may not be, on which host they are, and how they are called there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

from kinstall.answers.scalars import wrong

_PATH: Final = r"/[A-Za-z0-9._/-]*"
# Directories that others live in: one below them is fine, they themselves would change their owner.
_SHARED: Final = frozenset({
    "/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/var", "/var/lib", "/var/local", "/var/opt", "/var/lib/kinstall",
})
# Nothing of anybody's data belongs here, at any depth.
_SYSTEM: Final = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/lost+found", "/proc", "/sbin", "/sys", "/usr",
    "/var/cache", "/var/lib/calico", "/var/lib/cni", "/var/lib/containerd", "/var/lib/docker", "/var/lib/dpkg", "/var/lib/etcd",
    "/var/lib/kinstall/proof-0", "/var/lib/kinstall/proof-1", "/var/lib/kubelet", "/var/lib/rpm", "/var/lib/systemd", "/var/log",
    "/var/mail", "/var/spool",
)
_EMPTIED: Final = ("/run", "/tmp", "/var/lock", "/var/run", "/var/tmp")  # noqa: S108  # the names of what is refused
_ELSEWHERE: Final = "write one of your own, such as /srv/web or /var/lib/kinstall/web"


def _directory(text: str) -> str:
    parts = text.split("/")
    if not re.fullmatch(_PATH, text) or "." in parts or ".." in parts:
        raise wrong("not the whole path of a directory", "begin it with /, and use letters, digits and ._- only, without . and ..")
    path = "/" + "/".join(filter(None, parts))
    if any(is_at_or_below(path, place) for place in _EMPTIED):
        raise wrong("a directory that is emptied at each start", _ELSEWHERE)
    if path in _SHARED or any(is_at_or_below(path, place) for place in _SYSTEM):
        raise wrong("a directory of the system", _ELSEWHERE)
    return path


def is_at_or_below(path: str, place: str) -> bool:
    """Is this path that place, or in it?"""
    return PurePosixPath(path).is_relative_to(place)


Directory = Annotated[str, AfterValidator(_directory), WithJsonSchema({"type": "string", "pattern": f"^{_PATH}$"})]


def default_node(hosts: Iterable[tuple[str, bool]]) -> str:
    """The host for data that nobody chose one for: the first worker, else the first host. `hosts`: each with whether it is a worker."""
    named = list(hosts)
    return next((name for name, is_worker in named if is_worker), named[0][0] if named else "")


def directories(directory: str, nodes: Sequence[str]) -> Iterator[str]:
    """The directory of each replica: the same on all hosts; on a host that has a replica already, with the replica's number behind it.

    So a replica that is added to the end of the list moves none of the others.
    """
    for ordinal, node in enumerate(nodes):
        yield f"{directory}-{ordinal}" if node in nodes[:ordinal] else directory
