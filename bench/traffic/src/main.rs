//! Invented TCP traffic for measurements: `traffic write` makes captures, `traffic send` sends them.
mod connection;
mod ends;
mod frame;
mod options;
mod plan;
mod random;
mod send;
mod write;

use std::fs::File;
use std::process::ExitCode;

use options::Options;

const USAGE: &str = "\
usage: traffic write [--kind plain|vxlan|geneve|ipip|mixed] [--packets N] [--connections N] [--at-a-time N] [--snap N]
                     [--segment N] [--seed N] [--ipv6 SHARE] [--loss SHARE] [--reorder SHARE] [--reset SHARE]
                     [--refused SHARE] [--syn-flood SHARE] [--vnis N] [--rate PACKETS-PER-SECOND] [--uniform] [--stay-open] FILE
       traffic send INTERFACE FILE [--rate PACKETS-PER-SECOND] [--seconds N] [--frames N] [--cpu N]
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((verb, rest)) if verb == "write" => write_file(rest),
        Some((verb, rest)) if verb == "send" => send::run(rest),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("traffic: {why}");
            ExitCode::FAILURE
        }
    }
}

fn write_file(words: &[String]) -> Result<String, String> {
    let (options, path) = Options::read(words)?;
    let file = File::create(&path).map_err(|reason| format!("{path}: {reason}"))?;
    let sums = write::write(&options, file).map_err(|reason| format!("{path}: {reason}"))?;
    Ok(format!(
        "{{\"packets\": {}, \"bytes\": {}, \"connections\": {}, \"repeated\": {}, \"span_ns\": {}}}",
        sums.packets, sums.bytes, sums.connections, sums.repeated, sums.span_ns
    ))
}

#[cfg(test)]
mod tests;
