"""What a story is, and the connection that most of them tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from packets import ACK, FIN, PSH, START_NS, Talk, Trace

US = 1000
"""Nanoseconds in a microsecond."""
Row = dict[str, Any]


@dataclass
class Story:
    """One capture and what it must come to. `rows` are in the order in which the connections began."""

    about: str
    trace: Trace
    rows: list[Row]
    overlays: list[list[Any]] = field(default_factory=list)
    """(kind, port, VNI or null, VNI is identity, cluster)."""
    nodes: list[list[Any]] = field(default_factory=list)
    """(outer address, cluster)."""
    written: dict[str, Any] = field(default_factory=dict)
    """How the file is written: byte order, fractions, snap length."""
    is_tshark_blind: bool = False
    """True where tshark takes different connections for one, so that it is no judge."""


def row_of(talk: Talk, state: str, **told: Any) -> Row:
    plain = {"src-ip": talk.client, "dst-ip": talk.server, "src-port": talk.sport, "dst-port": talk.dport}
    return plain | {"cur-state": state} | {name.replace("_", "-"): value for name, value in told.items()}


def whole(trace: Trace, **given: Any) -> Talk:
    """A connection from SYN to the last FIN: 149 bytes there, 311 back."""
    talk = Talk(trace, **given)
    at = talk.open(0, answer_us=74.8, ack_us=26)
    talk.c(at + 10, PSH | ACK, b"q" * 149)
    talk.s(at + 400, PSH | ACK, b"a" * 311)
    talk.c(at + 420, FIN | ACK)
    talk.s(at + 500, FIN | ACK)
    talk.c(at + 520, ACK)
    return talk


def whole_row(talk: Talk, **told: Any) -> Row:
    last = START_NS + round((74.8 + 26 + 520) * US)
    common: Row = {
        "transition_state": "ended",
        "end": "fin",
        "latency": 74_800,
        "server_latency": 74_800,
        "client_latency": 26_000,
        "obytes": 149,
        "ibytes": 311,
        "total_bytes": 460,
        "opkts": 5,
        "ipkts": 3,
        "retransmits": 0,
        "syn_resends": 0,
        "syn_ack_resends": 0,
        "started_time": START_NS,
        "last_time": last,
        "ended_time": last,
        "dur": last - START_NS,
        "vlan": 0,
        "vxlan": None,
        "encap": None,
        "one_way": False,
        "joined": False,
    }
    return row_of(talk, "fin", **(common | told))
