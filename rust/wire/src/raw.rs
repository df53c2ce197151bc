//! A TCP segment much as it stands in its frame: what is only compared or hashed keeps the network's byte order,
//! so that a whole header is taken over in a few words.
use core::net::Ipv4Addr;

use crate::parsed::{IpPair, Parsed, Tunnel};

/// A whole TCP segment. "As they stand" are bytes of a packet as one number, whose lowest byte is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawSegment {
    /// IPv4 source and destination address as they stand; 0 for IPv6.
    pub addrs: u64,
    /// Source and destination port as they stand.
    pub ports: u32,
    /// The sequence number in the upper half, the acknowledgment number in the lower one.
    pub numbers: u64,
    /// The fourth and fifth word of TCP's header as they stand, of which only control bits, window and checksum are kept.
    pub told: u64,
    /// The IPv4 identification as it stands; 0 in IPv6.
    pub ip_id: u16,
    /// As [`Parsed::payload_len`].
    pub payload_len: u32,
}

impl RawSegment {
    /// The bits of `told` that are kept.
    pub const TOLD: u64 = 0x0000_ffff_ffff_ff00;
    const FLAGS: u32 = 8;
    const WINDOW: u32 = 16;
    const CHECKSUM: u32 = 32;

    /// Of a segment that was read in another way. `addrs` is 0 where it is IPv6.
    #[inline]
    #[must_use]
    pub fn of(parsed: &Parsed) -> Self {
        let half = |number: u16, at: u32| u64::from(number.swap_bytes()) << at;
        let addrs = match parsed.addrs {
            IpPair::V4 { src, dst } => raw_pair([src, dst]),
            IpPair::V6 { .. } => 0,
        };
        Self {
            addrs,
            ports: raw_ports([parsed.src_port, parsed.dst_port]),
            numbers: u64::from(parsed.seq) << 32 | u64::from(parsed.ack),
            told: u64::from(parsed.flags) << Self::FLAGS
                | half(parsed.window, Self::WINDOW)
                | half(parsed.checksum, Self::CHECKSUM),
            ip_id: parsed.ip_id.swap_bytes(),
            payload_len: parsed.payload_len,
        }
    }

    /// `told` with these bits of the checksum turned over.
    #[inline]
    pub(crate) const fn with_checksum_changed(told: u64, bits: u16) -> u64 {
        told ^ (bits.swap_bytes() as u64) << Self::CHECKSUM
    }

    /// TCP's control bits.
    #[inline]
    #[must_use]
    pub const fn flags(&self) -> u8 {
        (self.told >> Self::FLAGS) as u8
    }

    /// Whether the receive window is 0.
    #[inline]
    #[must_use]
    pub const fn has_zero_window(&self) -> bool {
        self.told & 0xffff << Self::WINDOW == 0
    }

    /// Whether it has an identification and an open window: without the one the options tell copies apart, and a window that
    /// is closed is news. [`crate::plain`] and what reads tunnels read no others.
    #[inline]
    #[must_use]
    pub const fn is_common(&self) -> bool {
        self.ip_id != 0 && !self.has_zero_window()
    }

    /// The source port.
    #[inline]
    #[must_use]
    pub const fn src_port(&self) -> u16 {
        (self.ports as u16).swap_bytes()
    }

    /// The same with its fields apart.
    #[inline]
    #[must_use]
    pub const fn parsed(&self, vlan: u16, tunnel: Option<Tunnel>) -> Parsed {
        Parsed {
            addrs: ip_pair(self.addrs),
            src_port: self.src_port(),
            dst_port: ((self.ports >> 16) as u16).swap_bytes(),
            seq: (self.numbers >> 32) as u32,
            ack: self.numbers as u32,
            window: ((self.told >> Self::WINDOW) as u16).swap_bytes(),
            flags: self.flags(),
            fragmented: false,
            ip_id: self.ip_id.swap_bytes(),
            checksum: ((self.told >> Self::CHECKSUM) as u16).swap_bytes(),
            payload_len: self.payload_len,
            vlan,
            tunnel,
        }
    }
}

/// An IPv4 address as it stands in a packet.
#[inline]
#[must_use]
pub const fn raw_addr(addr: Ipv4Addr) -> u32 {
    addr.to_bits().swap_bytes()
}

/// The address that stands in a packet like this.
#[inline]
#[must_use]
pub const fn addr_of_raw(raw: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(raw.swap_bytes())
}

/// Two ports as they stand in a packet, one behind the other.
#[inline]
#[must_use]
pub const fn raw_ports(ports: [u16; 2]) -> u32 {
    ports[0].swap_bytes() as u32 | (ports[1].swap_bytes() as u32) << 16
}

const fn raw_pair(addrs: [Ipv4Addr; 2]) -> u64 {
    raw_addr(addrs[0]) as u64 | (raw_addr(addrs[1]) as u64) << 32
}

#[inline]
pub(crate) const fn ip_pair(raw: u64) -> IpPair {
    IpPair::V4 { src: addr_of_raw(raw as u32), dst: addr_of_raw((raw >> 32) as u32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_apart_and_putting_together_are_inverse() {
        let parsed = Parsed {
            addrs: IpPair::V4 { src: Ipv4Addr::new(10, 1, 2, 3), dst: Ipv4Addr::new(192, 168, 4, 5) },
            src_port: 0x1234,
            dst_port: 80,
            seq: 0x0102_0304,
            ack: 0xf0e0_d0c0,
            window: 0xabcd,
            flags: 0x18,
            fragmented: false,
            ip_id: 0x7788,
            checksum: 0x99aa,
            payload_len: 1448,
            vlan: 12,
            tunnel: None,
        };
        let raw = RawSegment::of(&parsed);
        assert_eq!(raw.parsed(12, None), parsed);
        assert_eq!(
            (raw.addrs.to_le_bytes(), raw.ports.to_le_bytes()),
            ([10, 1, 2, 3, 192, 168, 4, 5], [0x12, 0x34, 0, 80])
        );
        assert!(raw.told & !RawSegment::TOLD == 0 && raw.flags() == 0x18 && raw.src_port() == 0x1234);
        assert!(!raw.has_zero_window() && RawSegment::of(&Parsed { window: 0, ..parsed }).has_zero_window());
    }
}
