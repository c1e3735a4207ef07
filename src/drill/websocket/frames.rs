//! Frames as they come from a server: <https://www.rfc-editor.org/rfc/rfc6455#section-5.2>.

/// The longest that the payload of a control frame may be, in bytes.
const LONGEST_CONTROL: usize = 125;

/// What a frame means to a client that only stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The server wants a sign of life, with these bytes in it.
    Ping(Vec<u8>),
    /// The server ends it.
    Close,
    /// It is no frame of a server's.
    Broken,
}

/// Reads frames out of what comes, whatever pieces it comes in. Messages are passed over.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// What is still to come of a message that is passed over, in bytes.
    left: u64,
}

impl Frames {
    /// Adds what came.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let passed_over = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        self.left -= passed_over as u64;
        self.bytes.extend(bytes.iter().skip(passed_over));
    }

    /// The next frame that matters, if it has come.
    pub(super) fn next(&mut self) -> Option<Frame> {
        loop {
            let [first, second] = *self.bytes.first_chunk::<2>()?;
            let (code, is_masked, short) = (first & 0x0f, second & 0x80 != 0, second & 0x7f);
            let is_control = code & 0x08 != 0;
            if is_masked || first & 0x70 != 0 || (is_control && usize::from(short) > LONGEST_CONTROL) {
                return Some(Frame::Broken);
            }
            let (begin, length) = match short {
                126 => (4, u64::from(u16::from_be_bytes(*self.bytes.get(2..)?.first_chunk()?))),
                127 => (10, u64::from_be_bytes(*self.bytes.get(2..)?.first_chunk()?)),
                short => (2, u64::from(short)),
            };
            if !is_control {
                let rest = self.bytes.split_off(begin);
                self.bytes.clear();
                self.left = length;
                self.push(&rest);
                continue;
            }
            let end = begin + usize::from(short);
            let payload = self.bytes.get(begin..end)?.to_vec();
            self.bytes.drain(..end);
            match code {
                0x8 => return Some(Frame::Close),
                0x9 => return Some(Frame::Ping(payload)),
                // A pong, or one that a later version has.
                _ => {}
            }
        }
    }
}

/// A control frame of a client's: of this code, with at most 125 bytes, under a mask.
pub(super) fn control(code: u8, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let payload = payload.get(..LONGEST_CONTROL).unwrap_or(payload);
    // At most 125.
    let mut frame = vec![0x80 | code, 0x80 | u8::try_from(payload.len()).unwrap_or_default()];
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn messages_are_passed_over_and_pings_are_not() {
        let text = [0x81, 126, 1, 0].into_iter().chain([b'x'; 256]);
        let part = [0x01, 2, b'a', b'b', 0x80, 127, 0, 0, 0, 0, 0, 0, 0, 1, b'c'];
        let all: Vec<u8> = text.chain(part).chain([0x8a, 0, 0x89, 2, b'h', b'i', 0x82, 0, 0x88, 2, 3, 0xe9]).collect();
        for size in [1, 3, all.len()] {
            let (mut frames, mut seen) = (Frames::default(), Vec::new());
            for piece in all.chunks(size) {
                frames.push(piece);
                seen.extend(std::iter::from_fn(|| frames.next()));
            }
            assert_eq!(seen, [Frame::Ping(b"hi".to_vec()), Frame::Close], "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_frame_of_a_server_is_broken() {
        for bytes in [&[0x81, 0x80][..], &[0xc1, 0], &[0x89, 126]] {
            let mut frames = Frames::default();
            frames.push(bytes);
            assert_eq!(frames.next(), Some(Frame::Broken), "{bytes:?}");
        }
    }

    #[test]
    fn a_clients_frame_is_masked() {
        assert_eq!(control(0xa, b"hi", [1, 2, 3, 4]), [0x8a, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2]);
        assert_eq!(control(0x8, &[0; 200], [0; 4]).len(), 2 + 4 + 125);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut frames = Frames::default();
            frames.push(&bytes);
            // A broken one stays: whoever reads stops there.
            let count = std::iter::from_fn(|| frames.next()).take_while(|frame| *frame != Frame::Broken).count();
            prop_assert!(count <= bytes.len());
        }
    }
}
