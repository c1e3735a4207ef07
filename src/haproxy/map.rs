//! HAProxy's lists of patterns: maps, and those that only ACLs use.

use std::collections::BTreeMap;

use super::answer::{malformed, unexpected};
use super::{Failure, Kind, Result};

/// More lists, and more entries of one, than any balancer has.
const MOST_LISTS: usize = 1 << 16;
const MOST_ENTRIES: usize = 1 << 20;

/// A list of patterns, from `show map` and `show acl`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// Its number, which a reload may change.
    pub id: u64,
    /// The file that it was loaded from, or its name where newer versions have maps without one; none for an inline
    /// list.
    pub file: Option<String>,
    /// How many entries it holds; none before HAProxy 2.4, which does not say.
    pub entries: Option<u64>,
    /// Whether a map function uses it (`map_str(…)`).
    pub map: bool,
    /// Whether an ACL uses it (`-f FILE`, or inline patterns).
    pub acl: bool,
}

impl Map {
    /// Reads the answers to `show map` and `show acl`; a list that both uses stands in both.
    pub(super) fn parse_all(maps: &str, acls: &str) -> Result<Vec<Self>> {
        let mut lists = BTreeMap::new();
        for map in lines(maps) {
            let list = Self::parse(map?)?;
            lists.insert(list.id, Self { map: true, ..list });
            bound("lists of patterns", lists.len(), MOST_LISTS)?;
        }
        for acl in lines(acls) {
            let list = Self::parse(acl?)?;
            lists.entry(list.id).or_insert(list).acl = true;
            bound("lists of patterns", lists.len(), MOST_LISTS)?;
        }
        Ok(lists.into_values().collect())
    }

    /// Reads `ID (FILE) DESCRIPTION… entry_cnt=COUNT`.
    fn parse(line: &str) -> Result<Self> {
        let wrong = || malformed("a line of `show map`", line);
        let (id, rest) = line.split_once(" (").ok_or_else(wrong)?;
        let (file, description) = rest.split_once(") ").ok_or_else(wrong)?;
        let count = description.split_ascii_whitespace().rev().find_map(|word| word.strip_prefix("entry_cnt="));
        Ok(Self {
            id: id.parse().map_err(|_| wrong())?,
            file: Some(file).filter(|file| !file.is_empty()).map(str::to_owned),
            entries: count.map(|count| count.parse().map_err(|_| wrong())).transpose()?,
            map: false,
            acl: false,
        })
    }

    /// `map` or `acl`, as commands call it.
    pub(super) fn noun(&self) -> &'static str {
        if self.map { "map" } else { "acl" }
    }

    /// What names it in a command: its file, which outlives a reload, where that is one word there.
    pub(super) fn reference(&self) -> String {
        match &self.file {
            Some(file) if is_word(file) && !file.starts_with(['#', '@']) => file.clone(),
            _ => format!("#{}", self.id),
        }
    }
}

/// Reads lines of `0xADDRESS KEY VALUE`; an ACL's have no value.
pub(super) fn entries(text: &str) -> Result<Vec<(String, String)>> {
    let mut entries = Vec::new();
    for line in text.lines() {
        let (_, entry) =
            line.strip_prefix("0x").and_then(|rest| rest.split_once(' ')).ok_or_else(|| unexpected(line))?;
        let (key, value) = entry.split_once(' ').unwrap_or((entry, ""));
        entries.push((key.to_owned(), value.to_owned()));
        bound("entries", entries.len(), MOST_ENTRIES)?;
    }
    Ok(entries)
}

fn bound(what: &str, count: usize, most: usize) -> Result<()> {
    match count > most {
        true => Err(Failure::new(Kind::NotHaproxy, format!("the answer has more than {most} {what}"))),
        false => Ok(()),
    }
}

/// Whether a text is one word of a command, and nothing but that: `;` ends a command, `\` quotes, `<<` begins a
/// payload.
pub(super) fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b'\\' | b'"' | b'\'' | b'<');
    !text.is_empty() && text.len() <= 1024 && text.bytes().all(plain)
}

/// The lists of an answer, without its header.
fn lines(text: &str) -> impl Iterator<Item = Result<&str>> {
    text.lines().enumerate().filter_map(|(number, line)| match (number, line.starts_with("# ")) {
        (0, true) => None,
        (0, false) => Some(Err(unexpected(line))),
        _ => Some(Ok(line)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_both_use_is_one() {
        let maps = "# id (file) description\n0 (/etc/haproxy/draining.map) pattern loaded from file \
                    '/etc/haproxy/draining.map' used by map at file 'a.cfg' line 22. curr_ver=0 next_ver=0 entry_cnt=3";
        let acls = "# id (file) description\n0 (/etc/haproxy/draining.map) pattern loaded from file … entry_cnt=3\n\
                    1 () acl 'req.cook' file 'a.cfg' line 22.";
        let file = Some("/etc/haproxy/draining.map".to_owned());
        let expected = [
            Map { id: 0, file, entries: Some(3), map: true, acl: true },
            Map { id: 1, file: None, entries: None, map: false, acl: true },
        ];
        let lists = Map::parse_all(maps, acls).unwrap();
        assert_eq!(lists, expected);
        assert_eq!(lists[0].reference(), "/etc/haproxy/draining.map");
        assert_eq!((lists[1].noun(), lists[1].reference().as_str()), ("acl", "#1"));
    }

    #[test]
    fn a_file_that_is_no_word_goes_by_its_number() {
        for file in ["/etc/a b.map", "/x;show info", "#7", "@1", "<<", "/a\\"] {
            let map = Map { id: 5, file: Some(file.into()), entries: None, map: true, acl: false };
            assert_eq!(map.reference(), "#5", "{file}");
        }
    }

    #[test]
    fn values_keep_their_spaces() {
        let expected = [("a".to_owned(), "b  c".to_owned()), ("d".to_owned(), String::new())];
        assert_eq!(entries("0x7f9e9c04c530 a b  c\n0x55ffa0808010 d").unwrap(), expected);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let header = "# id (file) description\n";
        for text in ["x", &format!("{header}x"), &format!("{header}-1 (x) y"), &format!("{header}1 (x) y entry_cnt=z")]
        {
            assert_eq!(Map::parse_all(text, header).unwrap_err().kind(), Kind::NotHaproxy, "{text}");
        }
        assert_eq!(entries("Unknown map identifier. Please use #<id> or <file>.").unwrap_err().kind(), Kind::Unknown);
    }
}
