# el.sh - vault.centos.org and dl.rockylinux.org: Debian's binaries relabelled, and the package that stands for what is installed;
# sourced by packages.sh.

el() {
  local finished=$W/vault.centos.org/.done-$STAMP centos=$W/vault.centos.org/centos rocky=$W/dl.rockylinux.org/pub/rocky/9
  key centos "$LAB/keys/centos.asc"
  el_base 8
  el_base 9
  mkdir -p "$W/archive.ubuntu.com"
  gpg --export centos@lab > "$W/archive.ubuntu.com/lab-key.gpg"
  [ ! -f "$finished" ] || return 0
  rm -rf "$W/vault.centos.org" "$W/dl.rockylinux.org"
  el_repos 8 "$centos/8/BaseOS/x86_64/os" "$centos/8/AppStream/x86_64/os"
  mkdir -p "$centos/8/extras/x86_64/os"
  yum_repo centos "$centos/8/extras/x86_64/os"
  ln -sfn 8 "$centos/8.5.2111"
  el_repos 9 "$rocky/BaseOS/x86_64/os" "$rocky/AppStream/x86_64/os"
  key centos "$W/vault.centos.org/RPM-GPG-KEY-centosofficial"
  key centos "$W/dl.rockylinux.org/RPM-GPG-KEY-Rocky-9"
  rm -rf "$P"/e-* "$P"/br-* "$P"/base-*
  touch "$finished"
  echo "vault.centos.org, dl.rockylinux.org"
}

el_base() { # MAJOR: what a fresh machine's rpm database knows; not for a repository
  local v=$1 root=$P/base-$1 spec='' name
  [ ! -f "$W/lab/.base-$v-$STAMP" ] || return 0
  rm -f "$W"/lab/.base-"$v"-*
  mkdir -p "$root/etc"
  echo "$v" > "$root/etc/lab-base"
  local provided=(
    /bin/sh /bin/bash "system-release(releasever) = $v" "system-release = $v" "centos-release = $v"
    bash coreutils util-linux 'systemd = 252' 'glibc = 2.36' 'libseccomp = 2.5.4' 'python3 = 3.11'
    'dnf = 4.14' 'yum = 4.14' 'dnf-plugins-core = 4.3' rpm chkconfig
    kmod procps-ng sudo openssh-server 'iproute = 6.1' NetworkManager ca-certificates gnupg2 diffutils /usr/bin/curl which grep sed gawk findutils
    'firewalld = 0.9.3' libselinux-utils 'selinux-policy = 3.14.3' selinux-policy-targeted
  )
  for name in "${provided[@]}"; do spec+="Provides: $name"$'\n'; done
  rpm_ lab-base "$v" "1.el$v" "$root" "$W/lab" "$spec"
  touch "$W/lab/.base-$v-$STAMP"
}

el_repos() { # MAJOR BASEOS APPSTREAM
  local el=1.el$1 base=$2/Packages stream=$3/Packages
  mkdir -p "$base" "$stream"
  mark centos
  el_network_tools "$el" "$base" "$stream"
  el_other_tools "$el" "$base" "$stream"
  el_bait "$stream"
  sign_rpms centos "$2"
  sign_rpms centos "$3"
  yum_repo centos "$2"
  yum_repo centos "$3"
}

take() { # NAME DEB... : the tree of these Debian packages, merged /usr, without documentation; prints its folder
  local root=$P/e-$1 x
  shift
  rm -rf "$root" "$root.x"
  mkdir -p "$root/usr"
  for x in "$@"; do
    ls "$D/${x}"_*.deb >/dev/null 2>&1 || (cd "$D" && apt-get download -qq "$x" >/dev/null 2>&1)
    dpkg-deb -x "$D/${x}"_*.deb "$root.x"
  done
  for x in sbin bin lib; do
    [ ! -d "$root.x/$x" ] || { mkdir -p "$root.x/usr/$x"; cp -a "$root.x/$x/." "$root.x/usr/$x/"; }
  done
  cp -a "$root.x/usr/." "$root/usr/"
  rm -rf "$root.x" "$root"/usr/share/{doc,man,locale,lintian,bash-completion,info,bug} "$root"/usr/lib/systemd
  find "$root" -type d -empty -delete
  mkdir -p "$root/usr"
  echo "$root"
}

el_network_tools() { # RELEASE BASEOS APPSTREAM
  local r x
  r=$(take iptables iptables)
  for x in iptables ip6tables; do
    for x in "$x" "$x-save" "$x-restore"; do ln -sf xtables-nft-multi "$r/usr/sbin/$x"; done
  done
  rpm_ iptables 1.8.9 "$1" "$r" "$2" ''
  r=$(take conntrack conntrack)
  rpm_ conntrack-tools 1.4.7 "$1" "$r" "$2" 'Provides: conntrack'
  r=$(take socat socat)
  rpm_ socat 1.7.4.1 "$1" "$r" "$3" ''
  r=$(take ethtool ethtool)
  rpm_ ethtool 6.1 "$1" "$r" "$2" ''
  r=$(take ipset ipset libipset13)
  rpm_ ipset 7.17 "$1" "$r" "$2" ''
  r=$(take iproute2 iproute2)
  mv "$r/usr/sbin/tc" "$P/tc"
  rm -rf "$r"
  install -D "$P/tc" "$r/usr/sbin/tc"
  rpm_ iproute-tc 6.1.0 "$1" "$r" "$2" 'Requires: iproute'
}

el_other_tools() { # RELEASE BASEOS APPSTREAM
  local r
  r=$(take tar tar)
  rm -rf "$r"/usr/sbin "$r"/usr/lib/mime
  rpm_ tar 1.34 "$1" "$r" "$2" 'Epoch: 2'
  r=$(take curl curl)
  rpm_ curl 7.88.1 "$1" "$r" "$2" ''
  r=$P/e-selinux
  rm -rf "$r"
  mkdir -p "$r/usr/share/lab"
  echo 'lab stand-in' > "$r/usr/share/lab/container-selinux"
  rpm_ container-selinux 2.229.0 "$1" "$r" "$3" $'Epoch: 2\nRequires: selinux-policy'
  r=$P/e-yum-utils
  rm -rf "$r"
  install -D -m 755 -t "$r/usr/bin" "$FILES/yum-config-manager" "$FILES/needs-restarting"
  rpm_ yum-utils 4.0.21 "$1" "$r" "$2" 'Requires: dnf-plugins-core'
}

el_bait() { # APPSTREAM: podman needs AppStream's runc, with which containerd.io conflicts
  fake_program runc 'runc version 1.0.3 (AppStream bait)'
  rpm_ runc 1.0.3 "2.module_el8.5.0+1014+5d6a1e5c" "$P/e-runc" "$1" 'Epoch: 1'
  fake_program podman 'podman version 3.4.2'
  rpm_ podman 3.4.2 "9.module_el8.5.0+1014+5d6a1e5c" "$P/e-podman" "$1" \
    $'Epoch: 1\nRequires: runc >= 1.0.0\nRequires: container-selinux'
}

fake_program() { # NAME WHAT-ITS-VERSION-SAYS: it runs nothing, so it lists nothing
  rm -rf "$P/e-$1"
  mkdir -p "$P/e-$1/usr/bin"
  printf '#!/bin/sh\ncase $1 in *version) echo "%s" ;; esac\n' "$2" > "$P/e-$1/usr/bin/$1"
  chmod 755 "$P/e-$1/usr/bin/$1"
}
