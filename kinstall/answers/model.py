"""What the user decided: the answers, with every key, its default and what it is for. Four lines of hosts are enough."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator

from kinstall.answers.addons import AddonsEntry
from kinstall.answers.marks import Marks
from kinstall.answers.scalars import Address, FilePath, HostKey, Jump, KubernetesVersion, Name, NodeAddress, Pods, Services, User, wrong
from kinstall.answers.sections import SecretRef, Section
from kinstall.answers.shorthand import expand, host_schema
from kinstall.answers.sources import Sources
from kinstall.model import Role

# the checks that may be overruled: kinstall.checks.ALLOWED, which knows the answers, and so cannot be asked here
Allowed = Literal[
    "cgroup-v1", "clock", "cni-config", "cni-interfaces", "default-route", "dns", "dns-loop", "dns-search", "etcd-data", "inodes", "kernel",
    "low-cpu", "low-memory", "mac", "machine-id", "mirrors", "modules", "mounts", "other-cluster", "package-lock", "package-state", "ports",
    "proxy", "reach", "remove-container-tools", "repositories", "sources", "swap",
]


def _no_docker_yet(value: object) -> object:
    if value == "docker":
        raise wrong("Docker as the runtime does not work yet", "write containerd: it runs the images that Docker builds")
    return value


Runtime = Annotated[Literal["containerd"], BeforeValidator(_no_docker_yet)]


class Cluster(Section):
    """The cluster as a whole."""

    name: Name = Field(default="homelab", description="Its name, in kubeadm's configuration and in the kubeconfig.")
    kubernetes: KubernetesVersion = Field(default="auto", description="`auto` (the newest that all hosts run), `1.36` or `1.37.2`.")
    runtime: Runtime = Field(default="containerd", description="What runs the containers.")
    account: User | None = Field(default=None, description="The account for sudo and kubectl, when another logs in.")
    kubeconfig: FilePath | None = Field(default=None, description="A kubeconfig here to add the cluster to, such as `~/.kube/config`.")


class Network(Section):
    """The networks inside the cluster. They must not overlap, and no host may lie in them."""

    plugin: Literal["calico", "flannel"] = Field(default="calico", description="Who connects the pods of different hosts.")
    pods: Pods = Field(default=IPv4Network("10.244.0.0/16"), description="The pods' addresses; each host takes a /24.")
    services: Services = Field(default=IPv4Network("10.96.0.0/12"), description="The services' addresses.")


class AccessEntry(Section):
    """How hosts are reached. What is not said here comes from `~/.ssh/config`, as with ssh itself."""

    user: User | None = Field(default=None, description="The account to log in with.")
    port: int | None = Field(default=None, ge=1, le=65535, description="The port of SSH.")
    key: FilePath | None = Field(default=None, description="The private key.")
    key_passphrase: SecretRef | None = Field(default=None, description="The key's passphrase.")
    password: SecretRef | None = Field(default=None, description="The account's password, for a login without a key.")
    sudo_password: SecretRef | None = Field(default=None, description="The password for sudo, if sudo asks for one.")
    agent: bool = Field(default=True, description="Offer the keys of the ssh agent.")
    jump: Jump | None = Field(default=None, description="A host to go through: `user@host:port`, or a name from `~/.ssh/config`.")
    host_key: HostKey | None = Field(default=None, description="The fingerprint that the host's key must have: `SHA256:...`.")


class HostEntry(Section):
    """One machine. `user@address:port` instead of the keys is a worker."""

    model_config = ConfigDict(json_schema_extra=host_schema)

    name: Name = Field(description="The node's name; without it, the first part of a host name in `address`.")
    address: Address = Field(description="An IPv4 address, a host name, a name from `~/.ssh/config`, or `local`: this very machine.")
    role: Role = Field(default=Role.WORKER, description="What it becomes. Exactly one host is the control plane.")
    node_address: NodeAddress | None = Field(default=None, description="Which of its IPv4 addresses the node uses, if it has several.")
    access: AccessEntry = Field(default=AccessEntry(), description="What differs from `access` for this host.")

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, raw: object) -> object:
        return expand(raw)


def _at_least_one(hosts: tuple[HostEntry, ...]) -> tuple[HostEntry, ...]:
    """Not min_length: pydantic counts the sound hosts only, and would say it of a list in which each host has a mistake."""
    if not hosts:
        raise wrong("no hosts", "list at least one machine: name, address, and `role: control-plane`")
    return hosts


Hosts = Annotated[tuple[HostEntry, ...], AfterValidator(_at_least_one)]


class Answers(Section):
    """What the user decided. `load` and `parse` make it from YAML, `dump` turns it back."""

    cluster: Cluster = Field(default=Cluster(), description="The cluster as a whole.")
    network: Network = Field(default=Network(), description="The networks inside the cluster.")
    access: AccessEntry = Field(default=AccessEntry(), description="How all hosts are reached.")
    hosts: Hosts = Field(description="The machines; at least one.", json_schema_extra={"minItems": 1})
    addons: AddonsEntry = Field(
        default=AddonsEntry(), description="What is installed into the cluster at the end: `all` (the default), `none`, or these keys.")
    firewall: Literal["open", "disable", "leave"] = Field(
        default="open", description="`open`: keep firewalld or ufw and open the ports; `disable`: turn it off; `leave`: touch nothing.")
    selinux: Literal["permissive", "leave"] = Field(default="permissive", description="`permissive`: log only; `leave`: touch nothing.")
    allow: tuple[Allowed, ...] = Field(
        default=(), description="The checks that you overrule knowingly, by their names in docs/checks.md: cgroup v1 hosts (`cgroup-v1`), "
        "a kernel that Kubernetes does not support (`kernel`), less memory or fewer processors than kubeadm asks for (`low-memory`, "
        "`low-cpu`), that podman, buildah, runc or docker.io make way for containerd even while containers run with them "
        "(`remove-container-tools`), and whatever else `kinstall check` names.")
    sources: Sources = Field(default=Sources(), description="Where everything comes from.")

    _marks: Marks = PrivateAttr(default_factory=Marks)

    @property
    def marks(self) -> Marks:
        """Where these answers were written."""
        return self._marks

    def marked(self, marks: Marks) -> Answers:
        """The same answers, knowing where they were written."""
        copy = self.model_copy()
        copy._marks = marks
        return copy

    def allowing(self, words: Iterable[str]) -> Answers:
        """The same answers, with these checks overruled as well."""
        return self.model_copy(update={"allow": tuple(dict.fromkeys((*self.allow, *words)))})

    def host(self, name: str) -> HostEntry:
        """The host of this name; KeyError if there is none."""
        return {host.name: host for host in self.hosts}[name]

    def access_of(self, host: HostEntry) -> AccessEntry:
        """How this host is reached: `access`, overridden field by field."""
        return self.access.model_copy(update={key: getattr(host.access, key) for key in host.access.model_fields_set})

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON schema of answers.yaml, for editors."""
        return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | cls.model_json_schema()
