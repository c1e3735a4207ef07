#!/bin/bash
# A private Incus for tests: `lab.sh` prints `ready DIR BRIDGE PID` once its daemon answers through DIR/unix.socket, serves
# until its standard input ends, and leaves nothing behind. PID is the daemon's first process, as the machine sees it.
#
# incusd, lxcfs, dnsmasq and the containers live in a PID and a mount namespace of their own (lab-init.sh). When that
# namespace's first process ends, the kernel kills all the others and drops their mounts, so that a passed test, a
# failed one and a SIGKILL at any place of the chain all end alike. Outside stand only the directory, the bridge and
# cgroups, which bear the lab's name: this script removes its own, and first those of labs that were killed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
group=${1:-root}                        # who may talk to the daemon
if ((EUID != 0)); then
    exec sudo --non-interactive -- "$0" "$(id -gn)"
fi
PATH=$PATH:/usr/sbin:/sbin

readonly labs=${TMPDIR:-/tmp}/vezalab   # a lab is $labs.XXXXXX; short, for a socket's path is at most 107 bytes
readonly start_seconds=60
readonly last_metric=4294967295

say() { printf 'lab: %s\n' "$*" >&2; }

fail() {
    say "$1"
    [[ -z ${dir:-} ]] || tail -n 40 "$dir"/lab.log "$dir"/incusd.log >&2 2>/dev/null || true
    say "hint: \`tests/run\` installs what the lab needs"
    exit 1
}

# What the lab's bridge and cgroups are called.
name_of() { echo "vezalab-${1##*.}"; }

remove() {
    local name
    name=$(name_of "$1")
    ip link delete "$name" 2>/dev/null || true
    [[ ! -f $1/subnet ]] || ip route delete unreachable "$(<"$1/subnet")" metric "$last_metric" 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path "*/$name*" -exec rmdir {} + || true
    rm -rf --one-file-system "$1"
}

# A lab holds a lock on DIR/alive for as long as its script lives.
sweep() {
    local old
    for old in "$labs".*; do
        [[ -O $old && -f $old/alive ]] || continue
        (flock --nonblock 7 && remove "$old") 7<"$old/alive" || true
    done
}

# A /24 of 10.128.0.0 to 10.249.255.0 that no interface or route of this machine names.
free_subnet() {
    local used prefix _
    used=$(ip -4 addr; ip -4 route)
    for _ in {1..100}; do
        prefix=10.$((128 + RANDOM % 122)).$((RANDOM % 256))
        [[ $used == *" $prefix."* ]] || { echo "$prefix"; return; }
    done
    return 1
}

for tool in incus /usr/libexec/incus/incusd lxcfs dnsmasq ip unshare flock; do
    command -v "$tool" >/dev/null || fail "\`$tool\` is not installed"
done

# In every container systemd takes some ten inotify instances, which Linux counts as root's, and of which root has 128 unless
# told otherwise: the thirteenth container of a machine would stop as it starts. For keys there is a like limit. Incus asks for
# more of both: https://linuxcontainers.org/incus/docs/main/reference/server_settings/
at_least() {
    local setting=/proc/sys/$1
    (($(<"$setting") >= $2)) || echo "$2" >"$setting" || say "\`$setting\` is below $2: containers may stop as they start"
}
at_least fs/inotify/max_user_instances 4096
at_least kernel/keys/maxkeys 2000
at_least kernel/keys/maxbytes 2000000

# One lab starts at a time: sweeping, and choosing a subnet, would otherwise race.
exec 9>/run/vezalab.lock
flock --timeout 300 9 || fail "another lab has held \`/run/vezalab.lock\` for 300 seconds"
sweep

dir=$(mktemp -d "$labs.XXXXXX")
name=$(name_of "$dir")
chmod 0711 "$dir"                       # an ordinary user's client has to reach the socket
exec 8>"$dir/alive"
flock 8

end() {
    set +e
    trap '' INT TERM HUP PIPE           # whoever read what this script says may be gone
    [[ -z ${leash:-} ]] || exec {leash}>&-
    [[ -z ${inside:-} ]] || wait "$inside" || true
    remove "$dir"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Its end of the leash is the first process's standard input; in a session of its own no ^C reaches it.
exec {leash}> >(exec setsid unshare --pid --fork --mount --mount-proc \
    "$here/lab-init.sh" "$dir" "$name" "$group" >"$dir/lab.log" 2>&1 8>&- 9>&-)
inside=$!

export INCUS_DIR=$dir INCUS_CONF=$dir/client
mkdir "$INCUS_CONF"
deadline=$((SECONDS + start_seconds))
until timeout 5 incus query /1.0 >/dev/null 2>&1 </dev/null; do
    kill -0 "$inside" 2>/dev/null || fail "the lab's first process ended"
    ((SECONDS < deadline)) || fail "incusd has not answered within $start_seconds seconds"
    sleep 0.1
done

subnet=$(free_subnet) || fail "no free subnet was found in 100 tries"
refusals=0
preseed() {
    timeout "$start_seconds" incus admin init --preseed <<END >>"$dir/lab.log" 2>&1
config:
  images.auto_update_interval: "0"
networks:
- name: $name
  type: bridge
  config:
    ipv4.address: $subnet.1/24
    # Above these, tests give out static ones.
    ipv4.dhcp.ranges: $subnet.2-$subnet.99
    ipv4.nat: "false"
    ipv4.firewall: "false"
    ipv6.address: none
storage_pools:
- name: default
  driver: dir
profiles:
- name: default
  devices:
    root: {type: disk, path: /, pool: default}
    eth0: {type: nic, network: $name, name: eth0}
END
}

# Making a bridge, Incus looks at every other one, and fails when that of a lab goes away just then.
until preseed; do
    ((++refusals < 5)) || fail "incusd refused its preseed"
    incus network delete "$name" >/dev/null 2>&1 </dev/null || true
done
# A daemon that starts again takes the bridge's address away for a moment: what is sent to a container then must not leave
# this machine by its default route, to whoever answers there.
echo "$subnet.0/24" >"$dir/subnet"
ip route add unreachable "$subnet.0/24" metric "$last_metric"
exec 9>&-

# `unshare` waits for the first process, which is its only child.
init=$(<"/proc/$inside/task/$inside/children")
echo "ready $dir $name ${init% }"
while read -r; do :; done
