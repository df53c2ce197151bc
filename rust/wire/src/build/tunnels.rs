//! Frames that carry others from node to node, or from a mirror to its collector.
use core::net::IpAddr;

use super::{ethernet, ip, udp};
use crate::ipv4::protocol;
use crate::{geneve, gre};

/// Source and destination of a tunnel's own IP header.
pub type Nodes = (IpAddr, IpAddr);

/// The IP datagram that an untagged Ethernet frame carries.
#[must_use]
pub fn datagram(frame: &[u8]) -> &[u8] {
    &frame[14..]
}

/// A frame with a UDP datagram from node to node.
#[must_use]
pub fn udp_between(nodes: Nodes, port: u16, payload: &[u8]) -> Vec<u8> {
    ethernet(&ip(nodes.0, nodes.1, protocol::UDP, &udp(49152, port, payload)))
}

/// VXLAN around a frame.
#[must_use]
pub fn vxlan(nodes: Nodes, port: u16, vni: u32, frame: &[u8]) -> Vec<u8> {
    let mut payload = vec![0x08, 0, 0, 0];
    payload.extend((vni << 8).to_be_bytes());
    payload.extend(frame);
    udp_between(nodes, port, &payload)
}

/// Geneve around a frame, with these options.
///
/// # Panics
/// Where the options are no words of 4 bytes, or more than 63.
#[must_use]
pub fn geneve(nodes: Nodes, port: u16, vni: u32, options: &[u8], frame: &[u8]) -> Vec<u8> {
    geneve_of(nodes, port, vni, gre::kind::ETHERNET, &[options, frame])
}

/// Geneve around an IP datagram without a frame.
#[must_use]
pub fn geneve_ip(nodes: Nodes, port: u16, vni: u32, datagram: &[u8]) -> Vec<u8> {
    geneve_of(nodes, port, vni, super::ethertype_of(datagram), &[&[], datagram])
}

fn geneve_of(nodes: Nodes, port: u16, vni: u32, kind: u16, [options, inner]: &[&[u8]; 2]) -> Vec<u8> {
    assert!(options.len() % geneve::OPTION_STEP == 0 && options.len() <= 63 * geneve::OPTION_STEP);
    let mut payload = vec![(options.len() / geneve::OPTION_STEP) as u8, 0];
    payload.extend(kind.to_be_bytes());
    payload.extend((vni << 8).to_be_bytes());
    payload.extend(*options);
    payload.extend(*inner);
    udp_between(nodes, port, &payload)
}

/// An IP datagram right behind another IP header.
#[must_use]
pub fn ip_in_ip(nodes: Nodes, datagram: &[u8]) -> Vec<u8> {
    let is_v6 = super::ethertype_of(datagram) == crate::ethernet::ethertype::IPV6;
    let number = if is_v6 { protocol::IPV6 } else { protocol::IPV4 };
    ethernet(&ip(nodes.0, nodes.1, number, datagram))
}

/// An IP datagram in UDP without a header of its own: FOU, flannel's `udp` backend, GUE variant 1.
#[must_use]
pub fn ip_in_udp(nodes: Nodes, port: u16, datagram: &[u8]) -> Vec<u8> {
    udp_between(nodes, port, datagram)
}

/// GUE variant 0 with `fields` words of zeros around an IP datagram.
///
/// # Panics
/// From 32 words on.
#[must_use]
pub fn gue(nodes: Nodes, port: u16, fields: usize, datagram: &[u8]) -> Vec<u8> {
    let is_v6 = super::ethertype_of(datagram) == crate::ethernet::ethertype::IPV6;
    let words = u8::try_from(fields).ok().filter(|words| *words < 32).expect("too many fields");
    let mut payload = vec![words, if is_v6 { protocol::IPV6 } else { protocol::IPV4 }, 0, 0];
    payload.resize(4 + 4 * fields, 0);
    payload.extend(datagram);
    udp_between(nodes, port, &payload)
}

/// The optional fields of a GRE header.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gre {
    /// A checksum, of value 0.
    pub has_checksum: bool,
    /// The key.
    pub key: Option<u32>,
    /// The sequence number.
    pub sequence: Option<u32>,
}

/// GRE around something of this type.
#[must_use]
pub fn gre(nodes: Nodes, fields: Gre, kind: u16, payload: &[u8]) -> Vec<u8> {
    let bit = |is_set: bool, bit: u16| if is_set { bit } else { 0 };
    let flags =
        bit(fields.has_checksum, 0x8000) | bit(fields.key.is_some(), 0x2000) | bit(fields.sequence.is_some(), 0x1000);
    let mut bytes = Vec::new();
    bytes.extend(flags.to_be_bytes());
    bytes.extend(kind.to_be_bytes());
    bytes.extend(fields.has_checksum.then_some([0; 4]).iter().flatten());
    bytes.extend(fields.key.map(u32::to_be_bytes).iter().flatten());
    bytes.extend(fields.sequence.map(u32::to_be_bytes).iter().flatten());
    bytes.extend(payload);
    ethernet(&ip(nodes.0, nodes.1, protocol::GRE, &bytes))
}

/// GRE around an IP datagram.
#[must_use]
pub fn gre_ip(nodes: Nodes, fields: Gre, datagram: &[u8]) -> Vec<u8> {
    gre(nodes, fields, super::ethertype_of(datagram), datagram)
}

/// GRE around a frame.
#[must_use]
pub fn gre_teb(nodes: Nodes, fields: Gre, frame: &[u8]) -> Vec<u8> {
    gre(nodes, fields, gre::kind::ETHERNET, frame)
}

/// ERSPAN type I around a mirrored frame.
#[must_use]
pub fn erspan1(nodes: Nodes, frame: &[u8]) -> Vec<u8> {
    gre(nodes, Gre::default(), gre::kind::ERSPAN, frame)
}

/// ERSPAN type II, session 5, around a mirrored frame; `vlan` is below 4096.
#[must_use]
pub fn erspan2(nodes: Nodes, vlan: u16, frame: &[u8]) -> Vec<u8> {
    let mut bytes = (0x1000 | vlan).to_be_bytes().to_vec();
    bytes.extend([0x18, 0x05, 0, 0, 0, 1]);
    bytes.extend(frame);
    gre(nodes, Gre { sequence: Some(1), ..Gre::default() }, gre::kind::ERSPAN, &bytes)
}

/// ERSPAN type III around a mirrored frame, with or without what a platform adds; `vlan` is below 4096.
#[must_use]
pub fn erspan3(nodes: Nodes, vlan: u16, has_platform: bool, frame: &[u8]) -> Vec<u8> {
    let mut bytes = (0x2000 | vlan).to_be_bytes().to_vec();
    bytes.extend([0x00, 0x05, 0, 0, 0, 9, 0, 0, 0x80, u8::from(has_platform)]);
    bytes.extend(has_platform.then_some([0; 8]).iter().flatten());
    bytes.extend(frame);
    gre(nodes, Gre { sequence: Some(1), ..Gre::default() }, gre::kind::ERSPAN3, &bytes)
}
