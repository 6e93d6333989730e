"""The admin's own kubeconfig: ours in, everything else as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kinstall.errors import KinstallError
from kinstall.kubeconfig import merge_into, merged

ADMIN = {
    "clusters": [{"name": "kubernetes", "cluster": {"server": "https://10.0.0.1:6443", "certificate-authority-data": "Q0E="}}],
    "users": [{"name": "kubernetes-admin", "user": {"client-key-data": "S0VZ"}}],
    "contexts": [{"name": "kubernetes-admin@kubernetes", "context": {}}],
}


def test_into_nothing() -> None:
    after = merged({}, ADMIN, "homelab")
    assert after["current-context"] == "homelab"
    assert after["contexts"] == [{"name": "homelab", "context": {"cluster": "homelab", "user": "homelab-admin"}}]


def test_others_stay_and_an_old_one_of_ours_is_replaced() -> None:
    other: dict[str, Any] = {"name": "work", "cluster": {"server": "https://work"}}
    before = {"clusters": [other, {"name": "homelab", "cluster": {"server": "https://old"}}], "current-context": "work", "users": None}
    after = merged(before, ADMIN, "homelab")
    assert after["current-context"] == "work"
    assert [entry["cluster"]["server"] for entry in after["clusters"]] == ["https://work", "https://10.0.0.1:6443"]


def test_the_file_is_private_and_written_only_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config"
    assert merge_into(path, yaml.safe_dump(ADMIN), "homelab")
    assert path.stat().st_mode & 0o777 == 0o600
    assert not merge_into(path, yaml.safe_dump(ADMIN), "homelab")


@pytest.mark.parametrize("text", ["- a list\n", "a: [\n"])
def test_what_is_no_kubeconfig_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(KinstallError, match="could not be merged"):
        merge_into(path, yaml.safe_dump(ADMIN), "homelab")
    assert path.read_text() == text
