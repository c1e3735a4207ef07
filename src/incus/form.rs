//! What Incus gives for two files: `multipart/form-data`, RFC 7578, read as a stream.

use std::io::{self, BufRead, BufReader, Read};

/// How much of a part is passed on at once, in bytes.
const CHUNK: u64 = 64 << 10;
/// The longest header of a part, in bytes.
const LONGEST_HEADER: u64 = 8 << 10;
/// The most headers of a part.
const MOST_HEADERS: usize = 16;
/// The longest boundary, RFC 2046, 5.1.1.
const LONGEST_BOUNDARY: usize = 70;

/// A form whose parts are taken one after the other.
pub(crate) struct Form {
    input: BufReader<Box<dyn Read>>,
    /// What a line begins with where one part ends and the next may begin.
    delimiter: Vec<u8>,
    /// Whether the next part's headers are next.
    is_before_part: bool,
    is_at_end: bool,
}

impl Form {
    /// A form as the `Content-Type` says; none for what is no form.
    pub(super) fn new(content_type: &str, input: impl Read + 'static) -> Option<Self> {
        let boundary =
            content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?.trim_matches('"');
        if boundary.is_empty() || boundary.len() > LONGEST_BOUNDARY {
            return None;
        }
        let delimiter = [b"--", boundary.as_bytes()].concat();
        let input: Box<dyn Read> = Box::new(input);
        Some(Self { input: BufReader::new(input), delimiter, is_before_part: false, is_at_end: false })
    }

    /// Goes on to the next part; whether there is one.
    ///
    /// # Errors
    /// The connection is lost, or it is no form.
    pub(crate) fn next_part(&mut self) -> io::Result<bool> {
        // What comes before the first part, or is left of one, is nobody's.
        while !self.is_before_part && !self.is_at_end {
            self.copy_part(&mut |_| Ok(()))?;
        }
        if self.is_at_end {
            return Ok(false);
        }
        let mut line = Vec::new();
        for _ in 0..MOST_HEADERS {
            line.clear();
            self.input.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut line)?;
            match line.as_slice() {
                b"\r\n" => {
                    self.is_before_part = false;
                    return Ok(true);
                }
                line if line.ends_with(b"\r\n") => {}
                [] => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => break,
            }
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "a part of its form has no content"))
    }

    /// Gives the present part's content, in pieces.
    ///
    /// # Errors
    /// The connection is lost, the form ends early, or the sink says so.
    pub(crate) fn copy_part(&mut self, sink: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        // The line break before a delimiter belongs to the delimiter: each is held back until it is known what follows.
        let (mut pending, mut held, mut is_line_start) = (Vec::new(), false, true);
        loop {
            if self.input.by_ref().take(CHUNK).read_until(b'\n', &mut pending)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if is_line_start && let Some(rest) = pending.strip_prefix(self.delimiter.as_slice()) {
                self.is_at_end = rest.starts_with(b"--");
                self.is_before_part = !self.is_at_end;
                return Ok(());
            }
            if held {
                sink(b"\r\n")?;
            }
            held = pending.ends_with(b"\r\n");
            is_line_start = held;
            // The other half of a line break may be in the next piece.
            let keeps = usize::from(pending.ends_with(b"\r"));
            let end = pending.len() - if held { 2 } else { keeps };
            sink(pending.get(..end).unwrap_or_default())?;
            pending.drain(..pending.len() - keeps);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn form(bytes: Vec<u8>) -> Form {
        Form::new("multipart/form-data; boundary=b0", Cursor::new(bytes)).unwrap()
    }

    fn parts(bytes: Vec<u8>) -> io::Result<Vec<Vec<u8>>> {
        let (mut form, mut parts) = (form(bytes), Vec::new());
        while form.next_part()? {
            let mut part = Vec::new();
            form.copy_part(&mut |bytes| {
                part.extend_from_slice(bytes);
                Ok(())
            })?;
            parts.push(part);
        }
        Ok(parts)
    }

    fn written(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let start = if number == 0 { "" } else { "\r\n" };
            bytes.extend(format!("{start}--b0\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n").bytes());
            bytes.extend(part);
        }
        bytes.extend(b"\r\n--b0--\r\n");
        bytes
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            contents in vec(vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'b'), any::<u8>()], 0..40), 1..4)
        ) {
            prop_assert_eq!(parts(written(&contents)).unwrap(), contents);
        }
    }

    #[test]
    fn a_line_break_between_two_pieces_is_none_lost() {
        let chunk = usize::try_from(CHUNK).unwrap();
        for length in chunk - 3..chunk + 3 {
            let part = [vec![b'x'; length], b"\r\n--b1\r\n\r\r\n".to_vec(), vec![b'y'; chunk]].concat();
            assert_eq!(parts(written(&[part.clone(), part.clone()])).unwrap(), [part.clone(), part]);
        }
    }

    #[test]
    fn what_is_left_of_a_part_is_passed_over() {
        let mut form = form(written(&[b"first".to_vec(), b"second".to_vec()]));
        assert!(form.next_part().unwrap());
        assert!(form.next_part().unwrap());
        assert!(!form.next_part().unwrap());
        assert!(!form.next_part().unwrap());
    }

    #[test]
    fn a_form_that_ends_early_is_an_error_wherever_it_is_cut() {
        let whole = written(&[b"first\r\n".to_vec(), b"second".to_vec()]);
        for end in 0..whole.len() - 4 {
            assert!(parts(whole[..end].to_vec()).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_no_form_is_none() {
        for kind in ["application/octet-stream", "multipart/form-data", "multipart/form-data; boundary="] {
            assert!(Form::new(kind, Cursor::new(Vec::new())).is_none(), "{kind}");
        }
        assert!(Form::new("multipart/form-data; boundary=\"a b\"", Cursor::new(Vec::new())).is_some());
    }
}
