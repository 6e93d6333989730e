#!/bin/bash
# base-layer.sh OUT.tar | busybox - the Debian layer under the images that need iptables; Debian's static busybox in $LAB/pkg/busybox
set -eu
LAB=${LAB:?set LAB to a scratch folder}
mkdir -p "$LAB/debs" "$LAB/pkg"

busybox() {
  local unpacked=$LAB/pkg/bb program
  (cd "$LAB/debs"; ls busybox-static_*.deb >/dev/null 2>&1 || apt-get download -qq busybox-static >/dev/null 2>&1)
  rm -rf "$unpacked"
  dpkg-deb -x "$LAB"/debs/busybox-static_*.deb "$unpacked"
  program=$(find "$unpacked" -path '*/bin/busybox' -type f | head -1)
  install -D -m 755 "$program" "$LAB/pkg/busybox/bin/busybox"
  rm -rf "$unpacked"
}

debian_layer() { # OUT.tar
  local mirror
  mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | grep -E '/debian/?$' | head -1)}
  mmdebstrap --quiet --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
    --include=iptables,nftables,conntrack,kmod,ipset,iproute2,ca-certificates \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/usr/share/{locale,zoneinfo,perl5}' \
    bookworm "$1.new.tar" "deb $mirror bookworm main" > "$LAB/logs/base-layer.log" 2>&1
  mv "$1.new.tar" "$1"
}

if [ "$1" = busybox ]; then busybox; else debian_layer "$1"; fi
