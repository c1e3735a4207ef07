//! Host patterns: `backend-api-[1:2]`, `db[a:c]`, `web[01:10:3]:2222`.

/// The most hosts that one pattern may stand for.
const MOST_HOSTS: usize = 10_000;

/// The hosts of a pattern, and the port behind it.
///
/// # Errors
/// It is no pattern: what is wrong, to be put behind the pattern's name.
pub(super) fn expand(pattern: &str) -> Result<(Vec<String>, Option<u16>), String> {
    let (pattern, port) = without_port(pattern);
    let mut hosts = Vec::new();
    ranges(pattern, &mut hosts)?;
    Ok((hosts, port))
}

/// Takes `:PORT` from the end of a name or of an address in brackets. A colon of a range or of a bare IPv6 address is none.
fn without_port(pattern: &str) -> (&str, Option<u16>) {
    let Some((name, port)) = pattern.rsplit_once(':') else { return (pattern, None) };
    let in_range = name.matches('[').count() > name.matches(']').count();
    let outside: String = outside_brackets(name);
    match port.parse() {
        Ok(port) if !in_range && !outside.contains(':') => {
            let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).filter(|bare| is_address(bare));
            (bare.unwrap_or(name), Some(port))
        }
        _ => (pattern, None),
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn outside_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    let outside = |c: &char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    text.chars().filter(outside).collect()
}

fn ranges(pattern: &str, hosts: &mut Vec<String>) -> Result<(), String> {
    let Some((head, rest)) = pattern.split_once('[') else {
        if hosts.len() >= MOST_HOSTS {
            return Err(format!("stands for more than {MOST_HOSTS} hosts"));
        }
        hosts.push(pattern.to_owned());
        return Ok(());
    };
    let (range, tail) = rest.split_once(']').ok_or("has a `[` without a `]`")?;
    for part in parts(range)? {
        ranges(&format!("{head}{part}{tail}"), hosts)?;
    }
    Ok(())
}

/// `BEGIN:END` or `BEGIN:END:STEP`, of numbers or of letters; both ends included.
fn parts(range: &str) -> Result<Vec<String>, String> {
    let bounds: Vec<&str> = range.split(':').collect();
    let (begin, end, step) = match bounds[..] {
        [begin, end] => (begin, end, "1"),
        [begin, end, step] => (begin, end, step),
        _ => return Err(format!("has `[{range}]`, which is no range BEGIN:END or BEGIN:END:STEP")),
    };
    let wrong = || format!("has `[{range}]`, whose ends are neither numbers nor letters");
    let step: usize = step.parse().ok().filter(|step| *step > 0).ok_or_else(wrong)?;
    if end.is_empty() {
        return Err(format!("has `[{range}]`, a range without an end"));
    }
    let begin = if begin.is_empty() { "0" } else { begin };
    if let (Some(first), Some(last)) = (letter(begin), letter(end)) {
        if first > last {
            return Err(format!("has `[{range}]`, whose end is before its beginning"));
        }
        return Ok((first..=last)
            .step_by(step)
            .filter_map(|index| LETTERS.chars().nth(index))
            .map(String::from)
            .collect());
    }
    let (first, last): (usize, usize) = (begin.parse().map_err(|_| wrong())?, end.parse().map_err(|_| wrong())?);
    let width = if begin.starts_with('0') && begin.len() > 1 { begin.len() } else { 0 };
    if width > 0 && width != end.len() {
        return Err(format!("has `[{range}]`, whose ends are not equally long"));
    }
    if last.saturating_sub(first) / step >= MOST_HOSTS {
        return Err(format!("stands for more than {MOST_HOSTS} hosts"));
    }
    Ok((first..=last).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

/// In the order in which ranges count them.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn letter(text: &str) -> Option<usize> {
    if text.len() == 1 { LETTERS.find(text) } else { None }
}
