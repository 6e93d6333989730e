# apt.sh - Debian, and Ubuntu as Debian under another name; sourced by layer.sh.

debian() { # ROOT SUITE
  no_sources "$1"
  cat > "$1/etc/apt/sources.list" <<S
deb http://debian.lab/debian $2 main
deb http://debian.lab/debian $2-updates main
deb http://security-debian.lab/debian-security $2-security main
S
}

ubuntu() { # ROOT CODENAME DISTRO
  local keyring=usr/share/keyrings/ubuntu-archive-keyring.gpg
  no_sources "$1"
  cp "$LAB/www/archive.ubuntu.com/lab-key.gpg" "$1/$keyring"
  echo "deb [signed-by=/$keyring] http://archive.ubuntu.com/ubuntu $2 main" > "$1/etc/apt/sources.list"
  os_release "$1" "$3"
  printf 'DISTRIB_ID=Ubuntu\nDISTRIB_CODENAME=%s\n' "$2" > "$1/etc/lsb-release"
}

no_sources() { # ROOT
  printf 'Acquire::Languages "none";\n' > "$1/etc/apt/apt.conf.d/99lab"
  rm -f "$1"/etc/apt/sources.list.d/*
}
