"""`connection`: the connection table, one row a connection, with the Pods' names where they are known."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Flag, Noun, Verb
from podwire.catalog.types import (
    ADDRESS,
    BYTES,
    COUNT,
    DURATION,
    LATENCY,
    LIST,
    NUMBER,
    PORT,
    STRING,
    TIME,
    VLAN,
    VNI,
    YES_NO,
    choice,
)

STATES = ("syn", "syn-ack", "est", "fin", "rst", "active")

CONNECTION = Noun(
    name="connection",
    plural="connections",
    title="Connection table",
    show_help="Display connections.",
    times=("started-time", "last-time"),
    columns=(
        Column("switch", STRING, "The switch that saw the connection.", is_default=True),
        Column("vlan", VLAN, "The VLAN of the outermost tag; the native VLAN for untagged packets.", is_default=True),
        Column("vxlan", VNI, "The network identifier of the tunnel around the connection."),
        Column("encap", STRING, "The kind of tunnel around its first packet."),
        Column("outer-src-ip", ADDRESS, "The client's end of the tunnel."),
        Column("outer-dst-ip", ADDRESS, "The server's end of the tunnel."),
        Column("proto", STRING, "The transport protocol."),
        Column("src-ip", ADDRESS, "The client: who sent the SYN.", is_default=True),
        Column("src-port", PORT, "The client's port."),
        Column("src-pod", STRING, "The client's Pod."),
        Column("src-namespace", STRING, "The namespace of the client's Pod."),
        Column("src-workload", STRING, "What the client's Pod belongs to: its kind and name."),
        Column("src-node", STRING, "The node of the client's Pod."),
        Column("dst-ip", ADDRESS, "The server: who answered.", is_default=True),
        Column(
            "dst-port",
            PORT,
            "The server's port; of ICMP the identifier of an echo, else 256 times the type plus the code.",
            is_default=True,
        ),
        Column("app", STRING, "The name of the server's port as IANA registers it (/etc/services), else its number."),
        Column("dst-pod", STRING, "The server's Pod."),
        Column("dst-namespace", STRING, "The namespace of the server's Pod."),
        Column("dst-workload", STRING, "What the server's Pod belongs to: its kind and name."),
        Column("dst-node", STRING, "The node of the server's Pod."),
        Column("service", LIST, "The Services that the server's address and port belong to now."),
        Column("cluster-name", STRING, "The Kubernetes cluster of the named ends."),
        Column("cur-state", choice(*STATES), "syn, syn-ack, est, fin or rst; active without TCP.", is_default=True),
        Column("transition-state", choice("started", "ended"), "Whether the connection goes on or has ended."),
        Column("syn-resends", COUNT, "How often the client sent its SYN again."),
        Column("syn-ack-resends", COUNT, "How often the server sent its SYN-ACK again."),
        Column("latency", LATENCY, "From the first SYN to the SYN-ACK.", is_default=True),
        Column("server-latency", LATENCY, "From the answered SYN to the SYN-ACK."),
        Column("client-latency", LATENCY, "From the SYN-ACK to the client's ACK."),
        Column(
            "obytes", BYTES, "Stream bytes from the client to the server; the mode control knows them from its FIN."
        ),
        Column(
            "ibytes", BYTES, "Stream bytes from the server to the client; the mode control knows them from its FIN."
        ),
        Column("total-bytes", BYTES, "Stream bytes both ways."),
        Column("opkts", COUNT, "Packets from the client to the server."),
        Column("ipkts", COUNT, "Packets from the server to the client."),
        Column("retransmits", COUNT, "Packets with data or a FIN that were sent again."),
        Column("out-of-order", COUNT, "Data packets that came before what they follow."),
        Column("zero-windows", COUNT, "Packets that asked the other side to wait: their window was 0."),
        Column("icmp-errors", COUNT, "ICMP errors about packets of the connection."),
        Column("dur", LATENCY, "From the first to the last packet."),
        Column("age", DURATION, "Time since the first packet.", is_default=True, is_volatile=True),
        Column("started-time", TIME, "When the first packet passed."),
        Column("last-time", TIME, "When the latest packet passed."),
        Column("ended-time", TIME, "When the connection ended."),
        Column("one-way", YES_NO, "Whether only one direction was seen."),
        Column("joined", YES_NO, "Whether the connection was there before its first packet was seen."),
        Column("source", STRING, "The interface or file that the connection was seen on."),
        Column("reason", STRING, "Why an end has no name."),
        Column("time", TIME, "The sampled time, with the option interval."),
        Column("id", NUMBER, "The connection's number on this switch.", is_key=True),
    ),
    verbs=(
        Verb("clear", "Forget every connection of the table."),
        Verb("clear-history", "Remove every connection that is kept in the history; the table stays."),
    ),
    options=(
        Flag(
            "port-names",
            "port-names",
            "no-port-names",
            "Print the server's port by its name, as the column app does, or by its number.",
        ),
    ),
    examples=(
        "connection-show within-last 1h transition-state ended src-namespace default",
        "connection-show",
        "connection-show dst-port http,https port-names",
        "connection-show dst-port 8080 cur-state est format src-pod,dst-pod,latency,age",
        "connection-show sort-desc latency limit-output 10",
    ),
)
