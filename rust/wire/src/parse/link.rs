//! Link headers, and the tags and labels between them and IP.
use crate::ethernet::{self, ethertype};
use crate::link::LinkType;
use crate::outcome::{Layer, Outcome};
use crate::{ip_in_ip, mpls, null, sll, vlan};

use super::{Stop, Walk};

impl<const QUICK: bool> Walk<'_, QUICK> {
    /// Passes over the link header. Returns the type of what it carries.
    #[inline(always)]
    pub(super) fn link(&mut self, link: LinkType) -> Result<u16, Stop> {
        if link == LinkType::Ethernet {
            let (kind, vlan) = self.ethernet()?;
            self.vlan = self.stripped.unwrap_or(vlan);
            return Ok(kind);
        }
        if QUICK {
            return Err(Stop::Rare);
        }
        let (at, kind, vlan) = other_link(self.frame, link)?;
        (self.at, self.vlan) = (at, self.stripped.unwrap_or(vlan));
        Ok(kind)
    }

    /// Passes over an Ethernet header and its tags. Returns the type of what it carries, and the outermost VLAN.
    #[inline(always)]
    pub(super) fn ethernet(&mut self) -> Result<(u16, u16), Stop> {
        let header = ethernet::Packet::new(self.rest()).map_err(|e| e.at(Layer::Link))?;
        self.at += ethernet::HEADER_LEN;
        match header.ethertype() {
            kind @ (ethertype::IPV4 | ethertype::IPV6) => Ok((kind, 0)),
            kind if QUICK => self.one_tag(kind),
            kind => {
                let (at, kind, vlan) = between(self.frame, self.at, kind)?;
                self.at = at;
                Ok((kind, vlan))
            }
        }
    }

    /// Passes over the tag of a frame that has one, and IP in it.
    #[inline(always)]
    fn one_tag(&mut self, kind: u16) -> Result<(u16, u16), Stop> {
        match vlan::Packet::new(self.rest()) {
            Ok(tag) if vlan::is_tag(kind) && matches!(tag.ethertype(), ethertype::IPV4 | ethertype::IPV6) => {
                self.at += vlan::HEADER_LEN;
                Ok((tag.ethertype(), tag.id()))
            }
            _ => Err(Stop::Rare),
        }
    }
}

/// Where what a link header of another kind than Ethernet carries starts, its type, and the outermost VLAN.
#[inline(never)]
fn other_link(frame: &[u8], link: LinkType) -> Result<(usize, u16, u16), Outcome> {
    let (kind, len) = match link {
        LinkType::Ethernet | LinkType::RawIp => (ip_in_ip::ethertype_of(frame), 0),
        LinkType::Null => (null::protocol(frame), null::HEADER_LEN),
        LinkType::LinuxSll => (sll::v1_protocol(frame), sll::V1_HEADER_LEN),
        LinkType::LinuxSll2 => (sll::v2_protocol(frame), sll::V2_HEADER_LEN),
    };
    between(frame, len, kind.map_err(|e| e.at(Layer::Link))?)
}

/// Passes over VLAN tags, then MPLS labels. Returns where what follows them starts, its type, and the first tag's VLAN.
#[inline(never)]
fn between(frame: &[u8], mut at: usize, mut kind: u16) -> Result<(usize, u16, u16), Outcome> {
    let mut outermost = None;
    for _ in 0..=vlan::MAX_TAGS {
        if !vlan::is_tag(kind) {
            let (at, kind) = labels(frame, at, kind)?;
            return Ok((at, kind, outermost.unwrap_or_default()));
        }
        let tag = vlan::Packet::new(frame.get(at..).unwrap_or_default()).map_err(|e| e.at(Layer::Vlan))?;
        at += vlan::HEADER_LEN;
        kind = tag.ethertype();
        outermost = outermost.or(Some(tag.id()));
    }
    Err(Outcome::TooDeep)
}

/// Passes over MPLS labels. What follows the last one is taken for IP by its first byte, as routers do.
fn labels(frame: &[u8], mut at: usize, kind: u16) -> Result<(usize, u16), Outcome> {
    if !matches!(kind, ethertype::MPLS | ethertype::MPLS_MULTICAST) {
        return Ok((at, kind));
    }
    for _ in 0..mpls::MAX_LABELS {
        let rest = frame.get(at..).unwrap_or_default();
        let is_bottom = mpls::is_bottom(rest).map_err(|e| e.at(Layer::Mpls))?;
        at += mpls::LABEL_LEN;
        if is_bottom {
            let rest = frame.get(at..).unwrap_or_default();
            // A pseudowire's control word starts with 0 (RFC 4928 §3): no IP.
            return Ok((at, ip_in_ip::ethertype_of(rest).unwrap_or(kind)));
        }
    }
    Err(Outcome::TooDeep)
}
