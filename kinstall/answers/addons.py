"""The add-ons, as the answers name them: all are on, but for storage; `false` switches one off, and `addons: none` all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from kinstall.answers.places import Directory
from kinstall.answers.quantities import Duration, HelmVersion, Label, Login, NodePort, Owner, Quantity
from kinstall.answers.scalars import Name, wrong
from kinstall.answers.sections import SecretRef, Section
from kinstall.answers.switches import Switch, expand_addons, expand_storage

HOME: Final = "/var/lib/kinstall"


class HelmEntry(Section):
    """helm on the control plane, with completion and a repository of charts. `true`: the newest helm 4 that kinstall knows."""

    version: HelmVersion = Field(default="4", description="`4` or `3`: the newest of it that kinstall knows; or a full one.")


class MetricsServerEntry(Section):
    """What `kubectl top` and autoscaling ask."""

    kubelet_tls: Literal["insecure", "serving"] = Field(
        default="insecure", description="How it trusts the kubelets. `insecure`: without a look at their certificates; `serving`: the "
        "cluster signs certificates for them, and kinstall approves each after a look at its name and addresses.")


class PrometheusEntry(Section):
    """Prometheus, with its data in a directory of one node. The directory stays when Prometheus goes."""

    node: Name | None = Field(default=None, description="The host that it runs on; without it the first worker, or the only host.")
    directory: Directory = Field(default=f"{HOME}/prometheus", description="Where its data lie on that host.")
    size: Quantity = Field(default="10Gi", description="How much room it asks for.")
    retention: Duration = Field(default="15d", description="How long it keeps what it has seen: `15d`, `12h`, `1y`.")
    node_port: NodePort = Field(default=30090, description="Its port on every node, from 30000 to 32767.")


class GrafanaEntry(Section):
    """Grafana, with Prometheus as its source and dashboards. It needs prometheus, node-exporter and kube-state-metrics."""

    node: Name | None = Field(default=None, description="The host that it runs on; without it the first worker, or the only host.")
    directory: Directory = Field(default=f"{HOME}/grafana", description="Where its data lie on that host.")
    size: Quantity = Field(default="1Gi", description="How much room it asks for.")
    node_port: NodePort = Field(default=30004, description="Its port on every node, from 30000 to 32767.")
    user: Login = Field(default="admin", description="The administrator's account.")
    password: SecretRef | None = Field(default=None, description="Its password; without it kinstall makes one and shows it once.")


def _at_least_one(nodes: tuple[str, ...]) -> tuple[str, ...]:
    if not nodes:
        raise wrong("no nodes", "name a host for each replica; one that is there twice gets two directories")
    return nodes


class ClaimEntry(Section):
    """Directories for the replicas of a StatefulSet that you will install: the claims that it makes find them by their names."""

    statefulset: Label = Field(description="The StatefulSet's name.")
    claim: Label = Field(description="The name in its `volumeClaimTemplates`. Their `storageClassName` must be `\"\"`.")
    namespace: Label = Field(default="default", description="Its namespace.")
    size: Quantity = Field(default="1Gi", description="How much a replica may ask for. A directory is not limited to it.")
    directory: Directory = Field(
        description="The directory on each host. Of two replicas on one host the later gets another: `/srv/web-1`, by its number.")
    nodes: Annotated[tuple[Name, ...], AfterValidator(_at_least_one)] = Field(
        description="The hosts of replica 0, 1 and so on.", json_schema_extra={"minItems": 1})
    owner: Owner | None = Field(
        default=None, description="`uid:gid` of the directories, for pods that are neither root nor have an `fsGroup`.")


class StorageEntry(Section):
    """Where StatefulSets find their disks; nothing unless it is asked for."""

    model_config = ConfigDict(serialize_by_alias=True)

    kind: Literal["none", "local-path"] = Field(
        default="none", alias="class", description="`local-path`: a default StorageClass that makes directories on the node of the pod.")
    directory: Directory = Field(default=f"{HOME}/local-path", description="Where local-path makes them, on every node.")
    claims: tuple[ClaimEntry, ...] = Field(default=(), description="Directories of your choice for StatefulSets, beforehand.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, raw: object) -> object:
        return expand_storage(raw)


def _addons_schema(schema: dict[str, Any]) -> None:
    """In the JSON schema, the add-ons are a group of keys or a word."""
    keys = dict(schema)
    schema.clear()
    schema["anyOf"] = [keys, {"enum": ["all", "none"]}, {"type": "boolean"}]


class AddonsEntry(Section):
    """What is installed into the cluster at the end, and proved to work. `all` or `none` stand for all of these keys.

    `true` takes an add-on with its defaults, as does leaving it out; `false` leaves it away.
    """

    model_config = ConfigDict(serialize_by_alias=True, json_schema_extra=_addons_schema)

    helm: Annotated[HelmEntry | Literal[False], Switch(HelmEntry)] = Field(default=HelmEntry(), description="The program helm.")
    metrics_server: Annotated[MetricsServerEntry | Literal[False], Switch(MetricsServerEntry)] = Field(
        default=MetricsServerEntry(), alias="metrics-server", description="What `kubectl top` asks.")
    kube_state_metrics: bool = Field(default=True, alias="kube-state-metrics", description="Metrics of the cluster's objects.")
    node_exporter: bool = Field(default=True, alias="node-exporter", description="Metrics of each machine, on port 9100.")
    prometheus: Annotated[PrometheusEntry | Literal[False], Switch(PrometheusEntry)] = Field(
        default=PrometheusEntry(), description="Collects metrics, and judges them by rules.")
    grafana: Annotated[GrafanaEntry | Literal[False], Switch(GrafanaEntry)] = Field(
        default=GrafanaEntry(), description="Shows them on dashboards.")
    storage: StorageEntry = Field(default=StorageEntry(), description="Where StatefulSets find their disks.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, raw: object) -> object:
        return expand_addons(raw)


ENTRIES: Final[Mapping[str, type[Section]]] = {
    "helm": HelmEntry, "metrics-server": MetricsServerEntry, "prometheus": PrometheusEntry, "grafana": GrafanaEntry,
}
