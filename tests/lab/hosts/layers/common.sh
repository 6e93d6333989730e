# common.sh - what every host of the lab has; sourced by layer.sh.

common() { # ROOT ADMINISTRATORS'-GROUP
  lab_parts "$1"
  accounts "$1" "$2"
  fresh_machine "$1"
  quiet_systemd "$1"
}

lab_parts() { # ROOT: PID 1 until systemd, the runc that only the runtimes find, the wrappers, the CA
  local r=$1 x dropin
  install -D -m 755 "$HERE/lab-init" "$r/lab/init"
  install -D -m 755 "$LAB/bin/labrunc" "$r/lab/bin/runc"
  for x in containerd docker; do
    dropin=$r/usr/lib/systemd/system/$x.service.d
    mkdir -p "$dropin"
    printf '[Service]\nEnvironment=PATH=/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' > "$dropin/lab.conf"
  done
  for x in swapoff modprobe; do
    [ -e "$r/usr/sbin/$x.real" ] || mv "$r/usr/sbin/$x" "$r/usr/sbin/$x.real"
    install -m 755 "$HERE/bin/$x" "$r/usr/sbin/$x"
  done
  for x in /usr/sbin/lsmod /usr/bin/lsmod; do
    rm -f "$r$x"
    install -m 755 "$HERE/bin/lsmod" "$r$x"
  done
  install -D -m 644 "$LAB/ca/ca.crt" "$r/usr/local/share/ca-certificates/kinstall-lab.crt"
  chroot "$r" update-ca-certificates >/dev/null 2>&1
}

accounts() { # ROOT GROUP: systemv is an ordinary administrator (password, sudo asks for it); keyuser has a key and NOPASSWD
  local r=$1
  chroot "$r" useradd -m -s /bin/bash -G "$2" systemv
  echo systemv:lab-pass | chroot "$r" chpasswd
  chroot "$r" useradd -m -s /bin/bash keyuser
  install -d -m 700 "$r/home/keyuser/.ssh"
  install -m 600 "$LAB/id_lab.pub" "$r/home/keyuser/.ssh/authorized_keys"
  chroot "$r" chown -R keyuser: /home/keyuser
  echo 'keyuser ALL=(ALL) NOPASSWD: ALL' > "$r/etc/sudoers.d/keyuser"
  chmod 440 "$r/etc/sudoers.d/keyuser"
}

fresh_machine() { # ROOT: swap in /etc/fstab; no identity yet
  cp "$FILES/fstab" "$1/etc/fstab"
  : > "$1/swap.img"
  rm -f "$1/etc/machine-id" "$1/etc/resolv.conf" "$1"/etc/ssh/ssh_host_*
  : > "$1/etc/machine-id"
}

# Shims outlive their services, and systemd-shutdown waits DefaultTimeoutStopSec (90 s) for them; / and swap are not systemd's here.
quiet_systemd() { # ROOT
  local etc=$1/etc/systemd x
  mkdir -p "$etc/system.conf.d" "$etc/journald.conf.d"
  printf '[Manager]\nDefaultTimeoutStopSec=8s\n' > "$etc/system.conf.d/lab.conf"
  printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n' > "$etc/journald.conf.d/lab.conf"
  for x in systemd-remount-fs.service systemd-networkd-wait-online.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
    ln -sf /dev/null "$etc/system/$x"
  done
}

os_release() { # ROOT DISTRO
  local x
  for x in etc usr/lib; do cp --remove-destination "$HERE/os-release/$2" "$1/$x/os-release"; done
  rm -f "$1/etc/debian_version"
}
