"""What kubeadm makes: when it is met, and above all when nothing is ever reset."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from kinstall.distro import DISTROS
from kinstall.model import Role, Ticket
from kinstall.secrets import Secret
from kinstall.states import Key
from kinstall.steps.control_plane import Kubeconfig, ca_hash, ticket
from kinstall.steps.kubeadm import ControlPlane, Joined, init_config, join_config, kubelet_patch
from tests.golden.samples import cluster, node
from tests.unit.test_states import sh

DEBIAN = DISTROS[1]
EARLY = "configmap/kubeadm-config\nconfigmap/cluster-info\n"
LATE = "deployment.apps/coredns\ndaemonset.apps/kube-proxy\n"


class TestControlPlane:
    state = ControlPlane("config")

    @pytest.mark.parametrize("seen", [f"files\n{EARLY}", f"files\n{EARLY}{LATE}"])
    def test_it_is_met_whatever_its_owner_did_to_the_add_ons(self, seen: str) -> None:
        assert self.state.met(seen)

    @pytest.mark.parametrize("seen", ["", "files\n", f"pending\nfiles\n{EARLY}{LATE}", "pending\n"])
    def test_else_it_is_not(self, seen: str) -> None:
        assert not self.state.met(seen)

    def test_a_bare_machine_is_initialised_and_nothing_is_reset(self) -> None:
        (command,) = self.state.commands("")
        assert "kubeadm init --config" in command.shell
        assert "reset" not in command.shell
        assert command.shell.index("phase preflight") < command.shell.index("touch /etc/kubernetes/kinstall/pending")
        assert command.long
        assert command.once

    def test_one_that_does_not_answer_is_started_again_and_never_reset(self) -> None:
        (command,) = self.state.commands("files\n")
        assert "systemctl restart kubelet" in command.shell
        assert "reset" not in command.shell

    def test_one_that_was_finished_after_all_loses_its_mark_only(self) -> None:
        """A power cut between the end of kubeadm and the removal of the mark, or a slow machine that made it later."""
        (command,) = self.state.commands(f"pending\nfiles\n{EARLY}{LATE}")
        assert command.shell.startswith("rm -f /etc/kubernetes/kinstall/pending")
        assert "kubeadm" not in command.shell

    def test_an_interrupted_one_is_asked_first_and_its_reset_is_told(self) -> None:
        (command,) = self.state.commands("pending\nfiles\n")
        assert command.shown.startswith("kubeadm reset -f")
        assert command.shell.index("exit 0") < command.shell.index("kubeadm reset -f")
        assert "has worked for long" in command.shell


class TestJoined:
    state = Joined("w1", "config", "10.0.0.1:6443")
    server = "server: https://10.0.0.1:6443\n"

    def test_met(self) -> None:
        assert self.state.met(f"{self.server}known\n")
        assert self.state.met(self.server), "an API server that is silent just now says nothing against it"
        assert not self.state.met(f"{self.server}unknown\n")
        assert not self.state.met("server: https://10.9.9.9:6443\nknown\n")
        assert not self.state.met(f"pending\n{self.server}known\n")
        assert not self.state.met("")

    def test_a_live_worker_with_a_mark_is_not_emptied(self) -> None:
        (command,) = self.state.commands(f"pending\n{self.server}known\n")
        assert "kubeadm" not in command.shell

    def test_an_interrupted_join_is_reset_and_says_so(self) -> None:
        (command,) = self.state.commands("pending\n")
        assert command.shown.startswith("kubeadm reset -f")

    @pytest.mark.parametrize(
        ("said", "expected"),
        [("node/w1", "sync"), ("Error from server (NotFound): not found", "reset"), ("Unable to connect to the server", "refused")],
    )
    def test_a_worker_that_cannot_ask_is_not_reset(self, tmp_path: Path, said: str, expected: str) -> None:
        """The shell itself, with stand-ins for kubectl and kubeadm that only say that they were called."""
        stand_ins = {"kubectl": f"echo '{said}'; [ '{said}' = node/w1 ]", "kubeadm": "echo kubeadm $1", "sync": "echo sync", "sleep": ""}
        for name, text in stand_ins.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / name).chmod(0o755)
        (tmp_path / "kubelet.conf").touch()
        shell = self.state._reset().replace("/etc/kubernetes", str(tmp_path))
        said_all = sh(f"set -e\nPATH={tmp_path}:$PATH\n{shell}").splitlines()
        assert said_all[-1].startswith({"sync": "sync", "reset": "kubeadm reset", "refused": "kinstall: nobody can be asked"}[expected])

    def test_a_node_that_was_deleted_registers_itself_again(self) -> None:
        (command,) = self.state.commands(f"{self.server}unknown\n")
        assert command.shell.startswith("systemctl restart kubelet")


class TestConfigurations:
    def test_arguments_are_a_list_from_v1beta4_on_and_a_mapping_before(self) -> None:
        first = node(DEBIAN, role=Role.CONTROL_PLANE)
        new = next(yaml.safe_load_all(init_config(first, cluster())))
        assert new["nodeRegistration"]["kubeletExtraArgs"] == [{"name": "node-ip", "value": first.address}]
        old = replace(cluster(), release=replace(cluster().release, version="1.30.14", kubeadm_api="v1beta3"))
        assert next(yaml.safe_load_all(init_config(first, old)))["nodeRegistration"]["kubeletExtraArgs"] == {"node-ip": first.address}

    def test_a_cluster_of_one_machine_runs_its_pods_there(self) -> None:
        first = cluster().first
        assert next(yaml.safe_load_all(init_config(first, cluster())))["nodeRegistration"]["taints"] == []
        assert "taints" not in next(yaml.safe_load_all(init_config(first, cluster(node(DEBIAN)))))["nodeRegistration"]

    def test_cgroup_v1_is_allowed_only_on_the_hosts_that_have_it(self) -> None:
        new, whole = node(DEBIAN), cluster(allow=frozenset({"cgroup-v1"}))
        old = replace(new, facts=replace(new.facts, cgroup=1))
        assert "failCgroupV1" not in kubelet_patch(new, whole)
        assert yaml.safe_load(kubelet_patch(old, whole))["failCgroupV1"] is False
        assert "ignorePreflightErrors" not in join_config(new, whole)
        assert yaml.safe_load(join_config(old, whole))["nodeRegistration"]["ignorePreflightErrors"] == ["SystemVerification"]

    def test_the_join_takes_token_and_hash_from_the_ticket(self) -> None:
        whole = replace(cluster(), ticket=Ticket(Secret("abcdef.0123456789abcdef"), "sha256:00"))
        found = yaml.safe_load(join_config(node(DEBIAN), whole))["discovery"]["bootstrapToken"]
        assert found == {"token": "abcdef.0123456789abcdef", "apiServerEndpoint": whole.endpoint, "caCertHashes": ["sha256:00"]}


def test_a_ticket_without_a_token_or_a_certificate_is_none() -> None:
    with pytest.raises(ValueError):
        ticket("abcdef.0123456789abcdef\nno certificate\n")
    with pytest.raises(ValueError):
        ca_hash("")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to compare with")
def test_the_pin_is_kubeadms_own(tmp_path: Path) -> None:
    """openssl, as the Kubernetes documentation writes it, says the same of a CA."""
    run = partial(subprocess.run, check=True, capture_output=True, text=True, cwd=tmp_path)
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-out", "ca", "-subj", "/CN=kubernetes", "-days", "1"])
    pipe = "openssl x509 -pubkey -in ca | openssl rsa -pubin -outform der 2>/dev/null | sha256sum | cut -d' ' -f1"
    pem = (tmp_path / "ca").read_text()
    assert ca_hash(pem) == "sha256:" + run(["sh", "-c", pipe]).stdout.strip()
    assert ticket(f"abcdef.0123456789abcdef\n{pem}") == Ticket(Secret("abcdef.0123456789abcdef"), ca_hash(pem))


def test_a_url_is_never_run(tmp_path: Path) -> None:
    """Whatever a mirror is called: its name is data in the shell that fetches from it."""
    hostile = f"https://m/$(touch {tmp_path}/owned)'\";touch {tmp_path}/owned;`touch {tmp_path}/owned`"
    key = Key(f"{tmp_path}/k.asc", hostile, "0" * 40)
    for command in key.commands(""):
        assert sh(command.shell.replace("--retry 3", "--max-time 1")) is not None
    assert sh(f"ls {tmp_path}") in ("", "k.asc.kinstall-new\n")


def test_a_kubeconfig_is_private_and_the_accounts_own() -> None:
    assert Kubeconfig("admin", "homelab").met("600 admin\n")
    assert not Kubeconfig("admin", "homelab").met("644 admin\n")
    assert not Kubeconfig("admin", "homelab").met("600 root\n")
    assert not Kubeconfig("admin", "homelab").met("")
