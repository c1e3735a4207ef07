#!/bin/bash
# The packages of a lock as `.deb`s in a directory, with what else Debian's own tools need to install them: the essential
# packages, apt, and what the lock leaves out. `installable.sh LOCK STORE DIR`; the rest comes from the machine's mirrors.
set -euo pipefail
export LC_ALL=C

lock=$(realpath "$1") store=$(realpath "$2")
mkdir -p "$3"
cd "$3"

names=()
while read -r name file sha256; do
    names+=("$name")
    # apt's own spelling of a file's name, which `apt-get download` would use.
    cp --reflink=auto "$store/objects/${sha256:0:2}/$sha256" "$(basename "$file")"
done < <(awk -F '"' '/^name/ { name = $2 } /^file/ { file = $2 } /^sha256/ { print name, file, $2 }' <(sed '1,/^\[\[package/d' "$lock"))

status=$(mktemp)
trap 'rm --force "$status"' EXIT
plan=$(apt-get --simulate -o Dir::State::Status="$status" -o APT::Install-Recommends=false \
    install "${names[@]}" apt '?essential')
mapfile -t more < <(awk '$1 == "Inst" { print $2 }' <<<"$plan" | grep --invert-match --line-regexp --fixed-strings \
    --file=<(printf '%s\n' "${names[@]}"))
# As root apt would warn that its own user cannot write here. Of nothing to download it makes an error.
((${#more[@]} == 0)) || apt-get --quiet --quiet -o APT::Sandbox::User=root download "${more[@]}"
