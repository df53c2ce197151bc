//! Blocks, and the numbers in them (draft-ietf-opsawg-pcapng §3.1, §4.1).

/// Kinds of block that are read (§11.1).
pub(super) mod kind {
    /// The same in both byte orders.
    pub(crate) const SECTION: u32 = 0x0a0d_0d0a;
    pub(crate) const INTERFACE: u32 = 1;
    /// Obsolete; still found in old files.
    pub(crate) const PACKET: u32 = 2;
    pub(crate) const SIMPLE_PACKET: u32 = 3;
    pub(crate) const ENHANCED_PACKET: u32 = 6;
}

/// Kind and length.
pub(super) const HEADER: usize = 8;
/// The length once more.
const TRAILER: usize = 4;
/// The shortest block.
pub(super) const LEAST: usize = HEADER + TRAILER;
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
const MAJOR_VERSION: u16 = 1;

/// The byte order of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The order that a section header tells.
    pub(super) fn of_section(block: &[u8]) -> Option<Self> {
        let magic = *block.get(HEADER..)?.first_chunk::<4>()?;
        match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
            (BYTE_ORDER_MAGIC, _) => Some(Self::Little),
            (_, BYTE_ORDER_MAGIC) => Some(Self::Big),
            _ => None,
        }
    }

    /// Kind and length of the block that begins with these bytes.
    #[inline]
    pub(super) fn head(self, bytes: &[u8]) -> Option<(u32, u32)> {
        let head = bytes.first_chunk::<HEADER>()?;
        Some((self.word(head, 0), self.word(head, 4)))
    }

    #[inline]
    pub(super) fn word<const N: usize>(self, field: &[u8; N], at: usize) -> u32 {
        let bytes = [field[at], field[at + 1], field[at + 2], field[at + 3]];
        if self == Self::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    #[inline]
    pub(super) fn half<const N: usize>(self, field: &[u8; N], at: usize) -> u16 {
        let bytes = [field[at], field[at + 1]];
        if self == Self::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    /// Says in words when a section is of a version that is not known.
    pub(super) fn check_version(self, body: &[u8]) -> Result<(), String> {
        let fields = body.first_chunk::<16>().ok_or("a section header is cut short")?;
        match self.half(fields, 4) {
            MAJOR_VERSION => Ok(()),
            other => Err(format!("a section is of version {other}, and only {MAJOR_VERSION} is known")),
        }
    }
}

/// One block, whole in memory, whose two lengths agree.
pub(super) struct Block<'a> {
    pub(super) kind: u32,
    pub(super) body: &'a [u8],
    /// Where the next one begins.
    pub(super) end: usize,
}

impl<'a> Block<'a> {
    #[inline]
    pub(super) fn at(bytes: &'a [u8], at: usize, order: Order) -> Option<Self> {
        let rest = bytes.get(at..)?;
        let (kind, length) = order.head(rest)?;
        let (inner, trailer) = rest.get(HEADER..length as usize)?.split_last_chunk::<TRAILER>()?;
        (order.word(trailer, 0) == length).then_some(Self { kind, body: inner, end: at + length as usize })
    }
}
