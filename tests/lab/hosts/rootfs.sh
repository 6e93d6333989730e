#!/bin/bash
# rootfs.sh NAME... - the pristine base root filesystems, one a Debian release (el = bookworm with dnf and rpm instead of a use for apt).
# They hold what a minimal server installation holds, and the shared libraries of what is later installed by RPM; no more.
set -eu
LAB=${LAB:?set LAB to a scratch folder}
R=$LAB/rootfs
mkdir -p "$R" "$LAB/logs"

# the Debian mirror is the one that this machine's own apt uses
MIRROR=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -E '/debian/?$' | head -1)}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg

BASE=systemd,systemd-sysv,libpam-systemd,dbus,openssh-server,sudo,kmod,procps,util-linux,mount
BASE+=,iproute2,iputils-ping,ca-certificates,curl,tar,gzip,xz-utils,less,python3-minimal
APT=gpg,apt-transport-https,lsb-release
EL=dnf,dnf-plugins-core,rpm,python3,gpg,nftables
EL+=,libnetfilter-conntrack3,libnetfilter-cttimeout1,libnetfilter-cthelper0,libnetfilter-queue1,libxtables12,libip4tc2,libip6tc2
EL+=,libnftnl11,libnfnetlink0,libmnl0,libssl3,libreadline8,libwrap0,libseccomp2,libbpf1,libelf1

SLIM=()
for x in doc man locale info; do SLIM+=(--dpkgopt="path-exclude=/usr/share/$x/*"); done

make() { # NAME SUITE PACKAGES [mmdebstrap's options]
  local name=$1 suite=$2 packages=$3 log=$LAB/logs/rootfs-$1.log began=$SECONDS
  [ -d "$R/$name" ] && return 0
  rm -rf "$R/$name.new"
  mmdebstrap --quiet --variant=minbase --keyring="$KEYS" --include="$BASE,$packages" "${SLIM[@]}" "${@:4}" \
    "$suite" "$R/$name.new" "deb $MIRROR $suite main" > "$log" 2>&1 || { tail -5 "$log"; return 1; }
  rm -f "$R/$name.new"/var/cache/apt/archives/*.deb "$R/$name.new"/etc/ssh/ssh_host_*
  mv "$R/$name.new" "$R/$name"
  echo "$name: $((SECONDS - began)) s"
}

for name in "$@"; do
  case $name in
    debian11) make debian11 bullseye "$APT,gpgv" --setup-hook=/usr/share/mmdebstrap/hooks/merged-usr/setup00.sh;;
    debian12) make debian12 bookworm "$APT,gpgv";;
    debian13) make debian13 trixie "$APT,sqv";;
    el) make el bookworm "$EL";;
    *) echo "lab: no such root filesystem: $name" >&2; exit 2;;
  esac
done
