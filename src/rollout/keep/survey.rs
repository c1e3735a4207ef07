//! A look at what will be carried, from within the container, for what the file API does not tell.

use std::time::Duration;

use super::unseen::Unseen;
use crate::Error;
use crate::incus::{Client, InstanceName};
use crate::rootfs::{TargetPath, escaped};

/// For a look at everything that is kept.
const PATIENCE: Duration = Duration::from_secs(600);

/// How many paths a refusal names.
const MOST_NAMED: usize = 5;

/// Looks, from within the running `leaving` container, for what the file API does not tell of the paths that will be
/// carried. Targets of links and special files are noted on the container for [`carry`](super::carry()); a path that is
/// not there is fine. To be called before anything starts, and again whenever there is time.
///
/// # Errors
/// Refused: there are set-user-id, set-group-id or sticky bits, extended attributes, ACLs, or names that are not UTF-8,
/// none of which can be carried. Failed: the container cannot be looked into.
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
        let found = look(client, leaving, FIND, &paths)?;
        read(leaving, &found, &mut unseen)?;
        let attributed = look(client, leaving, ATTRIBUTES, &paths)?;
        let lost: Vec<_> = attributed.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        if !lost.is_empty() {
            return Err(refusal(leaving, "extended attributes or ACLs", lost.into_iter()));
        }
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

/// What has extended attributes or ACLs, as `tar` lists it: `-rw-r--r--* …`. Contents pass through a pipe at most.
const ATTRIBUTES: &str = r#"
export LC_ALL=C
for path; do
    shift
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
done
[ $# -gt 0 ] || exit 0
exec 4>&1
code=$({ { nice tar --create --one-file-system --xattrs --xattrs-include='*' --acls --absolute-names --file=- "$@" 2>/dev/null
        echo $? >&3
    } | tar --list --verbose --absolute-names --xattrs --xattrs-include='*' --acls --file=- |
        sed -n '/^.\{10\}[*+]/{s/^.*[0-9][0-9]:[0-9][0-9] //;p}' >&4
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

fn read(leaving: &InstanceName, found: &[u8], unseen: &mut Unseen) -> crate::Result<()> {
    let fields: Vec<_> = found.split(|byte| *byte == 0).collect();
    let mut bits = Vec::new();
    for entry in fields.chunks_exact(4) {
        let [kind, mode, path, target] = entry else { continue };
        let text = plain(leaving, path)?;
        match *kind {
            b"l" if target.first() != Some(&b'/') => {
                unseen.links.insert(text, plain(leaving, target)?);
            }
            b"f" | b"d" if mode.len() > 3 => bits.push(*path),
            b"f" | b"d" | b"l" => {}
            _ => drop(unseen.special.insert(text)),
        }
    }
    match bits.is_empty() {
        true => Ok(()),
        false => Err(refusal(leaving, "set-user-id, set-group-id or sticky bits", bits.into_iter())),
    }
}

fn plain(leaving: &InstanceName, path: &[u8]) -> crate::Result<String> {
    let text = String::from_utf8(path.to_vec());
    text.map_err(|_| refusal(leaving, "names that are not UTF-8", [path].into_iter()))
}

fn refusal<'a>(leaving: &InstanceName, what: &str, paths: impl ExactSizeIterator<Item = &'a [u8]>) -> Error {
    let more = paths.len().saturating_sub(MOST_NAMED);
    let mut named = paths.take(MOST_NAMED).map(|path| format!("`{}`", escaped(path))).collect::<Vec<_>>().join(", ");
    if more > 0 {
        named.push_str(&format!(" and {more} more"));
    }
    Error::refused(format!("files that are to be carried from `{leaving}` have {what}: {named}")).hint(
        "Incus's file API does not set them; keep their directory on a volume (`how = \"volume\"`), or let the image make it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(found: &[u8]) -> Result<Unseen, String> {
        let mut unseen = Unseen::default();
        let name = InstanceName::parse("web-1").unwrap();
        read(&name, found, &mut unseen).map(|()| unseen).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn links_and_special_files_are_noted() {
        let unseen = seen(b"l\x00777\0/k/now\0app.log\0p\x00644\0/k/pipe\0\0f\x00644\0/k/a\nb\0\0").unwrap();
        assert_eq!(unseen.links, [("/k/now".to_owned(), "app.log".to_owned())].into());
        assert_eq!(unseen.special, ["/k/pipe".to_owned()].into());
    }

    #[test]
    fn what_cannot_be_carried_is_refused_by_name() {
        assert_eq!(
            seen(b"f\x004755\0/k/a\0\0d\x002750\0/k/b\n\0\0"),
            Err("files that are to be carried from `web-1` have set-user-id, set-group-id or sticky bits: `/k/a`, \
                 `/k/b\\x0a`"
                .to_owned())
        );
        assert_eq!(
            seen(b"f\x00644\0/k/\xff\0\0"),
            Err("files that are to be carried from `web-1` have names that are not UTF-8: `/k/\\xff`".to_owned())
        );
    }
}
