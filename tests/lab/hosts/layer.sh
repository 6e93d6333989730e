#!/bin/bash
# layer.sh DISTRO... - what makes a base root filesystem a given distribution's fresh machine: an overlay layer each, in $LAB/layers.
# A stand-in is a Debian userland under another name; README.md says which are.
set -eu
LAB=${LAB:?set LAB to a scratch folder}
HERE=$(cd "$(dirname "$0")" && pwd)
L=$LAB/layers FILES=$HERE/files
mkdir -p "$L"
for part in common apt el; do . "$HERE/layers/$part.sh"; done

base_of() { # DISTRO: the root filesystem below its layer
  case $1 in
    centos8|rocky9) echo el;;
    ubuntu2404) echo debian13;;
    ubuntu2004) echo debian11;;
    *) echo "$1";;
  esac
}

stamp() { # ROOTFS: changes when anything does that a layer is made of
  {
    stat -c %Y "$LAB/rootfs/$1"
    find "$HERE" -type f ! -name boot.sh ! -name rootfs.sh ! -path '*/labrunc/*' | sort | xargs cat
    cat "$LAB/ca/ca.crt" "$LAB/bin/labrunc" "$LAB"/www/lab/lab-base-*.rpm
  } 2>/dev/null | sha256sum | cut -c1-16
}

furnish() { # DISTRO ROOT
  case $1 in
    debian11) debian "$2" bullseye;;
    debian12) debian "$2" bookworm;;
    debian13) debian "$2" trixie;;
    ubuntu2004) ubuntu "$2" focal "$1";;
    ubuntu2404) ubuntu "$2" noble "$1";;
    centos8|rocky9) el "$2" "$1";;
    *) echo "lab: no such distribution: $1" >&2; return 2;;
  esac
  case $1 in
    centos8|rocky9) common "$2" wheel;;
    *) common "$2" sudo;;
  esac
}

layer() { # DISTRO
  local d=$1 new=$L/$1.new work=$L/$1.work root=$L/$1.root now
  now=$(stamp "$(base_of "$d")")
  [ "$(cat "$L/$d.stamp" 2>/dev/null)" = "$now" ] && return 0
  if grep -q "lowerdir=$L/$d:" /proc/mounts; then
    echo "layer $d is old, but hosts run on it: lab down, then lab build" >&2
    return 0
  fi
  ! mountpoint -q "$root" || umount "$root" # an interrupted build's
  rm -rf "$L/$d" "$new" "$work" "$root"
  mkdir -p "$new" "$work" "$root"
  mount -t overlay "lab-layer-$d" -o "lowerdir=$LAB/rootfs/$(base_of "$d"),upperdir=$new,workdir=$work" "$root"
  trap 'umount "'"$root"'"' EXIT
  furnish "$d" "$root"
  trap - EXIT
  umount "$root"
  rm -rf "$work" "$root"
  mv "$new" "$L/$d"
  echo "$now" > "$L/$d.stamp"
  echo "layer $d"
}

for distro in "$@"; do layer "$distro"; done
