# docker.sh - download.docker.com: containerd.io, and the docker-ce that nothing can satisfy; sourced by packages.sh.
DOCKER=$W/download.docker.com

docker() {
  local finished=$DOCKER/.done-$CONTAINERD-$STAMP
  key docker "$LAB/keys/docker.asc"
  is_ready containerd && is_ready runc || { echo "docker packages wait for containerd and runc"; return 0; }
  [ ! -f "$finished" ] || return 0
  rm -rf "$DOCKER" "$P"/c-*
  mark docker
  containerd_tree "$P/c-deb"
  cp -al "$P/c-deb" "$P/c-rpm"
  unit_scripts "$P/c-deb" containerd.service start
  docker_apt debian bullseye 11
  docker_apt debian bookworm 12
  docker_apt debian trixie 13
  docker_apt ubuntu focal 20.04
  docker_apt ubuntu noble 24.04
  docker_yum
  rm -rf "$P"/c-* "$P"/br-*
  touch "$finished"
  echo "download.docker.com: containerd.io $CONTAINERD"
}

containerd_tree() { # ROOT
  mkdir -p "$1/usr/bin"
  cp "$B/containerd"/* "$B/runc" "$1/usr/bin/"
  install -D -m 644 "$FILES/containerd.service" "$1/usr/lib/systemd/system/containerd.service"
  install -D -m 644 "$FILES/containerd.toml" "$1/etc/containerd/config.toml"
}

docker_apt() { # FAMILY CODENAME RELEASE
  local top=$DOCKER/linux/$1 rel=dists/$2 version="$CONTAINERD-1~$1.$3~$2"
  local pool=$rel/pool/stable/amd64 index=$rel/stable/binary-amd64
  local fields=$'Provides: containerd, runc\nConflicts: containerd, runc\nReplaces: containerd, runc\nDepends: libc6 (>= 2.14)'
  mkdir -p "$top/$pool" "$top/$index"
  deb containerd.io "$version" "$P/c-deb" "$top/$pool" "$fields"
  (cd "$top" && apt-ftparchive packages "$pool" > "$index/Packages" && gzip -kf "$index/Packages")
  apt_release "$top/$rel" Origin=Docker "Label=Docker CE" "Suite=$2" "Codename=$2" Components=stable Architectures=amd64
  sign_release docker "$top/$rel"
  key docker "$top/gpg"
}

docker_yum() {
  local top=$DOCKER/linux r
  for r in rhel/8 rhel/9 centos/9; do containerd_rpm "1.el${r#*/}" "$top/$r/x86_64/stable/Packages"; done
  docker_ce "$top/centos/8/x86_64/stable/Packages"
  sign_rpms docker "$top"
  for r in rhel/8 rhel/9 centos/9 centos/8; do yum_repo docker "$top/$r/x86_64/stable"; done
  for r in centos rhel; do
    key docker "$top/$r/gpg"
    sed "s/@FAMILY@/$r/" "$FILES/docker-ce.repo" > "$top/$r/docker-ce.repo"
  done
}

containerd_rpm() { # RELEASE OUT
  local spec=$'Provides: containerd\nConflicts: containerd\nConflicts: runc\nObsoletes: containerd\nObsoletes: runc'
  spec+=$'\nRequires: container-selinux >= 2:2.74\nRequires: libseccomp'
  rpm_ containerd.io "$CONTAINERD" "$1" "$P/c-rpm" "$2" "$spec" 'systemctl daemon-reload >/dev/null 2>&1 || :'
}

docker_ce() { # OUT: as the users of CentOS 8 met it: it wants a containerd.io that its repository does not have
  local name needs
  for name in docker-ce docker-ce-cli; do
    mkdir -p "$P/c-$name/usr/share/lab"
    echo "lab: an empty $name" > "$P/c-$name/usr/share/lab/$name"
  done
  needs=$'Epoch: 3\nRequires: containerd.io >= 1.2.2-3\nRequires: docker-ce-cli\nRequires: container-selinux >= 2:2.74'
  needs+=$'\nRequires: iptables\nRequires: libseccomp >= 2.3'
  rpm_ docker-ce 19.03.15 3.el8 "$P/c-docker-ce" "$1" "$needs"
  rpm_ docker-ce-cli 19.03.15 3.el8 "$P/c-docker-ce-cli" "$1" 'Epoch: 1'
}
