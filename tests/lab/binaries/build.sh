#!/usr/bin/env bash
# Builds the lab's programs from Go modules into $LAB/bin, statically linked, each with its own version stamp.
#   ./build.sh                 everything        ./build.sh k8s-1.37.2 containerd   only these groups
#   UPDATE=1 ./build.sh etcd-3.7.0   also lets the go command change go.mod and go.sum (after a change of version)
# A binary that already reports the wanted version is left alone. $LAB/bin/READY lists the groups that are complete.
set -euo pipefail
cd "$(dirname "$0")"
. ./versions.env
LAB=${LAB:-$HOME/.cache/kinstall-lab}
BIN=$LAB/bin
LOG=$LAB/build.log
mkdir -p "$BIN"
if [ -z "${LAB_LOCKED:-}" ]; then # `lab build` holds the lock already
  exec 9>>"$LAB/build.lock"
  flock -n 9 || { echo 'waiting: another build is at work' >&2; flock 9; }
fi
command -v go >/dev/null || { echo 'build.sh needs Go on the PATH' >&2; exit 1; }
export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off
export GOFLAGS="-buildvcs=false -trimpath -mod=$([ -n "${UPDATE:-}" ] && echo mod || echo readonly)"
COMMIT=lab-build-from-go-module
TAGS='' EXTLD=''

have() { # FILE "ARGUMENTS" WANTED: does FILE run and say WANTED? ("-": it cannot say, but has it inside)
  [ -x "$1" ] || return 1
  [ "$2" != - ] || { grep -aqF -- "$3" "$1"; return; }
  local said
  said=$(timeout 20 "$1" $2 </dev/null 2>&1) || true
  case $said in *"$3"*) return 0 ;; esac
  return 1
}

one() { # OUTPUT FOLDER PACKAGE "ARGUMENTS" WANTED [-X settings...]
  local out=$BIN/$1 folder=$2 package=$3 args=$4 want=$5 start=$SECONDS
  shift 5
  if have "$out" "$args" "$want"; then return; fi
  mkdir -p "${out%/*}"
  local new=$LAB/new/${out##*/} # some programs look at their own name
  (cd "$folder" && nice go build -tags "$TAGS" -ldflags "-s -w $EXTLD ${*/#/-X }" -o "$new" "$package") 2>>"$LOG" ||
    { tail -n 30 "$LOG" >&2; echo "FAILED ${out#"$BIN"/}" >&2; return 1; }
  have "$new" "$args" "$want" || { echo "FAILED ${out#"$BIN"/}: does not say $want" >&2; return 1; }
  mv "$new" "$out"
  echo "${out#"$BIN"/} $((SECONDS - start))s $(($(stat -c %s "$out") / 1048576))MiB"
}

source_of() { # FOLDER MODULE: where the module's files are
  (cd "$1" && go mod download "$2" && go list -m -f '{{.Dir}}' "$2")
}

k8s() { # VERSION FOLDER PROGRAMS...
  local v=$1 folder=$2 minor p kv stamp=() args
  shift 2
  minor=${v#1.} minor=${minor%.*}
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    for kv in gitVersion=v$v gitMajor=1 "gitMinor=$minor" gitTreeState=clean gitCommit=$COMMIT buildDate=2026-11-01T00:00:00Z; do
      stamp+=("$p.$kv")
    done
  done
  for p in "$@"; do
    args=--version
    case $p in kubeadm) args='version -o short' ;; kubectl) args='version --client' ;; esac
    one "k8s-$v/$p" "$folder" k8s.io/kubernetes/cmd/$p "$args" "v$v" "${stamp[@]}"
  done
}

etcd() { # VERSION FOLDER
  local p=go.etcd.io/etcd/api/v3/version
  one "etcd-$1/etcd" "$2" go.etcd.io/etcd/server/v3 --version "etcd Version: $1" $p.GitSHA=$COMMIT
  one "etcd-$1/etcdctl" "$2" go.etcd.io/etcd/etcdctl/v3 version "etcdctl version: $1" $p.GitSHA=$COMMIT
  one "etcd-$1/etcdutl" "$2" go.etcd.io/etcd/etcdutl/v3 version "etcdutl version: $1" $p.GitSHA=$COMMIT
}

coredns() { # VERSION FOLDER
  local p=github.com/coredns/coredns
  one "coredns-$1/coredns" "$2" $p -version "CoreDNS-$1" $p/coremain.GitCommit=$COMMIT
}

prom() { # OUTPUT FOLDER PACKAGE "ARGUMENTS" VERSION: programs stamped through prometheus/common
  local p=github.com/prometheus/common/version
  one "$1" "$2" "$3" "$4" "$5" $p.Version=$5 $p.Revision=$COMMIT $p.Branch=HEAD $p.BuildUser=lab $p.BuildDate=20261101-00:00:00
}

helm() { # VERSION OUTPUT MODULE
  local p=$3/internal/version
  one $2 $2 $3/cmd/helm 'version --short' "v$1" $p.version=v$1 $p.metadata= $p.gitCommit=$COMMIT $p.gitTreeState=clean
}

build() {
  case $1 in
  k8s-$K8S_137) k8s $K8S_137 k8s-1.37 kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy ;;
  k8s-$K8S_136) k8s $K8S_136 k8s-1.36 kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy ;;
  pause)
    have "$BIN/pause" -v "v$PAUSE" && return
    gcc -Os -Wall -static -s -DVERSION="v$PAUSE-lab" -o "$BIN/pause" "$(source_of k8s-1.37 k8s.io/kubernetes)/build/pause/linux/pause.c"
    ;;
  etcd-$ETCD) etcd $ETCD etcd ;;
  etcd-$ETCD_136) etcd $ETCD_136 etcd-1.36 ;;
  coredns-$COREDNS) coredns $COREDNS coredns ;;
  coredns-$COREDNS_136) coredns $COREDNS_136 coredns-1.36 ;;
  containerd)
    local p=github.com/containerd/containerd/v2 b
    for b in containerd ctr containerd-shim-runc-v2; do
      TAGS='urfave_cli_no_docs osusergo netgo static_build'
      [ $b = containerd-shim-runc-v2 ] && TAGS="$TAGS no_grpc"
      one containerd/$b containerd $p/cmd/$b "$([ $b = containerd-shim-runc-v2 ] && echo -v || echo --version)" "v$CONTAINERD" \
        $p/version.Version=v$CONTAINERD $p/version.Revision=$COMMIT $p/version.Package=$p
    done
    TAGS=''
    ;;
  runc) # the only program that needs C: libcontainer's nsenter, and libseccomp
    have "$BIN/runc" --version "runc version $RUNC" && return
    if [ ! -e /usr/include/seccomp.h ] || ! command -v pkg-config >/dev/null; then
      { apt-get update -qq && apt-get install -y -qq libseccomp-dev pkg-config; } >>"$LOG" 2>&1 # a new machine has no lists yet
    fi
    CGO_ENABLED=1 TAGS='seccomp urfave_cli_no_docs netgo osusergo' EXTLD='-linkmode external -extldflags -static' \
      one runc runc github.com/opencontainers/runc --version "runc version $RUNC" main.gitCommit=$COMMIT
    ;;
  crictl) one crictl crictl sigs.k8s.io/cri-tools/cmd/crictl --version "$CRICTL" sigs.k8s.io/cri-tools/pkg/version.Version=$CRICTL ;;
  cni)
    local p=github.com/containernetworking/plugins b
    for b in main/bridge main/ptp main/vlan main/macvlan main/ipvlan main/host-device main/dummy main/loopback main/tap \
      ipam/host-local ipam/dhcp ipam/static meta/portmap meta/bandwidth meta/firewall meta/tuning meta/sbr meta/vrf; do
      one cni/${b#*/} cni $p/plugins/$b '' "v$CNI" $p/pkg/utils/buildversion.BuildVersion=v$CNI
    done
    ;;
  metrics-server) one metrics-server metrics-server sigs.k8s.io/metrics-server/cmd/metrics-server --version "v$METRICS_SERVER" \
    k8s.io/client-go/pkg/version.gitVersion=v$METRICS_SERVER k8s.io/client-go/pkg/version.gitCommit=$COMMIT ;;
  kube-state-metrics) prom kube-state-metrics kube-state-metrics k8s.io/kube-state-metrics/v2 version v$KUBE_STATE_METRICS ;;
  node_exporter) prom node_exporter node_exporter github.com/prometheus/node_exporter --version $NODE_EXPORTER ;;
  prometheus) # no service discovery but Kubernetes', and no web pages (npm builds those upstream)
    local b
    TAGS='netgo remove_all_sd enable_kubernetes_sd'
    for b in prometheus promtool; do
      prom $b prometheus github.com/prometheus/prometheus/cmd/$b --version $PROMETHEUS
    done
    TAGS=''
    ;;
  local-path-provisioner) one local-path-provisioner local-path-provisioner github.com/rancher/local-path-provisioner --version "v$LOCAL_PATH" \
    main.VERSION=v$LOCAL_PATH ;;
  helm) helm $HELM helm helm.sh/helm/v4 ;;
  helm-3) helm $HELM_3 helm-3 helm.sh/helm/v3 ;;
  flannel-cni) one flannel/flannel flannel-cni github.com/containernetworking/plugins/plugins/meta/flannel '' "v$FLANNEL_CNI" \
    github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=v$FLANNEL_CNI ;;
  flannel) # main.go without two backends: tencentvpc (its SDK is not served) and udp (deprecated, needs C)
    local dir=$LAB/src/flannel src
    src=$(source_of flannel github.com/flannel-io/flannel)
    mkdir -p "$dir" && cp -f flannel/go.* "$dir/" && grep -vE 'backend/(tencentvpc|udp)' "$src/main.go" >"$dir/main.go"
    one flannel/flanneld "$dir" . --version "v$FLANNEL" github.com/flannel-io/flannel/pkg/version.Version=v$FLANNEL
    one flannel/install-conf "$dir" github.com/flannel-io/flannel/cmd/install_conf - "v$FLANNEL"
    [ -z "${UPDATE:-}" ] || cp "$dir"/go.* flannel/
    ;;
  calico) # CGO is off, so without eBPF; felix then works with iptables or nftables
    local p=github.com/projectcalico/calico v=v$CALICO b
    one calico/calico-node calico $p/node/cmd/calico-node -v $v $p/node/pkg/lifecycle/startup.VERSION=$v \
      $p/node/buildinfo.GitVersion=$v $p/node/buildinfo.GitRevision=$COMMIT $p/node/buildinfo.BuildDate=2026-11-01
    one calico/calico calico $p/cni-plugin/cmd/calico -v $v main.VERSION=$v
    [ "$BIN/calico/calico-ipam" -nt "$BIN/calico/calico" ] || cp "$BIN/calico/calico" "$BIN/calico/calico-ipam" # one program, two names
    one calico/install calico $p/cni-plugin/cmd/install - $v main.VERSION=$v
    one calico/kube-controllers calico $p/kube-controllers/cmd/kube-controllers -version $v main.VERSION=$v
    one calico/check-status calico $p/kube-controllers/cmd/check-status -v $v main.VERSION=$v
    cp -f calico/start_runit "$BIN/calico/"
    ;;
  manifests) # what the projects publish beside their images, as it is in their modules
    local m=$LAB/manifests metrics
    metrics=$(source_of metrics-server sigs.k8s.io/metrics-server)/manifests/overlays/release
    mkdir -p "$m"
    cp -f "$(source_of calico github.com/projectcalico/calico)"/manifests/{calico,calico-vxlan}.yaml "$m/"
    cp -f "$(source_of flannel github.com/flannel-io/flannel)/Documentation/kube-flannel.yml" "$m/"
    cp -f "$(source_of local-path-provisioner github.com/rancher/local-path-provisioner)/deploy/local-path-storage.yaml" "$m/"
    "$BIN/k8s-$K8S_137/kubectl" kustomize "$metrics" >"$m/metrics-server.yaml" 2>>"$LOG"
    chmod u+w "$m"/*
    ;;
  labgrafana | labhello) # the lab's own
    local v=$LABHELLO
    [ "$1" = labhello ] || v=$LABGRAFANA
    [ ! -e "$BIN/$1" ] || [ -z "$(find "$1" -name '*.go' -newer "$BIN/$1")" ] || rm -f "$BIN/$1"
    one "$1" "$1" . -version "$v" "main.version=$v"
    ;;
  *) echo "no such group: $1" >&2; return 1 ;;
  esac
}

[ $# -gt 0 ] || set -- k8s-$K8S_137 pause etcd-$ETCD coredns-$COREDNS containerd runc crictl cni metrics-server kube-state-metrics \
  node_exporter prometheus local-path-provisioner helm helm-3 flannel flannel-cni calico manifests labgrafana labhello \
  k8s-$K8S_136 etcd-$ETCD_136 coredns-$COREDNS_136
failed=0
touch "$BIN/READY"
for group; do
  start=$SECONDS
  set +e
  (set -e; build "$group")
  rc=$?
  set -e
  if [ $rc = 0 ]; then
    grep -qxF "$group" "$BIN/READY" || echo "$group" >>"$BIN/READY"
    [ $((SECONDS - start)) -lt 2 ] || echo "-- $group: $((SECONDS - start))s"
  else
    failed=1 && echo "-- $group FAILED" >&2
  fi
done
[ $# -lt 2 ] || echo "total ${SECONDS}s, $(du -sh "$BIN" | cut -f1) in bin"
exit $failed
