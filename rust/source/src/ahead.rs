//! Reads ahead in a thread of its own: what takes long to read, such as unpacking, then goes on beside what is done with
//! the bytes.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Builder;

/// How much is handed over at once, and how much of it may wait.
const PIECE: usize = 256 << 10;
const MOST_WAITING: usize = 4;

/// Bytes in the order in which they were read; an error comes behind all that was read before it.
pub(crate) struct Ahead {
    pieces: Receiver<io::Result<Vec<u8>>>,
    used: SyncSender<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
    is_over: bool,
}

impl Ahead {
    /// Starts to read. The thread ends with the input, with an error, or when this is dropped.
    pub(crate) fn new(input: Box<dyn Read + Send>) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(MOST_WAITING);
        // Room for every buffer there is, so that giving one back never waits.
        let (used, free) = sync_channel(MOST_WAITING + 2);
        Builder::new().name("pw-unpack".to_owned()).spawn(move || read_on(input, &sender, &free))?;
        Ok(Self { pieces, used, piece: Vec::new(), at: 0, is_over: false })
    }

    /// Takes the next piece. Returns false at the end.
    fn take(&mut self) -> io::Result<bool> {
        let next = if self.is_over { None } else { self.pieces.recv().ok() };
        self.is_over = next.as_ref().is_none_or(Result::is_err);
        let Some(piece) = next.transpose()? else { return Ok(false) };
        let used = std::mem::replace(&mut self.piece, piece);
        // A thread that has ended needs no buffers.
        let _ = self.used.try_send(used);
        self.at = 0;
        Ok(true)
    }
}

impl Read for Ahead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() && !self.take()? {
            return Ok(0);
        }
        let rest = &self.piece[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

fn read_on(mut input: Box<dyn Read + Send>, sender: &SyncSender<io::Result<Vec<u8>>>, free: &Receiver<Vec<u8>>) {
    loop {
        let mut piece = free.try_recv().unwrap_or_default();
        piece.clear();
        let done = input.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let is_last = done.as_ref().map_or(true, |count| *count < PIECE);
        let whole = piece.is_empty() || sender.send(Ok(piece)).is_ok();
        let told = match done {
            Err(error) => sender.send(Err(error)).is_ok(),
            Ok(_) => true,
        };
        if is_last || !whole || !told {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Failing(usize);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("it broke"));
            }
            let count = self.0.min(buffer.len()).min(1000);
            self.0 -= count;
            buffer[..count].fill(7);
            Ok(count)
        }
    }

    #[test]
    fn bytes_come_in_order() {
        let bytes: Vec<u8> = (0..3 * PIECE + 17).map(|n| (n % 251) as u8).collect();
        let mut ahead = Ahead::new(Box::new(io::Cursor::new(bytes.clone()))).unwrap();
        let mut read = Vec::new();
        assert_eq!(ahead.read_to_end(&mut read).unwrap(), bytes.len());
        assert!(read == bytes);
        assert_eq!(ahead.read(&mut [0; 9]).unwrap(), 0);
    }

    #[test]
    fn an_error_comes_behind_what_was_read() {
        let mut ahead = Ahead::new(Box::new(Failing(PIECE + 5))).unwrap();
        let mut read = Vec::new();
        assert_eq!(ahead.read_to_end(&mut read).unwrap_err().to_string(), "it broke");
        assert_eq!(read.len(), PIECE + 5);
        assert_eq!(ahead.read(&mut [0; 9]).unwrap(), 0);
    }

    #[test]
    fn what_is_let_go_of_ends() {
        drop(Ahead::new(Box::new(io::repeat(1))).unwrap());
    }
}
