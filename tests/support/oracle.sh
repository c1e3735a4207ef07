#!/bin/bash
# What Debian's own tools make of packages: `oracle.sh DIR TAR [PATH-EXCLUDE]…` installs every `.deb` of DIR with
# mmdebstrap, maintainer scripts included, and writes the root file system to TAR. Nothing comes from a mirror: DIR has to
# hold the essential packages and apt too. A PATH-EXCLUDE is a glob as dpkg takes it, such as `/usr/share/man/*`.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1746057600     # 2025-05-01

fail() {
    printf 'oracle: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

(($# >= 2)) || fail "it takes a directory and a path to write to" "\`oracle.sh DIR TAR [PATH-EXCLUDE]…\`"
command -v mmdebstrap >/dev/null || fail "\`mmdebstrap\` is not installed" "\`tests/run\` installs it"
directory=$(realpath "$1") tar=$2
shift 2

repository=$(mktemp --directory)
trap 'rm --recursive --force "$repository"' EXIT
"$(dirname "$0")/repository.sh" "$directory" "$repository"
include=$(awk '/^Package: / { name = $2 } /^Version: / { version = $2 } /^$/ { print name "=" version }' \
    "$repository/Packages" | sort --unique | paste --serial --delimiters=,)

excludes=()
for glob; do
    excludes+=(--dpkgopt="path-exclude=$glob")
done

mmdebstrap --quiet --mode=root --variant=apt --format=tar --include="$include" "${excludes[@]}" \
    '' "$tar" "deb [trusted=yes] copy:$repository ./" </dev/null
