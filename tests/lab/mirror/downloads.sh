#!/bin/bash
# downloads.sh - get.helm.sh, a repository of charts, and the manifests that the projects publish, under their release URLs
# (binaries/ took them out of the projects' modules)
set -eu
LAB=${LAB:?set LAB to a scratch folder}
HERE=$(cd "$(dirname "$0")" && pwd)
W=$LAB/www B=$LAB/bin M=$LAB/manifests
. "$HERE/../binaries/versions.env"

helm() { # PROGRAM VERSION: as get.helm.sh has it
  local out=$W/get.helm.sh name=helm-v$2-linux-amd64.tar.gz sum
  [ -x "$B/$1" ] && [ ! "$out/$name" -nt "$B/$1" ] || return 0
  mkdir -p "$out" "$LAB/pkg/linux-amd64"
  cp "$B/$1" "$LAB/pkg/linux-amd64/helm"
  tar -C "$LAB/pkg" -czf "$out/$name" linux-amd64
  rm -rf "$LAB/pkg/linux-amd64"
  sum=$(sha256sum "$out/$name" | cut -d' ' -f1)
  echo "$sum  $name" > "$out/$name.sha256sum"
  echo "$sum" > "$out/$name.sha256"
  echo "v$2" > "$out/helm${2%%.*}-latest-version"
  echo "get.helm.sh: $2"
}

# A repository of the lab's own charts under the name of a real one: the index there, the charts on the releases' page.
charts() {
  local out=$W/prometheus-community.github.io/helm-charts folder new=$LAB/pkg/charts chart
  [ -x "$B/helm" ] || return 0
  [ ! -e "$out/index.yaml" ] || [ -n "$(find "$HERE/charts" -newer "$out/index.yaml")" ] || return 0
  rm -rf "$new"
  mkdir -p "$new" "$out"
  for folder in "$HERE"/charts/*/; do "$B/helm" package "$folder" -d "$new"; done
  for chart in "$new"/*.tgz; do
    install -D -m 644 "$chart" "$W/github.com/prometheus-community/helm-charts/releases/download/$(basename "$chart" .tgz)/$(basename "$chart")"
  done
  "$B/helm" repo index "$new" # its URLs are file names: a release each
  sed -E 's#^( +- )(.+)\.tgz$#\1https://github.com/prometheus-community/helm-charts/releases/download/\2/\2.tgz#' "$new/index.yaml" > "$out/index.yaml"
  rm -rf "$new"
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
mkdir -p "$W/get.helm.sh"
helm helm "$HELM"
helm helm-3 "$HELM_3"
echo "v$HELM" > "$W/get.helm.sh/helm-latest-version"
charts
put kube-flannel.yml "$flannel/download/v$FLANNEL/kube-flannel.yml" "$flannel/latest/download/kube-flannel.yml" \
  "$raw/flannel-io/flannel/v$FLANNEL/Documentation/kube-flannel.yml"
put metrics-server.yaml "$metrics/download/v$METRICS_SERVER/components.yaml" "$metrics/latest/download/components.yaml"
put local-path-storage.yaml "$raw/rancher/local-path-provisioner/v$LOCAL_PATH/deploy/local-path-storage.yaml"
put calico-vxlan.yaml "$raw/calico-vxlan.yaml" # served as calico.yaml too: this kernel has no IPIP, and BIRD is not built
flannel_cni_version
