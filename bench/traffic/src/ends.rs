//! Who talks: the addresses and ports of a connection by its number, no two alike.
use crate::connection::Fate;
use crate::options::{Options, Wrap};
use crate::random::Random;

/// Pods on one node (the Kubernetes default).
const PODS_A_NODE: u32 = 110;
const CLIENT_PORTS: u32 = 28_000;
const FIRST_CLIENT_PORT: u32 = 32_768;
const SERVER_PODS: u32 = 256;
const SERVER_PORTS: [u16; 8] = [80, 443, 8080, 8443, 9376, 9402, 10250, 15000];
/// Client Pods are numbered from here, behind the servers.
const FIRST_CLIENT_POD: u32 = 1 << 16;

/// One side of a connection.
#[derive(Clone, Copy, Debug)]
pub struct End {
    /// The Pod's number, which its address and its node are made of.
    pub pod: u32,
    /// TCP port.
    pub port: u16,
}

impl End {
    /// The node's number.
    pub const fn node(self) -> u32 {
        self.pod / PODS_A_NODE
    }
}

/// Both ends, and how their packets are wrapped.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// Client and server.
    pub ends: [End; 2],
    /// Addresses are IPv6.
    pub is_ipv6: bool,
    /// The tunnel.
    pub wrap: Wrap,
    /// The tunnel's network.
    pub vni: u32,
}

impl Ends {
    /// The ends of the connection with this number.
    pub fn of(number: u32, fate: Fate, options: &Options, random: &mut Random) -> Self {
        let pods = (options.connections / 50).max(64).max(options.connections / CLIENT_PORTS + 1);
        let client = match fate {
            // A flood's addresses are made up: all of 10.0.0.0/8 behind the Pods.
            Fate::Unanswered if options.syn_flood > 0.0 => FIRST_CLIENT_POD + pods + random.below(1 << 23),
            _ => FIRST_CLIENT_POD + number % pods,
        };
        let port = FIRST_CLIENT_PORT + number / pods;
        let server = End { pod: random.below(SERVER_PODS), port: SERVER_PORTS[random.below(8) as usize] };
        Self {
            ends: [End { pod: client, port: port as u16 }, server],
            is_ipv6: random.chance(options.ipv6),
            wrap: options.wraps[number as usize % options.wraps.len()],
            vni: 4096 + server.pod % options.vnis,
        }
    }
}
