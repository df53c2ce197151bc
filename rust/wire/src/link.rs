//! What the first byte of a captured frame is.

/// The kind of link that a frame was captured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LinkType {
    /// Ethernet II or 802.3.
    #[default]
    Ethernet,
    /// An IPv4 or IPv6 header comes first; its version tells which.
    RawIp,
    /// Linux "cooked" capture (LINKTYPE_LINUX_SLL), as from the `any` device.
    LinuxSll,
    /// Linux "cooked" capture, version 2 (LINKTYPE_LINUX_SLL2).
    LinuxSll2,
    /// The address family comes first (LINKTYPE_NULL, LINKTYPE_LOOP), as from the loopback devices of BSD and Darwin.
    Null,
}

impl LinkType {
    /// The link type of a capture file's number, or None where frames of that kind cannot be read.
    ///
    /// Numbers: the tcpdump project's registry of link-layer header types; 12 and 14 are what BSDs write for raw IP.
    #[must_use]
    pub const fn from_pcap(number: u32) -> Option<Self> {
        match number {
            0 | 108 => Some(Self::Null),
            1 => Some(Self::Ethernet),
            12 | 14 | 101 | 228 | 229 => Some(Self::RawIp),
            113 => Some(Self::LinuxSll),
            276 => Some(Self::LinuxSll2),
            _ => None,
        }
    }

    /// How people call a link type of a capture file whose frames cannot be read: `9 (PPP)`.
    #[must_use]
    pub fn told(number: u32) -> String {
        let name = match number {
            9 | 50 => "PPP",
            51 => "PPPoE",
            104 => "Cisco HDLC",
            105 | 119 | 127 => "802.11",
            107 => "Frame Relay",
            189 | 220 | 249 => "USB",
            187 | 201 | 251 => "Bluetooth",
            239 => "NFLOG",
            253 => "netlink",
            _ => return number.to_string(),
        };
        format!("{number} ({name})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_capture_files_are_known() {
        assert_eq!(LinkType::from_pcap(1), Some(LinkType::Ethernet));
        assert_eq!(LinkType::from_pcap(108), Some(LinkType::Null));
        assert_eq!(LinkType::from_pcap(228), Some(LinkType::RawIp));
        assert_eq!(LinkType::from_pcap(105), None);
        assert_eq!((LinkType::told(104), LinkType::told(9999)), ("104 (Cisco HDLC)".into(), "9999".into()));
    }
}
