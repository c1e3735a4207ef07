//! A request's body, which nobody keeps: it is read and counted.

use std::time::Instant;

use super::Unread;
use super::request::{Framing, Request};
use super::wire::{Fill, Wire};

/// The largest body, in bytes without chunk framing.
const LARGEST: u64 = 16 << 20;

/// The longest line of chunk framing: a size with its extensions, or a trailer field.
const LONGEST_LINE: usize = 1024;

/// The most trailer fields.
const MOST_TRAILERS: usize = 64;

const TOO_LARGE: Unread = Unread::Refused(413, "the body is over 16 MiB");
const BAD_CHUNK: Unread = Unread::Refused(400, "the body's chunks are malformed");

/// Reads the request's body up to its end, asking for it if the client waits for that, and returns how many bytes it
/// had.
///
/// # Errors
/// It is too large, malformed or cut off, or has not arrived by `deadline`.
pub(super) fn discard(wire: &mut Wire, request: &Request, deadline: Instant) -> Result<u64, Unread> {
    if let Framing::Length(length) = request.framing
        && length > LARGEST
    {
        return Err(TOO_LARGE);
    }
    if request.expects_continue && request.has_body() && wire.buffer().is_empty() {
        wire.write(b"HTTP/1.1 100 Continue\r\n\r\n").map_err(|_| Unread::Gone)?;
    }
    match request.framing {
        Framing::Length(length) => skip(wire, length, deadline).map(|()| length),
        Framing::Chunked => discard_chunks(wire, deadline),
    }
}

/// RFC 9112, 7.1: chunks, each a size in hexadecimal and the bytes, then trailer fields up to an empty line.
fn discard_chunks(wire: &mut Wire, deadline: Instant) -> Result<u64, Unread> {
    let mut total = 0;
    loop {
        let size = chunk_size(&line(wire, deadline)?).ok_or(BAD_CHUNK)?;
        if size == 0 {
            break;
        }
        total += size;
        if total > LARGEST {
            return Err(TOO_LARGE);
        }
        skip(wire, size, deadline)?;
        if !line(wire, deadline)?.is_empty() {
            return Err(BAD_CHUNK);
        }
    }
    for _ in 0..=MOST_TRAILERS {
        if line(wire, deadline)?.is_empty() {
            return Ok(total);
        }
    }
    Err(BAD_CHUNK)
}

/// The size before any extension: one to eight hexadecimal digits.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii_end();
    let valid = (1..=8).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    valid.then(|| u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()).flatten()
}

/// A line without its CRLF.
fn line(wire: &mut Wire, deadline: Instant) -> Result<Vec<u8>, Unread> {
    loop {
        let end = wire.buffer().iter().take(LONGEST_LINE).position(|byte| *byte == b'\n');
        if let Some(end) = end {
            let line = wire.buffer()[..end].strip_suffix(b"\r").ok_or(BAD_CHUNK)?.to_vec();
            wire.consume(end + 1);
            return Ok(line);
        }
        if wire.buffer().len() >= LONGEST_LINE {
            return Err(BAD_CHUNK);
        }
        more(wire, deadline)?;
    }
}

/// Consumes exactly `count` bytes.
fn skip(wire: &mut Wire, mut count: u64, deadline: Instant) -> Result<(), Unread> {
    loop {
        let here = wire.buffer().len().min(usize::try_from(count).unwrap_or(usize::MAX));
        wire.consume(here);
        count -= here as u64;
        if count == 0 {
            return Ok(());
        }
        more(wire, deadline)?;
    }
}

/// Waits for more bytes. A stop of the service does not matter: this request is in flight.
fn more(wire: &mut Wire, deadline: Instant) -> Result<(), Unread> {
    match wire.fill(deadline, || false) {
        Fill::Bytes if Instant::now() < deadline => Ok(()),
        Fill::Bytes | Fill::Overdue => Err(Unread::Refused(408, "the body took too long")),
        Fill::Closed | Fill::Stopping => Err(Unread::Gone),
    }
}
