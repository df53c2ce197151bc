//! A hash of the innermost addresses, collected on the way down: the same in both directions.

use crate::filter::assembler::{Label, op};
use crate::filter::fields::{ICMP_ERRORS, ICMP_HEADER, ICMPV6_ERRORS, V4_ADDRESSES, V6_ADDRESSES};
use crate::filter::walker::Walker;

/// Words of the program's memory.
mod memory {
    /// Addresses of the innermost IP header so far, each word of them mixed in.
    pub(crate) const HASH: u32 = 2;
    /// X, while X is needed for something else.
    pub(crate) const SAVED_X: u32 = 3;
}

/// Multiplies what differs in few bits into the upper half (2^32 divided by the golden ratio).
const MIX: u32 = 0x9e37_79b1;

impl Walker<'_> {
    /// Starts the hash, so that every packet has one.
    pub(super) fn start_hash(&mut self) {
        self.asm.step(op::SET_A, 0);
        self.asm.step(op::STORE, memory::HASH);
    }

    /// Makes the hash that of the addresses at X + `at`, the same in both directions.
    pub(super) fn mix_addresses(&mut self, at: u32, words: u32) {
        if !self.hashes {
            return;
        }
        self.start_hash();
        self.asm.step(op::X_TO_A, 0);
        self.asm.step(op::STORE, memory::SAVED_X);
        for word in 0..words {
            self.mix(op::LOAD_WORD_X, at + 4 * word);
        }
    }

    /// An ICMP header at X: an error counts as the packet that it quotes.
    pub(super) fn errors(&mut self, here: Label, here6: Label) {
        let (quoted, v4, v6) = (self.asm.label(), self.asm.label(), self.asm.label());
        for (label, kinds) in [(here, ICMP_ERRORS.as_slice()), (here6, ICMPV6_ERRORS.as_slice())] {
            self.asm.place(label);
            self.asm.step(op::LOAD_BYTE_X, 0);
            for &kind in kinds {
                self.asm.if_equal(kind, quoted);
            }
            self.asm.go(self.leaves.other);
        }
        self.asm.place(quoted);
        self.asm.advance(ICMP_HEADER);
        self.asm.step(op::LOAD_BYTE_X, 0);
        self.asm.step(op::AND, 0xf0);
        self.asm.if_equal(0x40, v4);
        self.asm.if_equal(0x60, v6);
        self.asm.go(self.leaves.other);
        for (label, addresses, words) in [(v4, V4_ADDRESSES, 2), (v6, V6_ADDRESSES, 8)] {
            self.asm.place(label);
            self.mix_addresses(addresses, words);
            self.asm.go(self.leaves.other);
        }
    }

    fn mix(&mut self, load: u16, at: u32) {
        self.asm.step(load, at);
        self.asm.step(op::RECALL_X, memory::HASH);
        self.asm.step(op::XOR_X, 0);
        self.asm.step(op::STORE, memory::HASH);
        self.asm.step(op::RECALL_X, memory::SAVED_X);
    }

    /// Ends the program with the hash.
    pub(super) fn keep_hash(&mut self) {
        self.asm.step(op::RECALL, memory::HASH);
        self.asm.step(op::MULTIPLY, MIX);
        self.asm.step(op::SHIFT_RIGHT, 16);
        self.asm.step(op::KEEP_A, 0);
    }
}
