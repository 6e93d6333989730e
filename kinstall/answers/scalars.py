"""The single values of the answers: names, addresses, networks, versions, hashes. Each says what is wrong with it, and never quotes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

MISTAKE: Final = "kinstall"  # the type of our own errors, among pydantic's

LABEL: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_DNS: Final = r"(?=.{1,253}$)[A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?)*"
LOGIN: Final = re.compile(r"((?P<user>[^@:\s]+)@)?(?P<address>[^@:\s]+)(:(?P<port>[0-9]{1,5}))?")


def wrong(what: str, mend: str = "") -> PydanticCustomError:
    """The error of a validator: what is wrong, and how to mend it."""
    return PydanticCustomError(MISTAKE, "{what}", {"what": what, "mend": mend})


@dataclass(frozen=True, slots=True)
class Shape:
    """A text that must match a pattern; the pattern goes into the JSON schema too."""

    pattern: str
    what: str
    mend: str

    def check(self, text: str) -> str:
        """The text, if it has this shape."""
        if not re.fullmatch(self.pattern, text):
            raise wrong(self.what, self.mend)
        return text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"pattern": f"^({self.pattern})$"}


def _name(text: str) -> str:
    if re.fullmatch(LABEL, text):
        return text
    near = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    raise wrong("not a name: lowercase letters, digits and - inside, 63 at most", f"write {near}" if near else "write one such as node1")


def _address(text: str) -> str:
    if "@" in text:
        raise wrong("more than an address", "the user belongs in access.user")
    if ":" in text:
        raise wrong("more than an IPv4 address or a host name", "a port belongs in access.port; IPv6 is not supported yet")
    return str(_ipv4(text)) if re.fullmatch(r"[0-9.]+", text) else _host(text)


def _host(text: str) -> str:
    if not re.fullmatch(_DNS, text):
        raise wrong("neither an IPv4 address nor a host name", "write one such as 192.168.1.31")
    return text


def _ipv4(text: object) -> IPv4Address:
    try:
        address = IPv4Address(str(text))
    except AddressValueError:
        raise wrong("not an IPv4 address", "write four numbers from 0 to 255, such as 192.168.1.31") from None
    if address.is_multicast or address.is_unspecified or address == IPv4Address("255.255.255.255"):
        raise wrong("an address that no host can have", "write the host's own")
    return address


def _network(text: object) -> IPv4Network:
    address, _, prefix = str(text).partition("/")
    if ":" in address:
        raise wrong("an IPv6 network, which is not supported yet", "write an IPv4 network such as 10.244.0.0/16")
    if not re.fullmatch(r"[0-9]{1,2}", prefix):
        raise wrong("not a network with its size", "write one such as 10.244.0.0/16")
    try:
        network = IPv4Network(str(text), strict=False)
    except ValueError:
        raise wrong("not an IPv4 network", "write one such as 10.244.0.0/16") from None
    if str(network.network_address) != address:
        raise wrong(f"an address inside a network, not a network of /{prefix}", f"write {network}")
    return network


@dataclass(frozen=True, slots=True)
class Size:
    """The sizes that kubeadm takes for a network, as the smallest and the largest prefix."""

    largest: int
    smallest: int
    why: str

    def check(self, network: IPv4Network) -> IPv4Network:
        """The network, if it has such a size."""
        if network.prefixlen > self.smallest:
            raise wrong(f"too small: {self.why}", f"write /{self.smallest} or larger, such as /16")
        if network.prefixlen < self.largest:
            raise wrong(f"too large: kubeadm takes /{self.largest} at most", f"write /{self.largest} or smaller")
        return network


def _version(value: object) -> str:
    text = str(value).removeprefix("v")
    if not re.fullmatch(r"auto|1\.[0-9]{1,2}(\.[0-9]{1,2})?", text):
        raise wrong("not a Kubernetes version", "write auto, a minor version such as 1.36, or a full one such as 1.37.2")
    return text


def _path(path: Path) -> Path:
    if re.search(r"[\x00-\x1f]", str(path)):
        raise wrong("not a path: more than one line", "write where the file is, not what is in it")
    return path


def _hex(length: int, what: str, mend: str) -> AfterValidator:
    def check(text: str) -> str:
        bare = re.sub(r"\s", "", text)
        if not re.fullmatch(rf"[0-9A-Fa-f]{{{length}}}", bare):
            raise wrong(what, mend)
        return bare

    return AfterValidator(check)


FilePath = Annotated[Path, AfterValidator(_path)]
Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^({LABEL})$"})]
Address = Annotated[str, AfterValidator(_address)]
NodeAddress = Annotated[IPv4Address, BeforeValidator(_ipv4)]
Pods = Annotated[IPv4Network, AfterValidator(Size(8, 24, "each node takes a /24 of it").check), BeforeValidator(_network)]
Services = Annotated[IPv4Network, AfterValidator(Size(12, 28, "the cluster's own services take more").check), BeforeValidator(_network)]
# Editors read 1.36 as a number; kinstall reads it as its text.
KubernetesVersion = Annotated[str, BeforeValidator(_version), WithJsonSchema({"type": ["string", "number"], "examples": ["auto", "1.36"]})]
Release = Annotated[
    str, AfterValidator(lambda text: text.removeprefix("v")), Shape(r"v?\d+\.\d+\.\d+", "not a version", "write a full one such as 1.2.3")]
User = Annotated[str, Shape(r"[^\s:@/\-][^\s:@/]*(@[^\s:@/]+)?", "not a user name", "write the account's name alone, such as admin")]
Jump = Annotated[str, Shape(r"([^@:\s]+@)?[^@:\s]+(:[0-9]{1,5})?", "not a host to jump through", "write user@host:port, no password")]
HostKey = Annotated[str, Shape(
    r"SHA256:[A-Za-z0-9+/]{43}", "not a host key's fingerprint",
    "write SHA256:... as `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` shows it on the host")]
Variable = Annotated[str, Shape(
    r"[A-Za-z_][A-Za-z0-9_]*", "not the name of an environment variable",
    "write letters, digits and _, such as KINSTALL_PASSWORD; never the secret itself")]
Fingerprint = Annotated[
    str, AfterValidator(str.upper), _hex(40, "not a key's fingerprint", "write its 40 hexadecimal digits; spaces may part them")]
Sha256 = Annotated[str, AfterValidator(str.lower), _hex(64, "not a SHA-256", "write the 64 hexadecimal digits that `sha256sum` prints")]
