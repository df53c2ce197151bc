//! One captured frame, as sources hand it over.
use wire::LinkType;

/// One captured frame. Its bytes stay where the source keeps them.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When it was captured, nanoseconds since the Unix epoch.
    pub ts_ns: u64,
    /// Its length on the wire, bytes; what was captured may be shorter.
    pub wire_len: u32,
    /// What was captured.
    pub data: &'a [u8],
    /// The number of the source it came from; see [`crate::SourceCounters`].
    pub source: u16,
    /// What the first byte is.
    pub link: LinkType,
}
