//! Values that are lists of words, quoted as systemd.syntax(7) says.

use std::net::{IpAddr, Ipv6Addr};

/// The words of a value: blanks part them, quotes and backslashes take blanks in. A quote that is not closed ends the
/// list before its word, as in systemd.
pub(crate) fn split(value: &str) -> Vec<String> {
    split_strictly(value).unwrap_or_else(|words| words)
}

/// The words of a value, or those before a quote that is not closed or a backslash with nothing behind it.
pub(super) fn split_strictly(value: &str) -> Result<Vec<String>, Vec<String>> {
    let mut words = Vec::new();
    let mut characters = value.chars().peekable();
    loop {
        while characters.next_if(|character| is_blank(*character)).is_some() {}
        if characters.peek().is_none() {
            return Ok(words);
        }
        let mut word = String::new();
        let mut quote = None;
        loop {
            match (characters.next(), quote) {
                (Some('\\'), _) => match characters.next() {
                    Some(escaped) => word.push(escaped),
                    None => return Err(words),
                },
                (Some(mark @ ('"' | '\'')), None) => quote = Some(mark),
                (Some(mark), Some(open)) if mark == open => quote = None,
                (Some(blank), None) if is_blank(blank) => break,
                (Some(character), _) => word.push(character),
                (None, None) => break,
                (None, Some(_)) => return Err(words),
            }
        }
        words.push(word);
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// An assignment for `Environment=`: quoted when it must be, and meaning `name=value` literally, with no specifier.
pub(super) fn environment(name: &str, value: &str) -> String {
    let assignment = format!("{name}={value}");
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-+./:,=@~^".contains(character);
    if assignment.chars().all(plain) {
        return assignment;
    }
    let mut quoted = String::from('"');
    for character in assignment.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '%' => quoted.push_str("%%"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A path as one word of a list, taken literally.
pub(super) fn path(path: &str) -> String {
    let literal = literal(path);
    if !literal.contains([' ', '\t', '"', '\'', '\\']) {
        return literal;
    }
    format!("\"{}\"", literal.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Text that systemd expands specifiers in, meaning itself.
pub(super) fn literal(text: &str) -> String {
    text.replace('%', "%%")
}

/// The networks that a word of `IPAddressAllow=` stands for: a name such as `localhost`, an address, or an address
/// with the length of its prefix.
pub(super) fn networks(word: &str) -> Option<Vec<(IpAddr, u8)>> {
    let named = |v4: [u8; 4], v4_prefix, v6: u16, v6_prefix| {
        let v6 = if v6 == 1 { Ipv6Addr::LOCALHOST } else { Ipv6Addr::from([v6, 0, 0, 0, 0, 0, 0, 0]) };
        Some(vec![(IpAddr::V4(v4.into()), v4_prefix), (IpAddr::V6(v6), v6_prefix)])
    };
    match word {
        "any" => named([0, 0, 0, 0], 0, 0, 0),
        "localhost" => named([127, 0, 0, 0], 8, 1, 128),
        "link-local" => named([169, 254, 0, 0], 16, 0xfe80, 64),
        "multicast" => named([224, 0, 0, 0], 4, 0xff00, 8),
        _ => network(word).map(|network| vec![network]),
    }
}

fn network(word: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = match word.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
        None => (word, None),
    };
    match address.parse().ok()? {
        IpAddr::V4(address) => {
            let prefix = prefix.unwrap_or(32);
            let host_bits = 32_u32.checked_sub(u32::from(prefix))?;
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            Some((IpAddr::V4((u32::from(address) & mask).into()), prefix))
        }
        IpAddr::V6(address) => {
            let prefix = prefix.unwrap_or(128);
            let host_bits = 128_u32.checked_sub(u32::from(prefix))?;
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            Some((IpAddr::V6((u128::from(address) & mask).into()), prefix))
        }
    }
}

/// Whether a word names a device node, or a class of them as in `char-rtc`.
pub(super) fn is_device(word: &str) -> bool {
    ["/dev/", "/run/systemd/inaccessible/", "block-", "char-"].iter().any(|start| word.starts_with(start))
}
