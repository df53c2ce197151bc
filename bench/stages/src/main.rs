//! Reads a capture as far as one stage goes, and says how long it took: `stages read|parse|track FILE [VXLAN-PORT]`.
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use source::{LargePages, Merged, open};
use track::{Encap, Frame, Limits, OverlaySpec, Tracker};
use wire::Overlays;

#[global_allocator]
static ALLOCATOR: LargePages = LargePages;

/// What is done with a batch of frames.
type Work = dyn FnMut(&[Frame<'_>]);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("stages: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<String, String> {
    let [stage, file, rest @ ..] = words else {
        return Err("usage: stages read|parse|track FILE [VXLAN-PORT]".to_owned());
    };
    let specs = match rest.first() {
        Some(port) => vec![vxlan(port.parse().map_err(|_| format!("'{port}' is no port."))?)],
        None => Vec::new(),
    };
    let reader = open(Path::new(file), &Arc::default()).map_err(|reason| reason.to_string())?;
    let mut tracker = Tracker::new(Limits { max_memory_bytes: 8 << 30, ..Limits::default() });
    tracker.set_overlays(&specs);
    let (overlays, _) = Overlays::new(&specs);
    let mut work: Box<Work> = match stage.as_str() {
        "read" => Box::new(|frames| {
            black_box(frames);
        }),
        "parse" => Box::new(move |frames| {
            for frame in frames {
                let _ = black_box(wire::parse(frame.data, frame.wire_len, frame.link, &overlays));
            }
        }),
        "track" => Box::new(move |frames| {
            tracker.batch(frames);
            tracker.expire(tracker.last_packet_ns());
        }),
        other => return Err(format!("'{other}' is no stage: read, parse or track.")),
    };
    let mut packets = 0;
    let began = Instant::now();
    let mut merged = Merged::new(vec![reader]);
    while merged.next_batch(&mut |frames| {
        packets += frames.len();
        work(frames);
    }) {}
    let seconds = began.elapsed().as_secs_f64();
    Ok(format!("packets={packets} seconds={seconds:.3} rate={:.0}", packets as f64 / seconds))
}

fn vxlan(port: u16) -> OverlaySpec {
    OverlaySpec { kind: Encap::Vxlan, port, vni: None, vni_is_identity: false, cluster: 0 }
}
