//! A tiny assembler for classic BPF: instructions by name, forward jumps to labels.

/// One instruction as the kernel takes it (`struct sock_filter`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// Operation, see Documentation/networking/filter.rst.
    pub code: u16,
    /// Instructions to skip where a test holds.
    pub jt: u8,
    /// Instructions to skip where it does not.
    pub jf: u8,
    /// The constant of the operation.
    pub k: u32,
}

/// Operations that the programs use, as in linux/bpf_common.h. A is the accumulator, X the index register, M[k] one of
/// 16 words of memory.
pub(super) mod op {
    /// `A = word [k]`, `A = half [k]`, `A = byte [k]`: at a fixed offset.
    pub(crate) const LOAD_WORD: u16 = 0x20;
    pub(crate) const LOAD_HALF: u16 = 0x28;
    pub(crate) const LOAD_BYTE: u16 = 0x30;
    /// `A = word [X + k]`, `A = half [X + k]`, `A = byte [X + k]`.
    pub(crate) const LOAD_WORD_X: u16 = 0x40;
    pub(crate) const LOAD_HALF_X: u16 = 0x48;
    pub(crate) const LOAD_BYTE_X: u16 = 0x50;
    /// `A = k`, `X = k`.
    pub(crate) const SET_A: u16 = 0x00;
    pub(crate) const SET_X: u16 = 0x01;
    /// `M[k] = A`, `A = M[k]`, `X = M[k]`.
    pub(crate) const STORE: u16 = 0x02;
    pub(crate) const RECALL: u16 = 0x60;
    pub(crate) const RECALL_X: u16 = 0x61;
    /// `A &= k`, `A <<= k`, `A >>= k`, `A += k`, `A *= k`, `A += X`, `A ^= X`.
    pub(crate) const AND: u16 = 0x54;
    pub(crate) const SHIFT_LEFT: u16 = 0x64;
    pub(crate) const SHIFT_RIGHT: u16 = 0x74;
    pub(crate) const ADD: u16 = 0x04;
    pub(crate) const MULTIPLY: u16 = 0x24;
    pub(crate) const ADD_X: u16 = 0x0c;
    pub(crate) const XOR_X: u16 = 0xac;
    /// `X = A`, `A = X`.
    pub(crate) const A_TO_X: u16 = 0x07;
    pub(crate) const X_TO_A: u16 = 0x87;
    /// `pc += k`; `A == k`; `A & k`.
    pub(crate) const GO: u16 = 0x05;
    pub(crate) const IF_EQUAL: u16 = 0x15;
    pub(crate) const IF_ANY_BIT: u16 = 0x45;
    /// Ends the program: k bytes of the packet are kept, 0 drops it. Or A tells.
    pub(crate) const KEEP: u16 = 0x06;
    pub(crate) const KEEP_A: u16 = 0x16;
}

/// A place in the program that jumps can name before it is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(usize);

enum Draft {
    Plain(Instruction),
    Go(Label),
    If { code: u16, k: u32, yes: Label },
}

/// Collects instructions; a test that fails goes on with the next one.
#[derive(Default)]
pub(super) struct Assembler {
    drafts: Vec<Draft>,
    places: Vec<Option<usize>>,
}

impl Assembler {
    pub(super) fn label(&mut self) -> Label {
        self.places.push(None);
        Label(self.places.len() - 1)
    }

    /// Says that `label` is here.
    pub(super) fn place(&mut self, label: Label) {
        self.places[label.0] = Some(self.drafts.len());
    }

    pub(super) fn step(&mut self, code: u16, k: u32) {
        self.drafts.push(Draft::Plain(Instruction { code, jt: 0, jf: 0, k }));
    }

    pub(super) fn go(&mut self, label: Label) {
        self.drafts.push(Draft::Go(label));
    }

    pub(super) fn if_equal(&mut self, k: u32, yes: Label) {
        self.drafts.push(Draft::If { code: op::IF_EQUAL, k, yes });
    }

    pub(super) fn if_any_bit(&mut self, k: u32, yes: Label) {
        self.drafts.push(Draft::If { code: op::IF_ANY_BIT, k, yes });
    }

    /// Moves X on by a fixed number of bytes.
    pub(super) fn advance(&mut self, bytes: u32) {
        self.step(op::X_TO_A, 0);
        self.step(op::ADD, bytes);
        self.step(op::A_TO_X, 0);
    }

    /// Moves X on by A bytes.
    pub(super) fn advance_by_a(&mut self) {
        self.step(op::ADD_X, 0);
        self.step(op::A_TO_X, 0);
    }

    /// Resolves the labels. Conditional jumps reach 255 instructions, so each is written as a test that skips an
    /// unconditional jump; the kernel's compiler makes the same machine code of both.
    pub(super) fn finish(self) -> Vec<Instruction> {
        let mut starts = Vec::with_capacity(self.drafts.len() + 1);
        let mut length = 0usize;
        for draft in &self.drafts {
            starts.push(length);
            length += if matches!(draft, Draft::If { .. }) { 2 } else { 1 };
        }
        starts.push(length);
        let distance = |label: Label, from: usize| -> u32 {
            let target = self.places[label.0].map_or(length, |draft| starts[draft]);
            u32::try_from(target.saturating_sub(from + 1)).unwrap_or(u32::MAX)
        };
        let mut code = Vec::with_capacity(length);
        for draft in &self.drafts {
            match *draft {
                Draft::Plain(step) => code.push(step),
                Draft::Go(label) => {
                    code.push(Instruction { code: op::GO, jt: 0, jf: 0, k: distance(label, code.len()) });
                }
                Draft::If { code: test, k, yes } => {
                    code.push(Instruction { code: test, jt: 0, jf: 1, k });
                    code.push(Instruction { code: op::GO, jt: 0, jf: 0, k: distance(yes, code.len()) });
                }
            }
        }
        code
    }
}
