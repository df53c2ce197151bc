//! Several threads read captures together, each with a tracker of its own.
//!
//! One at a time walks through the captures and takes a chunk of frames, which it then reads and sorts by tracker beside
//! the others. Chunks are handed on in the order of the captures, so that each tracker sees its frames in that order.
//! Whoever has much to count counts; who has little takes the next chunk: nobody then waits for one who is behind.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{Builder, scope};

use track::{Preview, Stragglers};

use crate::core::Core;
use crate::error::{Error, Result, failed, guarded};
use crate::files::chunk::Chunk;
use crate::files::gate::Gate;
use crate::files::{Input, Reading};

/// Chunks for each thread that may be under way.
const MOST_CHUNKS: usize = 4;
/// Whoever has so many to count takes no further one.
const MUCH: usize = 4;

/// What the threads share.
struct Crew<'a> {
    core: &'a Core,
    reading: &'a Reading,
    preview: Mutex<Arc<Preview>>,
    source: Mutex<Source>,
    board: Mutex<Board>,
    news: Condvar,
}

/// The captures, and the number of the next chunk.
struct Source {
    input: Input,
    next: usize,
}

/// Chunks between being read and being counted.
#[derive(Default)]
struct Board {
    /// Told out of order, by number.
    waiting: BTreeMap<usize, Chunk>,
    /// In order; the first one has the number `first`.
    ready: VecDeque<Arc<Chunk>>,
    first: usize,
    /// The chunk that each tracker counts next.
    cursors: Vec<usize>,
    stragglers: Stragglers,
    spare: Vec<Chunk>,
    /// Chunks that were taken and not yet counted by all.
    under_way: usize,
    /// How many there are in all, once that is known.
    total: Option<usize>,
    fault: Option<Error>,
}

/// Reads all of `input`, and gives it back.
pub(crate) fn read(core: &Core, input: Input, reading: &Reading) -> Result<Input> {
    let preview = Mutex::new(Arc::new(core.preview()?));
    let crew = Crew {
        core,
        reading,
        preview,
        source: Mutex::new(Source { input, next: 0 }),
        board: Mutex::new(Board { cursors: vec![0; core.shards()], ..Board::default() }),
        news: Condvar::new(),
    };
    scope(|scope| {
        for shard in 1..core.shards() {
            let (crew, name) = (&crew, format!("pw-files-{shard}"));
            if let Err(reason) = Builder::new().name(name).spawn_scoped(scope, move || crew.work(shard)) {
                crew.fail(Error::Capture(format!("No thread to read with: {reason}.")));
            }
        }
        crew.work(0);
    });
    let Crew { source, board, .. } = crew;
    match board.into_inner().unwrap_or_else(PoisonError::into_inner).fault {
        Some(error) => Err(error),
        None => Ok(source.into_inner().unwrap_or_else(PoisonError::into_inner).input),
    }
}

impl Crew<'_> {
    /// Works until all is counted, or one of the threads has failed.
    fn work(&self, shard: usize) {
        let mut gate = Gate::new(self.core);
        let work = || {
            while self.step(shard, &mut gate)? {}
            Ok(())
        };
        if let Err(error) = guarded(work) {
            self.fail(error);
        }
    }

    /// Does one piece of work; false when there is none left.
    fn step(&self, shard: usize, gate: &mut Option<Gate>) -> Result<bool> {
        let mut board = self.board();
        loop {
            if board.is_over(shard) {
                return Ok(false);
            }
            if board.wants_more() && board.to_count(shard) < MUCH {
                match self.source.try_lock() {
                    Ok(source) => {
                        let spare = board.take();
                        drop(board);
                        self.take(source, spare, gate.as_mut());
                        return Ok(true);
                    }
                    Err(TryLockError::Poisoned(_)) => return Err(Error::Failed(failed(&"reading"))),
                    Err(TryLockError::WouldBlock) => {}
                }
            }
            if let Some(chunk) = board.next_for(shard) {
                drop(board);
                if !chunk.count(self.core, shard)? {
                    *self.preview() = Arc::new(self.core.preview()?);
                }
                self.finish(shard, chunk);
                return Ok(true);
            }
            board = self.news.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads the next chunk and tells whose its frames are.
    fn take(&self, mut source: MutexGuard<'_, Source>, mut chunk: Chunk, gate: Option<&mut Gate>) {
        let number = source.next;
        let is_some = chunk.fill(&mut source.input, self.reading);
        source.next += usize::from(is_some);
        // The source is free before the others are told so: they look again under the board's lock.
        drop(source);
        if is_some {
            self.news_of(|_| {});
            let preview = Arc::clone(&self.preview());
            chunk.sort(&preview, self.core.shards(), gate, &self.core.learned);
        }
        self.news_of(|board| {
            if is_some {
                board.waiting.insert(number, chunk);
                board.hand_on(self.core);
            } else {
                board.under_way -= 1;
                board.total = Some(number);
            }
        });
    }

    /// Notes that a tracker has counted a chunk.
    fn finish(&self, shard: usize, chunk: Arc<Chunk>) {
        // Before the board lets go of it, so that whoever is last finds nobody else holding it.
        drop(chunk);
        self.news_of(|board| board.advance(shard));
    }

    fn fail(&self, error: Error) {
        self.news_of(|board| board.fault = board.fault.take().or(Some(error)));
    }

    /// Changes the board, and wakes whoever waits for that.
    fn news_of(&self, change: impl FnOnce(&mut Board)) {
        change(&mut self.board());
        self.news.notify_all();
    }

    fn preview(&self) -> MutexGuard<'_, Arc<Preview>> {
        self.preview.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Board {
    fn is_over(&self, shard: usize) -> bool {
        self.fault.is_some() || self.total == Some(self.cursors[shard])
    }

    fn next_for(&self, shard: usize) -> Option<Arc<Chunk>> {
        self.ready.get(self.cursors[shard] - self.first).cloned()
    }

    /// Chunks that a tracker could count now.
    fn to_count(&self, shard: usize) -> usize {
        self.first + self.ready.len() - self.cursors[shard]
    }

    fn wants_more(&self) -> bool {
        self.total.is_none() && self.under_way < MOST_CHUNKS * self.cursors.len()
    }

    /// Room for one more chunk.
    fn take(&mut self) -> Chunk {
        self.under_way += 1;
        self.spare.pop().unwrap_or_default()
    }

    /// Hands on what is the next in order.
    fn hand_on(&mut self, core: &Core) {
        while let Some(mut chunk) = self.waiting.remove(&(self.first + self.ready.len())) {
            chunk.settle(&mut self.stragglers, &core.learned);
            self.ready.push_back(Arc::new(chunk));
        }
    }

    /// Lets go of the chunks that all have counted.
    fn advance(&mut self, shard: usize) {
        self.cursors[shard] += 1;
        let done = self.cursors.iter().min().copied().unwrap_or(0);
        while self.first < done {
            self.first += 1;
            self.under_way -= 1;
            self.spare.extend(self.ready.pop_front().and_then(Arc::into_inner));
        }
    }
}
