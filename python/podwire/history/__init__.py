"""What happened, kept on disk: an append-only Arrow journal that is sealed into Parquet files, and SQL over both.

Record batches come in, already named; files and tables go out. Nothing here knows packets, clusters or commands, and no
loop runs here: whoever calls decides when to commit, to seal and to tidy up.
"""

from podwire.history.errors import HistoryError
from podwire.history.files import FileSet
from podwire.history.naming import EndpointWords, NameBook, connection_batch
from podwire.history.schema import DERIVED, KINDS, Kind, batch_of
from podwire.history.store import HistoryStore

__all__ = [
    "DERIVED",
    "KINDS",
    "EndpointWords",
    "FileSet",
    "HistoryError",
    "HistoryStore",
    "Kind",
    "NameBook",
    "batch_of",
    "connection_batch",
]
