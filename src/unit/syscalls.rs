//! The system call groups of systemd, such as `@system-service`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::names;

/// What `systemd-analyze syscall-filter` of systemd 252 prints: a group, its comment, its members indented.
const LISTING: &str = include_str!("syscalls.txt");

/// System calls by group, those of the groups within it included.
static GROUPS: LazyLock<BTreeMap<&'static str, BTreeSet<&'static str>>> = LazyLock::new(|| {
    let listed = parse(LISTING);
    listed.keys().map(|group| (*group, expand(group, &listed))).collect()
});

/// Every system call of every group.
static NAMES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| GROUPS.values().flatten().copied().collect());

/// System calls of the groups that the exposure looks at which x86-64 does not have (libseccomp 2.5). A filter cannot
/// be told by them.
const FOREIGN: &str = "
    bdflush break chown32 clock_adjtime64 clock_settime64 fchown32 ftime gtty idle lchown32 lock mpx nice
    pciconfig_iobase pciconfig_read pciconfig_write prof profil rtas s390_pci_mmio_read s390_pci_mmio_write
    s390_runtime_instr setfsuid32 setgroups32 setresuid32 setreuid32 setuid32 sgetmask ssetmask stime stty
    subpage_prot switch_endian sys_debug_setcontext ulimit umount vm86 vm86old
";

/// Reads what `systemd-analyze syscall-filter` prints: members, of which some are groups, by group.
pub(super) fn parse(listing: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut groups = BTreeMap::new();
    let mut current: Option<&mut Vec<&str>> = None;
    for line in listing.lines() {
        match line.trim() {
            group if line.starts_with('@') => current = Some(groups.entry(group).or_insert_with(Vec::new)),
            other if other.is_empty() || other.starts_with('#') => {}
            member => current.iter_mut().for_each(|members| members.push(member)),
        }
    }
    groups
}

fn expand<'a>(group: &str, listed: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut members = BTreeSet::new();
    for member in listed.get(group).into_iter().flatten() {
        if member.starts_with('@') {
            members.extend(expand(member, listed));
        } else {
            members.insert(*member);
        }
    }
    members
}

/// The names of the groups, with their `@`.
pub(super) fn groups() -> impl Iterator<Item = &'static str> {
    GROUPS.keys().copied()
}

/// The system calls of a group, those of the groups within it included; none for a name that is not a group's.
pub(super) fn members(group: &str) -> Option<&'static BTreeSet<&'static str>> {
    GROUPS.get(group)
}

/// The system calls of a group that x86-64 has, for the groups that the exposure looks at.
pub(super) fn native_members(group: &str) -> impl Iterator<Item = &'static str> {
    let foreign = |name: &str| FOREIGN.split_whitespace().any(|foreign| foreign == name);
    members(group).into_iter().flatten().copied().filter(move |name| !foreign(name))
}

/// The names of all system calls that systemd knows.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    NAMES.iter().copied()
}

/// The name of a system call as a constant; none for one that systemd does not know.
pub(super) fn known(name: &str) -> Option<&'static str> {
    NAMES.get(name).copied()
}

/// Whether `error` is what a filter can answer with: the name or the number of an errno, or `kill`.
pub(super) fn is_error(error: &str) -> bool {
    let number = || error.parse::<u16>().is_ok_and(|number| number <= 4095);
    error == "kill" || number() || names::is_errno(error)
}
