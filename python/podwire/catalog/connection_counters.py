"""`connection-counters`: what the connection table and the names of its rows have counted, a row a counter.

`capture-show` tells what became of each packet, by interface; this is what became of connections, and where a bound
was met.
"""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import COUNT, STRING

COUNTERS: dict[str, str] = {
    "connections": "Connections in the table now, live and ended.",
    "memory-bytes": "Bytes that the table takes now; connection-max-memory is their bound.",
    "created": "Connections that were ever entered into the table.",
    "joined": "Of these, joined in the middle: their handshake was not seen.",
    "ended-fin": "Connections ended by FIN of both sides.",
    "ended-rst": "Connections ended by a reset.",
    "timeout-half-open": "Connection attempts that were silent for too long.",
    "timeout-datagram": "Rows of UDP, ICMP and SCTP that were silent for too long.",
    "timeout-idle": "Other connections that were silent for too long.",
    "evicted-ended": "Ended connections that others pushed out for want of memory.",
    "evicted-half-open": "Connection attempts that others pushed out for want of memory.",
    "evicted-idle": "Live connections that others pushed out for want of memory.",
    "replaced": "Connections that went because their addresses and ports were used anew.",
    "ended-queue-overflow": "Ended connections that history missed, because it did not take them in time.",
    "suspicious": "SYNs, SYN-ACKs, resets and jumps that contradict their connection; they change nothing.",
    "odd-flags": "Segments with flags that no honest sender combines; they change nothing.",
    "stray-rst": "Resets of connections that are not in the table; they make no row.",
    "after-end": "Packets of connections that had ended and left the table; they make no row.",
    "first-fragments": "First fragments of IP packets that were read.",
    "fragments-followed": "Later fragments that were counted with their first one.",
    "fragments-unknown": "Later fragments whose first one was not seen, or too long ago.",
    "icmp-errors-matched": "ICMP errors that were counted on the row of the packet they quote.",
    "icmp-errors-unknown": "ICMP errors about packets of no row.",
    "encrypted-not-kept": "Encrypted packets between nodes that found no room in encrypted-show.",
    "claims": "Spans of time for which an address is known to be somebody's, held now.",
    "claims-dropped": "Older ones that went because one address had too many; rows of then lose their names.",
    "claims-refused": "Those not taken because the address book is full; rows of theirs have no names.",
    "claims-forgotten": "Ended ones that went because there were too many; late rows of theirs have no names.",
    "endpoints-forgotten": "Removed Pods and nodes that went because there were too many; their rows lose the names.",
    "overlays-refused": "Tunnels that are known now and not looked into; k8s-connection-show says which.",
}
"""What each counter counts, in the order of the rows."""

CONNECTION_COUNTERS = Noun(
    name="connection-counters",
    plural="connection-counters",
    title="Counters of the connection table",
    show_help="Display what became of connections, and where a bound was met.",
    columns=(
        Column("counter", STRING, "What is counted.", is_default=True, is_key=True),
        Column("value", COUNT, "How much; since the start of podwire, but what is told to be now.", is_default=True),
        Column("about", STRING, "What it means.", is_default=True),
    ),
    examples=(
        "connection-counters-show",
        "connection-counters-show value >0",
        "connection-counters-show counter evicted*",
    ),
)
