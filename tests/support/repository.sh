#!/bin/bash
# A repository of packages for apt: `repository.sh DIR REPOSITORY` copies every `.deb` of DIR into the directory
# REPOSITORY, which it makes, and writes `Packages`: a flat one, https://wiki.debian.org/DebianRepository/Format, to be
# used with `[trusted=yes]`.
set -euo pipefail
export LC_ALL=C

directory=$(realpath "$1")
mkdir -p "$2"
chmod 755 "$2"
cd "$2"
for deb in "$directory"/*.deb; do
    if [[ ! -f $deb ]]; then
        printf 'repository: `%s` holds no package\n' "$directory" >&2
        exit 1
    fi
    # apt would take an escaped colon for a part of an address.
    name=$(basename "$deb" | tr '%' '_')
    cp --reflink=auto "$deb" "$name"
    dpkg-deb --field "$deb"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$name" "$(stat --format=%s "$deb")" "$(sha256sum <"$deb" | cut -d' ' -f1)"
done >Packages
