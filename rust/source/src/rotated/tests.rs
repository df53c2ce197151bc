//! A ring buffer of captures, more than are held open at once.

use std::fs;
use std::sync::Arc;

use super::{MOST_OPEN, open_many};
use crate::input::Progress;
use crate::testing::{Scratch, pcap, read_all};

#[test]
fn many_files_are_merged_by_time_and_closed_behind() {
    let count = MOST_OPEN as u32 + 20;
    // Listed backwards, and each overlapping the next.
    let files: Vec<_> =
        (0..count).rev().map(|n| Scratch::new(&pcap(&[10 * n, 10 * n + 5, 10 * n + 12], b"x"))).collect();
    let progress = Arc::new(Progress::default());
    let paths: Vec<_> = files.iter().map(|file| file.0.clone()).collect();
    let readers = open_many(&paths, &progress).into_iter().map(Result::unwrap).collect();
    assert_eq!(progress.bytes(), 0, "a first look does not count");
    let seen = read_all(readers);
    let times: Vec<_> = seen.frames.iter().map(|frame| frame.0).collect();
    assert!(times.is_sorted() && times.len() == 3 * count as usize && seen.errors.is_empty());
    assert_eq!(seen.frames[0].3, count as u16 - 1);
    assert_eq!(progress.bytes(), paths.iter().map(|path| path.metadata().unwrap().len()).sum::<u64>());
}

#[test]
fn each_says_what_is_wrong_with_it() {
    let sound = pcap(&[1, 2], b"abcd");
    let mut files: Vec<_> = (0..=MOST_OPEN).map(|_| Scratch::new(&sound)).collect();
    files.push(Scratch::new(&sound[..sound.len() - 1]));
    files.push(Scratch::new(&sound[..sound.len() - 21]));
    files.push(Scratch::new(b"nothing of the kind"));
    files.push(Scratch::new(&pcap(&[], b"")));
    let vanishing = Scratch::new(&sound);
    files.push(vanishing);
    let paths: Vec<_> = files.iter().map(|file| file.0.clone()).collect();
    let opened = open_many(&paths, &Arc::default());
    fs::remove_file(paths.last().unwrap()).unwrap();
    let (readers, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
    assert_eq!(refused.len(), 1);
    let seen = read_all(readers.into_iter().flatten().collect());
    assert_eq!(seen.frames.len(), 2 * (MOST_OPEN + 1) + 1);
    assert_eq!(seen.errors.len(), 3, "{:?}", seen.errors);
    assert!(seen.errors[2].contains("There is no file"), "{:?}", seen.errors);
}
