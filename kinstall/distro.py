"""The table of distributions: what differs between them, as data. A new one is a new row; a clone of a known one needs none.

A host finds its row by `resolve`: first by ID and VERSION_ID of its os-release, then as a clone, by ID_LIKE together with what says which
release it was cloned from (UBUNTU_CODENAME, DEBIAN_CODENAME, PLATFORM_ID).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from kinstall.errors import UnfitError
from kinstall.packaging import MANAGERS, Manager

Family = Literal["debian", "rhel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Distro:
    """One row: a distribution in one release."""

    id: str                              # our own name for it: debian12, el9
    title: str                           # for people; of a resolved host, its PRETTY_NAME
    names: tuple[str, ...]               # the IDs in os-release that this row is for
    version: str                         # what VERSION_ID is, up to its own length at a dot ("9" takes 9.6); "" takes every one
    label: str = ""                      # a word that NAME must have, where ID and VERSION_ID do not tell two rows apart
    codename: str = ""                   # Debian family: the release's name in the archives
    platform: str = ""                   # EL family: PLATFORM_ID without `platform:`
    family: Family
    docker: str                          # the directory under download.docker.com/linux
    docker_release: str                  # the release in it: codename or number
    admin_group: str                     # who may use sudo
    tools: tuple[str, ...]               # packages that kubelet, kube-proxy and kinstall itself call
    kernel_tools: tuple[str, ...] = ()   # packages of kernel modules: to be installed as NAME-$(uname -r)
    conflicts: tuple[str, ...]           # packages that exclude containerd.io
    vault: str = ""                      # the directory on vault.centos.org, when the mirrors are gone
    rpm_by_hand: str = ""                # the folder of containerd.io's RPMs, when Docker's own repository is frozen
    end_of_life: date | None = None      # the last day with free updates

    @property
    def manager(self) -> Manager:
        """apt or dnf: what installs packages here."""
        return MANAGERS[self.family]

    def is_past(self, today: date) -> bool:
        """Whether its updates have ended."""
        return self.end_of_life is not None and today > self.end_of_life


_APT_TOOLS: Final = ("conntrack", "socat", "ethtool", "iptables", "iproute2", "ipset", "kmod", "curl", "gnupg", "ca-certificates")
_APT_CONFLICTS: Final = ("docker.io", "containerd", "runc")
# /usr/bin/curl: EL 9 images have curl-minimal, which excludes curl and does as well.
# EL 9's package is called iptables-nft and provides `iptables`; EL 10 and Fedora are asked by the real name. No ipset there: it is on
# its way out of EL, and who needs it (kube-proxy, calico-node) has it in the image.
_EL_TOOLS: Final = ("conntrack-tools", "socat", "ethtool", "iproute-tc", "kmod", "tar", "ca-certificates", "container-selinux",
                    "gnupg2", "diffutils", "/usr/bin/curl")
_DNF_TOOLS: Final = (*_EL_TOOLS, "iptables", "ipset")
_NFT_TOOLS: Final = (*_EL_TOOLS, "iptables-nft")

_DEBIAN12: Final = Distro(
    id="debian12", title="Debian 12", names=("debian",), version="12", codename="bookworm", family="debian",
    docker="debian", docker_release="bookworm", admin_group="sudo", tools=_APT_TOOLS,
    conflicts=_APT_CONFLICTS, end_of_life=date(2028, 6, 30),
)
_UBUNTU2404: Final = replace(
    _DEBIAN12, id="ubuntu2404", title="Ubuntu 24.04 LTS", names=("ubuntu",), version="24.04", codename="noble",
    docker="ubuntu", docker_release="noble", end_of_life=date(2029, 5, 31),
)
_EL9: Final = Distro(
    id="el9", title="Rocky, Alma, Oracle or Red Hat Enterprise Linux 9", names=("rocky", "almalinux", "rhel", "ol"), version="9",
    platform="el9", family="rhel", docker="rhel", docker_release="9", admin_group="wheel", tools=_DNF_TOOLS,
    conflicts=("runc",), end_of_life=date(2032, 5, 31),
)
_EL8: Final = replace(
    _EL9, id="el8", title="Rocky, Alma, Oracle or Red Hat Enterprise Linux 8", version="8", platform="el8", docker_release="8",
    conflicts=("podman", "buildah", "runc"), end_of_life=date(2029, 5, 31),
)

# The order counts: of two rows that fit, the first is taken. The first of a codename or platform is the one for its clones.
DISTROS: Final[tuple[Distro, ...]] = (
    replace(_DEBIAN12, id="debian11", title="Debian 11", version="11", codename="bullseye", docker_release="bullseye",
            end_of_life=date(2026, 8, 31)),
    _DEBIAN12,
    replace(_DEBIAN12, id="debian13", title="Debian 13", version="13", codename="trixie", docker_release="trixie",
            end_of_life=date(2030, 6, 30)),
    replace(_UBUNTU2404, id="ubuntu2004", title="Ubuntu 20.04 LTS", version="20.04", codename="focal", docker_release="focal",
            end_of_life=date(2025, 5, 31)),
    replace(_UBUNTU2404, id="ubuntu2204", title="Ubuntu 22.04 LTS", version="22.04", codename="jammy", docker_release="jammy",
            end_of_life=date(2027, 5, 31)),
    _UBUNTU2404,
    replace(_UBUNTU2404, id="ubuntu2604", title="Ubuntu 26.04 LTS", version="26.04", codename="resolute", docker_release="resolute",
            end_of_life=date(2031, 5, 31)),
    _EL8,
    replace(_EL8, id="centosstream8", title="CentOS Stream 8", names=("centos",), label="Stream", vault="centos/8-stream",
            end_of_life=date(2024, 5, 31)),
    # Docker's centos/8 ends with containerd.io 1.6.33; the RPM that it builds for RHEL 8 is the same thing, and newer.
    replace(_EL8, id="centos8", title="CentOS Linux 8", names=("centos",), docker="centos", vault="centos/8",
            rpm_by_hand="{docker}/rhel/8/{arch}/stable/Packages/",
            end_of_life=date(2021, 12, 31)),
    _EL9,
    replace(_EL9, id="centosstream9", title="CentOS Stream 9", names=("centos",), docker="centos", end_of_life=date(2027, 5, 31)),
    # EL 10 has neither an `iptables` package nor br_netfilter in its base kernel.
    replace(_EL9, id="el10", title="Rocky, Alma, Oracle, CentOS Stream or Red Hat Enterprise Linux 10",
            names=("rocky", "almalinux", "rhel", "ol", "centos"), version="10", platform="el10", docker_release="10",
            tools=_NFT_TOOLS, kernel_tools=("kernel-modules-extra",), end_of_life=date(2035, 5, 31)),
    # {release} is filled in when a host is resolved: Fedora has two releases a year, and no row can know them all.
    replace(_EL9, id="fedora", title="Fedora", names=("fedora",), version="", platform="", docker="fedora", docker_release="{release}",
            tools=_NFT_TOOLS, conflicts=("containerd", "runc"), end_of_life=None),
)


def resolve(os_release: Mapping[str, str]) -> Distro:
    """The row for a host with this os-release; UnfitError names what was found and what would do."""
    row = _by_name(os_release) or _as_clone(os_release)
    if row is None:
        found = os_release.get("PRETTY_NAME") or " ".join(filter(None, (os_release.get("ID"), os_release.get("VERSION_ID"))))
        raise UnfitError(
            f"{found or 'a system without /etc/os-release'} is not a distribution that kinstall knows",
            hint=f"It knows {', '.join(row.title for row in DISTROS)}, and what is built on these.",
        )
    title, release = os_release.get("PRETTY_NAME") or row.title, os_release.get("VERSION_ID", "")
    return replace(row, title=title, docker_release=row.docker_release.format(release=release))


def _by_name(os_release: Mapping[str, str]) -> Distro | None:
    name, version = os_release.get("ID", ""), os_release.get("VERSION_ID", "")
    for row in DISTROS:
        fits = not row.version or version == row.version or version.startswith(f"{row.version}.")
        if name in row.names and fits and row.label in os_release.get("NAME", ""):
            return row
    return None


# What a clone calls the codename of the release it is built on, by the ID in its ID_LIKE; VERSION_CODENAME is the clone's own
# name in Mint and the like, but Debian's in a Debian without VERSION_ID (testing, just before its release).
_CODENAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "ubuntu": ("UBUNTU_CODENAME",),
    "debian": ("DEBIAN_CODENAME", "VERSION_CODENAME"),
}


def _as_clone(os_release: Mapping[str, str]) -> Distro | None:
    platform = os_release.get("PLATFORM_ID", "").removeprefix("platform:")
    for like in (os_release.get("ID", ""), *os_release.get("ID_LIKE", "").split()):
        codenames = {os_release.get(key, "") for key in _CODENAMES.get(like, ())} - {""}
        for row in DISTROS:
            if (like in row.names and row.codename in codenames) or (row.family == "rhel" and platform and platform == row.platform):
                return row
    return None
