"""`capture`: where packets come from, and what became of each."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import BYTES, COUNT, STRING, TIME, choice

CAPTURE = Noun(
    name="capture",
    plural="captures",
    title="Capture sources",
    show_help="Display packet sources and their counters.",
    times=("from-time", "until-time"),
    counts_window=True,
    columns=(
        Column("interface", STRING, "The interface or capture file.", is_default=True, is_key=True),
        Column("state", STRING, "up, down, gone, or what stands against it.", is_default=True),
        Column("mode", choice("full", "control"), "full, or control: only TCP packets with SYN, FIN or RST."),
        Column("packets", COUNT, "Packets read.", is_default=True),
        Column("bytes", BYTES, "Bytes of those packets on the wire.", is_default=True),
        Column("kernel-drops", COUNT, "Packets that the kernel lost because podwire was too slow.", is_default=True),
        Column("tcp", COUNT, "TCP packets that went into the connection table.", is_default=True),
        Column("truncated", COUNT, "Packets cut too short to be read.", is_default=True),
        Column("malformed", COUNT, "Packets whose headers contradict themselves.", is_default=True),
        Column("unsupported", COUNT, "Packets of protocols that make no connections.", is_default=True),
        Column("encrypted", COUNT, "Packets between nodes that nobody on the way can read; see encrypted-show."),
        Column("duplicates", COUNT, "Packets that were mirrored more than once, and counted once."),
        Column("icmp-errors", COUNT, "ICMP errors about other packets."),
        Column("fragments", COUNT, "Later fragments of IP packets, which follow their first one."),
        Column("udp", COUNT, "UDP packets."),
        Column("icmp", COUNT, "ICMP packets that are no errors."),
        Column("sctp", COUNT, "SCTP packets."),
        Column("evicted", COUNT, "Connections from here that others pushed out for want of memory.", is_default=True),
        Column("not-entered", COUNT, "Packets that opened a connection for which there was no memory at all."),
        Column("not-collected", COUNT, "Packets let go while connection statistics were disabled."),
        Column(
            "filtered",
            COUNT,
            "Packets of a file that the mode control leaves out. The kernel does so live, and does not tell how many.",
        ),
        Column("ring-full", COUNT, "How often the packet ring was full when the kernel had a packet for it."),
        Column("outages", COUNT, "How often the interface went down or away."),
        Column("from-time", TIME, "With time options: since when is counted."),
        Column("until-time", TIME, "With time options: until when is counted, to the minute."),
        Column("time", TIME, "The beginning of the interval, with the option interval."),
        Column("history", STRING, "written, disabled, or what stands against writing history; see history-show."),
        Column(
            "outcomes",
            STRING,
            "What became of the packets: every outcome with its count, in all the number of packets.",
        ),
    ),
    examples=("capture-show", "capture-show format all layout vertical", "capture-show within-last 1h interval 10m"),
)
