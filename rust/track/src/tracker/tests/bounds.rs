//! Time limits, memory limits, and what is reported.
use super::*;

fn syn_from(tracker: &mut Tracker, ts_ns: u64, n: u32) {
    let src = (IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n)), 1);
    feed(tracker, ts_ns, &build::frame(&Built { src, dst: SERVER, seq: 0, ack: 0, flags: SYN, payload: 0 }));
}

#[test]
fn attempts_time_out_before_open_connections() {
    let mut talk = Talk::new();
    talk.handshake();
    syn_from(&mut talk.tracker, talk.now, 1);
    assert!(!talk.tracker.expire(talk.now + 70 * SECOND));
    assert_eq!(talk.tracker.len(), 2);
    talk.tracker.expire(talk.now + 80 * SECOND);
    assert_eq!(talk.state(), State::Est);
    assert_eq!(talk.counters().timeout_half_open, 1);
    let gone = talk.tracker.take_ended(5).remove(0);
    assert_eq!((gone.state, gone.end, gone.ended_ns), (State::Syn, Some(End::Timeout), None));
    talk.tracker.expire(talk.now + 8200 * SECOND);
    assert!(talk.tracker.is_empty());
    assert_eq!(talk.counters().timeout_idle, 1);
}

#[test]
fn packets_put_the_time_limit_off() {
    let mut talk = Talk::new();
    talk.handshake();
    for n in 0..10 {
        talk.after(3600 * SECOND).client(ACK, 1 + n, 1, 1);
        talk.tracker.expire(talk.now);
    }
    assert_eq!((talk.state(), talk.row().obytes), (State::Est, 10));
}

#[test]
fn a_stray_packet_is_kept_no_longer_than_an_attempt() {
    let mut talk = Talk::new();
    talk.client(ACK, 1, 1, 0);
    talk.tracker.expire(talk.now + 80 * SECOND);
    assert!(talk.tracker.is_empty());
}

#[test]
fn an_ended_connection_is_reported_once_settled_and_stays_visible_for_a_while() {
    let mut talk = Talk::new();
    talk.handshake().client(ACK, 1, 1, 10).close(10, 0);
    talk.tracker.expire(talk.now);
    assert!(talk.tracker.take_ended(10).is_empty());
    talk.tracker.expire(talk.now + 3 * SECOND);
    let reported = talk.tracker.take_ended(10);
    assert_eq!(reported, [talk.row()]);
    assert_eq!((reported[0].opkts, reported[0].obytes, reported[0].end), (5, 10, Some(End::Fin)));
    talk.after(4 * SECOND).client(ACK, 12, 2, 0);
    assert_eq!((talk.row().opkts, talk.counters().after_end), (5, 1));
    talk.tracker.expire(talk.now + 290 * SECOND);
    assert_eq!(talk.tracker.len(), 1);
    talk.tracker.expire(talk.now + 310 * SECOND);
    assert!(talk.tracker.is_empty() && talk.tracker.take_ended(10).is_empty());
}

#[test]
fn a_successor_leaves_the_ended_connection_visible_and_its_report_is_not_lost() {
    let mut talk = Talk::new();
    talk.handshake().close(0, 0);
    talk.first = [1, 2];
    talk.after(MILLI).handshake().close(0, 0);
    assert_eq!(talk.tracker.len(), 2);
    talk.tracker.expire(talk.now + 3 * SECOND);
    let ids: Vec<_> = talk.tracker.take_ended(10).iter().map(|ended| ended.id).collect();
    assert_eq!(ids.len(), 2);
    talk.tracker.expire(talk.now + 310 * SECOND);
    assert!(talk.tracker.is_empty());
    talk.first = [3, 4];
    talk.handshake();
    assert_eq!(talk.state(), State::Est);
}

#[test]
fn flush_reports_what_has_not_settled() {
    let mut talk = Talk::new();
    talk.handshake().close(0, 0);
    talk.tracker.flush();
    talk.tracker.flush();
    assert_eq!(talk.tracker.take_ended(10).len(), 1);
}

#[test]
fn the_queue_of_ended_connections_is_bounded_and_counted() {
    let limits = Limits { ended_queue: 3, max_memory_bytes: 1 << 20, ..Limits::default() };
    let mut tracker = Tracker::new(limits);
    for n in 0..5 {
        syn_from(&mut tracker, START + u64::from(n), n);
    }
    tracker.expire(START);
    tracker.expire(START + 100 * SECOND);
    assert_eq!(tracker.counters().ended_queue_overflow, 2);
    assert_eq!((tracker.take_ended(2).len(), tracker.take_ended(9).len()), (2, 1));
}

#[test]
fn no_more_wait_for_their_cluster_than_the_queue_holds() {
    let mut tracker = Tracker::new(Limits { ended_queue: 3, max_memory_bytes: 1 << 20, ..Limits::default() });
    tracker.set_away(&[(1, 0)]);
    tracker.set_holding(true);
    for round in 0..2 {
        let begin = START + u64::from(round) * 200 * SECOND;
        for n in 0..3 {
            syn_from(&mut tracker, begin + u64::from(n), 3 * round + n);
        }
        tracker.expire(begin);
        tracker.expire(begin + 100 * SECOND);
        assert_eq!(tracker.take_ended(9).len(), 3 * round as usize, "there was room for the first three");
    }
    tracker.set_holding(false);
    assert_eq!((tracker.take_ended(2).len(), tracker.take_ended(9).len()), (2, 1));
}

#[test]
fn memory_stays_within_its_limit_and_attempts_go_first() {
    let limit = 1 << 20;
    let mut talk = Talk::on(Tracker::new(Limits { max_memory_bytes: limit, ..Limits::default() }));
    talk.handshake();
    talk.ends[0].1 = 40001;
    talk.handshake().close(0, 0);
    for n in 0..20_000 {
        syn_from(&mut talk.tracker, START + u64::from(n) * MILLI, n);
    }
    let counters = talk.counters();
    let wheels = 4 * (1 << 14) * 4 + 4 * (1 << 14) / 8;
    assert!(counters.memory_bytes <= limit as u64 + wheels, "{}", counters.memory_bytes);
    assert!(counters.connections > 6000, "{}", counters.connections);
    assert_eq!((counters.evicted_ended, counters.evicted_idle, counters.sources.not_entered), (1, 0, 0));
    assert_eq!(counters.created, counters.connections + counters.evicted_ended + counters.evicted_half_open);
    let rows = rows(&talk.tracker);
    assert_eq!((rows[0].src_port, rows[0].state), (40000, State::Est));
    let youngest = rows.last().unwrap();
    assert_eq!(youngest.src, IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + 19_999)));
    assert!(rows[1].started_ns > START + 10_000 * MILLI, "the oldest attempts go first");
}

#[test]
fn a_lower_bound_pushes_out_what_is_worth_least() {
    let mut talk = Talk::on(Tracker::new(Limits { max_memory_bytes: 4 << 20, ..Limits::default() }));
    talk.handshake();
    for n in 0..20_000 {
        syn_from(&mut talk.tracker, START + u64::from(n) * MILLI, n);
    }
    assert_eq!(talk.counters().evicted_half_open, 0);
    talk.tracker.set_max_memory(1 << 20);
    while talk.tracker.expire(START) {}
    let (counters, kept) = (talk.counters(), talk.tracker.len() as u64);
    assert!((6000..8000).contains(&kept), "{kept}");
    assert_eq!(counters.evicted_half_open + kept, 20_001);
    assert_eq!(counters.sources.evicted, counters.evicted_half_open);
    assert_eq!((rows(&talk.tracker)[0].src_port, rows(&talk.tracker)[0].state), (40000, State::Est));
    for n in 20_000..30_000 {
        syn_from(&mut talk.tracker, START + u64::from(n) * MILLI, n);
    }
    assert!(talk.tracker.len() as u64 <= kept);
    talk.tracker.set_max_memory(4 << 20);
    for n in 30_000..40_000 {
        syn_from(&mut talk.tracker, START + u64::from(n) * MILLI, n);
    }
    assert_eq!(talk.tracker.len() as u64, kept + 10_000);
    assert_eq!(talk.counters().sources.not_entered, 0);
}

#[test]
fn open_connections_go_by_how_long_they_were_idle() {
    let mut talk = Talk::on(Tracker::new(Limits { max_memory_bytes: 1 << 20, ..Limits::default() }));
    talk.ends[0].1 = 1;
    talk.handshake();
    for n in 1..8000_u32 {
        talk.after(SECOND).ends[0] = (IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n)), 1);
        talk.handshake();
        // The first connection is the oldest, and the busiest.
        talk.ends[0] = (CLIENT.0, 1);
        talk.client(ACK, n, 1, 1);
    }
    let counters = talk.counters();
    assert!(counters.evicted_idle > 0);
    assert_eq!(rows(&talk.tracker)[0].src, CLIENT.0);
}

#[test]
fn ipv6_connections_find_room_among_many_of_ipv4() {
    let mut talk = Talk::v6();
    for n in 0..20_000 {
        syn_from(&mut talk.tracker, START, n);
    }
    talk.handshake();
    let found = rows(&talk.tracker).into_iter().filter(|row| row.src.is_ipv6()).count();
    assert_eq!((found, talk.counters().sources.not_entered), (1, 0));
}

#[test]
fn ipv6_connections_alone_stay_within_the_limit_too() {
    let mut talk = Talk::v6();
    for n in 0..20_000_u16 {
        talk.ends[0].1 = n;
        talk.after(MILLI).client(SYN, 0, 0, 0);
    }
    let counters = talk.counters();
    assert!(counters.evicted_half_open > 10_000 && counters.sources.not_entered == 0);
    assert!(counters.connections > 4_000, "{}", counters.connections);
}

#[test]
fn much_that_is_due_at_once_is_done_in_steps() {
    let mut tracker = Tracker::new(Limits { max_memory_bytes: 1 << 22, ..Limits::default() });
    for n in 0..10_000 {
        syn_from(&mut tracker, START, n);
    }
    assert!(tracker.expire(START + 100 * SECOND));
    assert!(!tracker.is_empty());
    while tracker.expire(START + 100 * SECOND) {}
    assert!(tracker.is_empty());
    assert_eq!(tracker.take_ended(usize::MAX).len(), 10_000);
}

#[test]
fn a_flood_of_attempts_leaves_open_connections_alone() {
    let limits = Limits { max_memory_bytes: 8 << 20, ended_queue: 16, ..Limits::default() };
    let mut talk = Talk::on(Tracker::new(limits));
    for n in 0..1000 {
        talk.ends[0].1 = 1000 + n;
        talk.handshake();
    }
    let most = 8 << 20;
    for n in 0..1_000_000 {
        syn_from(&mut talk.tracker, talk.now + u64::from(n) * MICRO, n);
        if n % 1000 == 0 {
            talk.tracker.expire(talk.now + u64::from(n) * MICRO);
            assert!(talk.counters().memory_bytes <= most, "{}", talk.counters().memory_bytes);
        }
    }
    let open = rows(&talk.tracker).iter().filter(|row| row.state == State::Est).count();
    let counters = talk.counters();
    assert_eq!((open, counters.evicted_idle), (1000, 0));
    // A few attempts found no room: while it was found out that those before them are open by now.
    assert!(counters.sources.not_entered < 10);
    assert_eq!(counters.evicted_half_open + counters.sources.not_entered + talk.tracker.len() as u64, 1_001_000);
    assert_eq!(talk.tracker.take_ended(100).len(), 16);
}

/// What control mode sees of a connection, or of an answered attempt: both are alike.
fn answered(tracker: &mut Tracker, ts_ns: u64, n: u32) {
    let client = (IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + n)), 1);
    syn_from(tracker, ts_ns, n);
    stray_answer(tracker, ts_ns + MICRO, client);
}

fn stray_answer(tracker: &mut Tracker, ts_ns: u64, client: (IpAddr, u16)) {
    let built = Built { src: SERVER, dst: client, seq: 77, ack: 1, flags: SYN | ACK, payload: 0 };
    feed(tracker, ts_ns, &build::frame(&built));
}

fn control() -> Tracker {
    Tracker::new(Limits { control_only: true, max_memory_bytes: 1 << 20, ..Limits::default() })
}

fn of_the_first(tracker: &Tracker, most: u64) -> usize {
    rows(tracker).iter().filter(|row| row.id <= most).count()
}

#[test]
fn in_control_mode_an_answered_flood_leaves_alone_what_outlasted_an_attempt() {
    let mut tracker = control();
    (0..1000).for_each(|n| answered(&mut tracker, START, n));
    let later = START + 80 * SECOND;
    tracker.expire(later);
    (1000..50_000).for_each(|n| answered(&mut tracker, later + u64::from(n) * MICRO, n));
    assert_eq!((of_the_first(&tracker, 1000), tracker.counters().evicted_idle), (1000, 0));
    assert!(tracker.counters().evicted_half_open > 30_000);
}

#[test]
fn in_control_mode_stray_answers_leave_alone_what_was_asked_for() {
    let mut tracker = control();
    (0..1000).for_each(|n| answered(&mut tracker, START, n));
    for n in 0..50_000_u32 {
        let client = (IpAddr::V4(Ipv4Addr::from_bits(0x0c00_0000 + n)), 1);
        stray_answer(&mut tracker, START + u64::from(n) * MICRO, client);
    }
    assert_eq!((of_the_first(&tracker, 1000), tracker.counters().evicted_idle), (1000, 0));
}

#[test]
fn in_control_mode_what_was_answered_is_kept_as_long_as_what_is_open() {
    let mut tracker = control();
    answered(&mut tracker, START, 1);
    stray_answer(&mut tracker, START, CLIENT);
    for minutes in 1..120 {
        tracker.expire(START + minutes * 60 * SECOND);
    }
    assert_eq!(tracker.len(), 2);
    tracker.expire(START + 140 * 60 * SECOND);
    assert_eq!((tracker.len(), tracker.counters().timeout_idle), (0, 2));
}

#[test]
fn a_capture_that_is_read_keeps_what_has_ended() {
    let mut talk = Talk::new();
    talk.tracker = Tracker::new(Limits { keeps_ended: true, ..Limits::default() });
    talk.handshake().close(0, 0);
    talk.ends[OUT].1 += 1;
    talk.after(SECOND).client(SYN, 0, 0, 0);
    talk.ends[OUT].1 += 1;
    talk.handshake();
    talk.after(20 * SECOND).first = [77, 78];
    talk.handshake();
    let later = talk.now + 24 * 3600 * SECOND;
    while talk.tracker.expire(later) {}
    let mut ends: Vec<_> = rows(&talk.tracker).iter().map(|row| row.end.map(End::name)).collect();
    ends.sort_unstable();
    assert_eq!(ends, [Some("fin"), Some("replaced"), Some("timeout"), Some("timeout")]);
    talk.after(24 * 3600 * SECOND).client(ACK, 1, 1, 5);
    assert_eq!(rows(&talk.tracker).len(), 5);
}
