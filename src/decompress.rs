//! Decompressors, read to the end of the last stream and bounded in memory.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Error as XzError, Stream};
use zstd::stream::read::Decoder as ZstdDecoder;

/// What a file is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Nothing.
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// xz.
    Xz,
    /// Zstandard, RFC 8878.
    Zstd,
}

/// The most that xz may allocate, in bytes: twice what `xz -9` needs.
const XZ_MEMORY: u64 = 128 << 20;
/// The widest zstd window, as a power of two in bytes: 128 MiB, what `zstd --ultra -22` and `--long=27` write.
const ZSTD_WINDOW_LOG: u32 = 27;

/// The content of `input`. Concatenated gzip members, xz streams and zstd frames (skippable ones too) are one content;
/// bytes that belong to none of them are an error, as is a checksum that does not match.
pub(crate) fn decoder<'a>(compression: Compression, input: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match compression {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(MultiGzDecoder::new(input)),
        Compression::Xz => Box::new(XzDecoder::new_stream(input, Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?)),
        Compression::Zstd => {
            let mut decoder = ZstdDecoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            Box::new(decoder)
        }
    })
}

/// Whether a decompressor stopped because the stream asks for more memory than it may have.
pub(crate) fn is_memory_limit(error: &io::Error) -> bool {
    /// libzstd's text for `ZSTD_error_frameParameter_windowTooLarge`; the crate passes no code on.
    const WINDOW_TOO_LARGE: &str = "Frame requires too much memory for decoding";

    let Some(inner) = error.get_ref() else { return false };
    match inner.downcast_ref::<XzError>() {
        Some(xz) => *xz == XzError::MemLimit,
        None => inner.to_string() == WINDOW_TOO_LARGE,
    }
}
