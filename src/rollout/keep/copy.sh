# Makes the directory $2, on which a volume is mounted, what the directory $1 is. `copy.sh SRC DST SECONDS [UID GID MODE]`
# Where there is no SRC, DST is emptied, and gets these attributes.
# Exit code 3: there is a tool missing, whose name is written; 4: nothing is mounted; 5: another copy goes on.
set -eu
export LC_ALL=C
src=$1 dst=$2
for tool in chmod chown cp cut find flock grep rm sed sort sync uniq xargs; do
    command -v "$tool" >/dev/null || { echo "$tool"; exit 3; }
done
grep -qF " $dst " /proc/self/mountinfo || exit 4
# The directory's owner must not play with links while root writes there.
chmod 0700 "${dst%/*}"
# Whoever was killed may have left a copy that goes on.
exec 9>"/run/vezaimg.${dst##*/}.lock"
flock -w "$3" 9 || exit 5
calm=
! command -v nice >/dev/null || calm="nice -n 19"
! command -v ionice >/dev/null || calm="ionice -c 3 $calm"

if [ ! -d "$src" ]; then
    find "$dst" -mindepth 1 -delete
    [ $# -lt 6 ] || { chown "$4:$5" "$dst" && chmod "$6" "$dst"; }
    exit 0
fi

# NAME//ATTRIBUTES for everything, with no // in a name.
listing() {
    cd "$1"
    find . '(' -type d -printf '%P//d %m %U %G %T@\0' ')' -o '(' -type l -printf '%P//l %U %G %T@ %l\0' ')' -o \
        -printf '%P//%y %m %U %G %n %s %T@\0'
}
# What stands in one listing alone: the names that differ, a directory before what it holds.
differing() {
    { (listing "$src"); (listing "$dst"); } | sort -z | uniq -zu | sed -z 's|//.*||' | sort -zu
}

# What is gone from SRC, or is another by now, goes; directories that stay get their attributes below.
differing | xargs -0r sh -c '
    src=$1 dst=$2
    shift 2
    for name; do
        [ -n "$name" ] || continue
        [ -e "$dst/$name" ] || [ -L "$dst/$name" ] || continue
        if [ -d "$dst/$name" ] && [ ! -L "$dst/$name" ] && [ -d "$src/$name" ] && [ ! -L "$src/$name" ]; then continue; fi
        rm -rf -- "$dst/$name"
    done' sh "$src" "$dst"
# With -u: what is the same stays. A link that SRC had meanwhile is replaced, and never written through.
code=0
$calm cp -au --remove-destination "$src/." "$dst/" || code=$?
sync -f "$dst"
[ "$code" = 0 ] || exit 1
# The result: what differs still, by name.
differing | sed -z 's|^$|.|'
