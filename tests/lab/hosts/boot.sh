#!/bin/bash
# boot.sh NAME IP CGROUP [minimal] - one host, from power-on to power-off, in the foreground:
# cgroups, a mount namespace of its own, then systemd-nspawn.
# nspawn makes the host's network namespace anew at each boot and plugs it into br-lab, so a reboot forgets what a reboot forgets.
set -eu
name=$1 ip=$2 cgroup=$3 minimal=${4:-} d=$LAB/hosts/$1

cgroup_folders() { # this host's cgroup in every hierarchy, below the cgroup that this shell is in
  local controllers path
  while IFS=: read -r _ controllers path; do
    case $controllers in
      name=systemd) controllers=systemd;;
      "") controllers=unified; [ ! -f /sys/fs/cgroup/cgroup.controllers ] || controllers=.;; # cgroup v2 alone: unproved
    esac
    [ ! -d "/sys/fs/cgroup/$controllers" ] || echo "/sys/fs/cgroup/$controllers${path%/}/$cgroup"
  done < /proc/self/cgroup
}

cgroup_folders > "$d/cgroups"
while read -r c; do
  mkdir -p "$c"
  case $c in */cpuset/*)
    cat "${c%/*}/cpuset.cpus" > "$c/cpuset.cpus"
    cat "${c%/*}/cpuset.mems" > "$c/cpuset.mems";;
  esac
  echo $$ > "$c/cgroup.procs"
done < "$d/cgroups"
echo $$ > "$d/pid" # after the cgroups: both together say that the host is on

export SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
# /run is on a disk here and nspawn will not tidy up after a reboot on one: a tmpfs of its own. It says 133 when the host reboots.
exec unshare -m --propagation slave bash -c '
  mkdir -p /run/systemd/nspawn
  mount -t tmpfs lab-nspawn /run/systemd/nspawn
  while :; do
    nsenter --net="$LAB/netns" "$@"
    [ $? = 133 ] || exit
  done' boot \
  systemd-nspawn --quiet --register=no --keep-unit -D "$d/root" --machine="$name" --hostname="$name" \
  --network-bridge=br-lab --setenv=LAB_IP="$ip" --setenv=LAB_GW=10.77.0.1 --setenv=LAB_MINIMAL="$minimal" \
  --capability=all --resolv-conf=off --timezone=off --link-journal=no \
  --bind="$d/containerd:/var/lib/containerd" --bind="$d/docker:/var/lib/docker" --bind="$d/kubelet:/var/lib/kubelet" \
  --console=pipe /lab/init
