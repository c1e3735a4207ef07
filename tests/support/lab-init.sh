#!/bin/bash
# The first process of a lab's PID and mount namespaces: `lab-init.sh DIR NAME GROUP`. Its end is the lab's end, and
# comes when its standard input does. See lab.sh.
set -euo pipefail

export INCUS_DIR=$1
name=$2
group=$3

# LXC puts containers into the first process's cgroup, less a trailing `init.scope`. Thus all of them are below NAME, and
# in the second version of cgroups NAME itself holds no process, which is what its controllers require.
enter_cgroup() {
    local parent=$1 directory file
    for directory in "$parent/$name" "$parent/$name/init.scope"; do
        mkdir "$directory"
        # A cpuset begins empty, and an empty one takes no process.
        for file in cpuset.cpus cpuset.mems; do
            [[ ! -f $directory/../$file ]] || cat "$directory/../$file" >"$directory/$file"
        done
    done
    echo $$ >"$directory/cgroup.procs"
}

hierarchies=/sys/fs/cgroup
own=$(</proc/self/cgroup)               # at once, for it changes with every cgroup that is entered
while IFS=: read -r number controllers path; do
    if ((number)); then
        enter_cgroup "$hierarchies/${controllers#name=}$path"
    elif [[ -f $hierarchies/cgroup.controllers ]]; then
        enter_cgroup "$hierarchies"
    else
        enter_cgroup "$hierarchies/unified"
    fi
done <<<"$own"

# The kernel keeps AppArmor profiles past the daemon that loaded them, and the lab is to leave nothing.
export INCUS_SECURITY_APPARMOR=false

# LXC's locks, dnsmasq's and lxcfs's state go with the namespace; nothing in here talks to the machine's own services.
mount -t tmpfs -o mode=0755 lab /run
mkdir -p /var/lib/lxcfs
ulimit -n "$(ulimit -Hn)"

# LXC's mount hook knows lxcfs by this one path, and in this namespace it is the lab's own.
lxcfs -f /var/lib/lxcfs </dev/null &
/usr/libexec/incus/incusd --group "$group" --logfile "$INCUS_DIR/incusd.log" </dev/null &

while read -r; do :; done
