//! A connection's packed fields as a [`Connection`].
use crate::connection::{Connection, End, Reason, State};
use crate::entry::{Cold, Hot, IN, Latency, OUT, Proto, mark, status};
use crate::story;
use crate::table::Table;

/// How a connection ended, as far as its segments told, or why it is no longer followed.
pub(crate) fn seen_end(hot: &Hot) -> Option<End> {
    match () {
        () if hot.has(status::ENDED) => Some(if hot.state() == State::Rst { End::Rst } else { End::Fin }),
        () if hot.has(status::TIMEOUT) => Some(End::Timeout),
        () if hot.has(status::REPLACED) => Some(End::Replaced),
        () => None,
    }
}

/// The connection in a slot, its sides still to be judged; `end` is why it is let go, where its segments did not end it.
pub(crate) fn connection(table: &Table, slot: u32, end: Option<End>, control_only: bool) -> Connection {
    let hot = &table.slab.hot[slot as usize];
    let cold = &table.slab.cold[slot as usize];
    let [src, dst] = table.addrs(slot);
    let outer = table.outer_addrs(slot);
    let encap = cold.encap();
    let answered = cold.has(mark::SYN_ACK);
    let acknowledged = answered && hot.state() > State::SynAck;
    Connection {
        id: cold.id(),
        cluster: 0,
        proto: Proto::number_in(hot.place),
        vlan: cold.vlan(),
        source: cold.source,
        encap,
        vni: encap.map(|_| cold.vni()),
        overlay_cluster: cold.cluster,
        src,
        dst,
        src_port: hot.port(OUT),
        dst_port: hot.port(IN),
        outer_src: outer.map(|ends| ends[OUT]),
        outer_dst: outer.map(|ends| ends[IN]),
        state: hot.state(),
        end: seen_end(hot).or(end),
        syn_resends: cold.resends[OUT],
        syn_ack_resends: cold.resends[IN],
        latency_ns: cold.latency(Latency::Whole),
        server_latency_ns: cold.latency(Latency::Server).filter(|_| answered),
        client_latency_ns: cold.latency(Latency::Client).filter(|_| acknowledged),
        obytes: story::stream_bytes(hot, cold, OUT),
        ibytes: story::stream_bytes(hot, cold, IN),
        bytes_known: [OUT, IN].map(|direction| !control_only || is_told_by_control(hot, cold, direction)),
        opkts: story::packets(hot, cold, OUT),
        ipkts: story::packets(hot, cold, IN),
        owire_bytes: hot.wire(OUT),
        iwire_bytes: hot.wire(IN),
        retransmits: cold.retransmits,
        out_of_order: hot.out_of_order,
        zero_windows: hot.zero_windows,
        icmp_errors: hot.icmp_errors,
        started_ns: cold.started_ns,
        last_ns: hot.last_ns,
        ended_ns: hot.has(status::ENDED).then_some(hot.last_ns),
        src_endpoint: 0,
        dst_endpoint: 0,
        src_reason: Reason::NoneClaims,
        dst_reason: Reason::NoneClaims,
        src_cluster: 0,
        dst_cluster: 0,
        src_since_ns: None,
        dst_since_ns: None,
        syn_seen: cold.has(mark::SYN),
        joined: hot.is_tcp() && is_joined(cold),
        one_way: hot.packets[OUT] == 0 || hot.packets[IN] == 0,
    }
}

/// Whether the first and the last number of a side's stream are known without what is between them.
fn is_told_by_control(hot: &Hot, cold: &Cold, direction: usize) -> bool {
    let has_begun = cold.has([mark::SYN | mark::SYN_ACK, mark::SYN_ACK][direction]);
    // Which of its answers the client took was not seen.
    let has_two_beginnings = direction == IN && hot.has(status::RENUMBERED);
    (has_begun && hot.has(status::FIN << direction) || hot.has(status::TOLD)) && !has_two_beginnings
}

/// Whether nothing of the handshake was seen.
pub(crate) fn is_joined(cold: &Cold) -> bool {
    !cold.has(mark::SYN | mark::SYN_ACK)
}
