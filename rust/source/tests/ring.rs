//! The ring that is shared with the kernel, on real packets of the loopback interface: what is sent arrives whole, how
//! often its blocks are used again. Needs the right to read interfaces; without it there is nothing to test.
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use source::{Interface, Mode, Options, Ports};

const MARK: [u8; 8] = *b"pw-ring!";
const PATIENCE: Duration = Duration::from_secs(20);
/// The least that a ring can be: its blocks are used again and again.
const SMALL: usize = 256 << 10;

fn options(snap_bytes: u32) -> Options {
    Options { ring_bytes: SMALL, snap_bytes, mode: Mode::Full, ports: Ports::default() }
}

/// None, and a word about it, where this process may not read interfaces.
fn opened(snap_bytes: u32, parts: usize) -> Option<Vec<Interface>> {
    match Interface::open_parts("lo", &options(snap_bytes), parts) {
        Ok(parts) => Some(parts),
        Err(error) => {
            eprintln!("the ring was not tested: {error}");
            None
        }
    }
}

/// A socket that sends to itself, so that nobody else answers.
fn sender() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(socket.local_addr().unwrap()).unwrap();
    socket
}

/// `talk` tells the tests apart, which run at the same time.
fn datagram(talk: u16, number: u32) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    bytes.extend(talk.to_be_bytes());
    bytes.extend(number.to_be_bytes());
    bytes.extend((0..number * 7 % 1400).map(|at| (at + number) as u8));
    bytes
}

/// The number of one of our datagrams, whose bytes are compared as far as they were captured.
fn number_in(talk: u16, frame: &[u8]) -> Option<u32> {
    const PAYLOAD: usize = 14 + 20 + 8;
    let payload = frame.get(PAYLOAD..)?;
    let rest = payload.strip_prefix(&MARK)?.strip_prefix(&talk.to_be_bytes())?;
    let number = u32::from_be_bytes(*rest.first_chunk()?);
    let sent = datagram(talk, number);
    let seen = payload.len().min(sent.len());
    assert_eq!(payload[..seen], sent[..seen], "datagram {number}");
    Some(number)
}

/// Sends and reads in turn; returns how often each number was seen.
fn exchange(parts: &mut [Interface], count: u32) -> Vec<u32> {
    let socket = sender();
    let talk = socket.local_addr().unwrap().port();
    let mut seen = vec![0; count as usize];
    let mut take = |parts: &mut [Interface], wait: Duration| {
        for part in parts {
            part.read(wait, &mut |frames| {
                for number in frames.iter().filter_map(|frame| number_in(talk, frame.data)) {
                    seen[number as usize] += 1;
                }
            })
            .unwrap();
        }
        seen.iter().filter(|&&times| times > 0).count()
    };
    for number in 0..count {
        socket.send(&datagram(talk, number)).unwrap();
        if number % 32 == 0 {
            take(parts, Duration::ZERO);
        }
    }
    let began = Instant::now();
    while take(parts, Duration::from_millis(20)) < count as usize && began.elapsed() < PATIENCE {
        let lost: u64 = parts.iter().map(|part| part.monitor().drops()).sum();
        if lost > 0 && began.elapsed() > Duration::from_secs(1) {
            break;
        }
    }
    seen
}

#[test]
fn what_is_sent_arrives_whole_or_is_counted_as_lost() {
    let Some(mut parts) = opened(u32::MAX, 1) else { return };
    let seen = exchange(&mut parts, 4000);
    let missing = seen.iter().filter(|&&times| times == 0).count() as u64;
    let monitor = parts[0].monitor();
    assert!(missing <= monitor.drops(), "{missing} are missing, {} are said to be lost", monitor.drops());
    assert!(seen.iter().all(|&times| times <= 1), "a datagram was read twice");
}

#[test]
fn frames_may_be_cut_and_shared_between_parts() {
    let Some(mut parts) = opened(64, 2) else { return };
    let seen = exchange(&mut parts, 500);
    assert!(seen.iter().any(|&times| times > 0));
    let twice: Vec<_> = seen.iter().enumerate().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn a_ring_is_given_back() {
    for _ in 0..20 {
        let Some(mut parts) = opened(128, 3) else { return };
        let _ = exchange(&mut parts, 3);
        parts.pop();
    }
}
