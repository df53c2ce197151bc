//! States, latencies and bytes.
use super::*;

#[test]
fn a_whole_connection() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0);
    assert_eq!(talk.state(), State::Syn);
    talk.after(100 * MICRO).server(SYN | ACK, 0, 1, 0);
    assert_eq!(talk.state(), State::SynAck);
    talk.after(50 * MICRO).client(ACK, 1, 1, 0);
    assert_eq!(talk.state(), State::Est);
    talk.after(MILLI).client(ACK | PSH, 1, 1, 300);
    talk.after(MILLI).server(ACK | PSH, 1, 301, 5000);
    talk.after(MILLI).client(FIN | ACK, 301, 5001, 0);
    assert_eq!((talk.state(), talk.row().ended_ns), (State::Fin, None));
    talk.after(MICRO).server(FIN | ACK, 5001, 302, 0);
    talk.after(MICRO).client(ACK, 302, 5002, 0);
    let row = talk.row();
    assert_eq!((row.state, row.end), (State::Fin, Some(End::Fin)));
    assert_eq!((row.src, row.src_port, row.dst, row.dst_port), (CLIENT.0, CLIENT.1, SERVER.0, SERVER.1));
    assert_eq!((row.obytes, row.ibytes, row.opkts, row.ipkts), (300, 5000, 5, 3));
    assert_eq!((row.owire_bytes, row.iwire_bytes), (5 * 54 + 300, 3 * 54 + 5000));
    assert_eq!(row.latency_ns, Some(100 * MICRO));
    assert_eq!((row.server_latency_ns, row.client_latency_ns), (Some(100 * MICRO), Some(50 * MICRO)));
    assert_eq!((row.syn_resends, row.syn_ack_resends, row.retransmits), (0, 0, 0));
    assert_eq!((row.started_ns, row.last_ns, row.ended_ns), (START, talk.now, Some(talk.now)));
    assert!(row.syn_seen && !row.joined && !row.one_way);
    assert_eq!((row.id, row.proto, row.vlan, row.encap, row.vni), (1, 6, 0, None, None));
}

#[test]
fn ports_that_are_used_again_at_once_make_one_new_row() {
    for is_reset in [false, true] {
        let limits = Limits { max_memory_bytes: 1 << 20, keeps_ended: true, ..Limits::default() };
        let mut talk = Talk::on(Tracker::new(limits.clone()));
        for _ in 0..3 {
            talk.handshake().client(ACK | PSH, 1, 1, 40).after(MICRO).server(ACK | PSH, 1, 41, 50).after(MICRO);
            if is_reset {
                talk.server(RST | ACK, 51, 41, 0);
            } else {
                talk.close(40, 50);
            }
            talk.after(MILLI).first = talk.first.map(|first| first.wrapping_add(1 << 20));
        }
        let told = rows(&talk.tracker);
        assert!(told.iter().all(|row| (row.obytes, row.ibytes) == (40, 50) && row.end.is_some()), "{told:#?}");
        assert_eq!(told.len(), 3);
        for frames in 1..=talk.sent.len() {
            assert_eq!(talk.rows_in_batches(Tracker::new(limits.clone()), frames), told, "{frames} at a time");
        }
    }
}

#[test]
fn ipv6_is_followed_alike() {
    let mut talk = Talk::v6();
    talk.handshake().client(ACK, 1, 1, 300).close(300, 0);
    let row = talk.row();
    assert_eq!((row.src, row.dst), (talk.ends[0].0, talk.ends[1].0));
    assert_eq!((row.obytes, row.end, row.latency_ns), (300, Some(End::Fin), Some(100 * MICRO)));
}

#[test]
fn a_lost_syn_shows_in_the_latency() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(SECOND).client(SYN, 0, 0, 0).after(3 * SECOND).client(SYN, 0, 0, 0);
    talk.after(10 * MILLI).server(SYN | ACK, 0, 1, 0).after(MILLI).client(ACK, 1, 1, 0);
    let row = talk.row();
    assert_eq!(row.latency_ns, Some(4010 * MILLI));
    assert_eq!(row.server_latency_ns, Some(10 * MILLI));
    assert_eq!(row.client_latency_ns, Some(MILLI));
    assert_eq!((row.syn_resends, row.state), (2, State::Est));
}

#[test]
fn a_repeated_answer_is_counted_and_the_client_is_timed_from_it() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(MILLI).server(SYN | ACK, 0, 1, 0);
    talk.after(SECOND).server(SYN | ACK, 0, 1, 0).after(MILLI).client(ACK, 1, 1, 0);
    let row = talk.row();
    assert_eq!((row.syn_ack_resends, row.latency_ns, row.client_latency_ns), (1, Some(MILLI), Some(MILLI)));
}

#[test]
fn latencies_are_none_until_they_are_known() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0);
    let row = talk.row();
    assert_eq!((row.latency_ns, row.server_latency_ns, row.client_latency_ns), (None, None, None));
    talk.after(MILLI).server(SYN | ACK, 0, 1, 0);
    let row = talk.row();
    assert_eq!((row.latency_ns, row.server_latency_ns, row.client_latency_ns), (Some(MILLI), Some(MILLI), None));
}

#[test]
fn a_refused_connection_is_reset() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(MILLI).server(RST | ACK, 0, 1, 0);
    let row = talk.row();
    assert_eq!((row.state, row.end, row.latency_ns), (State::Rst, Some(End::Rst), None));
    assert_eq!((row.obytes, row.ibytes), (0, 0));
    talk.after(MILLI).client(SYN, 0, 0, 0);
    assert_eq!((talk.row().state, talk.row().syn_resends), (State::Rst, 1));
    talk.after(500 * MILLI).client(SYN, 0, 0, 0);
    assert_eq!(rows(&talk.tracker).len(), 2);
}

#[test]
fn resets_out_of_the_blue_make_no_connection() {
    let mut talk = Talk::new();
    talk.client(RST, 1, 0, 0).server(RST | ACK, 1, 1, 0);
    assert!(talk.tracker.is_empty());
    assert_eq!(talk.counters().stray_rst, 2);
}

#[test]
fn bytes_are_right_across_wraps() {
    const STEP: u32 = 60_000;
    let mut talk = Talk::new();
    talk.handshake();
    // As from a capture that kept the headers alone.
    let built = Built { src: CLIENT, dst: SERVER, seq: 0, ack: SERVER_SEQ + 1, flags: ACK, payload: 0 };
    let mut frame = build::frame(&built);
    frame[16..18].copy_from_slice(&u16::try_from(40 + STEP).unwrap().to_be_bytes());
    let mut seq = CLIENT_SEQ.wrapping_add(1);
    for _ in 0..200_000 {
        frame[38..42].copy_from_slice(&seq.to_be_bytes());
        let wire_len = 54 + STEP;
        let link = LinkType::Ethernet;
        talk.tracker.batch(&[Frame { ts_ns: START, wire_len, data: &frame, source: 0, link, vlan: None }]);
        seq = seq.wrapping_add(STEP);
    }
    assert_eq!((talk.row().obytes, talk.row().retransmits), (12_000_000_000, 0));
}

#[test]
fn retransmissions_are_told_from_keep_alives() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 100).server(ACK, 1, 101, 0);
    talk.client(ACK, 100, 1, 0).client(ACK, 100, 1, 1);
    assert_eq!((talk.row().retransmits, talk.row().obytes), (0, 100));
    talk.client(ACK, 1, 1, 100).client(ACK, 51, 1, 50);
    assert_eq!((talk.row().retransmits, talk.row().obytes), (2, 100));
    talk.client(ACK, 51, 1, 100);
    assert_eq!((talk.row().retransmits, talk.row().obytes), (3, 150));
    // What probes a closed window is sent again with what follows it.
    talk.client(ACK, 151, 1, 1).client(ACK, 151, 1, 100);
    assert_eq!((talk.row().retransmits, talk.row().obytes), (3, 250));
}

#[test]
fn data_that_overtook_the_answer_counts() {
    for first in [CLIENT_SEQ, 7] {
        let mut talk = Talk::new();
        talk.first[IN] = first;
        talk.client(SYN, 0, 0, 0).after(MILLI).server(ACK, 1, 1, 500).server(SYN | ACK, 0, 1, 0).client(ACK, 1, 501, 0);
        assert_eq!((talk.state(), talk.row().ibytes, talk.row().latency_ns), (State::Est, 500, Some(MILLI)));
        talk.server(ACK, 501, 1, 20);
        assert_eq!((talk.row().ibytes, talk.row().retransmits), (520, 0));
    }
}

#[test]
fn what_the_mirror_missed_is_in_the_bytes_all_the_same() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 100).client(ACK, 10_001, 1, 100);
    assert_eq!(talk.row().obytes, 10_100);
}

#[test]
fn data_in_the_syn_counts() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 40).server(SYN | ACK, 0, 41, 0).client(ACK, 41, 1, 10);
    let row = talk.row();
    assert_eq!((row.state, row.obytes, row.latency_ns), (State::Est, 50, Some(0)));
}

#[test]
fn joined_in_the_middle_it_is_established_and_says_so() {
    let mut talk = Talk::new();
    talk.client(ACK, 1000, 5000, 10);
    let row = talk.row();
    assert_eq!((row.state, row.joined, row.one_way, row.syn_seen), (State::Est, true, true, false));
    talk.server(ACK, 5000, 1010, 20);
    let row = talk.row();
    assert_eq!((row.joined, row.one_way), (true, false));
    assert_eq!((row.obytes, row.ibytes, row.latency_ns), (10, 20, None));
    assert_eq!(talk.counters().joined, 1);
}

#[test]
fn one_side_alone_tells_what_the_other_sent() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).client(ACK, 1, 1, 0).client(ACK, 1, 1, 70).client(ACK, 71, 9001, 0);
    let row = talk.row();
    assert_eq!((row.state, row.one_way, row.obytes, row.ibytes), (State::Est, true, 70, 9000));
    assert_eq!((row.latency_ns, row.server_latency_ns, row.client_latency_ns), (None, None, None));
}

#[test]
fn one_side_alone_acknowledges_the_fin_of_the_other_whoever_closes_first() {
    let mut first = Talk::new();
    first.client(SYN, 0, 0, 0).client(ACK, 1, 1, 0).client(ACK, 1, 1, 70).client(ACK, 71, 1001, 0);
    first.client(FIN | ACK, 71, 1001, 0).client(ACK, 72, 1002, 0);
    assert_eq!((first.row().obytes, first.row().ibytes), (70, 1000));
    let mut last = Talk::new();
    last.client(SYN, 0, 0, 0).client(ACK, 1, 1, 0).client(ACK, 1, 1001, 0).client(ACK, 1, 1002, 0);
    last.client(FIN | ACK, 1, 1002, 0);
    assert_eq!((last.row().obytes, last.row().ibytes), (0, 1000));
    let mut silent = Talk::new();
    silent.server(SYN | ACK, 0, 1, 0).server(ACK, 1, 501, 0).server(FIN | ACK, 1, 502, 0);
    assert_eq!((silent.row().obytes, silent.row().ibytes), (500, 0));
}

#[test]
fn a_fin_that_is_sent_again_is_a_retransmission() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 100).client(FIN | ACK, 101, 1, 0);
    assert_eq!(talk.row().retransmits, 0);
    talk.after(200 * MILLI).client(FIN | ACK, 101, 1, 0).after(400 * MILLI).client(FIN | ACK, 51, 1, 50);
    assert_eq!((talk.row().retransmits, talk.row().obytes), (2, 100));
    talk.server(ACK, 1, 102, 0).server(FIN | ACK, 1, 102, 0);
    assert_eq!((talk.row().retransmits, talk.row().end), (2, Some(End::Fin)));
}

#[test]
fn a_fin_that_its_acknowledgment_overtook_is_no_retransmission() {
    let mut talk = Talk::new();
    talk.handshake().server(FIN | ACK, 1, 2, 0).client(FIN | ACK, 1, 1, 0);
    assert_eq!((talk.row().retransmits, talk.row().obytes), (0, 0));
}

#[test]
fn the_client_of_a_joined_connection_is_guessed_by_port() {
    let mut talk = Talk::new();
    talk.ends[1].1 = 443;
    talk.server(ACK, 1, 1, 10);
    assert_eq!((talk.row().src, talk.row().dst_port, talk.row().ibytes), (CLIENT.0, 443, 10));
}

#[test]
fn an_answer_alone_tells_the_client() {
    let mut talk = Talk::new();
    talk.server(SYN | ACK, 0, 1, 0).client(ACK, 1, 1, 0).client(ACK, 1, 1, 30);
    let row = talk.row();
    assert_eq!((row.src, row.state, row.joined, row.syn_seen), (CLIENT.0, State::Est, false, false));
    assert_eq!((row.obytes, row.latency_ns), (30, None));
    assert!(row.client_latency_ns.is_some());
}

#[test]
fn a_syn_that_its_answer_overtook_is_no_resend() {
    let mut talk = Talk::new();
    talk.server(SYN | ACK, 0, 1, 0).client(SYN, 0, 0, 0).client(ACK, 1, 1, 30);
    let row = talk.row();
    assert_eq!((row.syn_resends, row.state, row.syn_seen, row.obytes), (0, State::Est, true, 30));
    assert_eq!(row.latency_ns, None);
}

#[test]
fn an_answer_that_the_acknowledgment_overtook_is_timed() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).client(ACK, 1, 1, 0).after(MILLI).server(SYN | ACK, 0, 1, 0).server(ACK, 1, 1, 10);
    let row = talk.row();
    assert_eq!((row.state, row.latency_ns, row.client_latency_ns, row.ibytes), (State::Est, Some(MILLI), None, 10));
}

#[test]
fn the_same_ports_after_the_end_are_a_new_connection() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 100).close(100, 0);
    talk.first = [5000, 6000];
    talk.after(MILLI).handshake();
    let rows = rows(&talk.tracker);
    assert_eq!(rows.len(), 2);
    assert_eq!((rows[0].state, rows[0].obytes, rows[0].id), (State::Fin, 100, 1));
    assert_eq!((rows[1].state, rows[1].obytes, rows[1].id), (State::Est, 0, 2));
}

#[test]
fn a_new_syn_on_an_attempt_is_a_new_attempt() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0);
    talk.first[OUT] = 77;
    talk.after(SECOND).client(SYN, 0, 0, 0);
    assert_eq!((talk.row().id, talk.row().syn_resends), (2, 0));
    let old = talk.tracker.take_ended(10).remove(0);
    assert_eq!((old.id, old.state, old.end, old.ended_ns), (1, State::Syn, Some(End::Replaced), None));
}

#[test]
fn a_new_syn_on_an_open_connection_is_doubted_unless_it_was_silent() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.first[OUT] = 77;
    talk.after(SECOND).client(SYN, 0, 0, 0);
    assert_eq!((talk.row().id, talk.row().opkts, talk.counters().suspicious), (1, 2, 1));
    talk.after(10 * SECOND).client(SYN, 0, 0, 0);
    assert_eq!((talk.row().id, talk.state()), (2, State::Syn));
}

#[test]
fn the_servers_answer_to_a_doubted_syn_settles_the_matter() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.first = [77, 78];
    talk.after(SECOND).client(SYN, 0, 0, 0).server(SYN | ACK, 0, 1, 0).client(ACK, 1, 1, 0).client(ACK, 1, 1, 5);
    let row = talk.row();
    assert_eq!((row.id, row.state, row.obytes, row.src), (2, State::Est, 5, CLIENT.0));
}

#[test]
fn flags_that_nobody_combines_change_nothing() {
    let mut talk = Talk::new();
    for flags in [0, PSH, FIN, SYN | FIN, SYN | RST] {
        talk.client(flags, 0, 0, 0);
    }
    assert!(talk.tracker.is_empty());
    talk.handshake().client(SYN | RST, 0, 0, 0);
    assert_eq!((talk.state(), talk.counters().odd_flags), (State::Est, 6));
}

#[test]
fn two_connections_between_the_same_hosts_stay_apart() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.ends[0].1 = 40001;
    talk.client(SYN, 0, 0, 0);
    let states: Vec<_> = rows(&talk.tracker).iter().map(|row| (row.src_port, row.state)).collect();
    assert_eq!(states, [(40000, State::Est), (40001, State::Syn)]);
}

#[test]
fn a_host_may_talk_to_itself() {
    let mut talk = Talk::new();
    talk.ends = [CLIENT, (CLIENT.0, 8080)];
    talk.handshake().close(0, 0);
    assert_eq!(talk.row().end, Some(End::Fin));
}

fn control() -> Talk {
    Talk::on(Tracker::new(Limits { control_only: true, max_memory_bytes: 1 << 20, ..Limits::default() }))
}

#[test]
fn control_packets_alone_give_states_latency_and_bytes() {
    let mut talk = control();
    talk.client(SYN, 0, 0, 0).after(MILLI).server(SYN | ACK, 0, 1, 0).after(SECOND);
    assert_eq!(talk.state(), State::SynAck);
    talk.client(FIN | ACK, 3_000_000_001, 501, 0).server(FIN | ACK, 501, 3_000_000_002, 0);
    let row = talk.row();
    assert_eq!((row.state, row.end), (State::Fin, Some(End::Fin)));
    assert_eq!((row.obytes, row.ibytes), (3_000_000_000, 500));
    assert_eq!((row.latency_ns, row.client_latency_ns), (Some(MILLI), None));
}

#[test]
fn control_packets_that_end_in_a_reset_give_the_bytes_of_both_sides() {
    let mut talk = control();
    talk.client(SYN, 0, 0, 0).client(SYN, 0, 0, 0).server(SYN | ACK, 0, 1, 0);
    talk.client(RST | ACK, 101, 2_500_000_001, 0);
    let row = talk.row();
    assert_eq!((row.state, row.obytes, row.ibytes, row.syn_resends), (State::Rst, 100, 2_500_000_000, 1));
    assert_eq!(row.bytes_known, [true; 2]);
    let mut refused = control();
    refused.client(SYN, 0, 0, 0).server(RST | ACK, 0, 1, 0);
    assert_eq!((refused.row().obytes, refused.row().ibytes, refused.row().bytes_known), (0, 0, [true; 2]));
    let mut silent = control();
    silent.client(SYN, 0, 0, 0).server(SYN | ACK, 0, 1, 0).server(RST, 501, 0, 0);
    assert_eq!((silent.row().state, silent.row().bytes_known), (State::Rst, [false; 2]));
}

#[test]
fn control_packets_do_not_tell_which_of_two_beginnings_was_taken() {
    let mut talk = control();
    talk.client(SYN, 0, 0, 0).server(SYN | ACK, 0, 1, 0).server(SYN | ACK, 900_000, 1, 0);
    talk.client(FIN | ACK, 101, 301, 0).server(FIN | ACK, 301, 102, 0);
    assert_eq!((talk.row().obytes, talk.row().bytes_known), (100, [true, false]));
}

#[test]
fn control_packets_do_not_tell_the_bytes_before_a_side_closes() {
    let mut talk = control();
    talk.client(SYN, 0, 0, 0).server(SYN | ACK, 0, 1, 0);
    assert_eq!(talk.row().bytes_known, [false; 2]);
    talk.client(FIN | ACK, 101, 301, 0);
    assert_eq!((talk.row().obytes, talk.row().bytes_known), (100, [true, false]));
    talk.server(FIN | ACK, 9001, 102, 0);
    assert_eq!((talk.row().ibytes, talk.row().bytes_known), (9000, [true; 2]));
    let mut joined = control();
    joined.client(FIN | ACK, 101, 301, 0).server(FIN | ACK, 301, 102, 0);
    assert_eq!((joined.row().joined, joined.row().bytes_known), (true, [false; 2]));
    let mut full = Talk::new();
    full.client(ACK, 1, 1, 10);
    assert_eq!(full.row().bytes_known, [true; 2]);
}

#[test]
fn a_quiet_connection_of_control_packets_is_no_attempt() {
    let mut talk = control();
    talk.client(SYN, 0, 0, 0).server(SYN | ACK, 0, 1, 0);
    talk.tracker.expire(talk.now + 3600 * SECOND);
    assert_eq!(talk.state(), State::SynAck);
}

#[test]
fn both_may_open_at_once() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(MICRO).server(SYN, 0, 0, 0).after(MICRO);
    talk.server(SYN | ACK, 0, 1, 0).after(MICRO).client(SYN | ACK, 0, 1, 0).after(MICRO);
    talk.client(ACK, 1, 1, 10).server(ACK, 1, 11, 20);
    let row = talk.row();
    assert_eq!((row.state, row.opkts, row.ipkts, row.obytes, row.ibytes), (State::Est, 3, 3, 10, 20));
    assert_eq!(talk.counters().suspicious, 0);
}

#[test]
fn reordered_data_is_not_sent_again() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.client(ACK, 101, 1, 100).client(ACK, 301, 1, 100).client(ACK, 1, 1, 100).client(ACK, 201, 1, 100);
    let row = talk.row();
    assert_eq!((row.obytes, row.out_of_order, row.retransmits), (400, 2, 0));
    talk.client(ACK, 1, 1, 100);
    assert_eq!((talk.row().out_of_order, talk.row().retransmits), (2, 1));
}

#[test]
fn closed_windows_are_counted() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.window = 0;
    talk.server(ACK, 1, 1, 0).server(RST | ACK, 1, 1, 0);
    assert_eq!((talk.row().zero_windows, talk.row().ipkts), (1, 3));
}

#[test]
fn streams_may_be_longer_than_their_numbers() {
    let mut talk = Talk::new();
    talk.handshake();
    const STEP: u32 = 1 << 30;
    for n in 1..=6_u32 {
        talk.after(SECOND).client(ACK, n.wrapping_mul(STEP), 1, 1000);
    }
    assert_eq!(talk.row().obytes, 6 * u64::from(STEP) - 1 + 1000);
}

#[test]
fn half_closed_the_other_side_may_go_on() {
    let mut talk = Talk::new();
    talk.handshake();
    talk.client(FIN | ACK, 1, 1, 0).server(ACK, 1, 2, 500).client(ACK, 2, 501, 0);
    let row = talk.row();
    assert_eq!((row.state, row.end, row.ibytes), (State::Fin, None, 500));
    talk.server(FIN | ACK, 501, 2, 0);
    assert_eq!(talk.row().end, Some(End::Fin));
}
