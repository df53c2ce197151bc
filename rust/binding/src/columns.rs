//! The columns of the connection table, each with how to read it from a connection.

use std::net::IpAddr;

use track::{Connection, Encap};

/// How one column is read. Numbers are nanoseconds, bytes, counts, ports and identifiers.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Number(fn(&Connection) -> Option<u64>),
    Flag(fn(&Connection) -> bool),
    Address(fn(&Connection) -> Option<IpAddr>),
    Word(fn(&Connection) -> Option<&'static str>),
    /// The name of the source that the connection was first seen on.
    Source,
}

/// A column with its name.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// It tells who the sides are: known once the connection has been judged.
    pub(crate) is_judged: bool,
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, is_judged: false }
    }

    const fn judged(self) -> Self {
        Self { is_judged: true, ..self }
    }
}

/// The column of this name.
pub(crate) fn find(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().chain([&UNTIL]).find(|column| column.name == name)
}

/// Until when a connection was there: for ever, as far as is known, while it has not ended, however quiet it is.
/// It is asked for by name alone, and is no part of a record.
const UNTIL: Column = number("until-time", |c| Some(if c.end.is_some() { c.last_ns } else { i64::MAX.unsigned_abs() }));

const fn number(name: &'static str, read: fn(&Connection) -> Option<u64>) -> Column {
    Column::new(name, Kind::Number(read))
}

const fn flag(name: &'static str, read: fn(&Connection) -> bool) -> Column {
    Column::new(name, Kind::Flag(read))
}

const fn address(name: &'static str, read: fn(&Connection) -> Option<IpAddr>) -> Column {
    Column::new(name, Kind::Address(read))
}

const fn word(name: &'static str, read: fn(&Connection) -> Option<&'static str>) -> Column {
    Column::new(name, Kind::Word(read))
}

/// The name of an IP protocol that is followed (IANA "Protocol Numbers").
const fn proto_name(number: u8) -> Option<&'static str> {
    match number {
        1 => Some("icmp"),
        6 => Some("tcp"),
        17 => Some("udp"),
        58 => Some("icmpv6"),
        132 => Some("sctp"),
        _ => None,
    }
}

/// Every column, in the order of a record of history.
pub(crate) const COLUMNS: &[Column] = &[
    number("id", |c| Some(c.id)),
    number("cluster", |c| Some(c.cluster.into())).judged(),
    Column::new("source", Kind::Source),
    number("vlan", |c| Some(c.vlan.into())),
    number("vxlan", |c| c.vni.filter(|_| c.encap.is_some_and(Encap::has_identifier)).map(u64::from)),
    word("encap", |c| c.encap.map(Encap::name)),
    address("outer-src-ip", |c| c.outer_src),
    address("outer-dst-ip", |c| c.outer_dst),
    word("proto", |c| proto_name(c.proto)),
    address("src-ip", |c| Some(c.src)),
    number("src-port", |c| Some(c.src_port.into())),
    address("dst-ip", |c| Some(c.dst)),
    number("dst-port", |c| Some(c.dst_port.into())),
    word("cur-state", |c| Some(c.state.name())),
    word("transition-state", |c| Some(if c.end.is_some() { "ended" } else { "started" })),
    word("end", |c| c.end.map(track::End::name)),
    number("syn-resends", |c| Some(c.syn_resends.into())),
    number("syn-ack-resends", |c| Some(c.syn_ack_resends.into())),
    number("latency", |c| c.latency_ns),
    number("server-latency", |c| c.server_latency_ns),
    number("client-latency", |c| c.client_latency_ns),
    number("obytes", |c| c.bytes_known[0].then_some(c.obytes)),
    number("ibytes", |c| c.bytes_known[1].then_some(c.ibytes)),
    number("total-bytes", |c| (c.bytes_known == [true; 2]).then(|| c.obytes.saturating_add(c.ibytes))),
    number("opkts", |c| Some(c.opkts)),
    number("ipkts", |c| Some(c.ipkts)),
    number("owire-bytes", |c| Some(c.owire_bytes)),
    number("iwire-bytes", |c| Some(c.iwire_bytes)),
    number("retransmits", |c| Some(c.retransmits.into())),
    number("out-of-order", |c| Some(c.out_of_order.into())),
    number("zero-windows", |c| Some(c.zero_windows.into())),
    number("icmp-errors", |c| Some(c.icmp_errors.into())),
    number("started-time", |c| Some(c.started_ns)),
    number("last-time", |c| Some(c.last_ns)),
    number("ended-time", |c| c.ended_ns),
    number("dur", |c| Some(c.last_ns.saturating_sub(c.started_ns))),
    number("src-endpoint", |c| Some(c.src_endpoint.into())).judged(),
    number("dst-endpoint", |c| Some(c.dst_endpoint.into())).judged(),
    word("src-reason", |c| Some(c.src_reason.name())).judged(),
    word("dst-reason", |c| Some(c.dst_reason.name())).judged(),
    number("src-reason-cluster", |c| Some(c.src_cluster.into())).judged(),
    number("dst-reason-cluster", |c| Some(c.dst_cluster.into())).judged(),
    number("src-reason-time", |c| c.src_since_ns).judged(),
    number("dst-reason-time", |c| c.dst_since_ns).judged(),
    number("overlay-cluster", |c| Some(c.overlay_cluster.into())).judged(),
    flag("one-way", |c| c.one_way),
    flag("joined", |c| c.joined),
];
