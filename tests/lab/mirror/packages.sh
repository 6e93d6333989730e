#!/bin/bash
# packages.sh k8s|docker|el ... - signed apt and yum repositories in $LAB/www, of the lab's own binaries
# under upstream's names and versions.
# Upstream's packaging is followed (file places, units, Requires/Recommends/Conflicts); the signing keys are the lab's.
set -eu
LAB=${LAB:?set LAB to a scratch folder}
HERE=$(cd "$(dirname "$0")" && pwd)
W=$LAB/www B=$LAB/bin P=$LAB/pkg D=$LAB/debs FILES=$HERE/packages/files
export GNUPGHOME=$LAB/gnupg
mkdir -p "$P" "$D" "$LAB/logs"
. "$HERE/../binaries/versions.env"
STAMP=$(find "$HERE/packages.sh" "$HERE/packages" -type f -exec cat {} + | sha256sum | cut -c1-8) # a change here makes everything anew
for part in common k8s docker el; do . "$HERE/packages/$part.sh"; done

mkdir -p -m 700 "$GNUPGHOME"
[ -f "$GNUPGHOME/gpg.conf" ] || printf 'digest-algo SHA512\ncert-digest-algo SHA512\n' > "$GNUPGHOME/gpg.conf"
for repository in "$@"; do $repository; done
