//! Compressed inputs, unpacked while they are read. What an input is, its first bytes tell.
//!
//! However much a file unpacks to, only a window of it and a few pieces ahead are ever in memory.

use std::io::{self, BufReader, Cursor, Error, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use crate::ahead::Ahead;

/// The first bytes that tell the kinds of input apart.
const HEAD: usize = 8;
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// What the compressed bytes are read in.
const STEP: usize = 128 << 10;
/// The most memory that a Zstandard frame may ask for, as a power of two: what its own tool grants without being asked.
const MOST_WINDOW_LOG: u32 = 27;

/// Bytes that can be read, and whether they were unpacked on the way.
pub(crate) struct Unpacked {
    pub(crate) bytes: Box<dyn Read + Send>,
    pub(crate) was_packed: bool,
}

/// Looks at the first bytes and unpacks what is compressed, in a thread beside.
pub(crate) fn unpack(bytes: Box<dyn Read + Send>) -> io::Result<Unpacked> {
    let (head, bytes) = peek(bytes)?;
    let plain: Box<dyn Read + Send> = if head.starts_with(GZIP) {
        let decoder = MultiGzDecoder::new(BufReader::with_capacity(STEP, bytes));
        Box::new(Sentences { decoder, format: "gzip" })
    } else if head.starts_with(ZSTD) || is_skippable(&head) {
        let mut decoder = Decoder::with_buffer(BufReader::with_capacity(STEP, bytes))?;
        decoder.window_log_max(MOST_WINDOW_LOG)?;
        Box::new(Sentences { decoder, format: "Zstandard" })
    } else {
        return Ok(Unpacked { bytes, was_packed: false });
    };
    Ok(Unpacked { bytes: Box::new(Ahead::new(plain)?), was_packed: true })
}

/// The first bytes, and a reader that gives them again.
fn peek(mut bytes: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut head = Vec::with_capacity(HEAD);
    bytes.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    let again = Cursor::new(head.clone()).chain(bytes);
    Ok((head, Box::new(again)))
}

/// Zstandard frames that carry no data (RFC 8878 §3.1.2); some tools begin their files with one.
fn is_skippable(head: &[u8]) -> bool {
    head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18]
}

/// Says in words what a decoder means by its errors.
struct Sentences<D> {
    decoder: D,
    format: &'static str,
}

impl<D: Read> Read for Sentences<D> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| explain(error, self.format))
    }
}

/// The libraries tell their failures apart by their text alone.
fn explain(error: Error, format: &str) -> Error {
    if error.raw_os_error().is_some() || error.kind() == ErrorKind::Interrupted {
        return error;
    }
    let text = error.to_string().to_lowercase();
    let why = if error.kind() == ErrorKind::UnexpectedEof {
        format!("the {format} stream ends early")
    } else if text.contains("checksum") {
        format!("the {format} checksum is wrong")
    } else if text.contains("too much memory") {
        "it was packed with a window of more than 128 MiB: unpack it with `unzstd --long=31` first".to_owned()
    } else {
        format!("the {format} stream is damaged")
    };
    Error::other(why)
}

#[cfg(test)]
mod tests;
