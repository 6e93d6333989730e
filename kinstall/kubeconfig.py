"""The admin's own kubeconfig: a context for the new cluster is merged in, everything else in it stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kinstall.errors import KinstallError
from kinstall.private import write

EMPTY: Mapping[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}


def merged(existing: Mapping[str, Any], admin_conf: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A kubeconfig with the cluster, the user and the context of `admin_conf` under `name` (user: `name-admin`). Pure.

    An entry of that name is replaced. The current context is set only where there was none.
    """
    user = f"{name}-admin"
    ours = {
        "clusters": {"name": name, "cluster": admin_conf["clusters"][0]["cluster"]},
        "users": {"name": user, "user": admin_conf["users"][0]["user"]},
        "contexts": {"name": name, "context": {"cluster": name, "user": user}},
    }
    after = {**EMPTY, **existing}
    for section, entry in ours.items():
        others = [other for other in after.get(section) or [] if other.get("name") != entry["name"]]
        after[section] = [*others, entry]
    return after if after.get("current-context") else {**after, "current-context": name}


def merge_into(path: Path, admin_conf: str, name: str) -> bool:
    """Merge into the file at `path` (0600, replaced whole). False when it was so already. Raises KinstallError when it is no kubeconfig."""
    try:
        before = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
        after = merged(before or {}, yaml.safe_load(admin_conf), name)
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        hint = "The cluster itself is ready. Mend the file, or name another one in cluster.kubeconfig."
        raise KinstallError(f"{path} could not be merged into: {type(error).__name__}", hint=hint) from error
    if after == before:
        return False
    path = path.resolve()  # a symlink stays one
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = path.with_name(f"{path.name}.before-kinstall")
    if path.exists() and not kept.exists():
        kept.touch(mode=0o600)
        kept.write_bytes(path.read_bytes())
    write(path, yaml.safe_dump(after, sort_keys=False))
    return True
