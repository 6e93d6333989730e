# common.sh - one package, one signature, one repository index; sourced by packages.sh.

is_ready() { # GROUP: has binaries/build.sh completed it?
  grep -qxF "$1" "$B/READY" 2>/dev/null
}

key() { # PUBLISHER FILE: its exported public key; one key a publisher
  gpg --list-secret-keys "$1@lab" >/dev/null 2>&1 ||
    gpg --batch --pinentry-mode loopback --passphrase '' --quick-gen-key "kinstall lab as $1 <$1@lab>" rsa3072 sign never 2>/dev/null
  mkdir -p "$(dirname "$2")"
  gpg --armor --export "$1@lab" > "$2"
}

deb() { # NAME VERSION ROOT OUT FIELDS(newline-separated)
  local name=$1 version=$2 root=$3 out=$4 fields=$5
  mkdir -p "$root/DEBIAN" "$out"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: amd64\n' "$name" "$version"
    printf 'Maintainer: kinstall lab <lab@lab>\nSection: misc\nPriority: optional\n'
    printf 'Installed-Size: %s\n%s\nDescription: %s (lab build)\n' "$(du -sk "$root" | cut -f1)" "$fields" "$name"
  } | grep . > "$root/DEBIAN/control"
  (cd "$root" && find etc -type f 2>/dev/null | sed 's,^,/,') > "$root/DEBIAN/conffiles" || true
  dpkg-deb -Zgzip -z1 --root-owner-group -b "$root" "$out/${name}_${version}_amd64.deb" >/dev/null
}

unit_scripts() { # ROOT UNIT ACTION: what debhelper writes for a unit
  mkdir -p "$1/DEBIAN"
  sed -e "s/@UNIT@/$2/; s/@ACTION@/$3/" "$FILES/postinst" > "$1/DEBIAN/postinst"
  chmod 755 "$1/DEBIAN/postinst"
}

rpm_() { # NAME VERSION RELEASE ROOT OUT SPEC-LINES [POST-SCRIPT]
  local name=$1 root=$4 out=$5 top=$P/rpmtop
  mkdir -p "$top/SPECS" "$out"
  rpm_spec "$@" > "$top/SPECS/$name.spec"
  rpmbuild -bb --quiet --target x86_64 --buildroot "$P/br-$name" \
    --define "_topdir $top" --define "_rpmdir $out" --define '_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
    --define '_build_id_links none' --define '_binary_payload w1.gzdio' \
    "$top/SPECS/$name.spec" > "$LAB/logs/rpm-$name.log" 2>&1 || { cat "$LAB/logs/rpm-$name.log"; return 1; }
}

rpm_spec() { # as rpm_
  local name=$1 root=$4
  printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: %s (lab build)\nLicense: Apache-2.0\nAutoReqProv: no\n' "$name" "$2" "$3" "$name"
  printf '%s\n%%description\nlab\n%%global debug_package %%{nil}\n%%global __os_install_post %%{nil}\n' "$6"
  [ -z "${7:-}" ] || printf '%%post\n%s\n' "$7"
  printf '%%install\nrm -rf %%{buildroot}; mkdir -p %%{buildroot}\n'
  printf 'cp -al %s/. %%{buildroot}/ || cp -a %s/. %%{buildroot}/\n%%files\n' "$root" "$root"
  (cd "$root" && find . ! -type d | sed -e 's,^\.,,' -e 's,^/etc/,%config(noreplace) /etc/,')
}

sign_rpms() { # PUBLISHER FOLDER: those made since its mark
  find "$2" -name '*.rpm' -newer "$P/.$1" -print0 |
    xargs -0 -r rpmsign --define '__gpg /usr/bin/gpg' --define "_gpg_name $1@lab" --define "_gpg_path $GNUPGHOME" --addsign >/dev/null 2>&1
}

mark() { # PUBLISHER: what is made from now on is signed by sign_rpms
  touch "$P/.$1"
  sleep 1
}

yum_repo() { # PUBLISHER FOLDER
  createrepo_c -q "$2"
  gpg --batch --yes -u "$1@lab" --detach-sign --armor "$2/repodata/repomd.xml"
  key "$1" "$2/repodata/repomd.xml.key"
}

apt_release() { # FOLDER FIELD=VALUE ...: the Release file of the folder
  local folder=$1 field options=()
  shift
  for field; do options+=(-o "APT::FTPArchive::Release::$field"); done
  (cd "$folder" && rm -f Release && apt-ftparchive "${options[@]}" release . > ../.release && mv ../.release Release)
}

sign_release() { # PUBLISHER FOLDER: InRelease and Release.gpg of the Release there
  (
    cd "$2"
    gpg --batch --yes -u "$1@lab" --clearsign -o InRelease Release
    gpg --batch --yes -u "$1@lab" -abs -o Release.gpg Release
  )
}
