//! Files, pipes and folders, and how each is refused or stopped.

use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use super::{Progress, stored_bytes};
use crate::frames::open;
use crate::sys::make_fifo;
use crate::testing::{Scratch, pcap, read_all};

fn fifo() -> Scratch {
    let scratch = Scratch::path();
    make_fifo(&CString::new(scratch.0.to_str().unwrap()).unwrap()).unwrap();
    scratch
}

#[test]
fn a_pipe_is_waited_for_and_read_to_its_end() {
    let pipe = fifo();
    assert_eq!(stored_bytes(&pipe.0), None);
    let (path, bytes) = (pipe.0.clone(), pcap(&[1, 2, 3], &[7; 50_000]));
    let total = bytes.len() as u64;
    let writer = thread::spawn(move || {
        let mut end = OpenOptions::new().write(true).open(path).unwrap();
        bytes.chunks(10_001).for_each(|part| end.write_all(part).unwrap());
    });
    let progress = Arc::new(Progress::default());
    let seen = read_all(vec![open(&pipe.0, &progress).unwrap()]);
    writer.join().unwrap();
    assert!(seen.frames.len() == 3 && seen.errors.is_empty());
    assert_eq!(progress.bytes(), total);
}

#[test]
fn a_silent_pipe_can_be_stopped() {
    let pipe = fifo();
    let progress = Arc::new(Progress::default());
    let stopping = Arc::clone(&progress);
    let stopper = thread::spawn(move || stopping.stop());
    assert!(open(&pipe.0, &progress).is_err());
    stopper.join().unwrap();
}

#[test]
fn what_cannot_be_read_is_told_in_words() {
    let link = Scratch::path();
    symlink(&link.0, &link.0).unwrap();
    for (path, words) in [
        (Path::new("/nowhere/at-all.pcap"), "There is no file /nowhere/at-all.pcap"),
        (Path::new("/"), "/ cannot be read: it is a folder: name the files in it"),
        (Path::new("/dev/null"), "/dev/null cannot be read: it is neither a file nor a pipe"),
        (&link.0, "too many levels of symbolic links"),
    ] {
        let Err(error) = open(path, &Arc::default()) else { panic!("{words}") };
        assert!(error.to_string().contains(words) && !error.to_string().contains("os error"), "{error}");
    }
}
