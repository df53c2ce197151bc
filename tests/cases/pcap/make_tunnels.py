"""Writes the captures of `tunnels/`: one connection in every encapsulation that is read, and what must be told of it.

Run it after a change, and look at what changed: `python tests/cases/pcap/make_tunnels.py`. A test holds the folders
to it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from make_mixed import MIXED
from packets import START_NS, SYN, Segment, Trace, ethernet, ip_packet, tcp_packet, vxlan
from tunnel_stories import (
    ETHERNET,
    NODES,
    NODES6,
    NULL_LINK,
    PODS6,
    RAW_LINK,
    Ends,
    TunnelStory,
    ethertype,
    geneve,
    gre,
    gue,
    ip_in_ip,
    one_talk,
    udp,
)

HERE = Path(__file__).parent / "tunnels"


def geneve_ovn() -> TunnelStory:
    options = b"\x01\x02\x80\x01\x00\x02\x00\x04"

    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(udp(ends, 6081, geneve(0xFF0003, ETHERNET, options, ethernet(packet))))

    about = "Geneve as OVN writes it, with its critical option."
    return one_talk(about, wrap, ["geneve", 6081, None, False, 0], told={"vxlan": 0xFF0003})


def geneve_ip() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(udp(ends, 6081, geneve(7, ethertype(packet), b"", packet)))

    return one_talk("IP in Geneve without a frame.", wrap, ["geneve", 6081, 7, False, 0], told={"vxlan": 7})


def geneve_identity() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        vni = 4242 if ends == NODES else 777
        return ethernet(udp(ends, 6081, geneve(vni, ETHERNET, b"", ethernet(packet))))

    about = "Cilium's Geneve: the identifier is the sender's identity, another one for each direction."
    return one_talk(about, wrap, ["geneve", 6081, None, True, 0], told={"vxlan": 4242})


def ipip() -> TunnelStory:
    return one_talk("IPv4 in IPv4, as Calico and kube-router send it.", ip_in_ip, ["ipip", 0, None, False, 0])


def sit() -> TunnelStory:
    overlay = ["ipip", 0, None, False, 0]
    return one_talk("IPv6 in IPv4.", ip_in_ip, overlay, pods=PODS6, encap="sit")


def ip6tnl() -> TunnelStory:
    overlay = ["ipip", 0, None, False, 0]
    return one_talk("IPv4 in IPv6.", ip_in_ip, overlay, ends=NODES6, encap="ip6tnl")


def ip6ip6() -> TunnelStory:
    overlay = ["ipip", 0, None, False, 0]
    return one_talk("IPv6 in IPv6.", ip_in_ip, overlay, ends=NODES6, pods=PODS6, encap="ip6tnl")


def gre_key() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(gre(ends, ethertype(packet), packet, key=42, sequence=True))

    return one_talk("IP in GRE with key and sequence.", wrap, ["gre", 0, 42, False, 0], told={"vxlan": 42})


def gre_teb() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(gre(ends, ETHERNET, ethernet(packet)))

    return one_talk("Frames in GRE between nodes, as Antrea sends them.", wrap, ["gre", 0, None, False, 0])


def nvgre() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(gre(ends, ETHERNET, ethernet(packet), key=5001 << 8 | 3))

    return one_talk("NVGRE.", wrap, ["nvgre", 0, 5001, False, 0], told={"vxlan": 5001})


def gue_header() -> TunnelStory:
    return one_talk("GUE, as kube-router's fou.", gue, ["gue", 5555, None, False, 0], tshark=None)


def gue_direct() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(udp(ends, 5555, packet))

    return one_talk("GUE variant 1: IP right behind UDP.", wrap, ["gue", 5555, None, False, 0], tshark=None)


def fou() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(udp(ends, 5556, packet))

    return one_talk("FOU.", wrap, ["fou", 5556, None, False, 0], tshark=None)


def flannel_udp() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(udp(ends, 8285, packet, source=8285))

    return one_talk("flannel's udp backend.", wrap, ["udp", 8285, None, False, 0], tshark=None)


def erspan_1() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(gre(ends, 0x88BE, ethernet(packet, (30,))))

    return one_talk("A mirror's ERSPAN type I around a tagged frame.", wrap, None, told={"vlan": 30})


def erspan_2_vxlan() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        node = ethernet(vxlan(ethernet(packet), 1, 8472, ends), (30,))
        header = struct.pack(">HHI", 0x1000 | 30, 0x1805, 1)
        return ethernet(gre(("10.0.0.1", "10.0.0.2"), 0x88BE, header + node, sequence=True), (99,))

    about = "A mirror's ERSPAN type II around flannel's VXLAN, both tagged."
    told = {"vxlan": 1, "vlan": 30}
    return one_talk(about, wrap, ["vxlan", 8472, 1, False, 0], told=told, tshark=["udp.port==8472,vxlan"])


def erspan_3() -> TunnelStory:
    def wrap(packet: bytes, _ends: Ends) -> bytes:
        header = struct.pack(">HHIHH", 0x2000 | 40, 0x0005, 9, 0, 0x8001) + bytes(8)
        return ethernet(gre(("10.0.0.1", "10.0.0.2"), 0x22EB, header + ethernet(packet), sequence=True))

    about = "A mirror's ERSPAN type III with its platform's own header."
    return one_talk(about, wrap, None, told={"vlan": 40})


def gre_mirror() -> TunnelStory:
    def wrap(packet: bytes, _ends: Ends) -> bytes:
        return ethernet(gre(("10.0.0.1", "10.0.0.2"), ETHERNET, ethernet(packet)))

    return one_talk("A mirror that sends frames in GRE; no overlay claims it.", wrap, None)


def vxlan_mirror() -> TunnelStory:
    def wrap(packet: bytes, ends: Ends) -> bytes:
        node = ethernet(vxlan(ethernet(packet), 4096, 4789, ends))
        return ethernet(vxlan(node, 900001, 4790, ("10.0.0.1", "10.0.0.2")))

    about = "A cloud's mirror in VXLAN around Calico's VXLAN: the inner one is told."
    story = one_talk(about, wrap, ["vxlan", 4789, 4096, False, 0], told={"vxlan": 4096})
    story.overlays.append(["vxlan", 4790, None, False, 0])
    story.tshark = ["udp.port==4790,vxlan"]
    return story


def labelled() -> TunnelStory:
    def wrap(packet: bytes, _ends: Ends) -> bytes:
        return ethernet(packet)[:12] + struct.pack(">HII", 0x8847, 16 << 12 | 64, 17 << 12 | 0x100 | 64) + packet

    return one_talk("Behind two MPLS labels.", wrap, None)


def loopback() -> TunnelStory:
    def wrap(packet: bytes, _ends: Ends) -> bytes:
        return struct.pack("<I", 2) + packet

    return one_talk("From a BSD's loopback device.", wrap, None, link=NULL_LINK)


def bare_ip() -> TunnelStory:
    return one_talk("IP without a link header.", lambda packet, _: packet, None, link=RAW_LINK, pods=PODS6)


def ipv4_options() -> TunnelStory:
    def wrap(packet: bytes, _ends: Ends) -> bytes:
        head = bytes([0x47]) + packet[1:2] + struct.pack(">H", len(packet) + 8) + packet[4:20]
        return ethernet(head + b"\x01" * 8 + packet[20:])

    return one_talk("With IPv4 options.", wrap, None)


def ipv6_extensions() -> TunnelStory:
    def wrap(packet: bytes, _ends: Ends) -> bytes:
        # Hop-by-hop and destination options of padding, then an atomic fragment (RFC 6946).
        extensions = b"\x3c\x00\x01\x04\0\0\0\0" + b"\x2c\x00\x01\x04\0\0\0\0" + b"\x06\0\0\0\0\0\0\x07"
        head = packet[:4] + struct.pack(">HB", len(packet) - 40 + 24, 0) + packet[7:40]
        return ethernet(head + extensions + packet[40:])

    return one_talk("With IPv6 extension headers.", wrap, None, pods=PODS6)


def fragmented() -> TunnelStory:
    """Every outer datagram with data goes in two fragments."""
    story = one_talk(
        "VXLAN whose outer datagrams are in fragments: the first ones hold the segment.",
        lambda packet, ends: ethernet(vxlan(ethernet(packet), 1, 8472, ends)),
        ["vxlan", 8472, 1, False, 0],
        told={"vxlan": 1},
        tshark=None,
    )
    frames = story.trace.frames
    story.trace.frames = [part for at_ns, frame in frames for part in _fragments(at_ns, frame)]
    later = len(story.trace.frames) - len(frames)
    story.outcomes = {"tcp": len(frames), "fragment": later}
    # Whether later fragments count as packets of the connection is for those who follow them.
    story.rows = [{name: value for name, value in story.rows[0].items() if name not in ("opkts", "ipkts")}]
    return story


def _fragments(at_ns: int, frame: bytes) -> list[tuple[int, bytes]]:
    payload, first = frame[34:], 120
    if len(payload) <= first:
        return [(at_ns, frame)]
    parts = []
    for offset, part, more in ((0, payload[:first], 0x2000), (first, payload[first:], 0)):
        head = bytearray(frame[:34])
        head[16:18] = struct.pack(">H", 20 + len(part))
        head[20:22] = struct.pack(">H", offset // 8 | more)
        parts.append((at_ns, bytes(head) + part))
    return parts


def _secret(about: str, packets: list[bytes], overlays: list[list[Any]], outcomes: dict[str, int]) -> TunnelStory:
    frames = [(START_NS + 1000 * at, ethernet(packet)) for at, packet in enumerate(packets)]
    return TunnelStory(about, Trace(frames), [], overlays=overlays, outcomes=outcomes, tshark=None)


def wireguard() -> TunnelStory:
    messages = [b"\x01" + bytes(147), b"\x02" + bytes(91), b"\x03" + bytes(63), b"\x04" + bytes(127)]
    packets = [udp(NODES, 51820, message, source=51820) for message in messages]
    about = "WireGuard's four messages: counted as encrypted."
    return _secret(about, packets, [["wireguard", 51820, None, False, 0]], {"encrypted": 4})


def esp() -> TunnelStory:
    payload = struct.pack(">II", 0x1234, 1) + bytes(range(64))
    packets = [ip_packet(*NODES, 50, payload), ip_packet(*NODES6, 50, payload), udp(NODES, 4500, payload, source=4500)]
    about = "ESP, over IPv4, IPv6 and in UDP: counted as encrypted, with nothing configured."
    return _secret(about, packets, [], {"encrypted": 3})


def closed() -> TunnelStory:
    """Tunnels that nobody asked to look into."""
    inner = tcp_packet("10.10.1.1", "10.10.2.1", Segment(40000, 8080, 1, 0, SYN))
    packets = [ip_packet(*NODES, 4, inner), gre(NODES, 0x0800, inner)]
    return _secret("IPIP and GRE that no overlay asks for: nothing is told.", packets, [], {"tunnel": 2})


STORIES: tuple[Callable[[], TunnelStory], ...] = (
    geneve_ovn,
    geneve_ip,
    geneve_identity,
    ipip,
    sit,
    ip6tnl,
    ip6ip6,
    gre_key,
    gre_teb,
    nvgre,
    gue_header,
    gue_direct,
    fou,
    flannel_udp,
    erspan_1,
    erspan_2_vxlan,
    erspan_3,
    gre_mirror,
    vxlan_mirror,
    labelled,
    loopback,
    bare_ip,
    ipv4_options,
    ipv6_extensions,
    fragmented,
    wireguard,
    esp,
    closed,
    *MIXED,
)


def write(folder: Path) -> None:
    """Write every capture into its folder below `folder`."""
    for make in STORIES:
        story = make()
        place = folder / make.__name__.replace("_", "-")
        place.mkdir(parents=True, exist_ok=True)
        story.trace.write(place / "capture.pcap")
        # The link type is the last word of the file's header.
        capture = bytearray((place / "capture.pcap").read_bytes())
        capture[20:24] = struct.pack("<I", story.link)
        (place / "capture.pcap").write_bytes(capture)
        known = {name: getattr(story, name) for name in ("about", "overlays", "rows", "outcomes", "tshark")}
        known["outcomes"] = story.outcomes or {"tcp": len(story.trace.frames)}
        (place / "case.json").write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    write(HERE)
