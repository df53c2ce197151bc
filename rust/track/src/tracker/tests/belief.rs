//! What can be of a connection, what only looks so, and what the mirror missed.
use super::*;

/// A host that has forgotten its connection opens another one, of which the server has not forgotten the old one
/// (RFC 9293 §3.5.1, figure 9; RFC 5961 §4).
#[test]
fn a_server_that_acknowledges_an_earlier_connection_first_is_asked_again() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).after(MILLI).server(ACK, 900_000, 0u32.wrapping_sub(7000), 0);
    talk.after(MILLI).client(RST, 0u32.wrapping_sub(7000), 0, 0);
    assert_eq!((talk.state(), talk.counters().suspicious), (State::Syn, 2));
    talk.after(SECOND).client(SYN, 0, 0, 0).after(MILLI).server(SYN | ACK, 0, 1, 0).after(MILLI).client(ACK, 1, 1, 0);
    talk.server(ACK, 1, 1, 70);
    let row = talk.row();
    assert_eq!((row.state, row.ibytes, row.syn_resends), (State::Est, 70, 1));
    assert_eq!((row.server_latency_ns, row.client_latency_ns), (Some(MILLI), Some(MILLI)));
}

#[test]
fn what_cannot_be_of_the_stream_changes_nothing() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 50).after(MILLI);
    talk.client(FIN | ACK, 51_u32.wrapping_sub(101), 1, 0).client(ACK, 1 << 30, 1, 10).client(FIN | ACK, 1 << 30, 1, 0);
    assert_eq!((talk.state(), talk.row().obytes, talk.counters().suspicious), (State::Est, 50, 3));
    talk.client(RST, 200_000, 0, 0);
    assert_eq!((talk.state(), talk.counters().suspicious), (State::Est, 4));
    talk.client(ACK, 51, 1, 10).close(60, 0);
    assert_eq!((talk.row().end, talk.row().obytes), (Some(End::Fin), 60));
}

#[test]
fn a_stream_goes_on_after_gigabytes_that_the_mirror_missed() {
    for missed in [1_u32 << 30, 3_000_000_000, 3_400_000_000] {
        let mut talk = Talk::new();
        talk.handshake().client(ACK, 1, 1, 50).after(5 * SECOND);
        talk.client(ACK, 51 + missed, 1, 100).client(ACK, 151 + missed, 1, 100).close(251 + missed - 1, 0);
        let row = talk.row();
        assert_eq!((row.end, row.obytes, row.retransmits), (Some(End::Fin), 250 + u64::from(missed), 0));
        assert_eq!(talk.counters().suspicious, 0);
    }
}

#[test]
fn one_side_goes_on_while_the_mirror_misses_the_other() {
    let mut talk = Talk::new();
    talk.handshake().server(ACK, 1, 1, 50);
    for part in 1..=100 {
        talk.after(5 * MILLI).client(ACK, 1, 51 + part * 6_000_000, 0);
    }
    talk.server(ACK, 600_000_051, 1, 100).client(FIN | ACK, 1, 600_000_151, 0).server(FIN | ACK, 600_000_151, 2, 0);
    assert_eq!((talk.row().end, talk.row().ibytes, talk.counters().suspicious), (Some(End::Fin), 600_000_150, 0));
    let mut alone = Talk::new();
    alone.client(SYN, 0, 0, 0).client(ACK, 1, 1, 0).after(2 * SECOND).client(ACK, 1, 1_000_000_001, 0);
    assert_eq!(alone.row().ibytes, 1_000_000_000);
    alone.first[OUT] = 77;
    alone.after(5 * SECOND).client(SYN, 0, 0, 0).client(ACK, 1, 1, 20);
    assert_eq!(alone.row().obytes, 20);
}

/// Ports are used again while the network, or a mirror with buffers of its own, still holds packets of before.
#[test]
fn a_late_packet_of_an_earlier_connection_moves_nothing() {
    for silence in [0, 300 * MILLI] {
        for seq in [700_000_000, 2_000_000_000, 3_000_000_000, 4_200_000_000] {
            let mut talk = Talk::new();
            talk.handshake().after(10 * SECOND).client(ACK, 1, 1, 50).server(ACK, 1, 51, 70).after(silence);
            talk.client(ACK | PSH, seq, 2_900_000_000, 10).server(ACK | PSH, seq, 1_500_000_000, 10);
            assert_eq!((talk.row().obytes, talk.row().ibytes), (50, 70), "{seq} after {silence} ns");
        }
    }
}

#[test]
fn a_reset_may_be_further_ahead_if_its_acknowledgment_fits() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 50).server(ACK, 1, 51, 70);
    talk.server(RST | ACK, 1_000_071, 500_000_000, 0).server(RST | ACK, 90_000_000, 51, 0).server(RST, 1_000_071, 0, 0);
    assert_eq!((talk.state(), talk.counters().suspicious), (State::Est, 3));
    talk.server(RST | ACK, 1_000_071, 51, 0);
    assert_eq!((talk.state(), talk.row().ibytes), (State::Rst, 1_000_070));
}

/// Servers without memory of their first answer, and boxes that answer for them, choose another number.
#[test]
fn of_answers_with_different_numbers_the_client_takes_one() {
    for taken in [0, 100_000_000, 3_000_000_000_u32] {
        let mut talk = Talk::new();
        talk.client(SYN, 0, 0, 0).after(MILLI).server(SYN | ACK, taken, 1, 0).after(MILLI).server(
            SYN | ACK,
            1 << 30,
            1,
            0,
        );
        talk.after(MILLI).client(ACK, 1, taken + 1, 0).server(ACK, taken + 1, 1, 70).client(ACK, 1, taken + 71, 20);
        talk.after(SECOND).server(SYN | ACK, 1 << 30, 1, 0).server(SYN | ACK, taken, 1, 0).client(SYN, 0, 0, 0);
        talk.server(ACK, taken + 71, 21, 30).client(FIN | ACK, 21, taken + 101, 0).server(
            FIN | ACK,
            taken + 101,
            22,
            0,
        );
        let row = talk.row();
        assert_eq!((row.end, row.obytes, row.ibytes), (Some(End::Fin), 20, 100), "{taken}");
        assert_eq!((row.syn_ack_resends, row.retransmits, talk.counters().suspicious), (3, 0, 0));
    }
}

#[test]
fn an_end_after_the_end_is_no_byte() {
    let mut reset = Talk::new();
    reset.handshake().client(ACK, 1, 1, 50).client(FIN | ACK, 51, 1, 0).server(ACK, 1, 51, 70).client(RST, 51, 0, 0);
    reset.server(FIN | ACK, 71, 52, 0).client(RST, 52, 0, 0);
    assert_eq!((reset.state(), reset.row().obytes, reset.row().ibytes), (State::Rst, 50, 70));
    let mut twice = Talk::new();
    twice.handshake().server(FIN | ACK, 1, 1, 0).client(FIN | ACK, 1, 2, 0).server(FIN | ACK, 2, 2, 0);
    assert_eq!((twice.row().end, twice.row().ibytes, twice.row().retransmits), (Some(End::Fin), 0, 1));
}

#[test]
fn a_reset_after_a_long_silence_may_be_further_ahead() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 50).after(60 * SECOND).client(RST, 5_000_051, 0, 0);
    assert_eq!(talk.state(), State::Rst);
}

#[test]
fn a_reset_that_does_not_answer_the_syn_is_not_believed() {
    let mut talk = Talk::new();
    talk.client(SYN, 0, 0, 0).server(RST | ACK, 0, 5000, 0);
    assert_eq!((talk.state(), talk.counters().suspicious), (State::Syn, 1));
}

#[test]
fn a_reset_ends_an_open_connection_if_its_number_fits() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 100).server(ACK, 1, 101, 0);
    talk.server(RST, 90_000_000, 0, 0).server(RST, 1 << 30, 0, 0);
    assert_eq!((talk.state(), talk.row().ibytes, talk.counters().suspicious), (State::Est, 0, 2));
    talk.server(RST, 1, 0, 0);
    assert_eq!((talk.state(), talk.row().obytes), (State::Rst, 100));
    assert_eq!(talk.counters().ended_rst, 1);
}

#[test]
fn the_same_syn_after_the_end_is_a_new_connection() {
    let mut refused = Talk::new();
    refused.client(SYN, 0, 0, 0).after(MILLI).server(RST | ACK, 0, 1, 0).after(500 * MILLI).handshake();
    let ends: Vec<_> = rows(&refused.tracker).iter().map(|row| (row.state, row.end)).collect();
    assert_eq!(ends, [(State::Rst, Some(End::Rst)), (State::Est, None)]);
    let mut closed = Talk::new();
    closed.handshake().close(0, 0).after(100 * SECOND).handshake().client(ACK, 1, 1, 9);
    let told: Vec<_> = rows(&closed.tracker).iter().map(|row| (row.state, row.obytes)).collect();
    assert_eq!(told, [(State::Fin, 0), (State::Est, 9)]);
}

#[test]
fn what_was_lost_before_the_mirror_is_told_from_what_came_out_of_order() {
    for (delay, retransmits, out_of_order) in [(100 * MICRO, 0, 1), (40 * MILLI, 1, 0), (SECOND, 1, 0)] {
        let mut talk = Talk::new();
        talk.client(SYN, 0, 0, 0).after(MILLI).server(SYN | ACK, 0, 1, 0).after(MICRO).client(ACK, 1, 1, 0);
        talk.after(MILLI).client(ACK, 101, 1, 100).after(delay).client(ACK, 1, 1, 100);
        let row = talk.row();
        assert_eq!((row.retransmits, row.out_of_order, row.obytes), (retransmits, out_of_order, 200), "{delay}");
        let mut joined = Talk::new();
        joined.client(ACK, 1, 1, 100).client(ACK, 201, 1, 100).after(delay).client(ACK, 101, 1, 100);
        assert_eq!((joined.row().retransmits, joined.row().out_of_order), (retransmits, out_of_order), "{delay}");
    }
}
