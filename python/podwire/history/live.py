"""Makes the live side of a question: the core's rows as records, beside the identities of all that it holds."""

from __future__ import annotations

from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from podwire.history.naming import NameBook, connection_batch
from podwire.history.relation import Live
from podwire.history.services import ServiceBook

STAMPS = ("cluster", "overlay-cluster", "src-endpoint", "dst-endpoint", "src-reason", "dst-reason")
"""What the core must hand over beside the columns that are asked for, so that rows can be named."""

LEAST = ("id", "started-time", "dur", "transition-state", "vlan", *STAMPS)
"""The least that the core must hand over of rows."""


class Book(NameBook, ServiceBook, Protocol):
    """Knows names and Services."""


def live_side(rows: pa.RecordBatch, keys: pa.RecordBatch, book: Book, *, now_ns: int, native_vlan: int) -> Live:
    """Return the live side; `rows` has at least LEAST, `keys` is all of `relation.KEY_COLUMNS`, taken after `rows`.

    Columns that the core did not hand over are null.
    """
    records = connection_batch(rows, book, record="live", recorded_ns=now_ns, native_vlan=native_vlan, services=book)
    has_ended = pc.equal(rows.column("transition-state"), "ended")
    words = pa.array(["live", "ended"]).cast(pa.string())
    record = pa.DictionaryArray.from_arrays(has_ended.cast(pa.int32()), words)
    at = records.schema.get_field_index("record")
    table = pa.Table.from_batches([records]).set_column(at, records.schema.field(at), record)
    return Live(table, pa.Table.from_batches([keys]))
