//! A look at what will be carried, from within the container, for what the file API does not tell.

use std::collections::BTreeSet;
use std::time::Duration;

use super::extended;
use super::unseen::Unseen;
use crate::Error;
use crate::incus::{Client, InstanceName};
use crate::rootfs::{TargetPath, escaped};

/// For a look at everything that is kept.
const PATIENCE: Duration = Duration::from_secs(600);

/// Looks, from within the running `leaving` container, for what the file API does not tell of the paths that will be
/// carried. Targets of links, special files, special bits and extended attributes are noted on the container for
/// [`carry`](super::carry()); a path that is not there is fine. To be called before anything starts, and again where that
/// was long ago.
///
/// # Errors
/// Refused: there are names that are not UTF-8, which cannot be carried, or more links, attributes and special files than
/// can be noted. Failed: the container cannot be looked into.
pub fn survey(client: &Client, leaving: &InstanceName, paths: &[TargetPath]) -> crate::Result<()> {
    unseen(client, leaving, paths)?.note(client, leaving)
}

/// As [`survey`], but nothing is noted: the container stays as it is.
///
/// # Errors
/// As [`survey`].
pub fn check(client: &Client, leaving: &InstanceName, paths: &[TargetPath]) -> crate::Result<()> {
    unseen(client, leaving, paths).map(|_| ())
}

fn unseen(client: &Client, leaving: &InstanceName, paths: &[TargetPath]) -> crate::Result<Unseen> {
    let mut unseen = Unseen::default();
    if !paths.is_empty() {
        let paths = paths.iter().map(|path| plain(leaving, path.as_relative()).map(|path| format!("/{path}")));
        let paths: Vec<_> = paths.collect::<crate::Result<_>>()?;
        let mut special_bits = read(leaving, &look(client, leaving, FIND, &paths)?, &mut unseen)?;
        special_bits.append(&mut attributed(leaving, &look(client, leaving, ATTRIBUTES, &paths)?)?);
        unseen.extended = extended::read(client, leaving, &special_bits)?;
        unseen.text(leaving)?;
    }
    Ok(unseen)
}

/// Type, mode, path and target of everything of which the file API does not tell the truth. No path begins with a dash.
const FIND: &str = r#"
export LC_ALL=C
for path; do
    shift
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
done
[ $# -gt 0 ] || exit 0
find "$@" -xdev '(' ! -type f ! -type d ! -type l -o ! -type l -perm /7000 -o -type l ! -lname '/*' -o -name '*[! -~]*' ')' \
    -printf '%y\0%m\0%p\0%l\0'
"#;

/// What has extended attributes or ACLs, of all that `tar` lists, such as `-rw-r--r--* 0/0 5 2026-11-22 10:00 /srv/a\nb`.
/// Contents pass through a pipe at most.
const ATTRIBUTES: &str = r#"
export LC_ALL=C
for path; do
    shift
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
done
[ $# -gt 0 ] || exit 0
exec 4>&1
code=$({ { nice tar --create --one-file-system --hard-dereference --xattrs --xattrs-include='*' --acls --absolute-names --file=- "$@" 2>/dev/null
        echo $? >&3
    } | tar --list --verbose --numeric-owner --quoting-style=escape --absolute-names --xattrs --xattrs-include='*' --acls --file=- |
        sed -n '/^[-d].\{9\}[*+]/{s/^[^ ]* *[^ ]* *[^ ]* *[^ ]* *[^ ]* //;p}' >&4
} 3>&1)
[ "$code" = 0 ] || [ "$code" = 1 ]
"#;

fn look(client: &Client, leaving: &InstanceName, script: &str, paths: &[String]) -> crate::Result<Vec<u8>> {
    let mut command = vec!["sh", "-euc", script, "sh"];
    command.extend(paths.iter().map(String::as_str));
    let output = client.exec(leaving, &command, PATIENCE)?;
    if output.code != 0 {
        let paths = paths.join("`, `");
        let error = Error::failed(format!("cannot look at `{}` in `{leaving}`", escaped(paths.as_bytes())));
        return Err(error.cause(super::copy::last_lines(&output.stderr)));
    }
    Ok(output.stdout)
}

/// Takes links and special files of what `find` lists, and gives the paths that have special bits.
fn read(leaving: &InstanceName, found: &[u8], unseen: &mut Unseen) -> crate::Result<BTreeSet<String>> {
    let fields: Vec<_> = found.split(|byte| *byte == 0).collect();
    let mut bits = BTreeSet::new();
    for entry in fields.chunks_exact(4) {
        let [kind, mode, path, target] = entry else { continue };
        let text = plain(leaving, path)?;
        match *kind {
            b"l" if target.first() != Some(&b'/') => {
                unseen.links.insert(text, plain(leaving, target)?);
            }
            b"f" | b"d" if mode.len() > 3 => drop(bits.insert(text)),
            b"f" | b"d" | b"l" => {}
            _ => drop(unseen.special.insert(text)),
        }
    }
    Ok(bits)
}

/// The paths that `tar` lists, of which a directory's ends in a slash.
fn attributed(leaving: &InstanceName, listed: &[u8]) -> crate::Result<BTreeSet<String>> {
    let lines = listed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| plain(leaving, unquoted(line).strip_suffix(b"/").unwrap_or(&unquoted(line)))).collect()
}

/// What GNU tar's quoting style `escape` stands for.
fn unquoted(quoted: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let octal = rest.get(..3).and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        let plain = rest.first().map(|letter| match letter {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            other => *other,
        });
        bytes.extend(octal.or(plain));
        rest = rest.get(if octal.is_some() { 3 } else { 1 }..).unwrap_or_default();
    }
    bytes
}

fn plain(leaving: &InstanceName, path: &[u8]) -> crate::Result<String> {
    String::from_utf8(path.to_vec()).map_err(|_| {
        let path = escaped(path);
        Error::refused(format!("`{path}` is to be carried from `{leaving}`, and its name is not UTF-8"))
            .hint("Incus's file API cannot name it; keep its directory on a volume (`how = \"volume\"`), or rename it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web() -> InstanceName {
        InstanceName::parse("web-1").unwrap()
    }

    #[test]
    fn links_and_special_files_are_noted_and_special_bits_are_found() {
        let mut unseen = Unseen::default();
        let found = b"l\x00777\0/k/now\0app.log\0p\x00644\0/k/pipe\0\0f\x00644\0/k/a\nb\0\0f\x004755\0/k/c\0\0";
        let bits = read(&web(), found, &mut unseen).unwrap();
        assert_eq!(unseen.links, [("/k/now".to_owned(), "app.log".to_owned())].into());
        assert_eq!(unseen.special, ["/k/pipe".to_owned()].into());
        assert_eq!(bits, ["/k/c".to_owned()].into());
    }

    #[test]
    fn names_are_taken_as_tar_quotes_them() {
        let listed = br"/k/plain
/k/dir/
/k/a\nb\tc\\d
/k/\303\251 12:30 e
";
        let expected = ["/k/plain", "/k/dir", "/k/a\nb\tc\\d", "/k/\u{e9} 12:30 e"].map(str::to_owned);
        assert_eq!(attributed(&web(), listed).unwrap(), expected.into());
        assert_eq!(unquoted(br"a\"), b"a");
    }

    #[test]
    fn a_name_that_cannot_be_carried_is_refused() {
        let error = read(&web(), b"f\x00644\0/k/\xff\0\0", &mut Unseen::default()).unwrap_err();
        assert_eq!(error.message(), "`/k/\\xff` is to be carried from `web-1`, and its name is not UTF-8");
    }
}
