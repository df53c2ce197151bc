//! What was counted: of every source and of the tracker.
use wire::Outcome;

/// What came from one source. `packets` is always `not_collected` plus the sum of `outcomes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceCounters {
    /// Frames received.
    pub packets: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames let go unread because collecting was switched off.
    pub not_collected: u64,
    /// Connections from here that others pushed out of the table for want of memory.
    pub evicted: u64,
    /// First packets of connections that found no memory at all.
    pub not_entered: u64,
    /// What became of the others, by [`Outcome::index`].
    pub outcomes: [u64; Outcome::COUNT],
}

impl Default for SourceCounters {
    fn default() -> Self {
        Self { packets: 0, bytes: 0, not_collected: 0, evicted: 0, not_entered: 0, outcomes: [0; Outcome::COUNT] }
    }
}

impl SourceCounters {
    /// Every counter with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let outcomes = Outcome::ALL.iter().map(|outcome| (outcome.name(), self.outcomes[outcome.index()]));
        self.totals().into_iter().chain(outcomes)
    }

    /// The counters that are no outcomes, with their names.
    #[must_use]
    pub fn totals(&self) -> [(&'static str, u64); 5] {
        [
            ("packets", self.packets),
            ("bytes", self.bytes),
            ("not-collected", self.not_collected),
            ("evicted", self.evicted),
            ("not-entered", self.not_entered),
        ]
    }

    /// What had been counted as `outcome` turned out to be a copy.
    pub(crate) fn count_copy(&mut self, outcome: Outcome) {
        self.outcomes[outcome.index()] -= 1;
        self.outcomes[Outcome::Duplicate.index()] += 1;
    }

    /// Adds what was counted elsewhere.
    pub fn add(&mut self, other: &Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.not_collected += other.not_collected;
        self.evicted += other.evicted;
        self.not_entered += other.not_entered;
        for (mine, theirs) in self.outcomes.iter_mut().zip(&other.outcomes) {
            *mine += theirs;
        }
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $field:ident = $name:literal,)*) => {
        /// What the tracker counted. All only grow but `connections`, `memory-bytes`, `claims` and `overlays-refused`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            /// The sum over all sources.
            pub sources: SourceCounters,
            $($(#[$doc])* pub $field: u64,)*
        }

        impl Counters {
            /// Adds what another tracker counted. Claims and tunnels are told to each of them: they count once.
            pub fn add(&mut self, other: &Self) {
                let told = |counters: &Self| {
                    [counters.claims, counters.claims_dropped, counters.claims_refused, counters.overlays_refused]
                };
                let [mine, theirs] = [told(self), told(other)];
                self.sources.add(&other.sources);
                $(self.$field += other.$field;)*
                self.claims = mine[0].max(theirs[0]);
                self.claims_dropped = mine[1].max(theirs[1]);
                self.claims_refused = mine[2].max(theirs[2]);
                self.overlays_refused = mine[3].max(theirs[3]);
            }

            /// Every counter with its name.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                let own = [$(($name, self.$field),)*];
                self.sources.iter().chain(own)
            }
        }
    };
}

counters! {
    /// Connections in the table now, live and ended.
    connections = "connections",
    /// Memory that the table takes now.
    memory_bytes = "memory-bytes",
    /// Connections ever entered into the table.
    created = "created",
    /// Of these, joined in the middle.
    joined = "joined",
    /// Ended by FIN of both sides.
    ended_fin = "ended-fin",
    /// Ended by a reset.
    ended_rst = "ended-rst",
    /// Let go for being silent, connection attempts.
    timeout_half_open = "timeout-half-open",
    /// Let go for being silent, rows of UDP, ICMP and SCTP.
    timeout_datagram = "timeout-datagram",
    /// Let go for being silent, others.
    timeout_idle = "timeout-idle",
    /// Pushed out by new ones for want of memory, after they had ended.
    evicted_ended = "evicted-ended",
    /// Pushed out for want of memory, connection attempts.
    evicted_half_open = "evicted-half-open",
    /// Pushed out for want of memory, live connections.
    evicted_idle = "evicted-idle",
    /// Let go because their addresses and ports were used anew.
    replaced = "replaced",
    /// Ended connections that were lost because nobody took them in time.
    ended_queue_overflow = "ended-queue-overflow",
    /// SYNs, SYN-ACKs and resets that contradict the connection they claim to belong to.
    suspicious = "suspicious",
    /// Segments with flags that no honest sender combines; they change no connection.
    odd_flags = "odd-flags",
    /// Resets of connections that are not in the table.
    stray_rst = "stray-rst",
    /// Packets of connections that had ended and been reported.
    after_end = "after-end",
    /// First fragments that were read.
    first_fragments = "first-fragments",
    /// Later fragments that were counted with their first one.
    fragments_followed = "fragments-followed",
    /// Later fragments whose first one was not seen, or too long ago.
    fragments_unknown = "fragments-unknown",
    /// ICMP errors that were counted on the row of the packet they quote.
    icmp_errors_matched = "icmp-errors-matched",
    /// ICMP errors about packets of no row.
    icmp_errors_unknown = "icmp-errors-unknown",
    /// Encrypted packets between nodes that found no room among the pairs of nodes.
    encrypted_not_kept = "encrypted-not-kept",
    /// Claims held now.
    claims = "claims",
    /// Older claims let go because one address had too many.
    claims_dropped = "claims-dropped",
    /// Claims not taken because the address book is full.
    claims_refused = "claims-refused",
    /// Tunnels that are configured now and not looked into: too many, or of another kind than one on the same port.
    overlays_refused = "overlays-refused",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let counters = Counters::default();
        let mut names: Vec<_> = counters.iter().map(|(name, _)| name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
