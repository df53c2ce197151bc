"""`encrypted`: traffic that nobody on the way can read, by the two nodes that it travels between."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import ADDRESS, BYTES, COUNT, DURATION, STRING, TIME

ENCRYPTED = Noun(
    name="encrypted",
    plural="encrypted",
    title="Encrypted traffic between nodes",
    show_help="Display encrypted traffic by pair of nodes: its Pods cannot be told.",
    times=("started-time", "last-time"),
    columns=(
        Column("kind", STRING, "wireguard or esp.", is_default=True, is_key=True),
        Column("node-ip", ADDRESS, "The node with the lower address.", is_default=True, is_key=True),
        Column("node", STRING, "Its name, where a cluster tells it.", is_default=True),
        Column("peer-ip", ADDRESS, "The other node.", is_default=True, is_key=True),
        Column("peer", STRING, "Its name, where a cluster tells it.", is_default=True),
        Column("node-packets", COUNT, "Packets that the node sent.", is_default=True),
        Column("node-bytes", BYTES, "Bytes that the node sent, on the wire.", is_default=True),
        Column("peer-packets", COUNT, "Packets that the other node sent.", is_default=True),
        Column("peer-bytes", BYTES, "Bytes that the other node sent, on the wire.", is_default=True),
        Column("age", DURATION, "Time since the first packet.", is_default=True),
        Column("started-time", TIME, "When the first packet passed."),
        Column("last-time", TIME, "When the latest packet passed."),
    ),
    examples=("encrypted-show", "encrypted-show node worker-1 sort-desc node-bytes"),
)
