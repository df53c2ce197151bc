"""Stories of tunnels that are not there all the time: on one way only, after a masquerade, with any checksum."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from packets import Trace, checksum, ethernet, vxlan
from stories import whole_row
from tunnel_stories import ETHERNET, NODES, Ends, TunnelStory, Wrap, Wrapped, geneve, gre, ip_in_ip, one_talk, udp

CALICO = ["vxlan", 4789, 4096, False, 0]
TUNNEL_ADDRESS = "10.10.1.0"
"""Of the client's node: Calico takes the first of its block, flannel that of podCIDR."""
ONE_WAY = NODES
"""The way from the client to the server."""


def _calico(packet: bytes, ends: Ends) -> bytes:
    return ethernet(vxlan(ethernet(packet), 4096, 4789, ends))


def cross_subnet_request() -> TunnelStory:
    """Two nodes that see different prefixes: the client's wraps, the server's does not."""
    about = "CrossSubnet seen from one side only: the request is in VXLAN, the answer is bare. One connection."
    return one_talk(
        about,
        lambda packet, ends: _calico(packet, ends) if ends == ONE_WAY else ethernet(packet),
        CALICO,
        told={"vxlan": 4096},
        tshark=None,
    )


def cross_subnet_answer() -> TunnelStory:
    """The SYN is bare, the SYN-ACK is wrapped."""
    about = "The request is bare, the answer is in VXLAN: one connection, whose first packet had no tunnel."
    return _answer_wrapped(about, _calico, CALICO)


def ipip_one_way() -> TunnelStory:
    """From a Pod to a host with `natOutgoing` off the answer alone is wrapped (Calico)."""
    about = "Only the way back is IP in IP, as to a Pod from another node's own address. One connection."
    return _answer_wrapped(about, ip_in_ip, ["ipip", 0, None, False, 0])


def _answer_wrapped(about: str, wrap: Wrap, overlay: list[Any]) -> TunnelStory:
    story = one_talk(
        about, lambda packet, ends: ethernet(packet) if ends == ONE_WAY else wrap(packet, ends), None, tshark=None
    )
    story.overlays = [overlay]
    return story


def masqueraded() -> TunnelStory:
    """A client outside asks a node's port: the node puts its tunnel's address in place of the client's."""
    trace = Trace()
    outside = Wrapped(trace, client="203.0.113.9", server="192.168.0.11", sport=50000, dport=30080)
    inside = Wrapped(trace, client=TUNNEL_ADDRESS, sport=61000, wrap=_calico)
    outside.whole()
    inside.whole()
    tunnel = {"encap": "vxlan", "outer-src-ip": NODES[0], "outer-dst-ip": NODES[1]}
    rows = [whole_row(outside), whole_row(inside, vxlan=4096) | tunnel]
    about = (
        "A NodePort with a masquerade: the client to the node, bare; the node's tunnel address to the Pod, in VXLAN."
    )
    return TunnelStory(about, trace, rows, overlays=[CALICO])


def masqueraded_out() -> TunnelStory:
    """A Pod asks a host outside: only its node's address is seen."""
    pods = {"client": NODES[0], "server": "203.0.113.9"}
    return one_talk(
        "A Pod to a host outside, masqueraded as its node.", lambda packet, _: ethernet(packet), None, pods=pods
    )


def outer_checksums() -> TunnelStory:
    """Kernels write one, OVS and Calico's eBPF leave it out, cards that are to write it leave it half done."""
    count = 0

    def wrap(packet: bytes, ends: Ends) -> bytes:
        nonlocal count
        count += 1
        outer = bytearray(vxlan(ethernet(packet), 4096, 4789, ends))
        if count % 3:
            whole = bytes(outer[12:20]) + struct.pack(">HH", 17, len(outer) - 20) + bytes(outer[20:])
            right = checksum(whole) or 0xFFFF
            outer[26:28] = struct.pack(">H", right if count % 3 == 1 else right ^ 0x5555)
        return ethernet(bytes(outer))

    about = "VXLAN whose outer UDP checksums are right, wrong and left out in turn: none of it matters."
    return one_talk(about, wrap, CALICO, told={"vxlan": 4096})


def inner_checksums() -> TunnelStory:
    """As captured on a host that leaves checksums to its card, and as vmxnet3 spoils them."""

    def wrap(packet: bytes, ends: Ends) -> bytes:
        spoilt = packet[:36] + bytes(byte ^ 0x55 for byte in packet[36:38]) + packet[38:]
        return _calico(spoilt, ends)

    about = "VXLAN around segments with wrong TCP checksums: they are told all the same."
    return one_talk(about, wrap, CALICO, told={"vxlan": 4096}, tshark=None)


def ebpf_node_port() -> TunnelStory:
    """Calico's eBPF: the client's own address in VNI 0xca11c0, without inner MACs, both ways."""

    def wrap(packet: bytes, ends: Ends) -> bytes:
        return ethernet(vxlan(bytes(12) + b"\x08\x00" + packet, 0xCA11C0, 4789, ends))

    about = "A NodePort with Calico's eBPF: an outside client to a Pod in VXLAN of VNI 0xca11c0, inner MACs all zero."
    overlay = ["vxlan", 4789, 0xCA11C0, False, 0]
    return one_talk(about, wrap, overlay, told={"vxlan": 0xCA11C0}, pods={"client": "203.0.113.9"})


def antrea_gre() -> TunnelStory:
    """OVS's GRE with Ethernet inside has neither key nor checksum (Antrea)."""

    def wrap(packet: bytes, ends: Ends) -> bytes:
        frame = bytes.fromhex("aabbccddeeff 0e0000000001 0800") + packet
        return ethernet(gre(ends, 0x6558, frame))

    return one_talk("Antrea's GRE: every inner frame goes to aa:bb:cc:dd:ee:ff.", wrap, ["gre", 0, None, False, 0])


def ovn_overlapping() -> TunnelStory:
    """Two networks of OVN with the same addresses: the identifier alone tells them apart."""
    trace = Trace()
    rows = []
    for vni in (0xFF0003, 0xFF0004):

        def wrap(packet: bytes, ends: Ends, vni: int = vni) -> bytes:
            return ethernet(udp(ends, 6081, geneve(vni, ETHERNET, b"", ethernet(packet))))

        talk = Wrapped(trace, wrap=wrap, cseq=vni, sseq=2 * vni)
        talk.whole()
        tunnel = {"encap": "geneve", "outer-src-ip": NODES[0], "outer-dst-ip": NODES[1]}
        rows.append(whole_row(talk, vxlan=vni) | tunnel)
    about = "Two of OVN's networks with the same Pod addresses and ports: told apart by their identifiers."
    return TunnelStory(about, trace, rows, overlays=[["geneve", 6081, None, False, 0]], tshark=None)


MIXED: tuple[Callable[[], TunnelStory], ...] = (
    cross_subnet_request,
    cross_subnet_answer,
    ipip_one_way,
    masqueraded,
    masqueraded_out,
    outer_checksums,
    inner_checksums,
    ebpf_node_port,
    antrea_gre,
    ovn_overlapping,
)
"""What `make_tunnels.py` writes beside its own."""
