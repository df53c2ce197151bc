"""Stories of what goes wrong on real networks: on the hosts, on the way, and at the mirror itself."""

from __future__ import annotations

import struct
from collections.abc import Callable

from packets import ACK, FIN, PSH, RST, START_NS, SYN, Segment, Talk, Trace, checksum, ethernet, ip_packet, tcp_packet
from stories import US, Story, row_of, whole, whole_row


def both_open() -> Story:
    talk = Talk(trace := Trace())
    talk.c(0, SYN)
    talk.s(10, SYN)
    talk.s(500, SYN | ACK, back=1)
    talk.c(510, SYN | ACK, back=1)
    talk.c(600, PSH | ACK, b"q" * 10)
    talk.s(700, PSH | ACK, b"a" * 20)
    row = row_of(talk, "est", transition_state="started", obytes=10, ibytes=20, opkts=3, ipkts=3, joined=False)
    about = "Both sides open at the same time (RFC 9293 §3.5, figure 7)."
    return Story(about, trace, [row], is_tshark_blind=True)


def kept_alive() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 100)
    talk.s(at + 20, ACK)
    for n in range(1, 4):
        talk.c(at + n * 75_000_000, ACK, back=1)
        talk.s(at + n * 75_000_000 + 300, ACK)
    row = row_of(talk, "est", transition_state="started", obytes=100, ibytes=0, opkts=6, ipkts=5, retransmits=0)
    return Story("An idle connection is kept alive (RFC 9293 §3.8.4): nothing is sent again.", trace, [row])


def window_closed() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 1000)
    talk.window = 0
    talk.s(at + 400, ACK)
    talk.s(at + 900_000, ACK)
    talk.window = 64240
    talk.s(at + 1_500_000, ACK)
    talk.c(at + 1_500_100, PSH | ACK, b"q" * 1000)
    row = row_of(talk, "est", obytes=2000, ibytes=0, opkts=4, ipkts=4, zero_windows=2, retransmits=0)
    return Story("The server is too slow: it closes its window twice and opens it again.", trace, [row])


def reset() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 100)
    talk.s(at + 300, RST | ACK)
    told = {"transition_state": "ended", "end": "rst", "obytes": 100, "ibytes": 0, "opkts": 3, "ipkts": 2}
    row = row_of(talk, "rst", ended_time=START_NS + round((at + 300) * US), **told)
    return Story("The server resets an open connection.", trace, [row])


def forged_reset() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 100)
    talk.s(at + 20, RST, back=-(1 << 30))
    talk.s(at + 300, PSH | ACK, b"a" * 50)
    row = row_of(talk, "est", transition_state="started", ended_time=None, obytes=100, ibytes=50)
    about = "A reset whose number lies far outside of the window (RFC 9293 §3.10.7.4) ends nothing."
    return Story(about, trace, [row], is_tshark_blind=True)


def overtaken() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    for n, place in enumerate((1, 3, 0, 2)):
        segment = Segment(talk.sport, talk.dport, talk.cseq + place * 100, talk.sseq, PSH | ACK, b"q" * 100)
        frame = ethernet(tcp_packet(talk.client, talk.server, segment))
        trace.frames.append((START_NS + round((at + 10 + n) * US), frame))
    talk.cseq += 400
    talk.s(at + 100, ACK)
    row = row_of(talk, "est", obytes=400, opkts=6, ipkts=2, out_of_order=2, retransmits=0)
    return Story("The mirror mixes up the order of four segments: none was sent again.", trace, [row])


def mirrored_twice() -> Story:
    talk = whole(trace := Trace())
    # Both ports of the span carry each packet, the second one some microseconds later.
    trace.frames += [(at + 15 * US, frame) for at, frame in trace.frames]
    about = "Both ports of a span deliver each packet: it counts once."
    return Story(about, trace, [whole_row(talk)], is_tshark_blind=True)


def taken_over() -> Story:
    first = Talk(trace := Trace())
    first.open()
    second = Talk(trace, cseq=3_000_000, sseq=4_000_000)
    at = second.open(20_000_000)
    second.c(at + 10, PSH | ACK, b"q" * 5)
    rows = [
        row_of(first, "est", transition_state="ended", opkts=2, ipkts=1, obytes=0),
        row_of(second, "est", transition_state="started", obytes=5, started_time=START_NS + 20_000_000 * US),
    ]
    return Story("A host starts anew and uses ports whose last connection never ended.", trace, rows)


def never_reached() -> Story:
    talk = Talk(trace := Trace())
    talk.c(0, SYN)
    syn = tcp_packet(talk.client, talk.server, Segment(talk.sport, talk.dport, 1000, 0, SYN))
    quoted = struct.pack(">BBHI", 3, 1, 0, 0) + syn[:28]
    message = quoted[:2] + struct.pack(">H", checksum(quoted)) + quoted[4:]
    trace.frames.append((START_NS + 800 * US, ethernet(ip_packet("10.10.0.254", talk.client, 1, message))))
    row = row_of(talk, "syn", opkts=1, ipkts=0, icmp_errors=1, proto="tcp")
    return Story("A router answers a SYN: host unreachable (RFC 792).", trace, [row], is_tshark_blind=True)


def asked_by_udp() -> Story:
    trace = Trace()
    client, server = "10.10.1.1", "10.10.2.10"
    for n, (source, target, ports, size) in enumerate(
        ((client, server, (40000, 53), 33), (server, client, (53, 40000), 120), (client, server, (40000, 53), 45))
    ):
        datagram = struct.pack(">HHHH", *ports, 8 + size, 0) + bytes(size)
        trace.frames.append((START_NS + n * 700 * US, ethernet(ip_packet(source, target, 17, datagram))))
    ends = {"src-ip": client, "src-port": 40000, "dst-ip": server, "dst-port": 53}
    told = {"proto": "udp", "obytes": 78, "ibytes": 120, "opkts": 2, "ipkts": 1, "latency": None, "dur": 1400 * US}
    row = ends | told | {"cur-state": "active", "transition-state": "started"}
    return Story("Questions to a DNS server make a row without states.", trace, [row], is_tshark_blind=True)


def end_missed() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 40)
    talk.s(at + 20, FIN | ACK)
    # The mirror lost the client's own FIN: the acknowledgment of it by the server is all that is left.
    talk.cseq += 1
    talk.s(at + 100, ACK)
    row = row_of(talk, "fin", obytes=40, ibytes=0, opkts=3, ipkts=3)
    return Story("The mirror lost one of the two FINs.", trace, [row])


def one_way_closed() -> Story:
    talk = Talk(trace := Trace())
    talk.open()
    talk.c(600, PSH | ACK, b"q" * 77)
    talk.s(900, PSH | ACK, b"a" * 1000)
    talk.c(910, ACK)
    talk.c(920, FIN | ACK)
    talk.s(950, FIN | ACK)
    talk.c(960, ACK)
    trace.frames = [frame for frame in trace.frames if frame[1][26:30] == b"\x0a\x0a\x01\x01"]
    row = row_of(talk, "fin", latency=None, one_way=True, obytes=77, ibytes=1000, opkts=6, ipkts=0)
    about = "One direction alone, to its end: what it acknowledges tells the other's bytes, whose FIN is none of them."
    return Story(about, trace, [row], is_tshark_blind=True)


def fin_again() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 40)
    talk.s(at + 50, ACK)
    talk.c(at + 100, FIN | ACK)
    talk.c(at + 200_100, FIN | ACK, back=1)
    talk.s(at + 200_200, ACK)
    row = row_of(talk, "fin", obytes=40, ibytes=0, opkts=5, ipkts=3, retransmits=1, out_of_order=0)
    return Story("The client's FIN is lost and sent again.", trace, [row])


def cut_behind_flags() -> Story:
    talk = whole(trace := Trace())
    about = "Captured with 48 bytes a packet: windows and checksums are missing, numbers and flags are there."
    row = whole_row(talk, zero_windows=0)
    return Story(about, trace, [row], written={"snap": 48}, is_tshark_blind=True)


STORIES: tuple[Callable[[], Story], ...] = (
    both_open,
    kept_alive,
    window_closed,
    reset,
    forged_reset,
    overtaken,
    mirrored_twice,
    taken_over,
    never_reached,
    asked_by_udp,
    end_missed,
    one_way_closed,
    fin_again,
    cut_behind_flags,
)
