//! Makes frames, for tests and benchmarks: the reverse of [`mod@crate::parse`], plain rather than fast.
//!
//! Checksums are left 0, as in captures of traffic whose checksums the network card computes.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ethernet::ethertype;
use crate::ipv4::protocol;

mod tunnels;

pub use tunnels::{
    Gre, Nodes, datagram, erspan1, erspan2, erspan3, geneve, geneve_ip, gre, gre_ip, gre_teb, gue, ip_in_ip, ip_in_udp,
    udp_between, vxlan,
};

/// One TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Source address and port.
    pub src: (IpAddr, u16),
    /// Destination address and port; of the same address family.
    pub dst: (IpAddr, u16),
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Control bits.
    pub flags: u8,
    /// Bytes of payload, all zero.
    pub payload: usize,
}

/// The TCP header of a segment with its payload.
#[must_use]
pub fn tcp(segment: &Segment) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + segment.payload);
    bytes.extend(segment.src.1.to_be_bytes());
    bytes.extend(segment.dst.1.to_be_bytes());
    bytes.extend(segment.seq.to_be_bytes());
    bytes.extend(segment.ack.to_be_bytes());
    bytes.extend([0x50, segment.flags, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.resize(20 + segment.payload, 0);
    bytes
}

/// An Ethernet frame with one segment in it.
#[must_use]
pub fn frame(segment: &Segment) -> Vec<u8> {
    ethernet(&ip(segment.src.0, segment.dst.0, protocol::TCP, &tcp(segment)))
}

/// An IP datagram.
///
/// # Panics
/// Where the addresses are of different families or the payload is longer than 65,000 bytes.
#[must_use]
pub fn ip(src: IpAddr, dst: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => ipv4(src, dst, protocol, payload),
        (IpAddr::V6(src), IpAddr::V6(dst)) => ipv6(src, dst, protocol, payload),
        _ => panic!("{src} and {dst} are of different families"),
    }
}

fn ipv4(src: Ipv4Addr, dst: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).expect("the payload is too long");
    let mut bytes = vec![0x45, 0];
    bytes.extend(total.to_be_bytes());
    bytes.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    bytes.extend(src.octets());
    bytes.extend(dst.octets());
    bytes.extend(payload);
    bytes
}

fn ipv6(src: Ipv6Addr, dst: Ipv6Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).expect("the payload is too long");
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend(len.to_be_bytes());
    bytes.extend([protocol, 64]);
    bytes.extend(src.octets());
    bytes.extend(dst.octets());
    bytes.extend(payload);
    bytes
}

/// An Ethernet frame around an IP datagram.
#[must_use]
pub fn ethernet(datagram: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    bytes.extend(ethertype_of(datagram).to_be_bytes());
    bytes.extend(datagram);
    bytes
}

fn ethertype_of(datagram: &[u8]) -> u16 {
    if datagram.first().is_some_and(|first| first >> 4 == 6) { ethertype::IPV6 } else { ethertype::IPV4 }
}

/// The same Ethernet frame with a tag put around what it carries; `kind` is the tag's type.
#[must_use]
pub fn tagged(frame: &[u8], kind: u16, vlan: u16) -> Vec<u8> {
    let mut bytes = frame[..12].to_vec();
    bytes.extend(kind.to_be_bytes());
    bytes.extend(vlan.to_be_bytes());
    bytes.extend(&frame[12..]);
    bytes
}

/// A UDP datagram's header and payload.
///
/// # Panics
/// Where the payload is longer than 65,000 bytes.
#[must_use]
pub fn udp(src_port: u16, dst_port: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(8 + payload.len()).expect("the payload is too long");
    let mut bytes = Vec::with_capacity(8 + payload.len());
    bytes.extend(src_port.to_be_bytes());
    bytes.extend(dst_port.to_be_bytes());
    bytes.extend(len.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

/// A label stack put between an untagged Ethernet header and what it carries; the last label is the bottom.
#[must_use]
pub fn labelled(frame: &[u8], labels: &[u32]) -> Vec<u8> {
    let mut bytes = frame[..12].to_vec();
    bytes.extend(ethertype::MPLS.to_be_bytes());
    for (index, label) in labels.iter().enumerate() {
        let bottom = u32::from(index + 1 == labels.len());
        bytes.extend((label << 12 | bottom << 8 | 64).to_be_bytes());
    }
    bytes.extend(&frame[14..]);
    bytes
}

/// The first `first` bytes (a multiple of 8) of an IPv4 frame's payload as one fragment, the rest as a second one.
///
/// # Panics
/// Where the frame is no untagged IPv4 of more bytes.
#[must_use]
pub fn fragments(frame: &[u8], first: usize, id: u16) -> [Vec<u8>; 2] {
    assert_eq!((first % 8, frame[14]), (0, 0x45), "no fragment can be made");
    let part = |payload: &[u8], offset: usize, more: u16| {
        let mut bytes = frame[..34].to_vec();
        let total = u16::try_from(20 + payload.len()).expect("the payload is too long");
        bytes[16..18].copy_from_slice(&total.to_be_bytes());
        bytes[18..20].copy_from_slice(&id.to_be_bytes());
        bytes[20..22].copy_from_slice(&(more | (offset / 8) as u16).to_be_bytes());
        bytes.extend(payload);
        bytes
    };
    let payload = &frame[34..];
    [part(&payload[..first], 0, 0x2000), part(&payload[first..], first, 0)]
}
