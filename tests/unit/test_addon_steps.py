"""What add-ons ask of hosts: directories, ports, kubelets with certificates, helm."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kinstall.addons.model import Addons, MetricsServer, Storage
from kinstall.distro import DISTROS
from kinstall.model import Cluster
from kinstall.states import Edited
from kinstall.steps.certificates import Kubelet, certificates, serving
from kinstall.steps.helm import MARK, PROGRAM, NoHelm, Program, Repositories, helm
from kinstall.steps.host import ports
from kinstall.steps.kubeadm import kubelet_patch
from kinstall.steps.volumes import directories, in_bytes
from tests.golden.samples import cluster, everything, node

EL9 = next(row for row in DISTROS if row.id == "el9")
worker = node(EL9)
bare = cluster(worker)
whole = replace(bare, addons=everything())
URL = "https://get.helm.sh/helm-v4.3.1-linux-amd64.tar.gz"


def with_tls(word: str) -> Cluster:
    return replace(bare, addons=Addons(metrics_server=MetricsServer(kubelet_tls=word)))


class TestDirectories:
    def test_a_node_has_its_own(self) -> None:
        about = {one.name: [state.about for state in directories(one, whole)] for one in whole.nodes}
        assert about == {
            "kmaster": ["directory /var/lib/kinstall/prometheus"],
            "node1": ["directory /var/lib/kinstall/grafana", "directory /srv/web"],
        }

    def test_no_add_ons_need_none(self) -> None:
        assert directories(worker, bare) == []
        assert directories(worker, replace(bare, addons=Addons(storage=Storage(local_path="/srv")))) == []

    @pytest.mark.parametrize(
        ("size", "expected"),
        [("10Gi", 10 << 30), ("1.5Mi", 3 << 19), ("10G", 10**10), ("5k", 5000), ("7Ki", 7168), ("123", 123), ("1Ei", 1 << 60)],
    )
    def test_sizes(self, size: str, expected: int) -> None:
        assert in_bytes(size) == expected

    @pytest.mark.parametrize("size", ["", "Gi", "10 Gi", "10GiB", "-1Gi", "1i"])
    def test_what_is_no_size(self, size: str) -> None:
        with pytest.raises(ValueError, match="is no size"):
            in_bytes(size)


def test_node_exporter_is_reached_on_every_node_where_it_is_chosen() -> None:
    assert all("9100/tcp" in ports(one, whole) for one in whole.nodes)
    assert all("9100/tcp" not in ports(one, bare) for one in bare.nodes)


class TestCertificates:
    def test_only_where_serving_was_chosen(self) -> None:
        assert [bool(certificates(worker, with_tls(word))) for word in ("serving", "insecure")] == [True, False]
        assert certificates(worker, bare) == []
        assert yaml.safe_load(kubelet_patch(worker, with_tls("serving")))["serverTLSBootstrap"] is True
        assert "serverTLSBootstrap" not in yaml.safe_load(kubelet_patch(worker, with_tls("insecure")))

    def test_a_node_without_a_kubelet_yet_has_nothing_to_edit(self) -> None:
        edited, _ = certificates(worker, with_tls("serving"))
        assert isinstance(edited, Edited)
        assert edited.met("")
        assert not edited.met("kind: KubeletConfiguration\n")

    @given(st.dictionaries(st.sampled_from(["kind", "serverTLSBootstrap", "rotateCertificates", "resolvConf"]), st.booleans(), min_size=1))
    def test_the_switch_is_on_and_nothing_else_changes(self, settings: Mapping[str, bool]) -> None:
        before = yaml.safe_dump(dict(settings))
        after = serving(before)
        assert yaml.safe_load(after) == {**settings, "serverTLSBootstrap": True}
        assert serving(after) == after

    def test_a_file_without_its_last_newline(self) -> None:
        assert serving("kind: KubeletConfiguration") == "kind: KubeletConfiguration\nserverTLSBootstrap: true\n"

    def test_a_kubelet_that_is_older_than_its_file_is_restarted(self) -> None:
        kubelet = Kubelet("kubelet", ("/var/lib/kubelet/config.yaml",))
        assert kubelet.met("enabled\nactive\n100\n100\n"), "kubeadm starts it right after writing"
        assert not kubelet.met("enabled\nactive\n99\n100\n")
        assert not kubelet.met("enabled\nactivating\n100\n100\n")
        assert not kubelet.met("enabled\nactive\n100\n"), "there is no file yet"
        assert kubelet.undo("enabled\nactive\n100\n100\n") == ()


class TestHelm:
    program = Program("4.3.1", URL, "0" * 64, "linux-amd64/helm")

    def test_it_is_met_by_its_exact_version_whoever_put_it_there(self) -> None:
        assert self.program.met("v4.3.1\n\n/usr/local/bin/helm\n")
        assert not self.program.met("v4.3.10\n4.3.10\n/usr/local/bin/helm\n")
        assert not self.program.met("")

    def test_somebody_elses_is_kept_and_ours_is_not(self) -> None:
        kept, _ = self.program.commands("v3.21.4\n\n/usr/local/bin/helm\n")
        assert kept.shown == "keep /usr/local/bin/helm as /usr/local/bin/helm.before-kinstall"
        assert len(self.program.commands("v4.3.0\n4.3.0\n/usr/local/bin/helm\n")) == 1
        assert len(self.program.commands("\n\n\n")) == 1

    def test_without_a_hash_nothing_is_fetched(self) -> None:
        (command,) = replace(self.program, sha256="").commands("")
        assert "curl" not in command.shell
        assert "name it in sources.helm.sha256" in command.shell

    @pytest.mark.parametrize("arch", ["x86_64", "aarch64", "riscv64"])
    def test_the_archive_is_the_machines_own(self, arch: str) -> None:
        first = replace(bare.first, facts=replace(bare.first.facts, arch=arch))
        program = helm(first, whole)[0]
        assert isinstance(program, Program)
        name = {"x86_64": "amd64", "aarch64": "arm64"}.get(arch, arch)
        assert program.url.endswith(f"/helm-v4.3.1-linux-{name}.tar.gz")
        assert bool(program.sha256) is (arch == "x86_64")

    @pytest.mark.parametrize("good", [True, False])
    def test_only_an_archive_of_the_right_hash_is_unpacked(self, tmp_path: Path, good: bool) -> None:
        """The shell itself, with the host's paths moved into a scratch folder and the archive behind a file URL."""
        archive, script = tmp_path / "helm.tar.gz", b"#!/bin/sh\necho v4.3.1\n"
        with tarfile.open(archive, "w:gz") as tar:
            entry = tarfile.TarInfo("linux-amd64/helm")
            entry.size = len(script)
            tar.addfile(entry, BytesIO(script))
        digest = sha256(archive.read_bytes()).hexdigest() if good else "0" * 64
        state = replace(self.program, url=f"file://{archive}", sha256=digest)
        (command,) = state.commands("")
        run = partial(subprocess.run, capture_output=True, text=True)
        done = run(["sh", "-es"], input=moved(command.shell, tmp_path))
        assert (done.returncode == 0) is good, done.stderr
        assert (tmp_path / PROGRAM[1:]).exists() is (tmp_path / MARK[1:]).exists() is good
        assert good or "instead of 0000" in done.stdout
        assert not good or state.met(run(["sh", "-s"], input=moved(state.probe(), tmp_path)).stdout)

    def test_workers_have_none_and_no_one_does_where_it_was_not_chosen(self) -> None:
        assert helm(worker, whole) == []
        assert helm(bare.first, bare) == []

    def test_els_sudo_finds_it_too(self) -> None:
        first = node(EL9, name="kmaster")
        assert "/usr/bin/helm" in [state.about for state in helm(first, whole)]
        assert "/usr/bin/helm" not in [state.about for state in helm(whole.first, whole)]


def moved(shell: str, folder: Path) -> str:
    """The same below a folder."""
    return shell.replace("/usr/local/bin", f"{folder}/usr/local/bin").replace("/etc/kubernetes", f"{folder}/etc/kubernetes")


class TestRepositories:
    state = Repositories("admin", {"charts": "https://c.lan"})
    listed = '[{"name":"charts","url":"https://c.lan"}]\n\n'

    def test_a_repository_counts_with_its_list(self) -> None:
        assert self.state.met(f"{self.listed}charts-index.yaml\nmine-index.yaml\n")

    @pytest.mark.parametrize(
        "seen",
        ["", "{}", "3", listed, "[]\n\ncharts-index.yaml\n", "\ncharts-index.yaml\n", listed.replace("c.", "d.") + "charts-index.yaml\n"],
    )
    def test_else_it_is_added_as_the_account(self, seen: str) -> None:
        (command,) = self.state.commands(seen)
        assert command.shown == "as admin: helm repo add --force-update charts https://c.lan"
        assert "runuser -u admin -- env HOME=" in command.shell

    def test_everybody_who_works_with_the_cluster_has_it(self) -> None:
        about = [state.about for state in helm(whole.first, replace(whole, account="ann"))]
        assert about[-3:] == [f"chart repositories of {name}" for name in ("root", "admin", "ann")]


class TestTakingHelmAway:
    def test_only_where_that_was_asked_for(self) -> None:
        assert helm(bare.first, replace(bare, prune=True)) == [NoHelm()]
        assert helm(worker, replace(bare, prune=True)) == []
        assert NoHelm() not in helm(bare.first, replace(whole, prune=True))

    def test_without_its_mark_there_is_nothing_of_ours(self) -> None:
        assert NoHelm().met("")

    def test_ours_goes_and_what_was_there_before_comes_back(self) -> None:
        shell = "\n".join(command.shell for command in NoHelm().commands("4.3.1\nv4.3.1"))
        assert f"mv -f {PROGRAM}.before-kinstall {PROGRAM}" in shell
        assert shell.endswith(f"rm -f {MARK}")

    def test_one_of_another_version_is_somebodys_own_by_now(self) -> None:
        assert [command.shell for command in NoHelm().commands("4.3.1\nv4.4.0")] == [f"rm -f {MARK}"]

    def test_undo_is_the_same(self) -> None:
        program = TestHelm.program
        assert program.undo("v4.3.1\n4.3.1\n/usr/local/bin/helm\n") == NoHelm().commands("4.3.1\nv4.3.1")
        assert program.undo("v4.3.1\n\n/usr/local/bin/helm\n") == ()
