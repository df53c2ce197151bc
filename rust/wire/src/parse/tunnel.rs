//! Into tunnels: by UDP port or IP protocol, as the overlays ask, and into mirrors.
use crate::erspan::{self, Inner};
use crate::ipv4::protocol;
use crate::outcome::{Layer, Outcome, Payload};
use crate::overlays::{Door, Encap, Match, Overlays};
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
        let Some(door) = overlays.door(header.dst_port()) else { return Err(Stop::Upper(network)) };
        self.narrow(self.at + header.len(), Layer::Udp)?;
        self.at += udp::HEADER_LEN;
        self.is_open_ended = true;
        if door.kind != Encap::Vxlan {
            return if QUICK { Err(Stop::Rare) } else { self.behind(&network, door, overlays) };
        }
        let header = vxlan::Packet::new(self.rest()).map_err(|e| e.at(Layer::Vxlan))?;
        self.at += vxlan::HEADER_LEN;
        let vni = header.vni();
        let told = overlays.pass(door, vni).ok_or(Outcome::UnknownVni)?;
        self.tunnel = Some(tunnel(Encap::Vxlan, vni, told, network.addrs));
        Ok(self.ethernet()?.0)
    }

    /// Enters a tunnel of another kind than VXLAN behind a UDP header.
    #[inline(never)]
    fn behind(&mut self, network: &Network, door: &Door, overlays: &Overlays) -> Result<u16, Stop> {
        let (kind, vni) = match door.kind {
            Encap::Geneve => self.geneve()?,
            Encap::Gue => (self.gue()?, 0),
            _ => (ip_in_ip::ethertype_of(self.rest()).map_err(|e| e.at(Layer::Fou))?, 0),
        };
        let told = overlays.pass(door, vni).ok_or(Outcome::UnknownVni)?;
        self.tunnel = Some(tunnel(door.kind, vni, told, network.addrs));
        self.frame_or(kind)
    }

    /// Passes over an inner Ethernet header, where there is one. Returns the type of what follows.
    fn frame_or(&mut self, kind: u16) -> Result<u16, Stop> {
        if kind == gre::kind::ETHERNET { Ok(self.ethernet()?.0) } else { Ok(kind) }
    }

    /// Passes over a Geneve header. Returns the type of what it carries, and the network identifier.
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

    /// Enters the tunnel right behind an IP header, where it is one. Returns the type of what it carries.
    #[inline(never)]
    pub(super) fn enter(&mut self, network: Network, overlays: &Overlays) -> Result<u16, Stop> {
        if network.protocol == protocol::GRE {
            return self.gre(&network, overlays);
        }
        let Some(inner) = ip_in_ip::inner(network.protocol) else { return Err(Stop::Upper(network)) };
        let kind = ip_in_ip::kind(matches!(network.addrs, IpPair::V6 { .. }), inner);
        let told = overlays.open(kind, 0)?;
        self.is_open_ended = true;
        self.tunnel = Some(tunnel(kind, 0, told, network.addrs));
        Ok(inner)
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
