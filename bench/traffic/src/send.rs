//! Sends the frames of a capture through a transmit ring, at a given rate or as fast as it goes.
use std::fs;
use std::time::{Duration, Instant};

use crate::options::number;

mod ring;
mod sys;

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// Frames that one system call sends.
const AT_ONCE: usize = 64;
/// Slots of the ring.
const SLOTS: usize = 1024;
/// Calls in a row that may send nothing before the link counts as stuck.
const MOST_IDLE: usize = 100_000;
/// No run is longer.
const MOST_SECONDS: u64 = 30;

struct Orders {
    interface: String,
    file: String,
    rate: f64,
    seconds: u64,
    frames: usize,
    cpu: Option<usize>,
}

/// Sends, and says what was sent.
pub fn run(words: &[String]) -> Result<String, String> {
    let orders = read(words)?;
    let frames = load(&orders)?;
    if let Some(cpu) = orders.cpu {
        sys::pin(cpu).map_err(|reason| format!("CPU {cpu}: {reason}"))?;
    }
    let socket = sys::Socket::open(&orders.interface).map_err(|reason| format!("{}: {reason}", orders.interface))?;
    let (began, cpu_before) = (Instant::now(), sys::cpu_seconds());
    let sent = send(&socket, &frames, &orders, began)?;
    let (seconds, cpu_seconds) = (began.elapsed().as_secs_f64(), sys::cpu_seconds() - cpu_before);
    Ok(format!("{{\"packets\": {sent}, \"seconds\": {seconds:.6}, \"cpu_seconds\": {cpu_seconds:.6}}}"))
}

fn send(socket: &sys::Socket, frames: &[Vec<u8>], orders: &Orders, began: Instant) -> Result<usize, String> {
    let told = |reason: std::io::Error| format!("{}: {reason}", orders.interface);
    let longest = frames.iter().map(Vec::len).max().unwrap_or(0);
    let mut ring = ring::Ring::make(socket, longest, SLOTS).map_err(told)?;
    let end = began + Duration::from_secs(orders.seconds);
    let (mut put_in, mut idle) = (0, 0);
    while idle <= MOST_IDLE {
        let is_over = put_in == frames.len() || Instant::now() >= end;
        if is_over && ring.is_empty() {
            return Ok(put_in);
        }
        let due = began + Duration::from_secs_f64(put_in as f64 / orders.rate);
        while !is_over && Instant::now() < due {
            std::hint::spin_loop();
        }
        let upto = if is_over { put_in } else { (put_in + AT_ONCE).min(frames.len()) };
        let more = frames[put_in..upto].iter().take_while(|frame| ring.put(frame)).count();
        ring.send().map_err(told)?;
        put_in += more;
        idle = if more == 0 { idle + 1 } else { 0 };
    }
    Err(format!("{}: it takes no frames.", orders.interface))
}

fn read(words: &[String]) -> Result<Orders, String> {
    let (mut rate, mut seconds, mut frames, mut cpu) = (f64::INFINITY, 10, 2_000_000, None);
    let mut names = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value."));
        match word.as_str() {
            "--rate" => rate = number(word, value()?)?,
            "--seconds" => seconds = number(word, value()?)?,
            "--frames" => frames = number(word, value()?)?,
            "--cpu" => cpu = Some(number(word, value()?)?),
            _ => names.push(word.clone()),
        }
    }
    let [interface, file] = names.try_into().map_err(|_| "send takes an interface and a file.")?;
    Ok(Orders { interface, file, rate, seconds: seconds.min(MOST_SECONDS), frames, cpu })
}

/// The first frames of a capture that `write` made, with the zeros that it cut off.
fn load(orders: &Orders) -> Result<Vec<Vec<u8>>, String> {
    let bytes = fs::read(&orders.file).map_err(|reason| format!("{}: {reason}", orders.file))?;
    let mut rest = bytes.get(FILE_HEADER..).unwrap_or_default();
    let mut frames = Vec::new();
    while let Some((header, more)) = rest.split_first_chunk::<RECORD_HEADER>() {
        let length =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]) as usize;
        let Some(kept) = more.get(..length(8)) else { break };
        let mut frame = kept.to_vec();
        frame.resize(length(12).min(ring::LONGEST), 0);
        frames.push(frame);
        rest = &more[length(8)..];
        if frames.len() == orders.frames {
            break;
        }
    }
    Ok(frames)
}
