# el.sh - CentOS 8 and Rocky 9: Debian with dnf and rpm, under another name; sourced by layer.sh.

el() { # ROOT DISTRO
  os_release "$1" "$2"
  rpm_and_dnf "$1" "${2: -1}"
  guards "$1"
  administrators "$1"
  "repositories_of_$2" "$1"
}

rpm_and_dnf() { # ROOT MAJOR
  local r=$1 x
  for x in apt apt-get apt-cache apt-key apt-mark apt-config dpkg dpkg-query dpkg-deb; do rm -f "$r/usr/bin/$x"; done
  [ ! -f "$r/etc/dnf/plugins/local.conf" ] || sed -i 's/^enabled.*/enabled = false/' "$r/etc/dnf/plugins/local.conf"
  ln -sf dnf-3 "$r/usr/bin/yum"
  mkdir -p "$r"/etc/{yum.repos.d,sysconfig,dnf/vars,pki/rpm-gpg,pki/tls/certs}
  ln -sf /etc/ssl/certs/ca-certificates.crt "$r/etc/pki/tls/certs/ca-bundle.crt"
  rm -f "$r/usr/sbin/tc" "$r/sbin/tc" # tc is in iproute-tc there
  cp "$LAB"/www/lab/lab-base-"$2"-*.rpm "$r/tmp/base.rpm"
  chroot "$r" rpm -U --nosignature /tmp/base.rpm 2>/dev/null
  rm -f "$r/tmp/base.rpm"
  cp "$FILES/dnf.conf" "$r/etc/dnf/dnf.conf"
}

guards() { # ROOT: the stand-ins for SELinux and firewalld
  local r=$1 x
  mkdir -p "$r/etc/selinux" "$r/etc/firewalld"
  printf 'SELINUX=enforcing\nSELINUXTYPE=targeted\n' > "$r/etc/selinux/config"
  for x in getenforce setenforce; do install -m 755 "$HERE/bin/$x" "$r/usr/sbin/$x"; done
  install -m 755 "$HERE/bin/firewall-cmd" "$r/usr/bin/firewall-cmd"
  install -m 644 "$FILES/firewalld.service" "$r/usr/lib/systemd/system/firewalld.service"
  chroot "$r" systemctl -q enable firewalld
}

administrators() { # ROOT: group wheel, and the PATH that an ordinary user has there, with sbin
  echo PATH=/usr/local/bin:/usr/bin:/usr/local/sbin:/usr/sbin > "$1/etc/environment"
  chroot "$1" groupadd -f wheel
  cp "$FILES/el-sudoers" "$1/etc/sudoers"
  chmod 440 "$1/etc/sudoers"
}

release_file() { # ROOT NAME TEXT
  local x
  echo "$3" > "$1/etc/$2-release"
  for x in redhat system; do ln -sf "$2-release" "$1/etc/$x-release"; done
}

repository() { # ROOT DISTRO NAME ID PATH FILE
  sed -e "s,@NAME@,$3,g; s,@ID@,$4,; s,@PATH@,$5," "$FILES/$2.repo" > "$1/etc/yum.repos.d/$6.repo"
}

repositories_of_centos8() { # ROOT
  local name path
  release_file "$1" centos 'CentOS Linux release 8.5.2111'
  echo centos > "$1/etc/dnf/vars/contentdir"
  echo stock > "$1/etc/dnf/vars/infra"
  cp "$LAB/www/vault.centos.org/RPM-GPG-KEY-centosofficial" "$1/etc/pki/rpm-gpg/"
  for name in BaseOS AppStream Extras; do
    path=$name
    [ $name != Extras ] || path=extras
    repository "$1" centos8 $name "${name,,}" "$path/\$basearch/os/" "CentOS-Linux-$name"
  done
}

repositories_of_rocky9() { # ROOT
  local name
  release_file "$1" rocky 'Rocky Linux release 9.6 (Blue Onyx)'
  echo pub/rocky > "$1/etc/dnf/vars/contentdir"
  : > "$1/etc/dnf/vars/rltype"
  cp "$LAB/www/dl.rockylinux.org/RPM-GPG-KEY-Rocky-9" "$1/etc/pki/rpm-gpg/"
  for name in BaseOS AppStream; do repository "$1" rocky9 $name "${name,,}" '' "rocky-${name,,}"; done
}
