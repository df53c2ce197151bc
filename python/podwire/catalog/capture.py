"""`capture`: where packets come from, and what became of each."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import BYTES, COUNT, STRING

CAPTURE = Noun(
    name="capture",
    plural="captures",
    title="Capture sources",
    show_help="Display packet sources and their counters.",
    columns=(
        Column("interface", STRING, "The interface or capture file.", is_default=True, is_key=True),
        Column("state", STRING, "up, down, gone, or what stands against it.", is_default=True),
        Column("packets", COUNT, "Packets read.", is_default=True),
        Column("bytes", BYTES, "Bytes of those packets on the wire.", is_default=True),
        Column("kernel-drops", COUNT, "Packets that the kernel lost because podwire was too slow.", is_default=True),
        Column("tcp", COUNT, "TCP packets that went into the connection table.", is_default=True),
        Column("truncated", COUNT, "Packets cut too short to be read.", is_default=True),
        Column("malformed", COUNT, "Packets whose headers contradict themselves.", is_default=True),
        Column("unsupported", COUNT, "Packets of protocols that make no connections.", is_default=True),
        Column("not-collected", COUNT, "Packets let go while connection statistics were disabled."),
        Column("filtered", COUNT, "Packets of a file that the mode control leaves out, as the kernel does live."),
        Column("ring-full", COUNT, "How often the packet ring was full when the kernel had a packet for it."),
        Column("outages", COUNT, "How often the interface went down or away."),
        Column(
            "outcomes",
            STRING,
            "What became of the packets: every outcome with its count, in all the number of packets.",
        ),
    ),
    examples=("capture-show", "capture-show format all layout vertical"),
)
