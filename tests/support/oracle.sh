#!/bin/bash
# What Debian's own tools make of packages: `oracle.sh DIR TAR [PATTERN]…` installs every `.deb` of DIR with mmdebstrap,
# maintainer scripts included, and writes the root file system to TAR. Nothing comes from a mirror: DIR has to hold the
# essential packages and apt too. A PATTERN is one of a layout's `exclude-paths`: a glob as dpkg takes it, such as
# `/usr/share/man/*`, or `!GLOB` for what is taken back in.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1746057600     # 2025-05-01

fail() {
    printf 'oracle: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

(($# >= 2)) || fail "it takes a directory and a path to write to" "\`oracle.sh DIR TAR [PATTERN]…\`"
command -v mmdebstrap >/dev/null || fail "\`mmdebstrap\` is not installed" "\`tests/run\` installs it"
directory=$(realpath "$1") tar=$2
shift 2

repository=$(mktemp --directory)
trap 'rm --recursive --force "$repository"' EXIT
"$(dirname "$0")/repository.sh" "$directory" "$repository"
include=$(awk '/^Package: / { name = $2 } /^Version: / { version = $2 } /^$/ { print name "=" version }' \
    "$repository/Packages" | sort --unique | paste --serial --delimiters=,)

filters=()
for pattern; do
    kind=path-exclude glob=${pattern#!}
    [[ $pattern == "$glob" ]] || kind=path-include
    filters+=(--dpkgopt="$kind=$glob")
    # dpkg knows a path by the name that its package has for it, and a layout by the one in the image.
    [[ $glob != /usr/lib/* ]] || filters+=(--dpkgopt="$kind=${glob#/usr}")
done

# `usr-is-merged` installs only where the links are there already. An installer makes them; here they are those that
# packages of amd64 have anything in.
readonly merged='for name in bin lib lib64 sbin; do mkdir --parents "$1/usr/$name" && ln --symbolic "usr/$name" "$1/$name"; done'
mmdebstrap --quiet --mode=root --variant=apt --format=tar --setup-hook="$merged" --include="$include" "${filters[@]}" \
    '' "$tar" "deb [trusted=yes] copy:$repository ./" </dev/null
