//! Control mode for files: the kernel filter's own program, run here for what a glance at the headers does not tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use source::filter::{Instruction, assemble, run};
use source::{Interest, Mode, Ports};
use track::{Encap, Frame, LinkType, OverlaySpec};
use wire::tcp::flag;
use wire::{Overlays, glance};

use crate::core::Core;

/// Lets through what the kernel would let through on an interface.
pub(crate) struct Gate {
    ports: Ports,
    /// The tunnels that are looked into for flags.
    overlays: Overlays,
    programs: Vec<(LinkType, Vec<Instruction>)>,
    filtered: Vec<Arc<AtomicU64>>,
}

impl Gate {
    /// The gate of an engine in control mode; None in full mode, which lets everything through.
    pub(crate) fn new(core: &Core) -> Option<Self> {
        let filtered = core.sources().iter().map(|source| Arc::clone(&source.filtered)).collect();
        let ports = core.ports();
        let (overlays, _) = Overlays::new(&ports.vxlan.iter().map(|&port| any_in(port)).collect::<Vec<_>>());
        let gate = Self { ports, overlays, programs: Vec::new(), filtered };
        (core.mode == Mode::Control).then_some(gate)
    }

    /// The frames that a control filter lets through; the others are counted.
    pub(crate) fn pass<'a>(&mut self, frames: &[Frame<'a>]) -> Vec<Frame<'a>> {
        let mut kept = Vec::with_capacity(frames.len());
        kept.extend(frames.iter().filter(|frame| self.passes(frame)));
        kept
    }

    /// Whether a control filter lets a frame through; it is counted where not.
    pub(crate) fn passes(&mut self, frame: &Frame<'_>) -> bool {
        let passes = match self.flags(frame) {
            Some(flags) => flags & (flag::SYN | flag::FIN | flag::RST) != 0,
            None => run(self.program(frame.link), frame.data) > 0,
        };
        if !passes && let Some(count) = self.filtered.get(usize::from(frame.source)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        passes
    }

    /// The flags of a frame of the most common kinds.
    #[inline]
    fn flags(&self, frame: &Frame<'_>) -> Option<u8> {
        if frame.link != LinkType::Ethernet {
            return None;
        }
        let plain = wire::plain(frame.data);
        let common = plain.or_else(|| Some(wire::in_vxlan(frame.data, &self.overlays)?.0));
        common.map(|segment| segment.flags()).or_else(|| self.rarer_flags(frame))
    }

    #[inline(never)]
    fn rarer_flags(&self, frame: &Frame<'_>) -> Option<u8> {
        glance(frame.data, frame.link, &self.overlays).map(|segment| segment.flags)
    }

    fn program(&mut self, link: LinkType) -> &[Instruction] {
        let known = self.programs.iter().position(|(of, _)| *of == link);
        let at = known.unwrap_or_else(|| {
            let interest = Interest { mode: Mode::Control, snap_bytes: u32::MAX, link, ports: self.ports.clone() };
            self.programs.push((link, assemble(&interest)));
            self.programs.len() - 1
        });
        &self.programs[at].1
    }
}

/// VXLAN behind a port, whatever its identifier: the kernel's filter does not look at it either.
fn any_in(port: u16) -> OverlaySpec {
    OverlaySpec { kind: Encap::Vxlan, port, vni: None, vni_is_identity: false, cluster: 0 }
}
