//! Packets to bytes: headers from the outside in, with their lengths and checksums.
use crate::connection::{Packet, flag};
use crate::ends::{End, Ends};
use crate::options::Wrap;

/// Room for every header: Ethernet, IPv4, UDP, Geneve, Ethernet, IPv6, TCP with options.
pub const MOST_HEADER: usize = 192;

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const UDP: usize = 8;
const VXLAN: usize = 8;
const GENEVE: usize = 16;
const VXLAN_PORT: u16 = 4789;
const GENEVE_PORT: u16 = 6081;
const TCP_PROTOCOL: u8 = 6;
const UDP_PROTOCOL: u8 = 17;

/// Headers of one frame; what follows them is zeros.
pub struct Frame {
    bytes: [u8; MOST_HEADER],
    at: usize,
    /// Bytes of the headers.
    pub headers: usize,
    /// Bytes on the wire.
    pub wire: usize,
}

impl Default for Frame {
    fn default() -> Self {
        Self { bytes: [0; MOST_HEADER], at: 0, headers: 0, wire: 0 }
    }
}

impl Frame {
    /// The headers.
    pub fn headers(&self) -> &[u8] {
        &self.bytes[..self.headers]
    }

    /// Writes the headers of a packet. `millis` is its time, for the timestamps option.
    pub fn write(&mut self, packet: &Packet, ends: &Ends, millis: u32, id: u16) {
        let tcp_header = tcp_header_len(packet);
        let tcp = tcp_header + packet.payload as usize;
        let inner = tcp + if ends.is_ipv6 { IPV6 } else { IPV4 };
        let (from, to) = (ends.ends[packet.side], ends.ends[1 - packet.side]);
        self.at = 0;
        self.wrap(ends, (from, to), inner, id);
        let pseudo = self.network(ends.is_ipv6, (from, to), tcp, id);
        self.tcp(packet, (from.port, to.port), millis, pseudo + tcp as u32);
        self.headers = self.at;
        self.wire = self.headers + packet.payload as usize;
    }

    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.at..self.at + N].copy_from_slice(&bytes);
        self.at += N;
    }

    fn ethernet(&mut self, (from, to): (u32, u32), kind: u16) {
        let ([a, b, c, d], [e, f, g, h]) = (to.to_be_bytes(), from.to_be_bytes());
        let [k, l] = kind.to_be_bytes();
        self.put([0x02, 0x42, a, b, c, d, 0x02, 0x42, e, f, g, h, k, l]);
    }

    fn wrap(&mut self, ends: &Ends, (from, to): (End, End), inner: usize, id: u16) {
        let kind = if ends.is_ipv6 { 0x86dd } else { 0x0800 };
        let nodes = (node_address(from), node_address(to));
        let (header, port) = match ends.wrap {
            Wrap::Plain => return self.ethernet((from.pod, to.pod), kind),
            Wrap::Ipip => {
                self.ethernet(nodes, 0x0800);
                return self.ipv4(nodes, if ends.is_ipv6 { 41 } else { 4 }, inner, id);
            }
            Wrap::Vxlan => (VXLAN, VXLAN_PORT),
            Wrap::Geneve => (GENEVE, GENEVE_PORT),
        };
        let udp = UDP + header + ETHERNET + inner;
        self.ethernet(nodes, 0x0800);
        self.ipv4(nodes, UDP_PROTOCOL, udp, id);
        let entropy = 49_152 + ((from.pod ^ to.pod).wrapping_mul(0x9e37) as u16 ^ from.port ^ to.port) % 16_384;
        self.put(entropy.to_be_bytes());
        self.put(port.to_be_bytes());
        self.put((udp as u16).to_be_bytes());
        // RFC 7348 §4.1 and RFC 8926 §3.3: the checksum is best left at 0 over IPv4.
        self.put([0, 0]);
        let [_, a, b, c] = ends.vni.to_be_bytes();
        if ends.wrap == Wrap::Geneve {
            // One option of 8 bytes, as OVN writes it: class 0x0102, type 0x80, logical ports.
            self.put([0x02, 0x40, 0x65, 0x58, a, b, c, 0, 0x01, 0x02, 0x80, 0x01, 0, 1, 0, 2]);
        } else {
            self.put([0x08, 0, 0, 0, a, b, c, 0]);
        }
        self.ethernet((from.pod, to.pod), kind);
    }

    fn ipv4(&mut self, (from, to): (u32, u32), protocol: u8, payload: usize, id: u16) {
        let start = self.at;
        let ([l, m], [i, j]) = (((IPV4 + payload) as u16).to_be_bytes(), id.to_be_bytes());
        self.put([0x45, 0, l, m, i, j, 0x40, 0, 64, protocol, 0, 0]);
        self.put(from.to_be_bytes());
        self.put(to.to_be_bytes());
        let sum = checksum(sum(&self.bytes[start..self.at]));
        self.bytes[start + 10..start + 12].copy_from_slice(&sum.to_be_bytes());
    }

    /// The innermost IP header. Returns the sum of its addresses and its protocol, for the TCP checksum.
    fn network(&mut self, is_ipv6: bool, (from, to): (End, End), tcp: usize, id: u16) -> u32 {
        if !is_ipv6 {
            self.ipv4((pod_address(from), pod_address(to)), TCP_PROTOCOL, tcp, id);
        } else {
            let [l, m] = (tcp as u16).to_be_bytes();
            self.put([0x60, 0, 0, 0, l, m, TCP_PROTOCOL, 64]);
            self.ipv6_address(from);
            self.ipv6_address(to);
        }
        let addresses = if is_ipv6 { 32 } else { 8 };
        sum(&self.bytes[self.at - addresses..self.at]) + u32::from(TCP_PROTOCOL)
    }

    fn ipv6_address(&mut self, end: End) {
        let ([n, o], [a, b, c, d]) = ((end.node() as u16).to_be_bytes(), end.pod.to_be_bytes());
        self.put([0xfd, 0, 0x10, 0x24, 0x02, 0x44, n, o, 0, 0, 0, 0, a, b, c, d]);
    }

    fn tcp(&mut self, packet: &Packet, (from, to): (u16, u16), millis: u32, pseudo: u32) {
        let start = self.at;
        self.put(from.to_be_bytes());
        self.put(to.to_be_bytes());
        self.put(packet.seq.to_be_bytes());
        self.put(packet.ack.to_be_bytes());
        let words = tcp_header_len(packet) as u8 / 4;
        self.put([words << 4, packet.flags, 0xfa, 0xf0, 0, 0, 0, 0]);
        self.options(packet, millis);
        let sum = checksum(sum(&self.bytes[start..self.at]) + pseudo);
        self.bytes[start + 16..start + 18].copy_from_slice(&sum.to_be_bytes());
    }

    /// What Linux sends: MSS, SACK, timestamps and window scale with a SYN, timestamps with all else.
    fn options(&mut self, packet: &Packet, millis: u32) {
        let [a, b, c, d] = millis.wrapping_add(0x1000_0000 * packet.side as u32).to_be_bytes();
        let echo =
            if packet.flags & flag::ACK == 0 { 0 } else { millis.wrapping_add(0x1000_0000 * (1 - packet.side as u32)) };
        let [e, f, g, h] = echo.to_be_bytes();
        if packet.flags & flag::SYN != 0 {
            self.put([2, 4, 5, 0x64, 4, 2, 8, 10, a, b, c, d, e, f, g, h, 1, 3, 3, 7]);
        } else if packet.flags & flag::RST == 0 {
            self.put([1, 1, 8, 10, a, b, c, d, e, f, g, h]);
        }
    }
}

const fn tcp_header_len(packet: &Packet) -> usize {
    if packet.flags & flag::SYN != 0 {
        40
    } else if packet.flags & flag::RST != 0 {
        20
    } else {
        32
    }
}

const fn pod_address(end: End) -> u32 {
    0x0a00_0000 | end.pod & 0x00ff_ffff
}

const fn node_address(end: End) -> u32 {
    0xac10_0000 | (end.node() + 1) & 0x000f_ffff
}

/// The sum of 16-bit words (RFC 1071), of an even number of bytes.
fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum()
}

fn checksum(sum: u32) -> u16 {
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}
