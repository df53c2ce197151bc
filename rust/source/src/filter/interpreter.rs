//! Runs a program where no kernel does: on frames that come from files.

use crate::filter::assembler::{Instruction, op};

/// Returns how many bytes of `packet` the program keeps; 0 drops it.
///
/// As in the kernel, a read past the packet drops it. So does anything that no program of this room contains.
#[must_use]
pub fn run(program: &[Instruction], packet: &[u8]) -> u32 {
    let (mut a, mut x, mut at) = (0u32, 0u32, 0usize);
    let mut memory = [0u32; 16];
    while let Some(step) = program.get(at) {
        at += 1;
        let k = step.k;
        let word = memory.get_mut(k as usize);
        match step.code {
            op::LOAD_BYTE | op::LOAD_HALF | op::LOAD_WORD | op::LOAD_BYTE_X | op::LOAD_HALF_X | op::LOAD_WORD_X => {
                match load(packet, *step, x) {
                    Some(value) => a = value,
                    None => return 0,
                }
            }
            op::STORE | op::RECALL | op::RECALL_X => match (step.code, word) {
                (op::STORE, Some(word)) => *word = a,
                (op::RECALL, Some(word)) => a = *word,
                (_, Some(word)) => x = *word,
                (_, None) => return 0,
            },
            op::SET_X => x = k,
            op::A_TO_X => x = a,
            op::GO => at = at.saturating_add(k as usize),
            op::IF_EQUAL => at += usize::from(if a == k { step.jt } else { step.jf }),
            op::IF_ANY_BIT => at += usize::from(if a & k != 0 { step.jt } else { step.jf }),
            op::KEEP => return k,
            op::KEEP_A => return a,
            code => match calculate(code, a, x, k) {
                Some(value) => a = value,
                None => return 0,
            },
        }
    }
    0
}

fn calculate(code: u16, a: u32, x: u32, k: u32) -> Option<u32> {
    Some(match code {
        op::SET_A => k,
        op::X_TO_A => x,
        op::AND => a & k,
        op::SHIFT_LEFT => a.wrapping_shl(k),
        op::SHIFT_RIGHT => a.wrapping_shr(k),
        op::ADD => a.wrapping_add(k),
        op::MULTIPLY => a.wrapping_mul(k),
        op::ADD_X => a.wrapping_add(x),
        op::XOR_X => a ^ x,
        _ => return None,
    })
}

fn load(packet: &[u8], step: Instruction, x: u32) -> Option<u32> {
    let (base, bytes) = match step.code {
        op::LOAD_BYTE => (0, 1),
        op::LOAD_HALF => (0, 2),
        op::LOAD_WORD => (0, 4),
        op::LOAD_BYTE_X => (x, 1),
        op::LOAD_HALF_X => (x, 2),
        _ => (x, 4),
    };
    let at = base.checked_add(step.k)? as usize;
    let field = packet.get(at..at.checked_add(bytes)?)?;
    Some(field.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}
