//! Tunnels that nobody asked to look into: whether there is UDP to the ports where Pods' tunnels mostly are.

use source::filter::{Instruction, destined_port, run};
use track::{Frame, LinkType};

use crate::core::Core;

/// VXLAN (RFC 7348 §8.1) and its older default in Linux, Geneve (RFC 8926 §6); WireGuard as Flannel, Calico and Antrea have it,
/// for IPv6, and as Cilium has it.
const PORTS: [u16; 6] = [4789, 8472, 6081, 51820, 51821, 51871];
/// So many frames are all looked at, and of each batch behind them the first few: to tell that there is a tunnel takes
/// no more.
const ALL_OF: u64 = 20_000;
const FEW: usize = 4;

/// Looks out for tunnels.
pub(crate) struct Unopened {
    unknown: Vec<u16>,
    seen: Vec<u16>,
    programs: Vec<(LinkType, Vec<Instruction>)>,
    looked: u64,
}

impl Unopened {
    /// Looks out for those that are not looked into.
    pub(crate) fn new(core: &Core) -> Self {
        let known = core.ports();
        let is_known = |port: &u16| known.vxlan.contains(port) || known.geneve.contains(port);
        let unknown = PORTS.into_iter().filter(|port| !is_known(port)).collect();
        Self { unknown, seen: Vec::new(), programs: Vec::new(), looked: 0 }
    }

    /// The ports of tunnels that were seen.
    pub(crate) fn seen(self) -> Vec<u16> {
        self.seen
    }

    pub(crate) fn look(&mut self, frames: &[Frame<'_>]) {
        let some = if self.looked < ALL_OF { frames } else { &frames[..frames.len().min(FEW)] };
        self.looked += some.len() as u64;
        for frame in some.iter().filter(|frame| !is_plain_tcp(frame)) {
            let port = run(self.program(frame.link), frame.data) as u16;
            if port != 0 && !self.seen.contains(&port) {
                self.seen.push(port);
            }
        }
    }

    fn program(&mut self, link: LinkType) -> &[Instruction] {
        let known = self.programs.iter().position(|(of, _)| *of == link);
        let at = known.unwrap_or_else(|| {
            self.programs.push((link, destined_port(link, &self.unknown)));
            self.programs.len() - 1
        });
        &self.programs[at].1
    }
}

/// Whether a frame is TCP over IPv4 in nothing else, as most are, and so no tunnel.
#[inline]
fn is_plain_tcp(frame: &Frame<'_>) -> bool {
    frame.link == LinkType::Ethernet && wire::plain(frame.data).is_some()
}
