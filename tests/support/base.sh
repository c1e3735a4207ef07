#!/bin/bash
# A Debian root file system with systemd, as a tar of an ordinary `mmdebstrap` call: `base.sh DIR` prints its path in DIR and
# makes it first if it is not there. It takes about a minute, and the machine's own apt sources.
set -euo pipefail

readonly suite=bookworm
readonly packages=systemd,systemd-sysv,dbus,udev,iproute2,ca-certificates
export SOURCE_DATE_EPOCH=1746057600     # 2025-05-01

fail() {
    printf 'base: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# The machine's own mirrors for the suite, its updates and its security fixes, as one-line sources.
sources() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Component: main' |
        sort -u |
        awk -v suite="$suite" -v key="$keyring" \
            '$2 == suite || $2 == suite "-updates" || $2 == suite "-security" { print "deb [signed-by=" key "] " $0 }'
}
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg

mkdir -p "$1"
recipe=$(sha256sum "$0")
base=$1/base-${recipe:0:12}.tar

exec 9>"$1/base.lock"
flock --timeout 900 9 || fail "another process has held \`$1/base.lock\` for 900 seconds" "is \`mmdebstrap\` stuck?"
if [[ -f $base ]]; then
    echo "$base"
    exit
fi

command -v mmdebstrap >/dev/null || fail "\`mmdebstrap\` is not installed" "\`tests/run\` installs it"
mirrors=$(sources)
[[ $mirrors == *" $suite "* ]] || fail "apt on this machine has no source for \`$suite\`" "see \`apt-get indextargets\`"

# mmdebstrap does not read the machine's apt.conf, which may say how the mirrors are reached.
options=()
while read -r option; do
    options+=(--aptopt="$option")
done < <(apt-config dump --no-empty Acquire::http; apt-config dump --no-empty Acquire::https)

rm -f "$1"/base-*.tar "$1/base.part"
root=()
((EUID == 0)) || root=(sudo --non-interactive --preserve-env=SOURCE_DATE_EPOCH)
"${root[@]}" mmdebstrap --mode=root --format=tar --variant=minbase --include="$packages" "${options[@]}" \
    "$suite" - - <<<"$mirrors" >"$1/base.part"
mv "$1/base.part" "$base"
echo "$base"
