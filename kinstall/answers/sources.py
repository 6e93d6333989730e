"""Where everything that is fetched comes from, and how it is recognised: for mirrors and for installations without the internet."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ConfigDict, Field, model_validator

from kinstall.answers.scalars import Fingerprint, Release, Sha256
from kinstall.answers.sections import Section
from kinstall.answers.urls import Registry, Url, UrlOrPath, UrlPattern

KUBERNETES_KEY: Final = "DE15B14486CD377B9E876E1A234654DA9A296436"
DOCKER_APT_KEY: Final = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
DOCKER_RPM_KEY: Final = "060A61C51B558A7F742B77AAC52FEB6B621E9F35"
REGISTRY: Final = "registry.k8s.io"
CHARTS: Final = "https://prometheus-community.github.io/helm-charts"


class KubernetesSource(Section):
    """The package repositories of Kubernetes."""

    url: Url = Field(default="https://pkgs.k8s.io/core:/stable:", description="The repositories; `/v1.36/deb` ... is added.")
    fingerprint: Fingerprint = Field(default=KUBERNETES_KEY, description="The fingerprint of the key that signs them.")
    versions: Url = Field(default="https://dl.k8s.io/release", description="Where the newest patch of a minor version is asked for.")


def _same_or_own(docker: dict[str, str]) -> str:
    """A mirror is signed with one key; Docker itself has two."""
    key = docker.get("fingerprint", DOCKER_APT_KEY)
    return DOCKER_RPM_KEY if key == DOCKER_APT_KEY else key


class DockerSource(Section):
    """Docker's package repositories, which hold containerd.io."""

    url: Url = Field(default="https://download.docker.com/linux", description="The repositories; `/ubuntu`, `/centos` ... is added.")
    fingerprint: Fingerprint = Field(default=DOCKER_APT_KEY, description="The key of the apt repositories; alone, for RPM too.")
    rpm_fingerprint: Fingerprint = Field(default_factory=_same_or_own, description="The key of the RPM repositories.")
    rpm: UrlPattern | None = Field(default=None, description="The folder of the RPM taken by hand; {arch} is filled in.")


class ManifestSource(Section):
    """A network plugin's manifest. Without any of these: the version and the hash from kinstall's own table."""

    version: Release | None = Field(default=None, description="Its version; another than kinstall's own needs `sha256`.")
    url: UrlOrPath | None = Field(default=None, description="https://, http://, file:// or a path on this machine; needs `sha256`.")
    sha256: Sha256 | None = Field(default=None, description="The hash that the manifest must have.")


def _sha256_schema(schema: dict[str, Any]) -> None:
    keys = dict(schema)
    schema.clear()
    schema["anyOf"] = [keys, {"type": "string", "description": "of the archive for amd64"}]


class ArchiveHashes(Section):
    """The SHA-256 of helm's archive for each architecture. A text instead of the keys is that for amd64."""

    model_config = ConfigDict(json_schema_extra=_sha256_schema)

    amd64: Sha256 | None = Field(default=None, description="Of the archive for amd64 (x86_64).")
    arm64: Sha256 | None = Field(default=None, description="Of the archive for arm64 (aarch64).")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, raw: object) -> object:
        return {"amd64": raw} if isinstance(raw, str) else raw


class HelmSource(Section):
    """helm's archives. Without any of these: the version and the hashes from kinstall's own table."""

    version: Release | None = Field(default=None, description="Its version; another than kinstall's own needs `sha256`.")
    url: Url = Field(default="https://get.helm.sh", description="The folder; `/helm-v4.3.0-linux-amd64.tar.gz` ... is added.")
    sha256: ArchiveHashes = Field(default=ArchiveHashes(), description="The hashes that the archives must have.")


class ImageSources(Section):
    """Registries that are asked for the add-ons' images instead of their own, such as `docker.io: mirror.lan:5000/docker`."""

    model_config = ConfigDict(serialize_by_alias=True)

    docker_io: Registry | None = Field(default=None, alias="docker.io", description="For Grafana's, and those of local-path.")
    quay_io: Registry | None = Field(default=None, alias="quay.io", description="For those of Prometheus and node-exporter.")
    registry_k8s_io: Registry | None = Field(
        default=None, alias="registry.k8s.io", description="For those of metrics-server and kube-state-metrics; else `sources.registry`.")


class Sources(Section):
    """Where everything comes from. All of it has defaults: the projects' own places."""

    kubernetes: KubernetesSource = Field(default=KubernetesSource(), description="Kubernetes' packages.")
    docker: DockerSource = Field(default=DockerSource(), description="containerd's packages.")
    registry: Registry = Field(default=REGISTRY, description="Where kubeadm and containerd take the Kubernetes images from.")
    vault: Url = Field(default="http://vault.centos.org", description="CentOS' archive, for hosts whose release has ended.")
    calico: ManifestSource = Field(default=ManifestSource(), description="Calico's manifest.")
    flannel: ManifestSource = Field(default=ManifestSource(), description="flannel's manifest.")
    helm: HelmSource = Field(default=HelmSource(), description="helm's archives.")
    charts: Url = Field(default=CHARTS, description="The repository of charts that helm gets, under the name prometheus-community.")
    images: ImageSources = Field(default=ImageSources(), description="Registries for the add-ons' images.")
