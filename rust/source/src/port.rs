//! Packet sockets with their rings, bound to one interface.

use std::sync::Arc;

use wire::LinkType;

use crate::error::{Error, Result};
use crate::filter::nothing;
use crate::interface::{LOOPBACK, is_up, link_of};
use crate::monitor::{Monitor, State};
use crate::sys::{Ring, Shape, Socket, interface_hardware, interface_index};

/// A packet socket and its ring.
pub(crate) struct Port {
    pub(crate) socket: Arc<Socket>,
    pub(crate) ring: Ring,
    pub(crate) link: LinkType,
    /// False where packets could not be shared yet, since the interface is down: older kernels refuse it till then.
    pub(crate) is_whole: bool,
}

/// What is to be bound to.
struct Target {
    index: u32,
    hardware: u16,
    link: LinkType,
}

impl Port {
    /// Opens so many ports that share the packets of the monitor's interface.
    ///
    /// All are there before the first packet enters: a packet that comes to the wrong one would open a connection there.
    pub(crate) fn open_all(monitor: &Monitor, shape: Shape, count: usize) -> Result<Vec<Self>> {
        let failed = |tried| move |reason| monitor.failed(tried, reason);
        let index = interface_index(monitor.name()).ok_or_else(|| Error::NoInterface(monitor.name().to_owned()))?;
        let probe = open_socket(monitor)?;
        let hardware = interface_hardware(&probe, monitor.name()).unwrap_or_default();
        let link = link_of(hardware).ok_or_else(|| Error::UnknownLink(monitor.name().to_owned(), hardware))?;
        let target = Target { index, hardware, link };
        let first = Self::open(monitor, probe, shape, &target)?;
        let mut ports = vec![first];
        for _ in 1..count {
            ports.push(Self::open(monitor, open_socket(monitor)?, shape, &target)?);
        }
        let is_up = is_up(&ports[0].socket, monitor.name());
        match share(&ports, hardware == LOOPBACK) {
            Ok(()) => {}
            Err(_) if !is_up => ports.iter_mut().for_each(|port| port.is_whole = false),
            Err(reason) => return Err(monitor.failed("share its packets among threads", reason)),
        }
        ports[0].socket.be_promiscuous(index).map_err(failed("make it promiscuous"))?;
        let mut wanted = monitor.wanted();
        wanted.interest.link = link;
        if ports[0].is_whole {
            wanted.sockets = ports.iter().map(|port| Arc::clone(&port.socket)).collect();
            wanted.apply().map_err(failed("set its filter"))?;
        } else {
            wanted.sockets.clear();
        }
        monitor.set_state(if is_up { State::Up } else { State::Down });
        Ok(ports)
    }

    /// Maps a ring and binds; nothing enters yet.
    fn open(monitor: &Monitor, socket: Socket, shape: Shape, target: &Target) -> Result<Self> {
        let failed = |tried| move |reason| monitor.failed(tried, reason);
        socket.attach(&nothing()).map_err(failed("set its filter"))?;
        socket.make_ring(shape).map_err(failed("make its packet ring (try a smaller one)"))?;
        let ring = Ring::map(&socket, shape).map_err(failed("map its packet ring"))?;
        if target.hardware == LOOPBACK {
            // Every frame on the loopback passes twice, out and in.
            socket.ignore_outgoing().map_err(failed("leave out what it sends"))?;
        }
        socket.bind(target.index).map_err(failed("listen on it"))?;
        Ok(Self { socket: Arc::new(socket), ring, link: target.link, is_whole: true })
    }
}

/// Makes one group of several ports, numbered in their order.
fn share(ports: &[Port], ignores_outgoing: bool) -> std::io::Result<()> {
    let [first, others @ ..] = ports else { return Ok(()) };
    if others.is_empty() {
        return Ok(());
    }
    let group = first.socket.join(None, ignores_outgoing)?;
    others.iter().try_for_each(|port| port.socket.join(Some(group), ignores_outgoing).map(drop))
}

fn open_socket(monitor: &Monitor) -> Result<Socket> {
    Socket::open().map_err(|reason| match reason.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => Error::NotAllowed(monitor.name().to_owned()),
        _ => monitor.failed("open a packet socket", reason),
    })
}
