//! Into tunnels: by UDP port or IP protocol, as the overlays ask, and into mirrors.
use crate::encap::Encap;
use crate::erspan::{self, Inner};
use crate::ethernet::ethertype;
use crate::ipv4::protocol;
use crate::outcome::{Layer, Outcome, Payload};
use crate::overlays::{Match, Overlays};
use crate::parsed::{IpPair, Tunnel};
use crate::{geneve, gre, gue, ip_in_ip, nvgre, udp, vxlan};

use super::{Network, Stop, Walk};

/// The largest network identifier that can be shown.
const MAX_IDENTIFIER: u32 = 0x00ff_ffff;

impl<const QUICK: bool> Walk<'_, QUICK> {
    /// Enters the tunnel behind the UDP header here. Returns the type of what it carries.
    #[inline(always)]
    pub(super) fn udp(&mut self, network: Network, overlays: &Overlays) -> Result<u16, Stop> {
        let Ok(header) = udp::Packet::new(self.rest()) else { return Err(Stop::Upper(network)) };
        let Some(tunnel_port) = overlays.tunnel_port(header.dst_port()) else { return Err(Stop::Upper(network)) };
        self.narrow(self.at + header.len(), Layer::Udp)?;
        self.at += udp::HEADER_LEN;
        self.is_open_ended = true;
        let (kind, vni) = match tunnel_port.kind {
            Encap::Vxlan => {
                let header = vxlan::Packet::new(self.rest()).map_err(|e| e.at(Layer::Vxlan))?;
                self.at += vxlan::HEADER_LEN;
                (gre::kind::ETHERNET, header.vni())
            }
            Encap::Geneve => self.geneve()?,
            _ if QUICK => return Err(Stop::Rare),
            _ => (self.behind(tunnel_port.kind)?, 0),
        };
        let told = overlays.pass(tunnel_port, vni).ok_or(Outcome::UnknownVni)?;
        self.tunnel = Some(tunnel(tunnel_port.kind, vni, told, network.addrs));
        self.frame_or(kind)
    }

    /// Passes over the header of a rarer tunnel behind UDP. Returns the type of what it carries.
    #[inline(never)]
    fn behind(&mut self, kind: Encap) -> Result<u16, Outcome> {
        match kind {
            Encap::Gue => self.gue(),
            _ => ip_in_ip::ethertype_of(self.rest()).map_err(|e| e.at(Layer::Fou)),
        }
    }

    /// Passes over an inner Ethernet header, where there is one. Returns the type of what follows.
    #[inline(always)]
    fn frame_or(&mut self, kind: u16) -> Result<u16, Stop> {
        if kind == gre::kind::ETHERNET { Ok(self.ethernet()?.0) } else { Ok(kind) }
    }

    /// Passes over a Geneve header. Returns the type of what it carries, and the network identifier.
    #[inline(always)]
    fn geneve(&mut self) -> Result<(u16, u32), Outcome> {
        let header = geneve::Packet::new(self.rest()).map_err(|e| e.at(Layer::Geneve))?;
        self.pass(header.header_len(), Layer::Geneve)?;
        Ok((header.protocol(), header.vni()))
    }

    /// Passes over a GUE header. Returns the type of what it carries.
    fn gue(&mut self) -> Result<u16, Outcome> {
        match gue::read(self.rest()).map_err(|e| e.at(Layer::Gue))? {
            gue::Packet::Data { len, protocol } => {
                self.pass(len, Layer::Gue)?;
                ip_in_ip::inner(protocol).ok_or(Outcome::Unsupported(Payload::OtherIp))
            }
            gue::Packet::Direct => ip_in_ip::ethertype_of(self.rest()).map_err(|e| e.at(Layer::Gue)),
            gue::Packet::Control => Err(Outcome::Unsupported(Payload::Tunnel)),
        }
    }

    /// Enters IP right behind IP. Returns its type.
    #[inline(always)]
    pub(super) fn ip_in_ip(&mut self, network: &Network, overlays: &Overlays) -> Result<u16, Stop> {
        let inner = if network.protocol == protocol::IPV4 { ethertype::IPV4 } else { ethertype::IPV6 };
        let kind = ip_in_ip::kind(matches!(network.addrs, IpPair::V6 { .. }), inner);
        let told = overlays.ip_in_ip(kind).ok_or(Outcome::Unsupported(Payload::Tunnel))?;
        self.is_open_ended = true;
        self.tunnel = Some(tunnel(kind, 0, told, network.addrs));
        Ok(inner)
    }

    /// Enters GRE right behind an IP header. Returns the type of what it carries.
    #[inline(never)]
    pub(super) fn enter(&mut self, network: Network, overlays: &Overlays) -> Result<u16, Stop> {
        if network.protocol == protocol::GRE { self.gre(&network, overlays) } else { Err(Stop::Upper(network)) }
    }

    fn gre(&mut self, network: &Network, overlays: &Overlays) -> Result<u16, Stop> {
        let header = gre::Packet::new(self.rest()).map_err(|e| e.at(Layer::Gre))?;
        self.pass(header.header_len(), Layer::Gre)?;
        self.is_open_ended = true;
        if let gre::kind::ERSPAN | gre::kind::ERSPAN3 = header.protocol() {
            return self.erspan(&header);
        }
        let (kind, vni) = match nvgre::network(&header) {
            Some(network) if overlays.opens(Encap::Nvgre) => (Encap::Nvgre, network),
            _ => (Encap::Gre, header.key().unwrap_or_default()),
        };
        if header.protocol() == gre::kind::ETHERNET && !overlays.opens(kind) {
            return self.mirrored(0, Inner::Frame);
        }
        let told = overlays.open(kind, vni)?;
        if vni > MAX_IDENTIFIER {
            return Err(Outcome::UnknownVni.into());
        }
        self.tunnel = Some(tunnel(kind, vni, told, network.addrs));
        self.frame_or(header.protocol())
    }

    fn erspan(&mut self, header: &gre::Packet) -> Result<u16, Stop> {
        let read = match header.protocol() {
            gre::kind::ERSPAN3 => erspan::type3(self.rest()),
            _ if header.has_sequence() => erspan::type2(self.rest()),
            _ => Ok(erspan::Packet { len: 0, vlan: 0, inner: Inner::Frame }),
        };
        let read = read.map_err(|e| e.at(Layer::Erspan))?;
        self.pass(read.len, Layer::Erspan)?;
        self.mirrored(read.vlan, read.inner)
    }

    /// Enters what is mirrored: from here on it is as if the frame had come without its mirror's tunnel.
    fn mirrored(&mut self, vlan: u16, inner: Inner) -> Result<u16, Stop> {
        (self.tunnel, self.vlan) = (None, vlan);
        match inner {
            Inner::Frame => {
                let (kind, own) = self.ethernet()?;
                self.vlan = if own == 0 { vlan } else { own };
                Ok(kind)
            }
            Inner::Ip => Ok(ip_in_ip::ethertype_of(self.rest()).map_err(|e| e.at(Layer::Erspan))?),
            Inner::Other => Err(Outcome::Unsupported(Payload::NotIp).into()),
        }
    }
}

#[inline]
fn tunnel(kind: Encap, vni: u32, told: Match, outer: IpPair) -> Tunnel {
    Tunnel { kind, vni, vni_is_identity: told.vni_is_identity, cluster: told.cluster, outer }
}
