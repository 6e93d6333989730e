"""Every PromQL expression of rules and dashboards, by a real parser; the shape of both; the rules on input, where there is a promtool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import promql_parser
import pytest
import yaml

from kinstall.addons.dashboards import dashboards, queries, substituted
from kinstall.manifests import config_maps, containers, find, shipped

TESTS: Final = Path(__file__).parents[1] / "promtool"
RULES: Final[Mapping[str, str]] = next(config_maps(shipped("prometheus"), "prometheus-rules"))
CONFIG: Final = yaml.safe_load(next(config_maps(shipped("prometheus"), "prometheus"))["prometheus.yml"])
ALERTS: Final = [rule for text in RULES.values() for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
BOARDS: Final = list(dashboards())
PANELS: Final = [(board["title"], panel) for board in BOARDS for panel in board["panels"]]
EXPRESSIONS: Final = [(rule["alert"], rule["expr"]) for rule in ALERTS] + [
    (f"{query.dashboard}: {query.panel}", query.expression) for query in queries()]
# what a metric's name begins with, and the job that has it
ORIGINS: Final = ("ALERTS", "up", "apiserver_", "container_", "coredns_", "kube_", "kubelet_", "node_", "prometheus_")
NUMERIC: Final = ("gauge", "stat", "timeseries")


def selectors(expression: str) -> Iterator[Any]:
    """Every selector of series in an expression."""
    found: list[Any] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return iter(found)


# ---- expressions ----
@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_an_expression_is_sound_and_asks_for_what_is_scraped(where: str, expression: str) -> None:
    metrics = [selector.name for selector in selectors(expression)]
    assert metrics
    for metric in metrics:
        assert metric.startswith(ORIGINS)


@pytest.mark.parametrize("wrong", ["sum(rate(x[5m])", "rate(x)", "foo(x)", 'x{a=~"("}', "sum by node (x)"])
def test_the_parser_finds_what_is_wrong(wrong: str) -> None:
    with pytest.raises(ValueError):
        promql_parser.parse(wrong)


def test_nothing_is_asked_for_that_is_dropped() -> None:
    rules = [rule for job in CONFIG["scrape_configs"] for rule in job.get("metric_relabel_configs", [])]
    dropped = [rule["regex"] for rule in rules if rule["action"] == "drop"]
    asked = {selector.name for _, expression in EXPRESSIONS for selector in selectors(expression)}
    assert dropped and not [(regex, name) for regex in dropped for name in asked if re.fullmatch(regex, name)]


def test_kube_state_metrics_lists_what_is_asked_for() -> None:
    (container,) = containers(shipped("kube-state-metrics"), "Deployment", "kube-state-metrics")
    listed = container["args"][0].removeprefix("--resources=").split(",")
    asked = {selector.name for _, expression in EXPRESSIONS for selector in selectors(expression)}
    kinds = {name.split("_")[1] + "s" for name in asked if name.startswith("kube_")}
    assert kinds and kinds <= set(listed)


# ---- what is scraped ----
def test_the_jobs() -> None:
    assert [job["job_name"] for job in CONFIG["scrape_configs"]] == [
        "prometheus", "apiserver", "kubelet", "cadvisor", "node-exporter", "kube-state-metrics", "coredns",
        "annotated-pods", "annotated-services"]
    for job in CONFIG["scrape_configs"]:
        assert {item["role"] for item in job.get("kubernetes_sd_configs", [])} <= {"endpointslice", "node", "pod"}
        trust = job.get("tls_config", {})
        assert bool(trust) is (job.get("scheme") == "https")
        assert trust.get("insecure_skip_verify", False) is (job["job_name"] in ("kubelet", "cadvisor"))
        assert trust.get("ca_file") or trust.get("insecure_skip_verify") or not trust


@pytest.mark.parametrize("job", ["kubelet", "cadvisor", "node-exporter"])
def test_a_machines_series_name_their_node(job: str) -> None:
    (found,) = [item for item in CONFIG["scrape_configs"] if item["job_name"] == job]
    assert [rule for rule in found["relabel_configs"] if rule.get("target_label") == "node"]


# ---- rules ----
@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description"}
    assert len(rule["annotations"]["description"]) > 80
    # nothing is alerted about in the first minutes of a cluster
    assert re.fullmatch(r"\d+m", rule["for"]) and int(rule["for"].removesuffix("m")) >= 2
    fields = set(re.findall(r"\$labels\.(\w+)", yaml.safe_dump(rule["annotations"])))
    assert fields <= {
        "container", "deployment", "instance", "job", "mountpoint", "namespace", "node", "persistentvolume", "persistentvolumeclaim", "pod",
        "rule_group", "statefulset"}


def test_alerts_have_names_of_their_own_and_are_tried() -> None:
    names = [rule["alert"] for rule in ALERTS]
    assert len(set(names)) == len(names)
    assert set(names) == {name for file in sorted(TESTS.glob("*.yml")) for name in fired(file)}


def fired(file: Path) -> Iterator[str]:
    """The alerts that a file of promtool's tests sees firing."""
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
        yield from (test["alertname"] for test in case.get("alert_rule_test", []) if test.get("exp_alerts"))
        for test in case.get("promql_expr_test", []):
            if test.get("exp_samples"):
                yield from re.findall(r'alertname="(\w+)",alertstate="firing"', test["expr"])


def promtool() -> str:
    """Where promtool is; nothing when there is none."""
    lab = Path(os.environ.get("LAB") or Path.home() / ".cache/kinstall-lab")
    places = os.pathsep.join([os.environ.get("PATH", ""), str(lab / "bin"), str(Path.home() / ".cache/kinstall-lab/bin")])
    return shutil.which("promtool", path=places) or ""


needs_promtool = pytest.mark.skipif(
    not promtool(), reason="no promtool in PATH or the lab (tests/lab/lab build makes one): the rules are only parsed")


@needs_promtool
@pytest.mark.parametrize("name", RULES)
def test_the_rules_on_input(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(RULES[name], encoding="utf-8")
    test = tmp_path / f"test-{name}"
    test.write_text((TESTS / name).read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run([promtool(), "test", "rules", test], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_takes_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "prometheus.yml"
    path.write_text(find(shipped("prometheus"), "ConfigMap", "prometheus")["data"]["prometheus.yml"], encoding="utf-8")
    done = subprocess.run([promtool(), "check", "config", "--syntax-only", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- dashboards ----
def test_the_dashboards_have_uids_that_stay() -> None:
    assert sorted(board["uid"] for board in BOARDS) == ["kinstall-cluster", "kinstall-node", "kinstall-storage", "kinstall-workloads"]
    for board in BOARDS:
        assert board["schemaVersion"] >= 40 and board["description"] and board["tags"] == ["kinstall"]
        assert "id" not in board            # Grafana gives it; a fixed one would be another dashboard's


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=[f"{board}: {panel['title']}" for board, panel in PANELS])
def test_a_panel_says_what_it_shows_in_which_unit(board: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "prometheus"}
    unit = panel["fieldConfig"]["defaults"]["unit"]
    assert unit and (unit != "none" or panel["type"] not in NUMERIC)
    assert [target["refId"] for target in panel["targets"]] == list("ABCDEFG"[:len(panel["targets"])])
    assert all(target["expr"] for target in panel["targets"])


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_panels_lie_side_by_side(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken
        taken |= cells


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_a_variable_can_stand_for_everything_and_is_used_so(board: dict[str, Any]) -> None:
    variables = board["templating"]["list"]
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    for variable in variables:
        assert (variable["includeAll"], variable["multi"], variable["allValue"]) == (True, True, ".*")
        assert variable["datasource"]["uid"] == "prometheus"
        assert any(f'=~"${variable["name"]}"' in expression for expression in expressions)
    known = {variable["name"] for variable in variables} | {"__rate_interval"}
    for expression in expressions:
        assert set(re.findall(r"\$(\w+)", expression)) <= known
        assert not re.findall(r'(?<!=~)"\$', expression)     # with = a choice of several would match nothing
        assert "$" not in substituted(expression)
