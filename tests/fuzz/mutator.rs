//! Makes inputs of others.

/// What inputs are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// Text, with words that mean something in it.
    Text(&'static [&'static str]),
    /// Anything.
    Binary,
    /// A tar, whose headers' checksums are mended: otherwise nothing behind the first would be read.
    Tar,
}

/// Inputs without end, the same for the same seed.
pub(crate) struct Mutator {
    form: Form,
    corpus: Vec<Vec<u8>>,
    state: u64,
}

const BLOCK: usize = 512;
/// Inputs do not grow above this.
const LONGEST: usize = 1 << 18;
const BYTES: [u8; 12] = [0, 1, 9, b'\n', b' ', b'"', b'/', 0x7f, 0x80, 0xff, b'7', b'-'];
const NUMBERS: [&str; 9] = [
    "0",
    "-1",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "9999999999999",
    "1e9",
    "077777777777",
    "00",
];

impl Mutator {
    pub(crate) fn new(form: Form, corpus: Vec<Vec<u8>>, seed: u64) -> Self {
        assert!(!corpus.is_empty());
        Self { form, corpus, state: seed }
    }

    /// The next input.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let index = self.below(self.corpus.len());
        let mut input = self.corpus[index].clone();
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        if matches!(self.form, Form::Tar) && self.below(8) > 0 {
            mend(&mut input);
        }
        input
    }

    /// SplitMix64.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.random() % end.max(1) as u64).unwrap()
    }

    /// A range of the input, mostly a short one.
    fn range(&mut self, input: &[u8]) -> std::ops::Range<usize> {
        let start = self.below(input.len() + 1);
        let most = if self.below(4) == 0 { input.len() } else { 32 };
        start..(start + self.below(most + 1)).min(input.len())
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len());
        match self.below(10) {
            0 | 1 if !input.is_empty() => input[at] ^= 1 << self.below(8),
            2 if !input.is_empty() => input[at] = BYTES[self.below(BYTES.len())],
            3 => {
                let range = self.range(input);
                input.drain(range);
            }
            4 => {
                let range = self.range(input);
                let copy = input[range].to_vec();
                self.insert(input, &copy);
            }
            5 => input.truncate(at),
            6 => {
                let other = self.below(self.corpus.len());
                let other = self.corpus[other].clone();
                let range = self.range(&other);
                self.insert(input, &other[range]);
            }
            7 => self.number(input),
            8 => match self.form {
                Form::Text(words) => {
                    let word = words[self.below(words.len())];
                    self.insert(input, word.as_bytes());
                }
                Form::Tar => self.field(input),
                Form::Binary => input.splice(at..(at + 4).min(input.len()), [0xff; 4]).for_each(drop),
            },
            _ => {
                let run = vec![BYTES[self.below(BYTES.len())]; self.below(300)];
                self.insert(input, &run);
            }
        }
    }

    fn insert(&mut self, input: &mut Vec<u8>, bytes: &[u8]) {
        let at = self.below(input.len() + 1);
        input.splice(at..at, bytes.iter().copied());
    }

    /// Another number in the place of one.
    fn number(&mut self, input: &mut Vec<u8>) {
        let from = self.below(input.len());
        let Some(start) = input[from..].iter().position(u8::is_ascii_digit).map(|at| from + at) else { return };
        let length = input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = NUMBERS[self.below(NUMBERS.len())];
        // Of a tar's fields the width is what it is.
        let keeps = matches!(self.form, Form::Tar);
        let number: Vec<u8> = if keeps { number.bytes().cycle().take(length).collect() } else { number.into() };
        input.splice(start..start + length, number);
    }

    /// Another kind, size, mode or name in a header.
    fn field(&mut self, input: &mut [u8]) {
        let blocks = input.len() / BLOCK;
        let start = self.below(blocks) * BLOCK;
        let Some(header) = input.get_mut(start..start + BLOCK) else { return };
        match self.below(4) {
            0 => header[156] = b"0123456LKxgSNVD\0"[self.below(16)],
            1 => header[124 + self.below(11)] = b"01234567"[self.below(8)],
            2 => header[self.below(100)] = BYTES[self.below(BYTES.len())],
            _ => header[157 + self.below(100)] = BYTES[self.below(BYTES.len())],
        }
    }
}

/// The checksum of every block that may be a header.
fn mend(tar: &mut [u8]) {
    for header in tar.chunks_exact_mut(BLOCK).filter(|block| block[257..262] == *b"ustar") {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
}
