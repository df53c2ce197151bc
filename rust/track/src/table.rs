//! The connection table: index, slots and timers together.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::{IpPair, Parsed, Tunnel};

use crate::entry::{Cold, Hot, IN, NONE, OUT, Wide, mark, status};
use crate::hash::Seed;
use crate::index::Index;
use crate::prefetch;
use crate::slab::{Full, Slab};
use crate::wheel::{Class, Wheel};

/// What the index looks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub hash: u64,
    /// The network that equal addresses differ by: the identifier of a tunnel that names one; 0 else.
    pub network: u32,
    /// The cluster that the tunnel told; 0 where it told none or only one is possible.
    pub cluster: u16,
}

impl Key {
    #[inline]
    pub fn tag(&self) -> u32 {
        (self.hash >> 32) as u32
    }
}

/// The network of a tunnelled packet, for [`Key`].
#[inline]
pub(crate) fn network_of(tunnel: Option<&Tunnel>) -> u32 {
    tunnel.filter(|tunnel| !tunnel.vni_is_identity).map_or(0, |tunnel| tunnel.vni)
}

#[derive(Debug)]
pub(crate) struct Table {
    pub slab: Slab,
    pub wheel: Wheel,
    index: Index,
    seed: Seed,
    next_id: u64,
}

impl Table {
    pub fn new(max_bytes: usize, longest_ns: u64) -> Self {
        Self {
            slab: Slab::new(max_bytes),
            wheel: Wheel::new(longest_ns),
            index: Index::new(),
            seed: Seed::random(),
            next_id: 1,
        }
    }

    /// Memory taken, bytes.
    pub fn bytes(&self) -> usize {
        self.slab.bytes() + self.wheel.bytes() + self.index.bytes()
    }

    pub fn clear(&mut self) {
        self.slab.clear();
        self.wheel.clear();
        self.index.clear();
    }

    /// The hash of a packet's connection in a network.
    #[inline]
    pub fn hash(&self, parsed: &Parsed, network: u32) -> u64 {
        match parsed.addrs {
            IpPair::V4 { src, dst } => {
                self.hash_v4([src.to_bits(), dst.to_bits()], [parsed.src_port, parsed.dst_port], network)
            }
            IpPair::V6 { src, dst } => {
                self.seed.pair_v6((src.to_bits(), parsed.src_port), (dst.to_bits(), parsed.dst_port), network)
            }
        }
    }

    #[inline]
    fn hash_v4(&self, addr: [u32; 2], port: [u16; 2], network: u32) -> u64 {
        self.seed.pair_v4(v4_end(addr[OUT], port[OUT]), v4_end(addr[IN], port[IN]), network)
    }

    #[inline]
    pub fn prefetch_index(&self, key: &Key) {
        self.index.prefetch(key.tag());
    }

    /// The slot that is likely the key's, which starts being loaded; [`NONE`] where there is none.
    #[inline]
    pub fn prefetch_entry(&self, key: &Key) -> u32 {
        let slot = self.index.guess(key.tag()).unwrap_or(NONE);
        prefetch::element(&self.slab.hot, slot as usize);
        slot
    }

    /// The direction of a packet in the connection of this slot; None where it is not the packet's.
    ///
    /// A connection that was let go for a newer one between the same ports still matches: its end was seen.
    #[inline]
    pub fn verify(&self, slot: u32, parsed: &Parsed, key: &Key) -> Option<usize> {
        if slot == NONE { None } else { self.matches(slot, parsed, key) }
    }

    /// The packet's connection, and the packet's direction in it.
    #[inline]
    pub fn find(&self, parsed: &Parsed, key: &Key) -> Option<(u32, usize)> {
        let mut direction = OUT;
        let slot = self.index.find(key.tag(), |slot| match self.matches(slot, parsed, key) {
            Some(found) => {
                direction = found;
                true
            }
            None => false,
        })?;
        Some((slot, direction))
    }

    #[inline(always)]
    fn matches(&self, slot: u32, parsed: &Parsed, key: &Key) -> Option<usize> {
        let hot = &self.slab.hot[slot as usize];
        if hot.network() != key.network {
            return None;
        }
        let direction = match parsed.addrs {
            IpPair::V4 { src, dst } if !hot.has(status::V6) => {
                let packet = [v4_end(src.to_bits(), parsed.src_port), v4_end(dst.to_bits(), parsed.dst_port)];
                direction_of(packet, [v4_end(hot.addr[OUT], hot.port[OUT]), v4_end(hot.addr[IN], hot.port[IN])])
            }
            IpPair::V6 { src, dst } if hot.has(status::V6) && hot.addr[1] == key.hash as u32 => {
                let addr = &self.slab.wide[hot.addr[0] as usize].addr;
                let packet = [(src.octets(), parsed.src_port), (dst.octets(), parsed.dst_port)];
                direction_of(packet, [(addr[OUT], hot.port[OUT]), (addr[IN], hot.port[IN])])
            }
            _ => None,
        }?;
        let is_it = key.cluster == 0 || self.may_belong_to(slot, key.cluster);
        is_it.then_some(direction)
    }

    /// Whether nothing speaks against a connection being one of this cluster's.
    fn may_belong_to(&self, slot: u32, cluster: u16) -> bool {
        let cold = &self.slab.cold[slot as usize];
        cold.cluster == 0 || cold.cluster == cluster
    }

    /// Enters the connection of a packet that goes in `direction`. Its story and its timer are still to begin.
    ///
    /// # Errors
    /// Full where memory does not allow it.
    pub fn create(&mut self, parsed: &Parsed, key: &Key, direction: usize) -> Result<u32, Full> {
        let is_wide = needs_wide(parsed);
        self.slab.check_room(is_wide)?;
        let slot = self.slab.take();
        let wide = is_wide.then(|| self.slab.take_wide(wide_of(parsed, direction)));
        let (hot, cold) = self.slab.both(slot);
        hot.key = key.network << status::NETWORK_SHIFT;
        hot.port = turned([parsed.src_port, parsed.dst_port], direction);
        match (parsed.addrs, wide) {
            (IpPair::V4 { src, dst }, _) => hot.addr = turned([src.to_bits(), dst.to_bits()], direction),
            (IpPair::V6 { .. }, wide) => {
                hot.addr = [wide.unwrap_or_default(), key.hash as u32];
                hot.set(status::V6);
            }
        }
        cold.set_id(self.next_id, parsed.vlan);
        self.next_id += 1;
        if let Some(tunnel) = &parsed.tunnel {
            set_tunnel(cold, tunnel, wide, direction);
        }
        self.index.insert(key.tag(), slot);
        Ok(slot)
    }

    /// Leaves a connection in the table but lets another one have its place in the index.
    pub fn unindex(&mut self, slot: u32) {
        if !self.slab.cold[slot as usize].is_unindexed() {
            let hash = self.hash_of(slot);
            self.index.remove((hash >> 32) as u32, slot);
            self.slab.cold[slot as usize].set_unindexed();
        }
    }

    /// Takes a connection out of the table.
    pub fn remove(&mut self, slot: u32) {
        self.unindex(slot);
        self.wheel.remove(&mut self.slab.cold, slot);
        let (hot, cold) = self.slab.both(slot);
        let wide = wide_slot(hot, cold);
        if let Some(wide) = wide {
            self.slab.give_back_wide(wide);
        }
        self.slab.give_back(slot);
    }

    /// Sets the time at which a connection is looked at again.
    pub fn schedule(&mut self, slot: u32, class: Class, deadline_ns: u64, now_ns: u64) {
        self.wheel.insert(&mut self.slab.cold, slot, class, deadline_ns, now_ns);
    }

    /// The same for a connection that has such a time already.
    pub fn reschedule(&mut self, slot: u32, class: Class, deadline_ns: u64, now_ns: u64) {
        self.wheel.remove(&mut self.slab.cold, slot);
        self.schedule(slot, class, deadline_ns, now_ns);
    }

    fn hash_of(&self, slot: u32) -> u64 {
        let hot = &self.slab.hot[slot as usize];
        if !hot.has(status::V6) {
            return self.hash_v4(hot.addr, hot.port, hot.network());
        }
        let addr = self.slab.wide[hot.addr[0] as usize].addr;
        let end = |side: usize| (u128::from_be_bytes(addr[side]), hot.port[side]);
        self.seed.pair_v6(end(OUT), end(IN), hot.network())
    }

    /// Addresses of client and server.
    pub fn addrs(&self, slot: u32) -> [IpAddr; 2] {
        let hot = &self.slab.hot[slot as usize];
        if hot.has(status::V6) {
            self.slab.wide[hot.addr[0] as usize].addr.map(|addr| Ipv6Addr::from(addr).into())
        } else {
            hot.addr.map(|addr| Ipv4Addr::from_bits(addr).into())
        }
    }

    /// Addresses of the tunnel's ends on the client's and the server's side.
    pub fn outer_addrs(&self, slot: u32) -> Option<[IpAddr; 2]> {
        let (hot, cold) = (&self.slab.hot[slot as usize], &self.slab.cold[slot as usize]);
        cold.encap()?;
        if cold.has(mark::OUTER_V6) {
            let wide = &self.slab.wide[wide_slot(hot, cold)? as usize];
            return Some(wide.outer.map(|addr| Ipv6Addr::from(addr).into()));
        }
        Some(cold.outer.map(|addr| Ipv4Addr::from_bits(addr).into()))
    }
}

#[inline]
fn v4_end(addr: u32, port: u16) -> u64 {
    u64::from(addr) << 16 | u64::from(port)
}

/// The direction in which a packet's source and destination are a connection's client and server.
#[inline]
fn direction_of<E: PartialEq>(packet: [E; 2], connection: [E; 2]) -> Option<usize> {
    // Both comparisons are made in any case: which one holds cannot be predicted.
    let is_out = (packet[OUT] == connection[OUT]) & (packet[IN] == connection[IN]);
    let is_in = (packet[OUT] == connection[IN]) & (packet[IN] == connection[OUT]);
    (is_out | is_in).then_some(if is_out { OUT } else { IN })
}

/// A packet's two ends as client and server.
fn turned<T: Copy>(ends: [T; 2], direction: usize) -> [T; 2] {
    [ends[direction], ends[1 - direction]]
}

fn needs_wide(parsed: &Parsed) -> bool {
    let has_wide_outer = parsed.tunnel.is_some_and(|tunnel| matches!(tunnel.outer, IpPair::V6 { .. }));
    has_wide_outer || matches!(parsed.addrs, IpPair::V6 { .. })
}

fn wide_of(parsed: &Parsed, direction: usize) -> Wide {
    let octets = |pair: &IpPair| match pair {
        IpPair::V6 { src, dst } => turned([src.octets(), dst.octets()], direction),
        IpPair::V4 { .. } => Default::default(),
    };
    let outer = parsed.tunnel.map_or_else(Default::default, |tunnel| octets(&tunnel.outer));
    Wide { addr: octets(&parsed.addrs), outer }
}

fn wide_slot(hot: &Hot, cold: &Cold) -> Option<u32> {
    if hot.has(status::V6) { Some(hot.addr[0]) } else { cold.has(mark::OUTER_V6).then_some(cold.outer[0]) }
}

fn set_tunnel(cold: &mut Cold, tunnel: &Tunnel, wide: Option<u32>, direction: usize) {
    cold.vni_encap = tunnel.vni << 8 | tunnel.kind as u32;
    match tunnel.outer {
        IpPair::V4 { src, dst } => cold.outer = turned([src.to_bits(), dst.to_bits()], direction),
        IpPair::V6 { .. } => {
            cold.outer[0] = wide.unwrap_or_default();
            cold.mark(mark::OUTER_V6);
        }
    }
}
