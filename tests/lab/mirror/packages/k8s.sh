# k8s.sh - pkgs.k8s.io: a flat apt repository and a yum repository for each minor; sourced by packages.sh.
K8S_PATH=$W/prod-cdn.packages.k8s.io/repositories/isv:/kubernetes:/core:/stable:

k8s() {
  local v
  key k8s "$LAB/keys/k8s.asc"
  is_ready cni && is_ready crictl || { echo "k8s packages wait for crictl and the CNI plugins"; return 0; }
  for v in "$K8S_137" "$K8S_136"; do
    is_ready "k8s-$v" || continue # 1.36 is built on request
    k8s_minor "$v"
  done
}

k8s_minor() { # VERSION
  local v=$1 minor=${1%.*} out=$K8S_PATH/v${1%.*}
  [ ! -f "$out/.done-$v-$STAMP" ] || return 0
  mark k8s
  rm -rf "$out" "$P"/d-* "$P"/r-*
  k8s_trees "$B/k8s-$v"
  k8s_debs "$v" "$out/deb"
  k8s_rpms "$v" "$out/rpm"
  rm -rf "$P"/d-* "$P"/r-* "$P"/br-*
  k8s_version_texts "$v"
  touch "$out/.done-$v-$STAMP"
  echo "pkgs.k8s.io v$minor: $v"
}

k8s_trees() { # FOLDER OF PROGRAMS: d-NAME for deb, r-NAME for rpm (hard links)
  local name units=usr/lib/systemd/system
  for name in kubectl kubeadm kubelet; do install -D "$1/$name" "$P/d-$name/usr/bin/$name"; done
  install -D "$B/crictl" "$P/d-cri/usr/bin/crictl"
  mkdir -p "$P/d-cni/opt/cni/bin" "$P/d-kubelet/var/lib/kubelet" "$P/d-kubelet/etc/kubernetes/manifests"
  cp "$B/cni"/* "$P/d-cni/opt/cni/bin/"
  install -D -m 644 "$FILES/kubelet.service" "$P/d-kubelet/$units/kubelet.service"
  mkdir -p "$P/d-kubeadm/$units/kubelet.service.d"
  for name in kubectl kubeadm kubelet cri cni; do cp -al "$P/d-$name" "$P/r-$name"; done
  touch "$P/d-kubelet/var/lib/kubelet/.kubelet-keep" "$P/d-kubelet/etc/kubernetes/manifests/.kubelet-keep"
  k8s_extra_args d etc/default/kubelet
  k8s_extra_args r etc/sysconfig/kubelet
  unit_scripts "$P/d-kubelet" kubelet.service restart
}

k8s_extra_args() { # d|r FILE: where the kubelet's extra arguments are, and the drop-in that says so
  mkdir -p "$(dirname "$P/$1-kubelet/$2")"
  echo 'KUBELET_EXTRA_ARGS=' > "$P/$1-kubelet/$2"
  sed "s,@EXTRA_ARGS@,/$2," "$FILES/10-kubeadm.conf" > "$P/$1-kubeadm/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
}

k8s_debs() { # VERSION OUT
  local v=$1 minor=${1%.*} out=$2 pool=$2/amd64 who
  deb kubectl "$v-1.1" "$P/d-kubectl" "$pool" ''
  deb kubeadm "$v-1.1" "$P/d-kubeadm" "$pool" ''
  deb kubelet "$v-1.1" "$P/d-kubelet" "$pool" $'Depends: kubernetes-cni (>= 1.2.0), mount, util-linux\nRecommends: iptables (>= 1.8.4)'
  deb cri-tools "$minor.0-1.1" "$P/d-cri" "$pool" ''
  deb kubernetes-cni "$CNI-1.1" "$P/d-cni" "$pool" ''
  (cd "$out" && apt-ftparchive packages amd64 > Packages && gzip -kf Packages)
  who=isv:kubernetes:core:stable:v$minor
  apt_release "$out" "Origin=obs://build.opensuse.org/$who/deb" "Label=$who" Suite=stable
  sign_release k8s "$out"
  key k8s "$out/Release.key"
}

k8s_rpms() { # VERSION OUT
  local v=$1 minor=${1%.*} out=$2 pool=$2/x86_64 release=150500.1.1
  local needs=$'Requires: kubernetes-cni >= 1.2.0\nRequires: util-linux\nRecommends: iptables >= 1.8.4'
  rpm_ kubectl "$v" $release "$P/r-kubectl" "$pool" ''
  rpm_ kubeadm "$v" $release "$P/r-kubeadm" "$pool" ''
  rpm_ kubelet "$v" $release "$P/r-kubelet" "$pool" "$needs" 'systemctl daemon-reload >/dev/null 2>&1 || :'
  rpm_ cri-tools "$minor.0" $release "$P/r-cri" "$pool" ''
  rpm_ kubernetes-cni "$CNI" $release "$P/r-cni" "$pool" ''
  sign_rpms k8s "$pool"
  yum_repo k8s "$out"
}

k8s_version_texts() { # VERSION: dl.k8s.io/release/stable*.txt
  local texts=$W/dl.k8s.io/release
  mkdir -p "$texts"
  echo "v$1" > "$texts/stable-${1%.*}.txt"
  [ "$1" = "$K8S_137" ] || return 0
  echo "v$1" | tee "$texts/stable.txt" > "$texts/stable-1.txt"
}
