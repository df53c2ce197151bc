//! One TCP connection, packet by packet, as a capture between its two ends shows it.
use crate::options::Options;
use crate::random::Random;

/// Bits of the TCP flags byte (RFC 9293 §3.1).
pub mod flag {
    /// No more data.
    pub const FIN: u8 = 0x01;
    /// First packet of a side.
    pub const SYN: u8 = 0x02;
    /// Reset.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment number counts.
    pub const ACK: u8 = 0x10;
}

/// The side that sent the SYN, as an index.
pub const CLIENT: usize = 0;
/// The other side.
pub const SERVER: usize = 1;

const RETRY_NS: u64 = 1_000_000_000;

/// How a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Data, then both sides close.
    Close,
    /// Data, then one side resets.
    Reset,
    /// Data, and no end.
    StayOpen,
    /// The SYN is answered by a reset.
    Refused,
    /// The SYN is not answered.
    Unanswered,
}

impl Fate {
    /// Chooses one by the shares that are asked for.
    pub fn choose(options: &Options, random: &mut Random) -> Self {
        if random.chance(options.syn_flood) {
            Self::Unanswered
        } else if random.chance(options.refused) {
            Self::Refused
        } else if options.stay_open {
            Self::StayOpen
        } else if random.chance(options.reset) {
            Self::Reset
        } else {
            Self::Close
        }
    }

    /// The fewest packets it takes.
    pub const fn least(self) -> u32 {
        match self {
            Self::Close => 6,
            Self::Reset => 4,
            Self::StayOpen => 3,
            Self::Refused => 2,
            Self::Unanswered => 1,
        }
    }

    /// Whether it can take any number of packets more.
    pub const fn has_data(self) -> bool {
        matches!(self, Self::Close | Self::Reset | Self::StayOpen)
    }

    const fn closing(self) -> u32 {
        match self {
            Self::Close => 3,
            Self::Reset => 1,
            _ => 0,
        }
    }
}

/// One packet of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// Who sends it: [`CLIENT`] or [`SERVER`].
    pub side: usize,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgment number.
    pub ack: u32,
    /// Control bits.
    pub flags: u8,
    /// Bytes of payload.
    pub payload: u32,
    /// A part of it was sent before.
    pub is_again: bool,
}

/// A segment that the receiver does not have yet.
#[derive(Clone, Copy, Debug)]
struct Hole {
    side: usize,
    seq: u32,
    payload: u32,
    /// Packets until it is sent again.
    wait: u8,
    /// The capture has shown it before.
    is_again: bool,
}

/// How a connection is to go: what the plan draws for it.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    /// How it goes.
    pub fate: Fate,
    /// Its packets, at least [`Fate::least`].
    pub packets: u32,
    /// Time between two packets, on average.
    pub gap_ns: f64,
    /// SYN to SYN-ACK, and SYN-ACK to ACK.
    pub latency_ns: [u64; 2],
}

/// The state of a connection between two packets.
#[derive(Clone, Debug)]
pub struct Connection {
    course: Course,
    sent: u32,
    seq: [u32; 2],
    hole: Option<Hole>,
    sender: usize,
    burst: u32,
    unacknowledged: u8,
}

impl Connection {
    /// A connection before its first packet.
    pub fn new(course: Course, random: &mut Random) -> Self {
        let isn = random.bits();
        let seq = [isn as u32, (isn >> 32) as u32];
        Self { course, sent: 0, seq, hole: None, sender: CLIENT, burst: 0, unacknowledged: 0 }
    }

    /// The next packet, and the time from it to the one after; None after the last one.
    pub fn next(&mut self, options: &Options, random: &mut Random) -> Option<(Packet, u64)> {
        let left = self.course.packets.checked_sub(self.sent).filter(|&left| left > 0)?;
        let packet = match (self.course.fate, self.sent) {
            (_, 0) => self.syn(),
            (Fate::Unanswered, _) => Packet { is_again: true, ..self.again_syn() },
            (Fate::Refused, _) => self.refusal(),
            (_, 1) => self.syn_ack(),
            (_, 2) => self.packet(CLIENT, 0, 0),
            _ if left > self.course.fate.closing() => self.data(left, options, random),
            _ => self.closing(left),
        };
        self.sent += 1;
        Some((packet, self.pause(random)))
    }

    fn pause(&self, random: &mut Random) -> u64 {
        match (self.course.fate, self.sent) {
            (Fate::Unanswered, sent) => RETRY_NS << (sent - 1).min(6),
            (_, 1) => self.course.latency_ns[0],
            (_, 2) => self.course.latency_ns[1],
            _ => random.exponential(self.course.gap_ns) as u64,
        }
    }

    fn syn(&mut self) -> Packet {
        let packet =
            Packet { side: CLIENT, seq: self.seq[CLIENT], ack: 0, flags: flag::SYN, payload: 0, is_again: false };
        self.seq[CLIENT] = self.seq[CLIENT].wrapping_add(1);
        packet
    }

    fn again_syn(&self) -> Packet {
        let seq = self.seq[CLIENT].wrapping_sub(1);
        Packet { side: CLIENT, seq, ack: 0, flags: flag::SYN, payload: 0, is_again: false }
    }

    fn refusal(&self) -> Packet {
        let (ack, flags) = (self.seq[CLIENT], flag::RST | flag::ACK);
        Packet { side: SERVER, seq: 0, ack, flags, payload: 0, is_again: false }
    }

    fn syn_ack(&mut self) -> Packet {
        let packet = self.packet(SERVER, flag::SYN, 0);
        self.seq[SERVER] = packet.seq.wrapping_add(1);
        packet
    }

    /// A packet with the side's next number; moves it on by the payload.
    fn packet(&mut self, side: usize, flags: u8, payload: u32) -> Packet {
        let seq = self.seq[side];
        self.seq[side] = seq.wrapping_add(payload);
        Packet { side, seq, ack: self.received(side), flags: flags | flag::ACK, payload, is_again: false }
    }

    /// What a side has without a gap.
    fn received(&self, side: usize) -> u32 {
        match self.hole {
            Some(hole) if hole.side != side => hole.seq,
            _ => self.seq[1 - side],
        }
    }

    fn data(&mut self, left: u32, options: &Options, random: &mut Random) -> Packet {
        let is_last = left == self.course.fate.closing() + 1;
        if let Some(hole) = &mut self.hole {
            hole.wait = hole.wait.saturating_sub(1);
            if hole.wait == 0 || is_last {
                return self.fill();
            }
        }
        if self.unacknowledged >= 2 {
            self.unacknowledged = 0;
            return self.packet(1 - self.sender, 0, 0);
        }
        if self.burst == 0 {
            self.turn(random);
        }
        self.burst -= 1;
        self.unacknowledged += 1;
        let payload = self.payload(options.segment, random);
        if self.hole.is_none() && !is_last {
            self.damage(payload, options, random);
        }
        self.packet(self.sender, if self.burst == 0 { flag::PSH } else { 0 }, payload)
    }

    /// Lets the other side speak: a client in one packet, a server in up to some hundreds.
    fn turn(&mut self, random: &mut Random) {
        self.sender = if self.sent == 3 { CLIENT } else { 1 - self.sender };
        self.unacknowledged = 0;
        self.burst = if self.sender == CLIENT { 1 } else { random.pareto(1.1, 500.0) as u32 };
    }

    fn payload(&self, full: u32, random: &mut Random) -> u32 {
        match (self.sender, self.burst) {
            (CLIENT, _) => 1 + full / 20 + random.below(1 + full / 2),
            (_, 0) => 1 + random.below(full),
            _ => full,
        }
    }

    /// Sometimes takes the sender's next segment away, or marks it as one that the receiver will not get.
    fn damage(&mut self, payload: u32, options: &Options, random: &mut Random) {
        let (side, seq) = (self.sender, self.seq[self.sender]);
        if random.chance(options.reorder) {
            self.hole = Some(Hole { side, seq, payload, wait: 1, is_again: false });
            self.seq[side] = seq.wrapping_add(payload);
        } else if random.chance(options.loss) {
            let wait = 3 + random.below(8) as u8;
            let is_again = random.chance(0.5);
            self.hole = Some(Hole { side, seq, payload, wait, is_again });
            if !is_again {
                self.seq[side] = seq.wrapping_add(payload);
            }
        }
    }

    fn fill(&mut self) -> Packet {
        let Some(Hole { side, seq, payload, is_again, .. }) = self.hole.take() else {
            unreachable!("only called where there is one");
        };
        Packet { side, seq, ack: self.received(side), flags: flag::ACK, payload, is_again }
    }

    fn closing(&mut self, left: u32) -> Packet {
        if self.course.fate == Fate::Reset {
            return self.packet(CLIENT, flag::RST, 0);
        }
        let side = [SERVER, CLIENT][usize::from(left != 2)];
        let packet = self.packet(side, if left > 1 { flag::FIN } else { 0 }, 0);
        if left > 1 {
            self.seq[side] = packet.seq.wrapping_add(1);
        }
        packet
    }
}
