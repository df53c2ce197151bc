//! What a section says of one of its interfaces (Interface Description Block, draft-ietf-opsawg-pcapng §4.2).

use wire::LinkType;

use crate::pcapng::block::Order;
use crate::pcapng::clock::Clock;

/// Link type, two reserved bytes, snap length.
const FIELDS: usize = 8;
const OPTION_HEADER: usize = 4;
const END_OF_OPTIONS: u16 = 0;
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

/// An interface that packets came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Port {
    /// None where its frames cannot be read.
    pub(super) link: Option<LinkType>,
    pub(super) link_number: u16,
    /// The most bytes kept of one packet.
    pub(super) snap_bytes: usize,
    pub(super) clock: Clock,
}

impl Port {
    /// Reads the block's body. Says in words why it cannot.
    pub(super) fn read(body: &[u8], order: Order) -> Result<Self, String> {
        let (fields, options) =
            body.split_first_chunk::<FIELDS>().ok_or("the description of an interface is cut short")?;
        let link_number = order.half(fields, 0);
        let snap_bytes = match order.word(fields, 4) {
            0 => usize::MAX,
            limit => limit as usize,
        };
        let link = LinkType::from_pcap(link_number.into());
        Ok(Self { link, link_number, snap_bytes, clock: read_clock(options, order) })
    }
}

/// Reads the options up to the first that makes no sense.
fn read_clock(options: &[u8], order: Order) -> Clock {
    let mut clock = Clock::default();
    let mut rest = options;
    while let Some((head, values)) = rest.split_first_chunk::<OPTION_HEADER>() {
        let (code, length) = (order.half(head, 0), usize::from(order.half(head, 2)));
        let Some(value) = values.get(..length) else { break };
        match (code, value) {
            (END_OF_OPTIONS, _) => break,
            (RESOLUTION, &[resolution]) => clock.set_resolution(resolution),
            (OFFSET, value) => {
                if let Ok(value) = <[u8; 8]>::try_from(value) {
                    let seconds = match order {
                        Order::Little => i64::from_le_bytes(value),
                        Order::Big => i64::from_be_bytes(value),
                    };
                    clock.set_offset(seconds);
                }
            }
            _ => {}
        }
        // Values are padded to words of 4 bytes.
        rest = values.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    clock
}
