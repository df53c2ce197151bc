//! The single pass from a frame's first byte to the TCP segment in its innermost tunnel.
//!
//! Lengths come from the IP headers, not from what was captured: captures are cut, and short frames are padded. The
//! first 20 bytes of the TCP header have to be there.
use crate::ethernet::{self, ethertype};
use crate::ipv4::{self, protocol};
use crate::link::LinkType;
use crate::outcome::{Broken, Layer, Outcome, Payload};
use crate::overlays::{Encap, Overlays};
use crate::parsed::{IpPair, Parsed, Tunnel};
use crate::{ipv6, sll, tcp, udp, vlan, vxlan};

/// The most tunnels in each other that are looked into: a mirror's own tunnel around a node's around a Pod's, and one.
pub const MAX_TUNNELS: u8 = 4;

/// Where in the frame reading stands.
struct Cursor<'a> {
    frame: &'a [u8],
    /// Where the next header starts.
    at: usize,
    /// Where the enclosing datagram ends, captured or not.
    end: usize,
    fragmented: bool,
}

/// What an IP header told.
struct Network {
    addrs: IpPair,
    protocol: u8,
    id: u16,
}

/// Reads a frame down to its innermost TCP segment.
///
/// `wire_len` is the frame's length on the wire; `frame` may be cut. UDP to a port in `overlays` is looked into.
///
/// # Errors
/// The one reason why there is no TCP segment to be read; never [`Outcome::Tcp`].
#[inline]
pub fn parse(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Result<Parsed, Outcome> {
    let end = frame.len().max(wire_len as usize);
    let mut cursor = Cursor { frame, at: 0, end, fragmented: false };
    let (mut kind, vlan) = cursor.link(link)?;
    let mut tunnel = None;
    for _ in 0..=MAX_TUNNELS {
        let network = cursor.network(kind)?;
        match network.protocol {
            protocol::TCP => return cursor.segment(network, vlan, tunnel),
            protocol::UDP => {
                tunnel = Some(cursor.udp_tunnel(network.addrs, overlays)?);
                kind = cursor.ethernet()?.0;
            }
            other => return Err(Outcome::Unsupported(payload_of(other))),
        }
    }
    Err(Outcome::TooDeep)
}

impl<'a> Cursor<'a> {
    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.frame.get(self.at..).unwrap_or_default()
    }

    /// The type of what the link header carries, and the outermost VLAN.
    #[inline]
    fn link(&mut self, link: LinkType) -> Result<(u16, u16), Outcome> {
        match link {
            LinkType::Ethernet => self.ethernet(),
            LinkType::RawIp => match self.rest().first().map(|first| first >> 4) {
                Some(4) => Ok((ethertype::IPV4, 0)),
                Some(6) => Ok((ethertype::IPV6, 0)),
                Some(_) => Err(Outcome::Malformed(Layer::Link)),
                None => Err(Outcome::Truncated(Layer::Link)),
            },
            LinkType::LinuxSll => {
                let kind = sll::v1_protocol(self.rest()).map_err(|e| e.at(Layer::Link))?;
                self.at += sll::V1_HEADER_LEN;
                self.tags(kind)
            }
            LinkType::LinuxSll2 => {
                let kind = sll::v2_protocol(self.rest()).map_err(|e| e.at(Layer::Link))?;
                self.at += sll::V2_HEADER_LEN;
                self.tags(kind)
            }
        }
    }

    #[inline]
    fn ethernet(&mut self) -> Result<(u16, u16), Outcome> {
        let header = ethernet::Packet::new(self.rest()).map_err(|e| e.at(Layer::Link))?;
        self.at += ethernet::HEADER_LEN;
        match header.ethertype() {
            kind @ (ethertype::IPV4 | ethertype::IPV6) => Ok((kind, 0)),
            kind => self.tags(kind),
        }
    }

    /// Passes over VLAN tags. Returns what follows them, and the first tag's VLAN.
    #[inline(never)]
    fn tags(&mut self, mut kind: u16) -> Result<(u16, u16), Outcome> {
        let mut outermost = 0;
        for depth in 0..=vlan::MAX_TAGS {
            if !vlan::is_tag(kind) {
                return Ok((kind, outermost));
            }
            let tag = vlan::Packet::new(self.rest()).map_err(|e| e.at(Layer::Vlan))?;
            self.at += vlan::HEADER_LEN;
            kind = tag.ethertype();
            if depth == 0 {
                outermost = tag.id();
            }
        }
        Err(Outcome::TooDeep)
    }

    #[inline]
    fn network(&mut self, kind: u16) -> Result<Network, Outcome> {
        match kind {
            ethertype::IPV4 => self.ipv4(),
            ethertype::IPV6 => self.ipv6(),
            other => Err(Outcome::Unsupported(link_payload(other))),
        }
    }

    #[inline]
    fn ipv4(&mut self) -> Result<Network, Outcome> {
        let header = ipv4::Packet::new(self.rest()).map_err(|e| e.at(Layer::Ipv4))?;
        let header_len = header.header_len();
        let total_len = header.total_len();
        // A length of 0 is what a sender's own capture shows where the network card does the segmentation.
        if total_len != 0 {
            if total_len < header_len {
                return Err(Outcome::Malformed(Layer::Ipv4));
            }
            self.narrow(self.at + total_len, Layer::Ipv4)?;
        }
        self.at += header_len;
        if header.fragment_offset() != 0 {
            return Err(Outcome::Fragment);
        }
        self.fragmented |= header.more_fragments();
        let addrs = IpPair::V4 { src: header.src(), dst: header.dst() };
        Ok(Network { addrs, protocol: header.protocol(), id: header.id() })
    }

    #[inline]
    fn ipv6(&mut self) -> Result<Network, Outcome> {
        let header = ipv6::Packet::new(self.rest()).map_err(|e| e.at(Layer::Ipv6))?;
        self.at += ipv6::HEADER_LEN;
        if header.payload_len() != 0 {
            self.narrow(self.at + header.payload_len(), Layer::Ipv6)?;
        }
        let upper = ipv6::upper(header.next_header(), self.rest()).map_err(|e| match e {
            ipv6::WalkError::Truncated => Outcome::Truncated(Layer::Ipv6),
            ipv6::WalkError::TooDeep => Outcome::TooDeep,
        })?;
        self.at += upper.len;
        if upper.fragment_offset != 0 {
            return Err(Outcome::Fragment);
        }
        if self.at > self.end {
            return Err(Outcome::Malformed(Layer::Ipv6));
        }
        self.fragmented |= upper.fragmented;
        let addrs = IpPair::V6 { src: header.src(), dst: header.dst() };
        Ok(Network { addrs, protocol: upper.protocol, id: 0 })
    }

    /// Notes where a datagram ends, and that it is no longer than what carries it.
    ///
    /// Once a fragment has been entered, inner lengths rightly go beyond it.
    #[inline]
    fn narrow(&mut self, end: usize, layer: Layer) -> Result<(), Outcome> {
        if end > self.end && !self.fragmented {
            return Err(Outcome::Malformed(layer));
        }
        self.end = end;
        Ok(())
    }

    /// Enters the tunnel that starts with the UDP header here; leaves the cursor at the inner Ethernet header.
    #[inline]
    fn udp_tunnel(&mut self, outer: IpPair, overlays: &Overlays) -> Result<Tunnel, Outcome> {
        let header = udp::Packet::new(self.rest()).map_err(|e| e.at(Layer::Udp))?;
        let port = header.dst_port();
        let kind = overlays.kind_at(port).ok_or(Outcome::Unsupported(Payload::Udp))?;
        self.narrow(self.at + header.len(), Layer::Udp)?;
        self.at += udp::HEADER_LEN;
        let vni = match kind {
            Encap::Vxlan => self.vxlan()?,
        };
        let matched = overlays.accept(port, vni).ok_or(Outcome::UnknownVni)?;
        let (vni_is_identity, cluster) = (matched.vni_is_identity, matched.cluster);
        Ok(Tunnel { kind, vni, vni_is_identity, cluster, outer })
    }

    #[inline]
    fn vxlan(&mut self) -> Result<u32, Outcome> {
        let header = vxlan::Packet::new(self.rest()).map_err(|e| e.at(Layer::Vxlan))?;
        self.at += vxlan::HEADER_LEN;
        Ok(header.vni())
    }

    #[inline]
    fn segment(&self, network: Network, vlan: u16, tunnel: Option<Tunnel>) -> Result<Parsed, Outcome> {
        let header = tcp::Packet::new(self.rest()).map_err(|e| self.tcp_error(e))?;
        let carried = self.end.saturating_sub(self.at);
        if header.header_len() > carried {
            return Err(Outcome::Malformed(Layer::Tcp));
        }
        let payload_len = u32::try_from(carried - header.header_len()).unwrap_or(u32::MAX);
        Ok(Parsed {
            addrs: network.addrs,
            src_port: header.src_port(),
            dst_port: header.dst_port(),
            seq: header.seq(),
            ack: header.ack(),
            window: header.window(),
            flags: header.flags(),
            fragmented: self.fragmented,
            ip_id: network.id,
            checksum: header.checksum(),
            payload_len,
            vlan,
            tunnel,
        })
    }

    /// A header that the datagram has no room for is the sender's fault, not the capture's.
    #[cold]
    fn tcp_error(&self, error: Broken) -> Outcome {
        let fits = self.at + tcp::HEADER_LEN <= self.end;
        if fits { error.at(Layer::Tcp) } else { Outcome::Malformed(Layer::Tcp) }
    }
}

#[cold]
const fn link_payload(kind: u16) -> Payload {
    match kind {
        ethertype::ARP => Payload::Arp,
        length if length <= ethertype::LAST_LENGTH => Payload::Llc,
        _ => Payload::NotIp,
    }
}

const fn payload_of(number: u8) -> Payload {
    match number {
        protocol::ICMP | protocol::ICMPV6 => Payload::Icmp,
        protocol::SCTP => Payload::Sctp,
        protocol::ESP => Payload::Esp,
        _ => Payload::OtherIp,
    }
}

#[cfg(test)]
mod tests;
