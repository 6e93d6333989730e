#!/bin/bash
# build.sh [STAGE ...] - everything that `lab up` needs besides binaries/, in $LAB; skips what exists. `lab build` runs it, stage by stage.
set -eu
LAB=${LAB:?set LAB to a scratch folder}
HERE=$(cd "$(dirname "$0")" && pwd)
TOP=$HERE/..
ALL="tools rootfs ca labrunc packages layers images"
DISTROS="debian12 centos8 debian13 debian11 ubuntu2404 ubuntu2004 rocky9"
TOOLS="mmdebstrap:mmdebstrap systemd-nspawn:systemd-container rpmbuild:rpm rpmsign:rpm createrepo_c:createrepo-c
  apt-ftparchive:apt-utils dpkg-scanpackages:dpkg-dev" # program:package

python() { # MODULE: one of the lab's own
  PYTHONPATH=$TOP/../.. PYTHONDONTWRITEBYTECODE=1 "$LAB/venv/bin/python" -m "$1"
}

tools() {
  local x want=()
  for x in $TOOLS; do command -v "${x%:*}" >/dev/null || want+=("${x#*:}"); done
  ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1 || apt-get update -qq # later stages download packages
  if [ ${#want[@]} -gt 0 ]; then
    echo "installing ${want[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${want[@]}" > "$LAB/logs/tools.log" 2>&1
  fi
  "$LAB/venv/bin/python" -c 'import aiohttp, cryptography' 2>/dev/null && return
  local pins=$TOP/../../constraints.txt
  python3 -m venv --clear "$LAB/venv"
  if [ -f "$pins" ]; then
    "$LAB/venv/bin/pip" -q install -c "$pins" aiohttp cryptography
  else
    "$LAB/venv/bin/pip" -q install aiohttp cryptography
  fi
}

rootfs() { "$TOP/hosts/rootfs.sh" debian12 el debian13 debian11; }

ca() {
  python tests.lab.mirror.ca
  [ -f "$LAB/id_lab" ] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$LAB/id_lab"
}

labrunc() { # no modules, so GO111MODULE=off
  [ "$LAB/bin/labrunc" -nt "$TOP/hosts/labrunc/main.go" ] && return
  (cd "$TOP/hosts/labrunc" && CGO_ENABLED=0 GO111MODULE=off go build -trimpath -ldflags '-s -w' -o "$LAB/bin/labrunc" .)
}

packages() {
  "$HERE/packages.sh" el k8s docker
  "$HERE/downloads.sh"
  gpgconf --homedir "$LAB/gnupg" --kill gpg-agent # it would wait for ever
}

layers() { "$TOP/hosts/layer.sh" $DISTROS; }

images() { python tests.lab.mirror.images; }

mkdir -p "$LAB"/{logs,bin,www/lab,cache,keys,hosts}
for stage in ${*:-$ALL}; do $stage; done
