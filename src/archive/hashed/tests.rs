use std::io::{self, Write};

use super::Hashed;

/// Takes three bytes at a time.
struct Narrow(Vec<u8>);

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(3);
        self.0.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn only_what_the_writer_took_is_counted_and_hashed() {
    let mut hashed = Hashed::new(Narrow(Vec::new()));
    assert_eq!(hashed.write(b"abcdef").unwrap(), 3);
    let (narrow, summary) = hashed.finish();
    assert_eq!(narrow.0, b"abc");
    assert_eq!(summary.size, 3);
    // FIPS 180-2, appendix B.1.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(summary.sha256.to_string(), abc);
}
