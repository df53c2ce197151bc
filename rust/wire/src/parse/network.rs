//! IP headers, and what a fragment tells of its datagram.
use crate::ethernet::ethertype;
use crate::ipv4::protocol;
use crate::outcome::{Broken, Layer, Outcome, Payload};
use crate::parsed::IpPair;
use crate::seen::{Fragment, FragmentKey};
use crate::{ipv4, ipv6};

use super::{Network, Stop, Walk, length};

impl<const QUICK: bool> Walk<'_, QUICK> {
    /// Passes over an IP header.
    #[inline(always)]
    pub(super) fn network(&mut self, kind: u16) -> Result<Network, Stop> {
        match kind {
            ethertype::IPV4 => self.ipv4(),
            ethertype::IPV6 => self.ipv6(),
            other => Err(Outcome::Unsupported(not_ip(other)).into()),
        }
    }

    #[inline(always)]
    fn ipv4(&mut self) -> Result<Network, Stop> {
        let header = ipv4::Packet::new(self.rest()).map_err(|e| e.at(Layer::Ipv4))?;
        let header_len = header.header_len();
        let total_len = header.total_len();
        // A length of 0 is what a sender's own capture shows where the network card does the segmentation.
        if total_len != 0 {
            if total_len < header_len {
                return Err(Outcome::Malformed(Layer::Ipv4).into());
            }
            self.narrow(self.at + total_len, Layer::Ipv4)?;
        }
        self.is_open_ended = self.tunnel.is_some();
        self.at += header_len;
        let addrs = IpPair::V4 { src: header.src(), dst: header.dst() };
        let mut network = Network { addrs, protocol: header.protocol(), id: header.id() };
        if header.is_fragment() {
            let key = FragmentKey { addrs, id: u32::from(network.id), proto: network.protocol };
            self.note_fragment(key, header.fragment_offset())?;
        }
        if !QUICK && network.protocol == protocol::AH {
            let (len, protocol) = authentication(self.rest())?;
            self.pass(len, Layer::Ah)?;
            network.protocol = protocol;
        }
        Ok(network)
    }

    #[inline(always)]
    fn ipv6(&mut self) -> Result<Network, Stop> {
        let header = ipv6::Packet::new(self.rest()).map_err(|e| e.at(Layer::Ipv6))?;
        self.at += ipv6::HEADER_LEN;
        if header.payload_len() != 0 {
            self.narrow(self.at + header.payload_len(), Layer::Ipv6)?;
        }
        self.is_open_ended = self.tunnel.is_some();
        let addrs = IpPair::V6 { src: header.src(), dst: header.dst() };
        let mut network = Network { addrs, protocol: header.next_header(), id: 0 };
        // A quick walk ends at an extension header as at any other protocol that it does not know.
        if !QUICK && ipv6::is_extension(network.protocol) {
            self.extensions(&mut network)?;
        }
        Ok(network)
    }

    /// Passes over extension headers, to what follows them and to where the way leads in the end.
    #[inline(never)]
    fn extensions(&mut self, network: &mut Network) -> Result<(), Stop> {
        let upper = ipv6::upper(network.protocol, self.rest()).map_err(|e| match e {
            ipv6::WalkError::Truncated => Outcome::Truncated(Layer::Ipv6),
            ipv6::WalkError::TooDeep => Outcome::TooDeep,
        })?;
        self.pass(upper.len, Layer::Ipv6)?;
        if let (IpPair::V6 { dst, .. }, Some(destination)) = (&mut network.addrs, upper.destination) {
            *dst = destination;
        }
        if upper.fragmented {
            let key = FragmentKey { addrs: network.addrs, id: upper.fragment_id, proto: 0 };
            self.note_fragment(key, upper.fragment_offset)?;
        }
        network.protocol = upper.protocol;
        Ok(())
    }

    /// Notes which datagram is in fragments; ends the way at a later one.
    #[inline(always)]
    fn note_fragment(&mut self, key: FragmentKey, offset: u16) -> Result<(), Stop> {
        if QUICK {
            return Err(Stop::Rare);
        }
        let payload_len = length(self.carried());
        self.fragment = Some(Fragment { key, offset, payload_len, vlan: self.vlan, tunnel: self.tunnel });
        self.is_open_ended = true;
        if offset != 0 { Err(Stop::Later) } else { Ok(()) }
    }
}

/// Length and next protocol of an authentication header (RFC 4302 §2) in IPv4; IPv6 has it as an extension.
#[cold]
#[inline(never)]
fn authentication(bytes: &[u8]) -> Result<(usize, u8), Outcome> {
    let header: &[u8; 12] = bytes.first_chunk().ok_or(Broken::Truncated.at(Layer::Ah))?;
    Ok(((usize::from(header[1]) + 2) * 4, header[0]))
}

#[cold]
const fn not_ip(kind: u16) -> Payload {
    match kind {
        ethertype::ARP => Payload::Arp,
        length if length <= ethertype::LAST_LENGTH => Payload::Llc,
        _ => Payload::NotIp,
    }
}
