//! The connection table: index, slots and timers together.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::{IpPair, Tunnel, addr_of_raw};

use crate::entry::{Cold, Hot, IN, NONE, OUT, Wide, mark, place, status};
use crate::hash::Seed;
use crate::index::Index;
use crate::lane::{Key, Path, pair16, pair32};
use crate::prefetch;
use crate::slab::{Full, Slab};
use crate::wheel::{Class, Wheel};

#[derive(Debug)]
pub(crate) struct Table {
    pub slab: Slab,
    pub wheel: Wheel,
    pub seed: Seed,
    /// The connections that packets are for.
    index: Index,
    /// Those that have ended and been reported: few packets are for them, and so many that they would push the others
    /// out of the processor's caches.
    past: Index,
    next_id: u64,
    id_step: u64,
}

impl Table {
    pub fn new(max_bytes: usize, longest_ns: [u64; 4]) -> Self {
        Self {
            slab: Slab::new(max_bytes),
            wheel: Wheel::new(longest_ns),
            index: Index::new(),
            past: Index::new(),
            seed: Seed::random(),
            next_id: 1,
            id_step: 1,
        }
    }

    /// Memory taken, bytes.
    pub fn bytes(&self) -> usize {
        self.slab.bytes() + self.wheel.bytes() + self.index.bytes() + self.past.bytes()
    }

    /// Numbers new connections `first`, `first + step`, and so on.
    pub fn number_by(&mut self, first: u64, step: u64) {
        (self.next_id, self.id_step) = (first, step);
    }

    pub fn clear(&mut self) {
        self.slab.clear();
        self.wheel.clear();
        self.index.clear();
        self.past.clear();
    }

    /// The key of a packet between these ends.
    #[inline]
    pub fn key(&self, addrs: &IpPair, ports: [u16; 2], place: u32) -> Key {
        Key::of(&self.seed, addrs, ports, place)
    }

    #[inline]
    pub fn prefetch_index(&self, key: &Key) {
        self.index.prefetch(key.tag());
    }

    /// The slot that is likely the key's, which starts being loaded; [`NONE`] where there is none, but for one that was
    /// retired.
    #[inline]
    pub fn prefetch_entry(&self, key: &Key, with_cold: bool) -> u32 {
        let slot = self.index.guess(key.tag()).unwrap_or(NONE);
        if slot == NONE {
            self.past.prefetch(key.tag());
            self.slab.prefetch_free();
            return NONE;
        }
        prefetch::known(&self.slab.hot, slot as usize);
        if with_cold {
            self.slab.prefetch_cold(slot);
        }
        slot
    }

    /// Starts loading what the connections behind this one in its timer list need: of the next one, which was loaded when
    /// this was called for the one before, its places in the index; the one behind it itself.
    #[inline]
    pub fn prefetch_after(&self, slot: u32) {
        let next = self.slab.cold[slot as usize].next;
        let Some(cold) = self.slab.cold.get(next as usize) else { return };
        if self.slab.hot[next as usize].has(status::ENDED) {
            let tag = self.tag_of(next);
            self.index.prefetch(tag);
            self.past.prefetch(tag);
        }
        prefetch::element(&self.slab.hot, cold.next as usize);
        self.slab.prefetch_cold(cold.next);
    }

    /// The direction of a packet in the connection of this slot; None where it is not the packet's.
    ///
    /// A connection that was let go for a newer one between the same ports still matches: see `is_unindexed`.
    #[inline]
    pub fn verify(&self, slot: u32, key: &Key, cluster: u16) -> Option<usize> {
        if slot == NONE { None } else { self.matches(slot, key, cluster) }
    }

    /// The packet's connection, and the packet's direction in it.
    #[inline]
    pub fn find(&self, key: &Key, cluster: u16) -> Option<(u32, usize)> {
        let mut direction = OUT;
        let mut is_it = |slot| match self.matches(slot, key, cluster) {
            Some(found) => {
                direction = found;
                true
            }
            None => false,
        };
        let slot = self.index.find(key.tag(), &mut is_it).or_else(|| self.past.find(key.tag(), is_it))?;
        Some((slot, direction))
    }

    #[inline(always)]
    fn matches(&self, slot: u32, key: &Key, cluster: u16) -> Option<usize> {
        let hot = &self.slab.hot[slot as usize];
        let difference = hot.place ^ key.place;
        if difference & !place::TURNED != 0 {
            return None;
        }
        let has_addrs = if key.is_v6() { hot.addr[1] == key.hash as u32 } else { pair32(hot.addr) == key.addrs };
        if !(has_addrs & (pair16(hot.raw_port) == key.ports)) {
            return None;
        }
        // The sender is the client where both are the first end, or both the second.
        let direction = (difference / place::TURNED) as usize;
        let is_it = cluster == 0 || self.may_belong_to(slot, cluster);
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
    pub fn create(&mut self, path: &Path, key: &Key, direction: usize) -> Result<u32, Full> {
        let inner = wide_of(&path.addrs, direction);
        let outer = path.tunnel.and_then(|tunnel| wide_of(&tunnel.outer, direction));
        self.slab.check_room(usize::from(inner.is_some()) + usize::from(outer.is_some()))?;
        let slot = self.slab.take();
        let [inner, outer] = [inner, outer].map(|wide| wide.map(|pair| self.slab.take_wide(pair)));
        let (hot, cold) = self.slab.both(slot);
        let ports = [key.ports as u16, (key.ports >> 16) as u16];
        hot.place = key.place ^ (direction as u32 * place::TURNED);
        hot.addr = inner.map_or([key.addrs as u32, (key.addrs >> 32) as u32], |wide| [wide, key.hash as u32]);
        hot.raw_port = ports;
        cold.set_id(self.next_id, path.vlan);
        self.next_id += self.id_step;
        if let Some(tunnel) = &path.tunnel {
            set_tunnel(cold, tunnel, outer, direction);
        }
        self.index.insert(key.tag(), slot);
        Ok(slot)
    }

    /// Freezes a connection that has ended: packets may still be found to be for it, and none changes it.
    pub fn retire(&mut self, slot: u32) {
        if !self.is_unindexed(slot) {
            let tag = self.tag_of(slot);
            self.index.remove(tag, slot);
            self.past.insert(tag, slot);
        }
        let hot = &mut self.slab.hot[slot as usize];
        hot.set(status::FROZEN);
        hot.judge();
    }

    /// Leaves a connection in the table but lets another one have its place in the index.
    pub fn unindex(&mut self, slot: u32) {
        if self.is_unindexed(slot) {
            return;
        }
        let tag = self.tag_of(slot);
        let is_retired = self.slab.hot[slot as usize].has(status::FROZEN);
        let index = if is_retired { &mut self.past } else { &mut self.index };
        index.remove(tag, slot);
        self.slab.cold[slot as usize].set_unindexed();
    }

    /// Whether packets are not for this connection any more, but for a newer one between the same ports.
    pub fn is_unindexed(&self, slot: u32) -> bool {
        self.slab.cold[slot as usize].is_unindexed()
    }

    /// Takes a connection out of the table.
    pub fn remove(&mut self, slot: u32) {
        self.unindex(slot);
        self.wheel.remove(&mut self.slab.cold, slot);
        let (hot, cold) = self.slab.both(slot);
        for wide in [inner_wide(hot), outer_wide(cold)].into_iter().flatten() {
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

    fn tag_of(&self, slot: u32) -> u32 {
        (self.hash_of(slot) >> 32) as u32
    }

    fn hash_of(&self, slot: u32) -> u64 {
        let hot = &self.slab.hot[slot as usize];
        let place = hot.place & !place::TURNED;
        if !hot.is_v6() {
            return self.seed.pair_v4(pair32(hot.addr), pair16(hot.raw_port), place);
        }
        let Wide(addr) = self.slab.wide[hot.addr[0] as usize];
        // The client's side is the first one there, wherever it is among the ends.
        let end = |number: usize| u128::from_le_bytes(addr[hot.place_of(number)]);
        self.seed.pair_v6(end(0), end(1), pair16(hot.raw_port), place)
    }

    /// Addresses of client and server.
    pub fn addrs(&self, slot: u32) -> [IpAddr; 2] {
        let hot = &self.slab.hot[slot as usize];
        if hot.is_v6() {
            self.slab.wide[hot.addr[0] as usize].0.map(|addr| Ipv6Addr::from(addr).into())
        } else {
            [OUT, IN].map(|side| addr_of_raw(hot.addr[hot.place_of(side)]).into())
        }
    }

    /// Addresses of the tunnel's ends on the client's and the server's side.
    pub fn outer_addrs(&self, slot: u32) -> Option<[IpAddr; 2]> {
        let cold = &self.slab.cold[slot as usize];
        cold.encap()?;
        if let Some(wide) = outer_wide(cold) {
            return Some(self.slab.wide[wide as usize].0.map(|addr| Ipv6Addr::from(addr).into()));
        }
        Some(cold.outer.map(|addr| Ipv4Addr::from_bits(addr).into()))
    }
}

/// A packet's two ends as client and server.
fn turned<T: Copy>(ends: [T; 2], direction: usize) -> [T; 2] {
    [ends[direction], ends[1 - direction]]
}

/// A packet's IPv6 addresses as client and server.
fn wide_of(addrs: &IpPair, direction: usize) -> Option<Wide> {
    match addrs {
        IpPair::V6 { src, dst } => Some(Wide(turned([src.octets(), dst.octets()], direction))),
        IpPair::V4 { .. } => None,
    }
}

fn inner_wide(hot: &Hot) -> Option<u32> {
    hot.is_v6().then_some(hot.addr[0])
}

fn outer_wide(cold: &Cold) -> Option<u32> {
    cold.has(mark::OUTER_V6).then_some(cold.outer[0])
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
