#!/bin/bash
# downloads.sh - get.helm.sh, and the manifests that the projects publish, under their release URLs
# (binaries/ took them out of the projects' modules)
set -eu
LAB=${LAB:?set LAB to a scratch folder}
HERE=$(cd "$(dirname "$0")" && pwd)
W=$LAB/www B=$LAB/bin M=$LAB/manifests
. "$HERE/../binaries/versions.env"

helm() {
  local out=$W/get.helm.sh tarball=$W/get.helm.sh/helm-v$HELM-linux-amd64.tar.gz sum
  [ -x "$B/helm" ] && [ ! "$tarball" -nt "$B/helm" ] || return 0
  mkdir -p "$out" "$LAB/pkg/linux-amd64"
  cp "$B/helm" "$LAB/pkg/linux-amd64/helm"
  tar -C "$LAB/pkg" -czf "$tarball" linux-amd64
  rm -rf "$LAB/pkg/linux-amd64"
  sum=$(sha256sum "$tarball" | cut -d' ' -f1)
  echo "$sum  $(basename "$tarball")" > "$tarball.sha256sum"
  echo "$sum" > "$tarball.sha256"
  echo "v$HELM" | tee "$out/helm4-latest-version" > "$out/helm-latest-version"
  echo "get.helm.sh: $HELM"
}

put() { # MANIFEST DESTINATION...
  local from=$M/$1 to
  shift
  [ -f "$from" ] || return 0
  for to; do install -D -m 644 "$from" "$to"; done
}

# The CNI plugin that could be built may not know the CNI version that flannel's manifest names: then an older one, of the same meaning.
flannel_cni_version() {
  local plugin=$B/flannel/flannel
  [ -x "$plugin" ] || return 0
  echo '{"cniVersion":"1.0.0"}' | CNI_COMMAND=VERSION "$plugin" | grep -q '"1.0.0"[],]' && return 0
  find "$W" -name kube-flannel.yml -exec sed -i 's/"cniVersion": "1.0.0"/"cniVersion": "0.3.1"/' {} +
}

flannel=$W/github.com/flannel-io/flannel/releases
metrics=$W/github.com/kubernetes-sigs/metrics-server/releases
raw=$W/raw.githubusercontent.com
helm
put kube-flannel.yml "$flannel/download/v$FLANNEL/kube-flannel.yml" "$flannel/latest/download/kube-flannel.yml" \
  "$raw/flannel-io/flannel/v$FLANNEL/Documentation/kube-flannel.yml"
put metrics-server.yaml "$metrics/download/v$METRICS_SERVER/components.yaml" "$metrics/latest/download/components.yaml"
put calico-vxlan.yaml "$raw/calico-vxlan.yaml" # served as calico.yaml too: this kernel has no IPIP, and BIRD is not built
flannel_cni_version
