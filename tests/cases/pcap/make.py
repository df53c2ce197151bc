"""Writes the stories: for each a folder with `capture.pcap` and `case.json`, what is known and what must be told.

Run it after a change, and look at what changed: `python tests/cases/pcap/make.py`. A test holds the folders to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import make_trouble
from packets import ACK, FIN, PSH, RST, START_NS, SYN, Talk, Trace, Tunnel
from stories import US, Row, Story, row_of, whole, whole_row

HERE = Path(__file__).parent


def handshake() -> Story:
    talk = whole(trace := Trace())
    return Story("A whole connection, captured plain.", trace, [whole_row(talk)])


def refused() -> Story:
    talk = Talk(trace := Trace())
    talk.c(0, SYN)
    talk.s(300, RST | ACK)
    row = row_of(talk, "rst", end="rst", latency=None, obytes=0, ibytes=0, opkts=1, ipkts=1, one_way=False)
    return Story("Nobody listens: the SYN is answered by a reset.", trace, [row], written={"big_endian": True})


def unanswered() -> Story:
    talk = Talk(trace := Trace())
    for n, at in enumerate((0, 1_000_000, 3_000_000, 7_000_000)):
        talk.c(at, SYN, back=1 if n else 0)
    row = row_of(talk, "syn", transition_state="started", syn_resends=3, latency=None, one_way=True, ended_time=None)
    return Story("Nobody answers: the SYN is sent four times.", trace, [row | {"dur": 7_000_000 * US}])


def lost_syn() -> Story:
    talk = Talk(trace := Trace())
    talk.c(0, SYN)
    talk.c(1_000_000, SYN, back=1)
    talk.c(3_000_000, SYN, back=1)
    talk.s(4_010_000, SYN | ACK)
    told = {"latency": 4_010_000 * US, "server_latency": 1_010_000 * US, "client_latency": None}
    row = row_of(talk, "syn-ack", syn_resends=2, syn_ack_resends=0, **told)
    return Story("Two SYNs are lost before the server answers: the latency counts from the first.", trace, [row])


def lost_syn_ack() -> Story:
    talk = Talk(trace := Trace())
    talk.c(0, SYN)
    talk.s(1000, SYN | ACK)
    talk.s(1_001_000, SYN | ACK, back=1)
    talk.c(1_001_200, ACK)
    told = {"latency": 1000 * US, "client_latency": 200 * US}
    row = row_of(talk, "est", syn_resends=0, syn_ack_resends=1, **told)
    return Story("The server sends its SYN-ACK twice.", trace, [row], written={"nanoseconds": False})


def half_closed() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 20)
    talk.c(at + 20, FIN | ACK)
    talk.s(at + 100, ACK)
    for n in range(3):
        talk.s(at + 200 + n * 10, PSH | ACK, b"a" * 1000)
    row = row_of(talk, "fin", transition_state="started", ended_time=None, obytes=20, ibytes=3000, opkts=4, ipkts=5)
    return Story("The client has closed its side, the server still sends.", trace, [row])


def joined() -> Story:
    talk = Talk(trace := Trace(), dport=80)
    talk.s(0, PSH | ACK, b"a" * 200)
    talk.c(50, PSH | ACK, b"q" * 100)
    talk.s(90, ACK)
    told = {"latency": None, "joined": True, "one_way": False, "obytes": 100, "ibytes": 200}
    return Story("Joined in the middle: the known port tells the server.", trace, [row_of(talk, "est", **told)])


def one_way() -> Story:
    talk = Talk(trace := Trace())
    talk.c(0, SYN)
    talk.c(900, ACK)
    talk.c(910, PSH | ACK, b"q" * 77)
    row = row_of(talk, "est", latency=None, one_way=True, obytes=77, ibytes=0, opkts=3, ipkts=0)
    return Story("The mirror carries one direction only.", trace, [row])


def tagged() -> Story:
    talk = whole(trace := Trace(), vlans=(100,))
    return Story("In VLAN 100.", trace, [whole_row(talk, vlan=100)])


def double_tagged() -> Story:
    talk = whole(trace := Trace(), vlans=(200, 7))
    return Story("Two tags: the outermost counts.", trace, [whole_row(talk, vlan=200)])


def ipv6() -> Story:
    talk = whole(trace := Trace(), client="fd00:10:1::1", server="fd00:10:2::1")
    return Story("Over IPv6.", trace, [whole_row(talk)])


def cut_short() -> Story:
    talk = whole(trace := Trace())
    about = "Captured with 60 bytes a packet: stream bytes come from the headers."
    return Story(about, trace, [whole_row(talk)], written={"snap": 60})


def _tunnelled(vni: int, port: int, ends: tuple[str, str], **given: Any) -> tuple[Trace, list[Row]]:
    talk = whole(trace := Trace(), tunnel=Tunnel(vni, port, *ends), **given)
    told = {"vxlan": vni, "encap": "vxlan", "outer_src_ip": ends[0], "outer_dst_ip": ends[1]}
    return trace, [whole_row(talk, **told)]


def vxlan_flannel() -> Story:
    trace, rows = _tunnelled(1, 8472, ("192.168.0.11", "192.168.0.12"))
    return Story("flannel's VXLAN: port 8472, VNI 1.", trace, rows, overlays=[["vxlan", 8472, 1, False, 0]])


def vxlan_calico() -> Story:
    trace, rows = _tunnelled(4096, 4789, ("192.168.0.11", "192.168.0.12"))
    return Story("Calico's VXLAN: port 4789, VNI 4096.", trace, rows, overlays=[["vxlan", 4789, 4096, False, 0]])


def vxlan_own() -> Story:
    trace, rows = _tunnelled(77777, 5555, ("fd00::11", "fd00::12"))
    about = "A port and a VNI that nobody uses by default, over IPv6."
    return Story(about, trace, rows, overlays=[["vxlan", 5555, None, False, 0]])


def vxlan_ipv6() -> Story:
    ends = {"client": "fd00:10:1::1", "server": "fd00:10:2::1"}
    trace, rows = _tunnelled(1, 8472, ("192.168.0.11", "192.168.0.12"), **ends)
    return Story("IPv6 Pods in VXLAN.", trace, rows, overlays=[["vxlan", 8472, 1, False, 0]])


def vxlan_unknown() -> Story:
    trace, _ = _tunnelled(9, 8472, ("192.168.0.11", "192.168.0.12"))
    overlays = [["vxlan", 8472, 1, False, 0]]
    return Story("A VNI that is not ours: nothing is told.", trace, [], overlays=overlays, is_tshark_blind=True)


def twin_clusters() -> Story:
    trace = Trace()
    rows = []
    for cluster in (1, 2):
        ends = (f"192.168.{cluster}.11", f"192.168.{cluster}.12")
        talk = whole(trace, tunnel=Tunnel(1, 8472, *ends))
        rows.append(whole_row(talk, vxlan=1, encap="vxlan", cluster=cluster, outer_src_ip=ends[0]))
    nodes = [[f"192.168.{cluster}.{node}", cluster] for cluster in (1, 2) for node in (11, 12)]
    overlays = [["vxlan", 8472, 1, False, cluster] for cluster in (1, 2)]
    about = "Two clusters with the same Pod addresses: the nodes tell them apart."
    return Story(about, trace, rows, overlays=overlays, nodes=nodes, is_tshark_blind=True)


def wrapped() -> Story:
    talk = Talk(trace := Trace(), cseq=(1 << 32) - 100, sseq=(1 << 32) - 3)
    at = talk.open()
    for n in range(3):
        talk.c(at + 10 + n, PSH | ACK, b"q" * 100)
        talk.s(at + 10.5 + n, PSH | ACK, b"a" * 7)
    row = row_of(talk, "est", obytes=300, ibytes=21, retransmits=0)
    return Story("Sequence numbers of both sides pass zero.", trace, [row])


def retransmitted() -> Story:
    talk = Talk(trace := Trace())
    at = talk.open()
    talk.c(at + 10, PSH | ACK, b"q" * 100)
    talk.c(at + 20, PSH | ACK, b"r" * 50)
    talk.c(at + 200_000, PSH | ACK, b"q" * 100, back=150)
    talk.c(at + 200_010, PSH | ACK, b"r" * 50, back=50)
    talk.s(at + 200_100, ACK)
    row = row_of(talk, "est", obytes=150, ibytes=0, opkts=6, ipkts=2, retransmits=2)
    return Story("Two segments are sent again; their bytes count once.", trace, [row])


def used_again() -> Story:
    first = whole(trace := Trace())
    second = Talk(trace, cseq=900_000, sseq=800_000)
    second.open(30_000_000)
    rows = [whole_row(first), row_of(second, "est", started_time=START_NS + 30_000_000 * US, latency=500 * US)]
    return Story("The same addresses and ports are used for a new connection.", trace, rows)


STORIES: tuple[Callable[[], Story], ...] = (
    handshake,
    refused,
    unanswered,
    lost_syn,
    lost_syn_ack,
    half_closed,
    joined,
    one_way,
    tagged,
    double_tagged,
    ipv6,
    cut_short,
    vxlan_flannel,
    vxlan_calico,
    vxlan_own,
    vxlan_ipv6,
    vxlan_unknown,
    twin_clusters,
    wrapped,
    retransmitted,
    used_again,
    *make_trouble.STORIES,
)


def write(folder: Path) -> None:
    """Write every story into its folder below `folder`."""
    for make in STORIES:
        story = make()
        place = folder / make.__name__.replace("_", "-")
        place.mkdir(exist_ok=True)
        story.trace.write(place / "capture.pcap", **story.written)
        known = {"about": story.about, "overlays": story.overlays, "nodes": story.nodes, "rows": story.rows}
        text = json.dumps(known | {"is-tshark-blind": story.is_tshark_blind}, indent=1)
        (place / "case.json").write_text(text + "\n")


if __name__ == "__main__":
    write(HERE)
