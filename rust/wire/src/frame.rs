//! One captured frame, as sources hand it over.

use crate::link::LinkType;

/// One captured frame. Its bytes stay where the source keeps them.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured, nanoseconds since the Unix epoch.
    pub ts_ns: u64,
    /// Its length on the wire, bytes; what was captured may be shorter.
    pub wire_len: u32,
    /// What was captured.
    pub data: &'a [u8],
    /// The number of the source it came from.
    pub source: u16,
    /// What the first byte is.
    pub link: LinkType,
    /// The outermost VLAN, where the network card or the kernel took its tag out of the frame.
    pub vlan: Option<u16>,
}
