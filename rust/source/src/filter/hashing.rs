//! A hash of addresses and ports, collected on the way down: the same in both directions.

use crate::filter::assembler::op;
use crate::filter::fields::PORTS;
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

    /// Mixes the ports at X into the hash.
    pub(super) fn mix_ports(&mut self) {
        self.asm.step(op::X_TO_A, 0);
        self.asm.step(op::STORE, memory::SAVED_X);
        for port in PORTS {
            self.mix(op::LOAD_HALF_X, port);
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
