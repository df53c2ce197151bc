//! Where the way down ends: TCP in line, all else apart.
use crate::encap::Encap;
use crate::ipv4::protocol;
use crate::outcome::{Broken, Layer, Outcome, Payload};
use crate::overlays::Overlays;
use crate::parsed::{IpPair, Parsed};
use crate::seen::{Datagram, Encrypted, IcmpError, Quoted, Role, Seen};
use crate::{content, esp, icmp, ipv4, ipv6, sctp, tcp, udp, wireguard};

use super::{Network, Stop, Walk, length};

/// A walk that follows every branch.
type Full<'a> = Walk<'a, false>;

impl<const QUICK: bool> Walk<'_, QUICK> {
    #[inline(always)]
    pub(super) fn segment(&self, network: &Network) -> Result<Parsed, Outcome> {
        let mut room = [0; tcp::HEADER_LEN];
        let bytes = if QUICK { self.rest() } else { tcp::completed(self.rest(), &mut room) };
        let header = tcp::Packet::new(bytes).map_err(|e| self.failed(e, tcp::HEADER_LEN, Layer::Tcp))?;
        let carried = self.carried();
        if header.header_len() > carried {
            return Err(Outcome::Malformed(Layer::Tcp));
        }
        let options = if network.id == 0 { tcp::digest(self.rest(), header.header_len()) } else { 0 };
        Ok(Parsed {
            addrs: network.addrs,
            src_port: header.src_port(),
            dst_port: header.dst_port(),
            seq: header.seq(),
            ack: header.ack(),
            window: header.window(),
            flags: header.flags(),
            fragmented: self.fragment.is_some(),
            ip_id: network.id,
            checksum: header.checksum() ^ options,
            payload_len: length(carried - header.header_len()),
            vlan: self.vlan,
            tunnel: self.tunnel,
        })
    }

    /// A header that the datagram has no room for is the sender's fault, not the capture's.
    #[cold]
    fn failed(&self, error: Broken, len: usize, layer: Layer) -> Outcome {
        if self.carried() >= len { error.at(layer) } else { Outcome::Malformed(layer) }
    }
}

impl Full<'_> {
    /// A datagram whose upper header is of `len` bytes; the rest is to be filled in.
    fn datagram(&self, network: &Network, len: usize) -> Datagram {
        let payload_len = self.carried().saturating_sub(len);
        let payload = self.rest().get(len..).unwrap_or_default();
        Datagram {
            addrs: network.addrs,
            proto: network.protocol,
            src_port: 0,
            dst_port: 0,
            role: Role::Unknown,
            icmp: None,
            ip_id: network.id,
            checksum: 0,
            content: if network.id == 0 { content::digest(payload, payload_len) } else { 0 },
            fragmented: self.fragment.is_some(),
            payload_len: length(payload_len),
            vlan: self.vlan,
            tunnel: self.tunnel,
        }
    }

    fn encrypted(&self, network: &Network, kind: Encap, [src_port, dst_port]: [u16; 2]) -> Seen {
        Seen::Encrypted(Encrypted {
            addrs: network.addrs,
            kind,
            src_port,
            dst_port,
            payload_len: length(self.carried()),
            ip_id: network.id,
            content: content::digest(self.rest(), self.carried()),
            vlan: self.vlan,
            tunnel: self.tunnel,
        })
    }
}

/// What a frame comes to whose way down ended before a TCP segment.
#[inline(never)]
pub(super) fn finish(walk: Full<'_>, stop: &Stop, overlays: &Overlays) -> Seen {
    let seen = match stop {
        Stop::Outcome(outcome) => Err(*outcome),
        // Only a quick walk ends so.
        Stop::Rare => Err(Outcome::TooDeep),
        Stop::Later => walk.fragment.map(Seen::Fragment).ok_or(Outcome::Fragment),
        Stop::Upper(network) => match network.protocol {
            protocol::UDP => user_datagram(walk, network, overlays),
            protocol::SCTP => association(walk, network),
            protocol::ICMP | protocol::ICMPV6 => message(walk, network),
            protocol::ESP => Ok(walk.encrypted(network, Encap::Esp, [0, 0])),
            _ => Err(Outcome::Unsupported(Payload::OtherIp)),
        },
    };
    seen.unwrap_or_else(Seen::Other)
}

fn user_datagram(mut walk: Full<'_>, network: &Network, overlays: &Overlays) -> Result<Seen, Outcome> {
    let header = udp::Packet::new(walk.rest()).map_err(|e| walk.failed(e, udp::HEADER_LEN, Layer::Udp))?;
    walk.narrow(walk.at + header.len(), Layer::Udp)?;
    let datagram = Datagram {
        src_port: header.src_port(),
        dst_port: header.dst_port(),
        checksum: header.checksum(),
        ..walk.datagram(network, udp::HEADER_LEN)
    };
    walk.at += udp::HEADER_LEN;
    let ports = [header.src_port(), header.dst_port()];
    Ok(match secret(&walk, ports, overlays) {
        Some(kind) => walk.encrypted(network, kind, ports),
        None => Seen::Datagram(datagram),
    })
}

/// Whether a UDP payload is encrypted traffic between nodes: by port and by its first bytes.
fn secret(walk: &Full<'_>, [src, dst]: [u16; 2], overlays: &Overlays) -> Option<Encap> {
    let is_nat_traversal = src == esp::UDP_PORT || dst == esp::UDP_PORT;
    let by_default = is_nat_traversal.then_some(Encap::Esp);
    let kind = overlays.secret(dst).or_else(|| overlays.secret(src)).or(by_default)?;
    let (bytes, len) = (walk.rest(), walk.carried());
    let is_it = if kind == Encap::Wireguard { wireguard::is_message(bytes, len) } else { esp::is_in_udp(bytes, len) };
    is_it.then_some(kind)
}

fn association(walk: Full<'_>, network: &Network) -> Result<Seen, Outcome> {
    let header = sctp::Packet::new(walk.rest()).map_err(|e| walk.failed(e, sctp::HEADER_LEN, Layer::Sctp))?;
    Ok(Seen::Datagram(Datagram {
        src_port: header.src_port(),
        dst_port: header.dst_port(),
        role: header.role(),
        checksum: header.checksum(),
        ..walk.datagram(network, sctp::HEADER_LEN)
    }))
}

fn message(mut walk: Full<'_>, network: &Network) -> Result<Seen, Outcome> {
    let is_v6 = network.protocol == protocol::ICMPV6;
    let header = icmp::Packet::new(walk.rest(), is_v6).map_err(|e| walk.failed(e, icmp::HEADER_LEN, Layer::Icmp))?;
    let (kind, code) = (header.kind(), header.code());
    let (src_port, dst_port) = match header.id() {
        Some(id) => (id, id),
        None => (0, u16::from_be_bytes([kind, code])),
    };
    let datagram = Datagram {
        src_port,
        dst_port,
        role: match header.role() {
            // A message of its own accord: nobody answers with the same type.
            Role::Unknown => Role::Asks,
            told => told,
        },
        icmp: Some((kind, code)),
        checksum: header.checksum(),
        ..walk.datagram(network, icmp::HEADER_LEN)
    };
    walk.at += icmp::HEADER_LEN;
    let quoted = if header.quotes() { quoted(walk.rest(), is_v6) } else { None };
    Ok(match quoted {
        Some(quoted) => Seen::IcmpError(IcmpError {
            addrs: network.addrs,
            proto: network.protocol,
            kind,
            code,
            quoted,
            ip_id: datagram.ip_id,
            checksum: datagram.checksum,
            vlan: walk.vlan,
            tunnel: walk.tunnel,
        }),
        None => Seen::Datagram(datagram),
    })
}

/// The packet that an error quotes, where enough of it is there and it has ports.
fn quoted(bytes: &[u8], is_v6: bool) -> Option<Quoted> {
    let (addrs, proto, len) = if is_v6 { quoted_v6(bytes)? } else { quoted_v4(bytes)? };
    if !matches!(proto, protocol::TCP | protocol::UDP | protocol::SCTP) {
        return None;
    }
    let rest = bytes.get(len..)?;
    let ports: &[u8; 4] = rest.first_chunk()?;
    let seq = rest[4..].first_chunk().filter(|_| proto == protocol::TCP).map(|seq| u32::from_be_bytes(*seq));
    let [src_port, dst_port] = [[ports[0], ports[1]], [ports[2], ports[3]]].map(u16::from_be_bytes);
    Some(Quoted { addrs, proto, src_port, dst_port, seq })
}

fn quoted_v4(bytes: &[u8]) -> Option<(IpPair, u8, usize)> {
    let header = ipv4::Packet::new(bytes).ok().filter(|header| header.fragment_offset() == 0)?;
    Some((IpPair::V4 { src: header.src(), dst: header.dst() }, header.protocol(), header.header_len()))
}

fn quoted_v6(bytes: &[u8]) -> Option<(IpPair, u8, usize)> {
    let header = ipv6::Packet::new(bytes).ok()?;
    let upper = ipv6::upper(header.next_header(), &bytes[ipv6::HEADER_LEN..]).ok()?;
    let addrs = IpPair::V6 { src: header.src(), dst: upper.destination.unwrap_or_else(|| header.dst()) };
    (upper.fragment_offset == 0).then_some((addrs, upper.protocol, ipv6::HEADER_LEN + upper.len))
}
