//! Runs a program where no kernel does: on frames that come from files.

use crate::filter::assembler::{Instruction, op};

/// Returns how many bytes of `packet` the program keeps; 0 drops it.
///
/// As in the kernel, a read past the packet drops it. So does anything that no program of this room contains.
#[must_use]
pub fn run(program: &[Instruction], packet: &[u8]) -> u32 {
    let (mut a, mut x, mut at) = (0u32, 0u32, 0usize);
    while let Some(step) = program.get(at) {
        at += 1;
        let k = step.k;
        match step.code {
            op::LOAD_BYTE | op::LOAD_HALF | op::LOAD_BYTE_X | op::LOAD_HALF_X => match load(packet, *step, x) {
                Some(value) => a = value,
                None => return 0,
            },
            op::SET_X => x = k,
            op::AND => a &= k,
            op::SHIFT_LEFT => a = a.wrapping_shl(k),
            op::ADD => a = a.wrapping_add(k),
            op::ADD_X => a = a.wrapping_add(x),
            op::A_TO_X => x = a,
            op::X_TO_A => a = x,
            op::GO => at = at.saturating_add(k as usize),
            op::IF_EQUAL => at += usize::from(if a == k { step.jt } else { step.jf }),
            op::IF_ANY_BIT => at += usize::from(if a & k != 0 { step.jt } else { step.jf }),
            op::KEEP => return k,
            _ => return 0,
        }
    }
    0
}

fn load(packet: &[u8], step: Instruction, x: u32) -> Option<u32> {
    let base = if matches!(step.code, op::LOAD_BYTE_X | op::LOAD_HALF_X) { x } else { 0 };
    let at = base.checked_add(step.k)? as usize;
    let first = u32::from(*packet.get(at)?);
    if matches!(step.code, op::LOAD_BYTE | op::LOAD_BYTE_X) {
        return Some(first);
    }
    Some(first << 8 | u32::from(*packet.get(at + 1)?))
}
