//! Rows of other protocols, errors about packets, fragments, and encrypted traffic.
use super::*;

fn udp(from: usize, len: usize) -> Vec<u8> {
    let ends = [(CLIENT.0, 5000), (SERVER.0, 53)];
    let (src, dst) = (ends[from], ends[1 - from]);
    build::ethernet(&build::ip(src.0, dst.0, 17, &build::udp(src.1, dst.1, &vec![0; len])))
}

fn icmp(from: usize, kind: u8, code: u8, rest: &[u8]) -> Vec<u8> {
    let ends = [CLIENT.0, SERVER.0];
    let mut message = vec![kind, code, 0, 0];
    message.extend(rest);
    build::ethernet(&build::ip(ends[from], ends[1 - from], 1, &message))
}

/// An Ethernet frame's IPv4 datagram as one of two fragments; the second one starts at `split` bytes of payload.
fn fragment(frame: &[u8], id: u16, split: usize, is_first: bool) -> Vec<u8> {
    let (mut header, payload) = (frame[..34].to_vec(), &frame[34..]);
    let part = if is_first { &payload[..split] } else { &payload[split..] };
    let total = u16::try_from(20 + part.len()).unwrap();
    let word = if is_first { 0x2000 } else { u16::try_from(split / 8).unwrap() };
    header[16..18].copy_from_slice(&total.to_be_bytes());
    header[18..20].copy_from_slice(&id.to_be_bytes());
    header[20..22].copy_from_slice(&word.to_be_bytes());
    header.extend(part);
    header
}

#[test]
fn datagrams_make_rows() {
    let mut tracker = tracker();
    feed(&mut tracker, START, &udp(OUT, 30));
    feed(&mut tracker, START + MILLI, &udp(IN, 300));
    feed(&mut tracker, START + 2 * MILLI, &udp(OUT, 30));
    let row = only(&tracker);
    assert_eq!((row.proto, row.state, row.end, row.ended_ns), (17, State::Active, None, None));
    assert_eq!((row.src, row.src_port, row.dst, row.dst_port), (CLIENT.0, 5000, SERVER.0, 53));
    assert_eq!((row.opkts, row.ipkts, row.obytes, row.ibytes), (2, 1, 60, 300));
    assert_eq!((row.started_ns, row.last_ns), (START, START + 2 * MILLI));
    assert_eq!((row.latency_ns, row.joined, row.one_way), (None, false, false));
}

#[test]
fn the_answer_to_a_known_port_shows_who_is_the_server() {
    let mut tracker = tracker();
    feed(&mut tracker, START, &udp(IN, 300));
    let row = only(&tracker);
    assert_eq!((row.src, row.dst_port, row.ibytes, row.one_way), (CLIENT.0, 53, 300, true));
}

#[test]
fn datagram_rows_have_a_time_limit_of_their_own() {
    let mut tracker = tracker();
    feed(&mut tracker, START, &udp(OUT, 30));
    tracker.expire(START + 50 * SECOND);
    assert_eq!(tracker.len(), 1);
    tracker.expire(START + 70 * SECOND);
    assert!(tracker.is_empty());
    assert_eq!(tracker.counters().timeout_datagram, 1);
    assert_eq!(tracker.take_ended(1)[0].end, Some(End::Timeout));
}

#[test]
fn tcp_and_udp_between_the_same_ports_are_two_rows() {
    let mut talk = Talk::new();
    talk.ends = [(CLIENT.0, 5000), (SERVER.0, 53)];
    talk.handshake();
    feed(&mut talk.tracker, START, &udp(OUT, 30));
    let protos: Vec<_> = rows(&talk.tracker).iter().map(|row| row.proto).collect();
    assert_eq!(protos, [6, 17]);
}

#[test]
fn echo_and_reply_are_one_row() {
    let mut tracker = tracker();
    let body = [0x12, 0x34, 0, 1, 1, 2, 3, 4];
    feed(&mut tracker, START, &icmp(IN, 0, 0, &body));
    feed(&mut tracker, START, &icmp(OUT, 8, 0, &body));
    let row = only(&tracker);
    assert_eq!((row.proto, row.src, row.opkts, row.ipkts), (1, CLIENT.0, 1, 1));
}

#[test]
fn whoever_sends_another_message_is_its_client() {
    // A router's advertisement, whose type and code stand where its receiver's port would.
    let mut tracker = tracker();
    feed(&mut tracker, START, &icmp(IN, 9, 0, &[0; 4]));
    let row = only(&tracker);
    assert_eq!((row.src, row.dst, row.opkts, row.ipkts), (SERVER.0, CLIENT.0, 1, 0));
}

#[test]
fn errors_count_on_what_they_quote() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0);
    let syn = build::frame(&Built { src: CLIENT, dst: SERVER, seq: CLIENT_SEQ, ack: 0, flags: SYN, payload: 0 });
    let mut rest = vec![0; 4];
    rest.extend(&syn[14..14 + 28]);
    feed(&mut talk.tracker, START + MILLI, &icmp(IN, 3, 1, &rest));
    let row = talk.row();
    assert_eq!((row.icmp_errors, row.state, row.ipkts), (1, State::Syn, 0));
    feed(&mut talk.tracker, START + MILLI, &icmp(IN, 3, 1, &rest));
    assert_eq!((talk.row().icmp_errors, talk.counters().icmp_errors_matched), (1, 1));
    rest[4 + 20] ^= 1;
    feed(&mut talk.tracker, START + MILLI, &icmp(IN, 3, 1, &rest));
    let counters = talk.counters();
    assert_eq!((counters.icmp_errors_matched, counters.icmp_errors_unknown), (1, 1));
    assert_eq!(counters.sources.outcomes[Outcome::IcmpError.index()], 2);
}

#[test]
fn later_fragments_follow_their_first_one() {
    let mut tracker = tracker();
    let whole = udp(OUT, 3000);
    let frames =
        [fragment(&whole, 77, 1480, true), fragment(&whole, 77, 1480, false), fragment(&whole, 78, 1480, false)];
    let frames: Vec<_> = frames
        .iter()
        .map(|data| Frame {
            ts_ns: START,
            wire_len: data.len() as u32,
            data,
            source: 0,
            link: LinkType::Ethernet,
            vlan: None,
        })
        .collect();
    // Each of them mirrored twice, then by another switch.
    for times in 1..=3 {
        tracker.batch(&frames);
        let (row, counters) = (only(&tracker), tracker.counters());
        assert_eq!((row.opkts, row.obytes, row.owire_bytes), (2, 3000, 34 + 1480 + 34 + 1528));
        assert_eq!((counters.first_fragments, counters.fragments_followed, counters.fragments_unknown), (1, 1, 1));
        let outcomes = [Outcome::Udp, Outcome::Fragment, Outcome::Duplicate].map(|outcome| outcome.index());
        assert_eq!(outcomes.map(|outcome| counters.sources.outcomes[outcome]), [1, 2, 3 * (times - 1)]);
    }
}

#[test]
fn encrypted_traffic_is_counted_by_nodes() {
    let mut tracker = tracker();
    let esp = build::ethernet(&build::ip(CLIENT.0, SERVER.0, 50, &[0; 60]));
    feed(&mut tracker, START, &esp);
    feed(&mut tracker, START, &esp);
    feed(&mut tracker, START + SECOND, &esp);
    let pairs: Vec<_> = tracker.encrypted().copied().collect();
    assert_eq!((pairs.len(), pairs[0].kind, pairs[0].packets), (1, Encap::Esp, [2, 0]));
    assert_eq!(tracker.counters().sources.outcomes[Outcome::Encrypted.index()], 2);
    assert!(tracker.is_empty());
    tracker.clear();
    assert_eq!(tracker.encrypted().count(), 0);
}
