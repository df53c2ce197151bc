//! The single pass from a frame's first byte to what is in its innermost tunnel.
//!
//! Lengths come from the IP headers, not from what was captured: captures are cut, and short frames are padded. The
//! first 14 bytes of a TCP header have to be there, up to its flags.
//!
//! One way down, compiled twice: [`quick`] reads TCP, plain and in the usual tunnels, in line and gives up at anything
//! rarer, so that it keeps everything in registers; [`read`] follows every branch. Before both, [`crate::glance()`] tries
//! the few kinds that nearly all frames are of.
use crate::frame::Frame;
use crate::glance::glance;
use crate::ipv4::protocol;
use crate::link::LinkType;
use crate::outcome::{Layer, Outcome};
use crate::overlays::Overlays;
use crate::parsed::{IpPair, Parsed, Tunnel};
use crate::seen::{Fragment, Seen};

mod link;
mod network;
mod tunnel;
mod upper;

/// The most tunnels in each other that are looked into: a mirror's own tunnel around a node's around a Pod's, and one.
pub const MAX_TUNNELS: u8 = 4;

/// Where in the frame reading stands, and what was met on the way. A quick one ends where a rare header is met.
#[derive(Clone, Copy)]
struct Walk<'a, const QUICK: bool> {
    frame: &'a [u8],
    /// Where the next header starts.
    at: usize,
    /// Where the enclosing datagram ends, captured or not.
    end: usize,
    /// Lengths inside may rightly go beyond `end`: in a fragment, and behind a frame's header, since mirrors cut frames.
    is_open_ended: bool,
    vlan: u16,
    /// The VLAN of a tag that was taken out of the frame.
    stripped: Option<u16>,
    /// The innermost datagram that came in fragments.
    fragment: Option<Fragment>,
    tunnel: Option<Tunnel>,
}

/// What an IP header told.
#[derive(Clone, Copy)]
struct Network {
    addrs: IpPair,
    protocol: u8,
    /// IPv4 identification.
    id: u16,
}

/// Why the way down ended before a TCP segment.
enum Stop {
    Outcome(Outcome),
    /// A header that is no tunnel's follows.
    Upper(Network),
    /// A later fragment.
    Later,
    /// Something that a quick walk does not look at.
    Rare,
}

impl From<Outcome> for Stop {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

/// Reads the TCP segment of a frame where it is plain or in VXLAN, Geneve or IP in IP: most frames of a busy mirror.
///
/// None says nothing of the frame: [`read`] has to look at it. Otherwise both tell the same.
#[inline]
#[must_use]
pub fn quick(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Option<Parsed> {
    Walk::<true>::new(frame, wire_len).descend(link, overlays).ok()
}

/// Reads a frame down to what is in its innermost tunnel.
///
/// `wire_len` is the frame's length on the wire; `frame` may be cut. Tunnels between nodes are looked into as `overlays`
/// asks; those of mirrors (ERSPAN, and Ethernet in GRE where no overlay claims it) always, as if their frames had come
/// here without them.
#[inline]
#[must_use]
pub fn read(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Seen {
    read_frame(&Frame { ts_ns: 0, wire_len, data: frame, source: 0, link, vlan: None }, overlays)
}

/// The same for a frame as sources hand it over. A tag that was taken out of it counts as its outermost one.
#[inline(never)]
#[must_use]
pub fn read_frame(frame: &Frame<'_>, overlays: &Overlays) -> Seen {
    let mut walk = Walk::<false> { stripped: frame.vlan, ..Walk::new(frame.data, frame.wire_len) };
    match walk.descend(frame.link, overlays) {
        Ok(parsed) => Seen::Tcp(parsed),
        Err(stop) => upper::finish(walk, &stop, overlays),
    }
}

/// Reads a frame down to its innermost TCP segment; see [`read`].
///
/// # Errors
/// The one reason why there is no TCP segment to be read; never [`Outcome::Tcp`].
#[inline]
pub fn parse(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Result<Parsed, Outcome> {
    match glance(frame, link, overlays).or_else(|| quick(frame, wire_len, link, overlays)) {
        Some(parsed) => Ok(parsed),
        None => rarely(frame, wire_len, link, overlays),
    }
}

#[cold]
#[inline(never)]
fn rarely(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Result<Parsed, Outcome> {
    match read(frame, wire_len, link, overlays) {
        Seen::Tcp(parsed) => Ok(parsed),
        seen => Err(seen.outcome()),
    }
}

/// The datagram that came in fragments, of which this frame has one: its own, or a tunnel's around it. The innermost
/// where there are several, None where there is none.
#[cold]
#[must_use]
pub fn first_fragment(frame: &[u8], wire_len: u32, link: LinkType, overlays: &Overlays) -> Option<Fragment> {
    let mut walk = Walk::<false>::new(frame, wire_len);
    // Where the way ends does not matter: what was met on it was noted.
    let _ = walk.descend(link, overlays);
    walk.fragment
}

impl<'a, const QUICK: bool> Walk<'a, QUICK> {
    #[inline(always)]
    fn new(frame: &'a [u8], wire_len: u32) -> Self {
        let end = frame.len().max(wire_len as usize);
        Self { frame, at: 0, end, is_open_ended: true, vlan: 0, stripped: None, fragment: None, tunnel: None }
    }

    #[inline(always)]
    fn descend(&mut self, link: LinkType, overlays: &Overlays) -> Result<Parsed, Stop> {
        let mut kind = self.link(link)?;
        for _ in 0..=MAX_TUNNELS {
            let network = self.network(kind)?;
            kind = match network.protocol {
                protocol::TCP => return Ok(self.segment(&network)?),
                protocol::UDP => self.udp(network, overlays)?,
                protocol::IPV4 | protocol::IPV6 => self.ip_in_ip(&network, overlays)?,
                _ if QUICK => return Err(Stop::Rare),
                _ => self.enter(network, overlays)?,
            };
        }
        Err(Outcome::TooDeep.into())
    }

    #[inline(always)]
    fn rest(&self) -> &'a [u8] {
        self.frame.get(self.at..).unwrap_or_default()
    }

    /// Notes where a datagram ends, and that it is no longer than what carries it, where that is told.
    #[inline(always)]
    fn narrow(&mut self, end: usize, layer: Layer) -> Result<(), Outcome> {
        if end > self.end && !self.is_open_ended {
            return Err(Outcome::Malformed(layer));
        }
        self.end = end;
        Ok(())
    }

    /// Passes over a header of `len` bytes, which has to be within what carries it.
    #[inline(always)]
    fn pass(&mut self, len: usize, layer: Layer) -> Result<(), Outcome> {
        self.at += len;
        if self.at > self.end { Err(Outcome::Malformed(layer)) } else { Ok(()) }
    }

    /// Bytes from here to the end of the datagram, captured or not.
    #[inline]
    fn carried(&self) -> usize {
        self.end.saturating_sub(self.at)
    }
}

/// A length as columns have it.
#[inline]
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
