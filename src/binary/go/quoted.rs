//! Build settings, whose keys and values may be quoted as Go's `strconv.Quote` does.

/// A key and its value, as `GOARCH=amd64` or `-ldflags="-s -w"`.
pub(super) fn setting(text: &str) -> Option<(String, String)> {
    let (key, value) = match text.starts_with(['"', '`']) {
        true => {
            let (key, rest) = unquote(text)?;
            (key, rest.strip_prefix('=')?)
        }
        false => {
            let (key, value) = text.split_once('=')?;
            (key.to_owned(), value)
        }
    };
    if key.is_empty() {
        return None;
    }
    if !value.starts_with(['"', '`']) {
        return Some((key, value.to_owned()));
    }
    let (value, rest) = unquote(value)?;
    rest.is_empty().then_some((key, value))
}

/// The Go string literal that a text begins with, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        let (literal, rest) = raw.split_once('`')?;
        return Some((literal.to_owned(), rest));
    }
    let mut rest = text.strip_prefix('"')?;
    let mut bytes = Vec::new();
    loop {
        let end = rest.find(['"', '\\'])?;
        let (plain, from) = rest.split_at_checked(end)?;
        bytes.extend_from_slice(plain.as_bytes());
        if let Some(after) = from.strip_prefix('"') {
            return Some((String::from_utf8(bytes).ok()?, after));
        }
        rest = escape(from.strip_prefix('\\')?, &mut bytes)?;
    }
}

/// Decodes what stands after a backslash, and returns the rest.
fn escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let simple = b"a\x07b\x08f\x0cn\nr\rt\tv\x0b\\\\\"\"".as_chunks::<2>().0;
    let first = *text.as_bytes().first()?;
    if let Some([_, meaning]) = simple.iter().find(|[name, _]| *name == first) {
        bytes.push(*meaning);
        return text.get(1..);
    }
    let (start, digits, radix) = match first {
        b'x' => (1, 2, 16),
        b'u' => (1, 4, 16),
        b'U' => (1, 8, 16),
        b'0'..=b'3' => (0, 3, 8),
        _ => return None,
    };
    let number = text.get(start..start + digits).filter(|number| number.bytes().all(|c| c.is_ascii_hexdigit()))?;
    let number = u32::from_str_radix(number, radix).ok()?;
    match first {
        b'u' | b'U' => bytes.extend_from_slice(char::from_u32(number)?.encode_utf8(&mut [0; 4]).as_bytes()),
        _ => bytes.push(u8::try_from(number).ok()?),
    }
    text.get(start + digits..)
}
