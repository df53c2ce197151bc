//! Numbers that the programs compare with, and where they are.

// EtherTypes (IEEE 802 numbers), also as GRE and Geneve name what they carry.
pub(super) const IPV4: u32 = 0x0800;
pub(super) const IPV6: u32 = 0x86dd;
pub(super) const TAGS: [u32; 3] = [0x8100, 0x88a8, 0x9100];
pub(super) const MPLS: [u32; 2] = [0x8847, 0x8848];
pub(super) const FRAME: u32 = 0x6558;
pub(super) const ERSPAN: u32 = 0x88be;
pub(super) const ERSPAN3: u32 = 0x22eb;
/// Tags that `wire` passes over.
pub(super) const MOST_TAGS: usize = 4;

// IP protocol numbers (IANA).
pub(super) const IP_IN_IP: u32 = 4;
pub(super) const TCP: u32 = 6;
pub(super) const UDP: u32 = 17;
pub(super) const IPV6_IN_IP: u32 = 41;
pub(super) const GRE: u32 = 47;
pub(super) const AH: u32 = 51;
pub(super) const SCTP: u32 = 132;
pub(super) const ICMP: u32 = 1;
pub(super) const ICMPV6: u32 = 58;
/// Hop-by-hop, routing, fragment, destination options, mobility, HIP, SHIM6.
pub(super) const EXTENSIONS: [u32; 7] = [0, 43, 44, 60, 135, 139, 140];

// Ethernet.
pub(super) const FRAME_KIND: u32 = 12;
pub(super) const FRAME_HEADER: u32 = 14;
pub(super) const TAG: u32 = 4;
// IPv4 (RFC 791 §3.1): the length of the header is in words of 4 bytes.
pub(super) const V4_FRAGMENT: u32 = 6;
pub(super) const V4_PROTOCOL: u32 = 9;
pub(super) const V4_ADDRESSES: u32 = 12;
pub(super) const LATER_FRAGMENT: u32 = 0x1fff;
pub(super) const ANY_FRAGMENT: u32 = 0x3fff;
// IPv6 (RFC 8200 §3).
pub(super) const V6_NEXT: u32 = 6;
pub(super) const V6_ADDRESSES: u32 = 8;
pub(super) const V6_HEADER: u32 = 40;
// ICMP (RFC 792) and ICMPv6 (RFC 4443): the types that quote a packet, and where it begins.
pub(super) const ICMP_ERRORS: [u32; 5] = [3, 4, 5, 11, 12];
pub(super) const ICMPV6_ERRORS: [u32; 4] = [1, 2, 3, 4];
pub(super) const ICMP_HEADER: u32 = 8;
// TCP, and what UDP and SCTP have in common with it.
pub(super) const PORTS: [u32; 2] = [0, 2];
pub(super) const TCP_FLAGS: u32 = 13;
/// FIN, SYN or RST (RFC 9293 §3.1).
pub(super) const CONTROL_FLAGS: u32 = 0x07;
pub(super) const UDP_HEADER: u32 = 8;
/// From a UDP header to what VXLAN carries (RFC 7348 §5), and Geneve without options (RFC 8926 §3.4).
pub(super) const UDP_AND_TUNNEL: u32 = UDP_HEADER + 8;
pub(super) const GENEVE_LENGTH: u32 = UDP_HEADER;
pub(super) const GENEVE_KIND: u32 = UDP_HEADER + 2;
// GRE (RFC 2890 §2): routing and versions other than 0 are read by nobody.
pub(super) const GRE_STRANGE: u32 = 0x4007;
pub(super) const GRE_KIND: u32 = 2;
pub(super) const GRE_HEADER: u32 = 4;
/// Flags of optional fields of 4 bytes, each with what shifts it to the value 4: checksum, key, sequence.
pub(super) const GRE_OPTIONAL: [(u32, u32); 3] = [(0x8000, 13), (0x2000, 11), (0x1000, 10)];
pub(super) const GRE_SEQUENCE: u32 = 0x1000;
// ERSPAN types II and III (draft-foschiano-erspan-03 §4).
pub(super) const ERSPAN2_HEADER: u32 = 8;
pub(super) const ERSPAN3_HEADER: u32 = 12;
pub(super) const ERSPAN3_FLAGS: u32 = 10;
/// Frame types other than Ethernet, and the platform's own field.
pub(super) const ERSPAN3_STRANGE: u32 = 0x7c01;

/// What the kernel knows of a packet beside its bytes (linux/filter.h).
pub(super) const KERNEL_PROTOCOL: u32 = 0xffff_f000;
pub(super) const KERNEL_DIRECTION: u32 = 0xffff_f004;
/// PACKET_OUTGOING of linux/if_packet.h.
pub(super) const OUTGOING: u32 = 4;
