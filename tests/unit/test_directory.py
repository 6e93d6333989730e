"""Directories of volumes: in a real shell where that shows more than text does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kinstall.states import Directory
from kinstall.states.directory import amount
from tests.unit.test_states import sh

ME = f"{os.getuid()}:{os.getgid()}"
DISK = "disk 41943040000 /\n"
IN_USE = "directory 750 65534:65534 nobody:nogroup\ncontents some\n"
EMPTY = IN_USE.replace("some", "none")
prometheus = Directory("/var/lib/kinstall/prometheus", room=10 << 30)


def made(state: Directory) -> str:
    """Carry it out here, and look again."""
    sh("set -e\n" + "\n".join(command.shell for command in state.commands(sh(state.probe()))))
    return sh(state.probe())


class TestOnThisMachine:
    def test_it_is_made_with_its_parents_and_is_met(self, tmp_path: Path) -> None:
        state = Directory(f"{tmp_path}/a b/it's", ME, "0750", room=1)
        assert not state.met(sh(state.probe()))
        assert state.met(made(state))
        assert (tmp_path / "a b").stat().st_mode & 0o777 == 0o755
        assert Path(state.path).stat().st_mode & 0o7777 == 0o750

    def test_an_existing_one_gets_its_mode_and_what_is_in_it_does_not(self, tmp_path: Path) -> None:
        path, inside = tmp_path / "x", tmp_path / "x/data"
        path.mkdir(mode=0o777)
        inside.write_text("data")
        inside.chmod(0o600)
        assert Directory(str(path), ME, "0750").met(made(Directory(str(path), ME, "0750")))
        assert inside.stat().st_mode & 0o777 == 0o600

    def test_more_room_than_there_is_is_refused_and_nothing_is_made(self, tmp_path: Path) -> None:
        state = Directory(f"{tmp_path}/x", ME, room=1 << 60)
        (command,) = state.commands(sh(state.probe()))
        said = sh(command.shell)
        assert said.startswith(f"kinstall: {tmp_path}/x: ")
        assert said.endswith(", 1024 PiB needed\n")
        assert not (tmp_path / "x").exists()

    @pytest.mark.parametrize(("kind", "said"), [("symlink", "it is a symlink to /tmp; name"), ("file", "it is a regular file, and should")])
    def test_what_is_no_directory_is_refused_and_stays(self, tmp_path: Path, kind: str, said: str) -> None:
        path = tmp_path / "x"
        path.symlink_to("/tmp") if kind == "symlink" else path.write_text("mine")
        state = Directory(str(path), ME)
        seen = sh(state.probe())
        assert not state.met(seen)
        assert state.objection(seen).startswith(said)
        assert "exit 1" in state.commands(seen)[0].shell

    def test_a_new_disk_with_its_lost_and_found_is_empty(self, tmp_path: Path) -> None:
        (tmp_path / "lost+found").mkdir()
        state = Directory(str(tmp_path), ME, room=1 << 60)
        assert "needed" in state.objection(sh(state.probe()))
        (tmp_path / "chunks").mkdir()
        assert state.objection(sh(state.probe())) == ""

    def test_undo_takes_an_empty_one_away_and_no_other(self, tmp_path: Path) -> None:
        state = Directory(f"{tmp_path}/x", ME)
        (command,) = state.undo(made(state))
        sh(command.shell)
        assert not (tmp_path / "x").exists()
        made(state)
        (tmp_path / "x/data").touch()
        assert state.undo(sh(state.probe())) == ()


class TestOwnerAndMode:
    def test_numbers_count_and_names_too(self) -> None:
        assert prometheus.met(IN_USE + DISK)
        assert Directory("/x", "nobody:nogroup").met(IN_USE + DISK)
        assert not Directory("/x", "472:0").met(IN_USE + DISK)

    @pytest.mark.parametrize(
        ("mode", "met"), [("750", True), ("2770", True), ("755", False), ("777", False), ("700", False), ("4750", True)]
    )
    def test_what_the_kubelet_adds_for_a_group_is_right(self, mode: str, met: bool) -> None:
        """Of a volume whose pod has fsGroup the kubelet changes group and mode. A second run must not change them back."""
        assert prometheus.met(IN_USE.replace("750", mode).replace(":65534", ":3000") + DISK) is met

    def test_one_for_root_is_taken_as_it_is(self) -> None:
        """A pod of a StatefulSet that runs as 33 has made it its own; nothing is taken from it by a second run."""
        assert Directory("/srv/web", "root:root", "0755").met(f"directory 700 33:33 www-data:www-data\ncontents some\n{DISK}")

    def test_only_what_is_wrong_is_changed(self) -> None:
        commands = prometheus.commands(f"directory 2755 0:0 root:root\ncontents some\n{DISK}")
        assert [command.shell for command in commands] == [
            "chown --no-dereference 65534:65534 /var/lib/kinstall/prometheus", "chmod 0750 /var/lib/kinstall/prometheus"
        ]


class TestRoom:
    def test_it_is_looked_for_while_nothing_is_in_it(self) -> None:
        full = "disk 1048576 /var/lib with a space\n"
        assert prometheus.objection(f"missing here\n{full}") == "1 MiB free on the disk of /var/lib with a space, 10 GiB needed"
        assert not prometheus.met(EMPTY + full)
        assert prometheus.met(IN_USE + full)

    def test_a_full_disk_is_told_also_when_it_is_in_use(self) -> None:
        assert prometheus.objection(f"{IN_USE}disk 0 /data\n") == "no space is left on the disk of /data"
        assert not prometheus.met(f"{IN_USE}disk 0 /data\n")

    def test_a_plan_says_it(self) -> None:
        (command,) = prometheus.commands("missing here\ndisk 1048576 /\n")
        assert command.shown == (
            "make directory /var/lib/kinstall/prometheus (0750, 65534:65534): 1 MiB free on the disk of /, 10 GiB needed"
        )
        assert command.once

    @pytest.mark.parametrize(
        ("size", "said"),
        [(0, "0 bytes"), (1023, "1023 bytes"), (1 << 20, "1 MiB"), ((1 << 30) - 1, "1023.9 MiB"), (3 << 29, "1.5 GiB")],
    )
    def test_sizes_are_rounded_down(self, size: int, said: str) -> None:
        assert amount(size) == said


class TestLabel:
    def test_containers_may_write_where_selinux_is(self) -> None:
        seen = f"{IN_USE}context unconfined_u:object_r:var_lib_t:s0\n{DISK}"
        assert [command.shell for command in prometheus.commands(seen)] == ["chcon -t container_file_t /var/lib/kinstall/prometheus"]
        assert prometheus.met(seen.replace("var_lib_t", "container_file_t"))

    def test_a_file_system_without_labels_needs_none(self) -> None:
        assert prometheus.met(f"{IN_USE}context ?\n{DISK}")
        assert prometheus.met(f"{IN_USE}context system_u:object_r:nfs_t:s0\n{DISK}")

    @pytest.mark.parametrize(
        ("mode", "context", "labelled"),
        [("Enforcing", "u:r:var_lib_t:s0", True), ("Permissive", "u:r:var_lib_t:s0", True), ("Disabled", "u:r:var_lib_t:s0", False),
         ("Enforcing", "?", False), ("", "u:r:var_lib_t:s0", False)],
    )
    def test_a_new_one_is_labelled_where_getenforce_says_so(self, tmp_path: Path, mode: str, context: str, labelled: bool) -> None:
        """The shell itself, with stand-ins for SELinux' programs."""
        programs = {"getenforce": f"echo {mode}", "stat": f"echo '{context}'", "chcon": f"echo $* > {tmp_path}/labelled"}
        for name, text in programs.items():
            if mode or name != "getenforce":
                (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
                (tmp_path / name).chmod(0o755)
        (command,) = Directory(f"{tmp_path}/x", ME).commands(f"missing here\n{DISK}")
        sh(f"set -e\nPATH={tmp_path}:$PATH\n{command.shell}")
        assert (tmp_path / "labelled").exists() is labelled
