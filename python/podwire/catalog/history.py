"""`history`: what is kept on disk of what happened, and how the writing goes."""

from __future__ import annotations

from podwire.catalog.nouns import Column, Noun
from podwire.catalog.types import BYTES, COUNT, STRING, TIME

HISTORY = Noun(
    name="history",
    plural="history",
    title="History on disk",
    show_help="Display what is kept on disk, and how the writing goes.",
    columns=(
        Column("kind", STRING, "connection, finding, vport or capture.", is_default=True, is_key=True),
        Column("state", STRING, "written, disabled, or what stands against it.", is_default=True),
        Column("written", COUNT, "Records that were made safe since the start.", is_default=True),
        Column("queued", COUNT, "Records that wait in memory for the disk.", is_default=True),
        Column("dropped", COUNT, "Records let go because the disk was full or slow for too long.", is_default=True),
        Column("lost", COUNT, "Ended connections that the packet core let go before they were taken."),
        Column("journals", COUNT, "Journals that are not sealed yet."),
        Column("files", COUNT, "Parquet files.", is_default=True),
        Column("bytes", BYTES, "Bytes on disk.", is_default=True),
        Column("oldest", TIME, "The hour of the oldest record.", is_default=True),
        Column("damaged", COUNT, "Files that could not be read since the start; they are kept as *.damaged."),
        Column("folder", STRING, "Where the files are."),
    ),
    examples=("history-show", "history-show format all layout vertical"),
)
