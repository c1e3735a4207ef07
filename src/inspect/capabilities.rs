//! File capabilities: the extended attribute `security.capability`, `struct vfs_cap_data` of Linux's
//! `include/uapi/linux/capability.h`.

use crate::rootfs::hex;
use crate::unit::capability_name;

const EFFECTIVE: u32 = 1;

/// In the text form of cap_from_text(3), such as `cap_net_bind_service=ep`; none for what is no such attribute.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let word =
        |index: usize| value.get(index * 4..).and_then(|rest| rest.first_chunk()).map(|word| u32::from_le_bytes(*word));
    let magic = word(0)?;
    let pairs = match (magic >> 24, value.len()) {
        (1, 12) => 1,
        (2, 20) | (3, 24) => 2,
        _ => return None,
    };
    let (mut permitted, mut inheritable) = (0_u64, 0_u64);
    for pair in 0..pairs {
        permitted |= u64::from(word(1 + 2 * pair)?) << (32 * pair);
        inheritable |= u64::from(word(2 + 2 * pair)?) << (32 * pair);
    }
    let mut clauses = Vec::new();
    let effective = if magic & EFFECTIVE != 0 { "e" } else { "" };
    for (set, flags) in [
        (permitted & !inheritable, format!("{effective}p")),
        (inheritable & !permitted, format!("{effective}i")),
        (permitted & inheritable, format!("{effective}ip")),
    ] {
        let names: Vec<_> = (0..64).filter(|number| set >> number & 1 == 1).map(capability_name).collect();
        if !names.is_empty() {
            clauses.push(format!("{}={flags}", names.join(",")));
        }
    }
    // Of a user namespace whose root this user is.
    if let Some(root) = word(5).filter(|root| magic >> 24 == 3 && *root != 0) {
        clauses.push(format!("[rootid={root}]"));
    }
    Some(clauses.join(" "))
}

/// The same; the value in hex where it is of no known version.
pub(crate) fn text_or_hex(value: &[u8]) -> String {
    text(value).unwrap_or_else(|| hex(value))
}
