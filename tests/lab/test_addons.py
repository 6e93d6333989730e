"""The monitoring stack on real hosts: applied, proved, proved again, broken on purpose, and taken away."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kinstall.addons.table import ADDONS
from kinstall.events import HandedOver, Proved
from kinstall.manifests import shipped
from tests.lab.labctl.lab import Lab
from tests.lab.runs import KINSTALL, KUBECTL, Run, environment, install, newest

Answers = Callable[..., Path]
MIXED = {"cp1": "debian12", "w1": "centos8", "w2": "debian13"}
ALL: dict[str, Any] = {"storage": {"class": "local-path"}}
KINDS = sorted({item["kind"] for addon in ADDONS if addon.manifests for item in shipped(addon.id)} - {"Namespace"})
OURS = "-l app.kubernetes.io/managed-by=kinstall"
GRAFANA = "http://10.77.0.21:30004"
PROMETHEUS = "http://10.77.0.21:30090"


def verify(lab: Lab, answers: Path, *args: str) -> Run:
    """kinstall verify, and what it left behind."""
    state = answers.parent / "state"
    done = lab.run(KINSTALL, "verify", answers, *args, env=environment(state), timeout=300)
    return Run(done.returncode, done.stdout, done.stderr, newest(state))


def query(lab: Lab, expression: str) -> list[Any]:
    """What Prometheus answers, asked as a person on the network would."""
    url = f"{PROMETHEUS}/api/v1/query"
    done = lab.run("curl", "-fsS", "--max-time", "10", "-G", url, "--data-urlencode", f"query={expression}")
    return list(json.loads(done.stdout)["data"]["result"]) if done.returncode == 0 else []


def objects(lab: Lab) -> dict[str, str]:
    """Every object of ours with its resourceVersion."""
    columns = "{range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}"
    listed = lab.ssh("cp1", f"{KUBECTL} get {','.join(KINDS)} -A {OURS} -o jsonpath='{columns}'")
    return dict(line.split() for line in listed.splitlines())


def within(seconds: float, check: Callable[[], object], what: str) -> None:
    """Until it is so."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(1)


def password(lab: Lab) -> str:
    """Grafana's, out of the cluster."""
    return lab.ssh("cp1", f"{KUBECTL} -n monitoring get secret grafana-admin -o jsonpath='{{.data.admin-password}}' | base64 -d")


def login(lab: Lab, url: str, account: str) -> str:
    """The status that Grafana answers to a name and a password."""
    return lab.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", account, f"{url}/api/user").stdout


def test_everything_is_installed_proved_and_kept(lab: Lab, answers: Answers) -> None:
    """Bare hosts to a monitored cluster; verify; the same again; a changed rule; the plug; one add-on less; one that is broken."""
    lab.fresh(**MIXED)
    path = answers(addons=ALL)
    first = install(lab, path)
    assert first.code == 0, first.err
    proofs = [event for event in first.events if isinstance(event, Proved)]
    assert {proof.step for proof in proofs} >= {addon.id for addon in ADDONS if addon.id not in ("helm", "volumes")}
    assert all(proof.holds for proof in proofs)
    (handed,) = (event for event in first.events if isinstance(event, HandedOver))
    told = {fact.label.strip(): fact.text for fact in handed.facts}
    assert (told["Grafana"], told["Prometheus"], told["account"]) == (GRAFANA, PROMETHEUS, "admin")
    secret = password(lab)
    assert len(secret) >= 20 and secret not in first.everything, "made, and shown nowhere but on a terminal"

    _verified(lab, path)
    _nothing_changes(lab, path)
    _a_changed_rule_arrives(lab)
    _the_plug_is_pulled(lab, path)
    assert password(lab) == secret
    _one_that_is_broken(lab, path)


def _verified(lab: Lab, path: Path) -> None:
    seen = verify(lab, path)
    assert seen.code == 0, seen.everything
    shown = " ".join(seen.out.split())
    for words in ("targets", "data source", "queries return data", "2/2 replicas read their data back", "3/3 nodes measured", "v4.3.1"):
        assert words in shown, words
    assert password(lab) not in seen.everything


def _nothing_changes(lab: Lab, path: Path) -> None:
    before = objects(lab)
    again = install(lab, path)
    assert (again.code, again.ended.changed) == (0, 0), again.everything
    assert not {step for _, step in again.statuses("done")} - {"storage"}, "nothing had to be done"
    assert objects(lab) == before
    assert len(before) > 40


def _a_changed_rule_arrives(lab: Lab) -> None:
    """By kubectl alone, with nobody restarting anything."""
    rule = {"groups": [{"name": "mine", "rules": [{"record": "lab:one", "expr": "vector(1)"}]}]}
    patch = json.dumps({"data": {"mine.yml": json.dumps(rule)}})
    lab.ssh("cp1", f"{KUBECTL} -n monitoring patch configmap prometheus-rules --type merge -p '{patch}'")
    within(150, lambda: query(lab, "lab:one"), "the new rule is evaluated")


def _the_plug_is_pulled(lab: Lab, path: Path) -> None:
    """The node that holds Prometheus' volume loses its power and boots again: the data from before are there."""
    before = time.time()
    assert query(lab, "up")
    lab.kill("w1")
    time.sleep(5)
    lab.start("w1")
    within(240, lambda: query(lab, "up"), "Prometheus answers again")
    (series,) = query(lab, f"count(count_over_time(up[{int(time.time() - before) + 300}s] offset {int(time.time() - before) + 5}s))")
    assert int(series["value"][1]) > 5
    assert verify(lab, path).code == 0


def _one_that_is_broken(lab: Lab, path: Path) -> None:
    lab.ssh("cp1", f"{KUBECTL} -n kube-system scale deployment/kube-state-metrics --replicas=0")
    seen = verify(lab, path)
    assert seen.code == 1
    assert "kube-state-metrics (metrics of every object)" in " ".join(seen.out.split())
    lab.ssh("cp1", f"{KUBECTL} -n kube-system scale deployment/kube-state-metrics --replicas=1")


@pytest.mark.long
def test_one_add_on_less(lab: Lab, answers: Answers) -> None:
    """Without --prune it says what would be deleted; with it, that is gone and nothing else. Back again, it gets its new password."""
    lab.fresh(**MIXED)
    assert install(lab, answers(addons=ALL)).code == 0
    old = password(lab)
    less = answers(addons={**ALL, "grafana": False})
    told = install(lab, less)
    assert told.code == 0, told.everything
    assert "grafana is in the cluster and not chosen any more" in told.err
    assert "Deployment monitoring/grafana" in told.err
    before = objects(lab)
    assert "Deployment/grafana" in before
    for flags, words in ((), "stays Deployment monitoring/grafana"), (("--prune",), "delete Deployment monitoring/grafana"):
        assert words in install(lab, less, "--plan", *flags).out
    assert objects(lab) == before, "a plan changes nothing"
    pruned = install(lab, less, "--prune")
    assert pruned.code == 0, pruned.everything
    left = objects(lab)
    assert not [name for name in left if "grafana" in name]
    assert "Deployment/prometheus" in left
    assert lab.ssh("w1", "ls /var/lib/kinstall/grafana/grafana.db")
    assert "password" not in install(lab, less).everything.split("journal:")[0].lower().replace("sudo_password", "")
    back = install(lab, answers(addons=ALL))
    assert back.code == 0, back.everything
    assert password(lab) != old, "a new one was made"
    assert login(lab, GRAFANA, f"admin:{password(lab)}") == "200", "over its old directory, whose database knew the old one"
    assert password(lab) not in back.everything
    _everything_away(lab, answers())


def _everything_away(lab: Lab, none: Path) -> None:
    """helm too; but not the namespace, in which somebody keeps something."""
    lab.ssh("cp1", f"{KUBECTL} -n monitoring create configmap mine")
    told = install(lab, none)
    assert "helm is on cp1 and not chosen any more" in told.err
    assert len(objects(lab)) > 40
    away = install(lab, none, "--prune")
    assert away.code == 0, away.everything
    assert "Namespace monitoring stays: it holds what others have made (ConfigMap monitoring/mine)" in away.err
    assert objects(lab) == {}
    assert lab.ssh("cp1", f"{KUBECTL} get namespace monitoring kinstall-proof local-path-storage --ignore-not-found -o name").split() == [
        "namespace/monitoring"]
    assert lab.ssh("cp1", "ls /usr/local/bin/helm || echo gone").strip() == "gone"


# ---- what goes wrong ----
def failing(lab: Lab, path: Path, *words: str) -> None:
    """The run fails within its patience, and one line of its message has all of these words."""
    run = install(lab, path)
    assert run.code == 1, run.everything
    lines = [line for line in run.err.splitlines() if all(word in line for word in words)]
    assert lines, run.err


@pytest.mark.long
def test_what_goes_wrong_is_told_in_one_sentence(lab: Lab, answers: Answers) -> None:
    """One host: a full disk under the volume, an image that cannot be pulled, a node port that is taken; then all is mended."""
    lab.fresh(cp1="debian13")
    only = {"metrics-server": False, "helm": False}
    path = answers(addons=only)
    lab.ssh("cp1", "mkdir -p /var/lib/kinstall/prometheus && mount -t tmpfs -o size=1m full /var/lib/kinstall/prometheus")
    failing(lab, path, "cp1, directories", "/var/lib/kinstall/prometheus", "needed")
    lab.ssh("cp1", "umount /var/lib/kinstall/prometheus")

    lab.mirror_fail(r"quay\.io/v2/prometheus/node-exporter/manifests", 404)
    failing(lab, path, "node-exporter", "the image quay.io/prometheus/node-exporter", "cannot be pulled on cp1", "not found")
    lab.mirror_clear()

    taken = json.dumps({"spec": {"ports": [{"port": 9090, "nodePort": 30004}]}})
    squat = f"expose deployment/prometheus --name=squatter --type=NodePort --port=9090 --overrides='{taken}'"
    lab.ssh("cp1", f"{KUBECTL} -n monitoring delete service grafana --ignore-not-found; {KUBECTL} -n monitoring {squat}")
    failing(lab, path, "Service monitoring/grafana cannot have the node port 30004", "Service monitoring/squatter")
    lab.ssh("cp1", f"{KUBECTL} -n monitoring delete service squatter")

    mended = install(lab, path)
    assert mended.code == 0, mended.everything


@pytest.mark.long
def test_own_disks_signed_kubelets_and_a_given_password(lab: Lab, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe's volumes for a StatefulSet; serving certificates; Grafana's password from the environment, and then another one."""
    lab.fresh(cp1="debian12", w1="rocky9")
    wanted: dict[str, Any] = {
        "helm": False,
        "metrics-server": {"kubelet_tls": "serving"},
        "grafana": {"password": {"env": "GRAFANA_PASSWORD"}, "node_port": 31004},
        "storage": {"claims": [{"statefulset": "web", "claim": "www", "directory": "/srv/web", "size": "1Gi", "nodes": ["w1", "cp1"]}]},
    }
    path = answers(addons=wanted)
    first = install(lab, path, GRAFANA_PASSWORD="first-of-all")
    assert first.code == 0, first.everything
    assert "first-of-all" not in first.everything
    assert password(lab) == "first-of-all"
    figures = {proof.step: proof.figure for proof in first.events if isinstance(proof, Proved)}
    assert figures["storage"].startswith("2/2 replicas read their data back")
    assert figures["volumes"] == "2/2 ready"
    arguments = lab.ssh("cp1", f"{KUBECTL} -n kube-system get deployment metrics-server -o jsonpath='{{..args}}'")
    assert "insecure" not in arguments
    scraped = lab.ssh("cp1", f"{KUBECTL} -n monitoring get configmap prometheus -o jsonpath='{{.data}}'")
    assert "insecure" not in scraped, "Prometheus checks the kubelets' certificates; that every target is up is proved above"
    waiting = lab.ssh("cp1", f"{KUBECTL} get csr --no-headers").splitlines()
    assert not [line for line in waiting if "Pending" in line]

    second = install(lab, path, GRAFANA_PASSWORD="second-to-none")
    assert second.code == 0, second.everything
    assert login(lab, "http://10.77.0.21:31004", "admin:second-to-none") == "200"
    assert login(lab, "http://10.77.0.21:31004", "admin:first-of-all") == "401"


def test_promtool_agrees(lab: Lab, tmp_path: Path) -> None:
    """The shipped configuration and rules, by Prometheus' own checker; and its unit tests for the rules."""
    from tests.lab.labctl.paths import LAB

    promtool = LAB / "bin/promtool"
    for item in shipped("prometheus"):
        if item["kind"] == "ConfigMap":
            for name, text in item["data"].items():
                (tmp_path / name).write_text(text)
    for file in sorted(tmp_path.glob("*.yml")):
        verb = "config" if file.name == "prometheus.yml" else "rules"
        flags = ["--syntax-only"] if verb == "config" else []
        done = subprocess.run([promtool, "check", verb, *flags, file], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
