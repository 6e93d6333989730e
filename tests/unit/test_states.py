"""States are pure: what they ask, when they are met, what they would do."""

from __future__ import annotations

import base64
import re
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinstall.packaging import MANAGERS, Want, numbers
from kinstall.states import (
    Edited,
    File,
    Firewalld,
    KeptAtLeast,
    Key,
    NoZram,
    OrByHand,
    Packages,
    Service,
    Ufw,
    batch,
    block,
    no_other_entry,
    unbatch,
    unblock,
    with_swap,
    without_swap,
)
from kinstall.states.base import changes
from kinstall.states.firewall import is_open
from kinstall.states.package import primary_keys
from kinstall.states.repository import off_in_list, off_in_repo, off_in_sources

lines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=30)
texts = st.lists(lines, max_size=12).map(lambda some: "".join(f"{line}\n" for line in some))


def sh(script: str) -> str:
    return subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=False).stdout


class TestFstab:
    def test_a_swap_line_is_commented_and_comes_back(self) -> None:
        before = "UUID=1 / ext4 defaults 0 1\n/swap.img none swap sw 0 0\n# a comment\n"
        after = without_swap(before)
        assert after == "UUID=1 / ext4 defaults 0 1\n#kinstall# /swap.img none swap sw 0 0\n# a comment\n"
        assert with_swap(after) == before

    def test_a_swap_line_that_somebody_else_commented_stays_commented(self) -> None:
        text = "#/swap.img none swap sw 0 0\n"
        assert without_swap(text) == text
        assert with_swap(text) == text

    def test_a_mount_point_called_swap_is_no_swap(self) -> None:
        text = "UUID=2 /swap ext4 defaults 0 1\n"
        assert without_swap(text) == text

    @given(texts)
    def test_idempotent_and_reversible(self, text: str) -> None:
        assert without_swap(without_swap(text)) == without_swap(text)
        if "#kinstall# " not in text:
            assert with_swap(without_swap(text)) == text


class TestBlock:
    edit = staticmethod(block(("192.168.1.1 one", "192.168.1.2 two")))

    def test_it_is_put_at_the_end_once(self) -> None:
        once = self.edit("127.0.0.1 localhost\n")
        assert once == "127.0.0.1 localhost\n\n# kinstall begin\n192.168.1.1 one\n192.168.1.2 two\n# kinstall end\n"
        assert self.edit(once) == once

    def test_it_is_updated_in_place(self) -> None:
        old = block(("192.168.1.9 nine",))("127.0.0.1 localhost\n") + "10.0.0.1 mine\n"
        new = self.edit(old)
        assert "nine" not in new
        assert new.endswith("# kinstall end\n10.0.0.1 mine\n")
        assert new.count("# kinstall begin") == 1

    def test_marks_within_a_line_of_somebody_else_are_left_alone(self) -> None:
        text = "1.2.3.4 a # kinstall begin\n"
        assert self.edit(text).startswith(text)

    @given(texts)
    def test_idempotent_and_reversible(self, text: str) -> None:
        once = self.edit(text)
        assert self.edit(once) == once
        if "# kinstall begin" not in text and "# kinstall end" not in text:
            assert unblock()(once).rstrip("\n") == text.rstrip("\n")


class TestFile:
    def test_it_is_met_by_content_mode_and_owner(self) -> None:
        file = File("/etc/x", "a\n")
        digest = sha256(b"a\n").hexdigest()
        assert file.met(f"644 root:root {digest}\na\n")
        assert not file.met(f"600 root:root {digest}\na\n")
        assert not file.met(f"644 admin:root {digest}\na\n")
        assert not file.met(f"644 root:root {sha256(b'b').hexdigest()}\nb")
        assert not file.met("")

    @given(st.text(st.characters(codec="utf-8"), max_size=200))
    def test_what_is_written_is_what_the_probe_sees(self, content: str) -> None:
        """A real shell, in a scratch folder: whatever the content, writing makes the probe agree."""
        import grp
        import pwd
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder)
            owner = f"{pwd.getpwuid(made.stat().st_uid).pw_name}:{grp.getgrgid(made.stat().st_gid).gr_name}"
            file = File(f"{folder}/sub dir/x'y", content, "0640", owner)
            assert not file.met(sh(file.probe()))
            sh("\n".join(command.shell for command in file.commands("")))
            assert file.met(sh(file.probe()))

    def test_the_plan_shows_what_changes(self) -> None:
        (command,) = File("/etc/x", "a\nc\n").commands("644 root:root 0\na\nb\n")
        assert command.shown == "write /etc/x (0644, root:root)\n    - b\n    + c"


def test_a_line_that_may_hold_a_secret_is_told_and_not_shown() -> None:
    before = '[auth]\n  password = "hunter2"\nbaseurl=https://me:hunter2@mirror.lan/\nplain\n'
    assert "hunter2" not in changes(before, "")
    assert "- plain" in changes(before, "")


def test_a_file_for_some_hosts_is_met_on_the_others(tmp_path: Path) -> None:
    file = File(str(tmp_path / "x"), "a\n", where=f"[ -d {tmp_path}/sub ]")
    assert file.met(sh(file.probe()))
    (tmp_path / "sub").mkdir()
    assert not file.met(sh(file.probe()))


def test_undo_puts_back_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("theirs\n")
    file = File(str(path), "ours\n", keep=True)
    for command in (*file.commands(sh(file.probe())), *file.undo("644 root:root x")):
        sh(command.shell.replace("chown root:root", "true"))
    assert path.read_text() == "theirs\n"
    assert not (tmp_path / "config.toml.before-kinstall").exists()


def test_an_edited_file_keeps_its_original_once_and_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "fstab"
    path.write_text("/swap.img none swap sw 0 0\n")
    path.chmod(0o600)
    state = Edited(str(path), without_swap, with_swap)
    for _ in range(2):
        commands = state.commands(sh(state.probe()))
        sh("\n".join(command.shell.replace("chown root:root", "true") for command in commands))
    assert state.met(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "fstab.before-kinstall").read_text() == "/swap.img none swap sw 0 0\n"
    sh("\n".join(command.shell.replace("chown root:root", "true") for command in state.undo(path.read_text())))
    assert path.read_text() == "/swap.img none swap sw 0 0\n"


@given(st.lists(st.text(max_size=60), max_size=8))
def test_a_batch_keeps_its_framing_whatever_is_printed(outputs: list[str]) -> None:
    """Probes that print anything at all, newlines and base64 included."""

    class Prints(File):
        def probe(self) -> str:
            return f"printf %s '{self.content}' | base64 -d"

    states = [Prints("/x", base64.b64encode(out.encode(errors="replace")).decode()) for out in outputs]
    assert unbatch(sh(batch(states)), len(states)) == [out.encode(errors="replace").decode() for out in outputs]


def test_a_file_that_is_not_utf_8_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "fstab"
    path.write_bytes(b"# gru\xdfe\n/swap.img none swap sw 0 0\n")
    state = Edited(str(path), without_swap)
    (seen,) = unbatch(sh(batch([state])), 1)
    sh("\n".join(command.shell.replace("chown root:root", "true") for command in state.commands(seen)))
    assert path.read_bytes() == b"# gru\xdfe\n#kinstall# /swap.img none swap sw 0 0\n"


def test_a_batch_survives_probes_that_fail_or_read_stdin() -> None:
    class Odd(File):
        def probe(self) -> str:
            return self.content

    states = [Odd("/x", "exit 3"), Odd("/x", "cat; echo b"), Odd("/x", "nosuchprogram; echo c")]
    assert unbatch(sh(batch(states)), 3) == ["", "b\n", "c\n"]


class TestService:
    service = Service("containerd", ("/etc/containerd/config.toml",))

    def test_it_must_have_been_started_after_its_configuration(self) -> None:
        assert self.service.met("enabled\nactive\n101\n100\n")
        assert not self.service.met("enabled\nactive\n100\n100\n")
        assert not self.service.met("enabled\nactive\n99\n100\n")

    @pytest.mark.parametrize("seen", ["", "disabled\nactive\n101\n100\n", "enabled\nfailed\n101\n100\n", "enabled\nactive\n0\n"])
    def test_else_it_is_not_met(self, seen: str) -> None:
        assert not self.service.met(seen)


class TestVersions:
    @pytest.mark.parametrize(
        ("printed", "expected"),
        [("2:2.3.7-1~debian.12~bookworm", (2, 3, 7)), ("1.37.2-1.1", (1, 37, 2)), ("v1.7.28", (1, 7, 28)), ("", ()), ("none", ())],
    )
    def test_numbers(self, printed: str, expected: tuple[int, ...]) -> None:
        assert numbers(printed) == expected

    @pytest.mark.parametrize(
        ("installed", "fits"),
        [("1.7.28-1", True), ("1.7.27-1", False), ("2.1.9-1", False), ("2.2.0-1", True), ("2.3.7-1", True), ("3.0.0-1", True), ("", False)],
    )
    def test_branches(self, installed: str, fits: bool) -> None:
        """2.1 is not named and not newer than all that are: it does not fit."""
        assert Want("containerd.io", at_least=("1.7.28", "2.2.0")).fits(installed) is fits

    def test_an_exact_version(self) -> None:
        assert Want("kubelet", "1.37.2").fits("1.37.2-150500.1.1")
        assert not Want("kubelet", "1.37.2").fits("1.37.20-1.1")


class TestOrByHand:
    package = Packages(MANAGERS["rhel"], (Want("containerd.io", at_least=("2.2.0",)),), "docker-ce")
    state = OrByHand(package, "https://d/Packages/", "/etc/pki/k.asc", "x86_64")

    def test_the_repository_is_used_when_it_has_one_that_fits(self) -> None:
        (command,) = self.state.commands("asked repository\ncandidate 1.6.33\ncandidate 2.2.1\n")
        assert "dnf -y" in command.shell
        assert "curl" not in command.shell

    def test_else_the_rpm_is_taken_by_hand_and_the_journal_says_why(self) -> None:
        note, by_hand = self.state.commands("asked repository\ncandidate 1.6.33\n")
        assert "has no containerd.io from 2.2.0 on (it has: 1.6.33)" in note.shell
        assert "https://d/Packages/" in by_hand.shell
        assert "signatures OK" in by_hand.shell

    def test_before_anybody_could_ask_a_plan_says_by_hand(self) -> None:
        (command,) = self.state.commands("")
        assert "by hand" not in command.shown
        assert command.shown.startswith("fetch the newest containerd.io RPM")

    def test_what_is_installed_and_fits_is_met(self) -> None:
        assert self.state.met("containerd.io 2.3.7-1.el8\n")
        assert not self.state.met("containerd.io 1.6.33-3.1.el8\n")


class TestKey:
    good = "pub:-:4096:1:BB:1:2::-:::sc:::\nfpr:::::::::GOOD:\nsub:-:4096\nfpr:::::::::SUB:\n"

    def test_its_primary_fingerprint_counts(self) -> None:
        assert Key("/k", "https://k", "GOOD").met(self.good)
        assert not Key("/k", "https://k", "SUB").met(self.good)

    def test_an_expired_one_is_fetched_again(self) -> None:
        assert not Key("/k", "https://k", "GOOD").met(self.good.replace("pub:-", "pub:e"))

    def test_a_second_key_in_the_file_spoils_it(self) -> None:
        """apt and rpm trust every key of the file: a good one beside a stranger's is a stranger's."""
        assert not Key("/k", "https://k", "GOOD").met(self.good + self.good.replace("GOOD", "EVIL"))
        assert primary_keys(self.good + self.good.replace("GOOD", "EVIL")) == [("GOOD", True), ("EVIL", True)]


class TestNoOtherEntry:
    pattern = re.compile(r"download\.docker\.com/linux")
    state = no_other_entry(pattern.pattern, "/etc/apt/sources.list.d/docker-ce.list")

    def seen(self, path: str, text: str) -> str:
        return f"{base64.b64encode(text.encode()).decode()} {path}\n"

    @pytest.mark.parametrize(("first", "counts"), [("# Docker CE, written by kinstall", False), ("# by hand", True)])
    def test_a_file_called_as_ours_counts_until_ours_is_written(self, tmp_path: Path, first: str, counts: bool) -> None:
        folder = tmp_path / "etc/apt/sources.list.d"
        folder.mkdir(parents=True)
        for name in ("docker-ce.list", "docker.list"):
            (folder / name).write_text(f"{first}\ndeb https://download.docker.com/linux/debian trixie stable\n")
        shell = self.state.probe().replace("/etc/", f"{tmp_path}/etc/")
        seen = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False).stdout
        assert [line.rpartition("/")[2] for line in seen.splitlines()] == ["docker-ce.list", "docker.list"][not counts:]

    def test_a_line_of_a_list_is_commented_and_the_others_stay(self) -> None:
        text = "deb http://deb.debian.org/debian trixie main\ndeb [signed-by=/k] https://download.docker.com/linux/debian trixie stable\n"
        after = off_in_list(self.pattern, text)
        assert after.splitlines()[0] == text.splitlines()[0]
        assert after.splitlines()[1].startswith("#kinstall# deb [signed-by=/k]")
        assert self.state.met(self.seen("/etc/apt/sources.list", after))

    def test_a_stanza_is_disabled_and_the_others_stay(self) -> None:
        text = "URIs: http://deb.debian.org/debian\n\nTypes: deb\nURIs: https://download.docker.com/linux/debian\nEnabled: yes\n"
        after = off_in_sources(self.pattern, text)
        assert after == text.replace("Enabled: yes", "Enabled: no")
        assert self.state.met(self.seen("/etc/apt/sources.list.d/x.sources", after))
        assert "Enabled: no" in off_in_sources(self.pattern, text.replace("Enabled: yes\n", ""))

    def test_a_section_is_disabled_and_the_others_stay(self) -> None:
        text = "# all\n[base]\nbaseurl=http://x\nenabled=1\n[docker]\nbaseurl=https://download.docker.com/linux/centos/8\nenabled=1\n"
        after = off_in_repo(self.pattern, text)
        assert after == text[:-2] + "0\n"
        assert self.state.met(self.seen("/etc/yum.repos.d/docker.repo", after))

    def test_what_it_does_is_written_with_the_original_kept(self) -> None:
        line = "deb https://download.docker.com/linux/debian x stable\n"
        kept, written = self.state.commands(self.seen("/etc/apt/sources.list.d/docker.list", line))
        assert kept.shown == "keep /etc/apt/sources.list.d/docker.list as /etc/apt/sources.list.d/docker.list.before-kinstall"
        assert written.shown == f"write /etc/apt/sources.list.d/docker.list\n    - {line[:-1]}\n    + #kinstall# {line[:-1]}"


class TestFirewalls:
    state = Firewalld("eth0", ("6443/tcp", "10250/tcp"), ("10.244.0.0/16",))

    def test_only_what_is_missing_is_added_in_both_worlds_and_in_the_cards_zone(self) -> None:
        seen = "home\n--permanent: 6443/tcp 10250/tcp 10.244.0.0/16 yes\nnow: 6443/tcp no\n"
        assert [command.shell for command in self.state.commands(seen)] == [
            "firewall-cmd -q --zone=home --add-port=10250/tcp",
            "firewall-cmd -q --zone=trusted --add-source=10.244.0.0/16",
            "firewall-cmd -q --zone=home --add-masquerade",
        ]

    @pytest.mark.parametrize(
        ("port", "listed", "expected"),
        [
            ("10250/tcp", "6443/tcp 10000-20000/tcp", True),
            ("30000-32767/tcp", "30000-60999/tcp", True),
            ("30000-32767/tcp", "30000-32000/tcp", False),
            ("8472/udp", "8000-9000/tcp", False),
            ("10250/tcp", "10.250.0.0/16 ssh", False),
            ("10250/tcp", "", False),
        ],
    )
    def test_a_port_within_a_range_is_open(self, port: str, listed: str, expected: bool) -> None:
        """firewalld joins ranges that touch: what was added need not be listed as it was written."""
        assert is_open(port, listed.split()) is expected

    def test_no_firewall_is_no_work(self) -> None:
        assert self.state.met("")
        assert Ufw(("6443/tcp",), ()).met("")

    def test_ufw_knows_its_own_rules(self) -> None:
        state = Ufw(("30000:32767/tcp",), ("10.244.0.0/16",))
        said = "/usr/sbin/ufw\nAdded user rules (see 'ufw status' for running firewall):\n"
        added = "".join(f"{command.shell}\n" for command in state.commands(said))
        assert added.count("\n") == 4
        assert state.met(said + added)


def test_limits_may_be_higher() -> None:
    state = KeptAtLeast("fs.inotify.max_user_instances", "8192")
    assert state.met("65536\n")
    assert not state.met("128\n")
    assert not state.met("")


def test_zram() -> None:
    assert NoZram().met("")
    assert NoZram().met("generator\n0\n")
    assert not NoZram().met("generator\n")
    assert not NoZram().met("generator\n1\n")
