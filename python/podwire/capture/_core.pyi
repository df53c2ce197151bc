"""The compiled packet core, as Python sees it. Only `podwire.capture` imports it.

Failures raise `podwire.capture.errors.CaptureError` (CoreFailedError once a thread of the core has panicked), nonsense
from the caller ValueError. Times are nanoseconds since the Unix epoch, durations nanoseconds, sizes bytes, addresses
text in canonical form.
"""

from collections.abc import Sequence
from typing import Any, final

__all__ = ["Engine", "ReadSummary", "RecordBatch"]

@final
class RecordBatch:
    """One Arrow record batch, handed over through the Arrow PyCapsule interface (`__arrow_c_array__`)."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...
    def __len__(self) -> int: ...
    def to_rows(self) -> list[dict[str, Any]]: ...

@final
class Engine:
    """Reads packets from files and interfaces into one connection table."""

    def __new__(
        cls, *, mode: str = "full", max_memory_bytes: int = 1 << 30, keeps_ended: bool = False, threads: int = 1
    ) -> Engine:
        """`mode` is `full` or `control`; `max_memory_bytes` bounds the connection table, spread over `threads`.

        With `keeps_ended`, what has ended stays in the table until its memory is needed.
        """

    def open_interface(self, name: str, ring_bytes: int = 64 << 20, snap_bytes: int = 256) -> int:
        """Start reading a network interface in a thread of the core. Returns the source's number.

        Raises CaptureError when the interface does not exist or may not be read. One that is down is waited for.
        """

    def close_source(self, source: int) -> None:
        """Stop one source; its connections stay. Unknown numbers are ignored."""

    def read_files(self, paths: list[str]) -> ReadSummary:
        """Read captures to their end, merged by time, in a thread of the core, and wait for it with the GIL released.

        A path is that of a file or a named pipe, or `-` for standard input. Raises CaptureError for what cannot be
        opened, and where none of them is a capture. What is no capture otherwise, and a torn file from where it breaks
        on, is left out: see `ReadSummary.errors`.
        """

    def progress(self) -> tuple[int, int | None, int]:
        """How far `read_files` has come: bytes read, bytes in all (None where that is not known), packets."""

    def set_collecting(self, collecting: bool) -> None:
        """Start or stop making connections of what is read. While stopped, packets are counted and let go."""

    def set_max_memory(self, max_bytes: int) -> None:
        """Change the bound of the connection table; where it is lowered, connections are pushed out step by step."""

    def set_overlays(self, overlays: list[tuple[str, int, int | None, bool, int]]) -> list[int]:
        """Replace the tunnels to look into: (kind, UDP port, VNI or None, VNI is identity, cluster), any number.

        Returns the positions of those that are left off: what comes after the 64th, and kinds that contradict an
        earlier one on the same port. Takes effect with the next batch. `cluster` is 0 where the tunnel belongs to no
        known cluster. Raises ValueError for a kind that cannot be looked into.
        """

    def set_nodes(self, nodes: list[tuple[str, int]]) -> None:
        """Replace the (outer address, cluster) pairs that tell which cluster a tunnelled packet belongs to."""

    def set_claims(self, claims: list[tuple[int, str, int, int, Sequence[tuple[int, int, int | None]]]]) -> None:
        """Replace what clusters told of places: (cluster, address, IP protocol, port, spans).

        Protocol and port are 0 for the whole address. A span is (endpoint, from, until or None); endpoint 0 says that
        nobody can tell who it was. Spans of one place do not overlap. Connections are judged by the time of their first
        packet when they are taken out, also those that are in the table already.
        """

    def set_holding(self, is_holding: bool) -> None:
        """Let ended connections whose cluster is away wait in `poll` for its return, 65,536 at most; or no more."""

    def set_away(self, away: list[tuple[int, int]]) -> None:
        """Replace the (cluster, since) pairs of clusters that tell nothing at present."""

    def set_scopes(self, scopes: list[tuple[int, str | None, int | None]]) -> None:
        """Replace the (cluster, name of the source, VLAN) triples that tell bare packets of clusters apart."""

    def snapshot(
        self,
        filters: list[tuple[str, str, list[Any], bool]],
        columns: list[str],
        limit: int,
    ) -> RecordBatch:
        """The connections that match all filters, newest first, at most `limit` (0: all), with the named columns.

        A filter is (column, operator, values, negated): operator `in` matches any of the values, `prefix` any of the
        given networks (addresses only), `range` a closed range (numbers only). Unknown columns raise ValueError.
        """

    def scan(self, filters: list[tuple[str, str, list[Any], bool]], columns: list[str]) -> RecordBatch:
        """The same as `snapshot` in no order, with texts as dictionaries of the different ones."""

    def poll(self, limit: int) -> RecordBatch:
        """The connections that ended or were pushed out since the last call, oldest first, with every column.

        They leave the queue with it.
        """

    def poll_held(self, limit: int) -> RecordBatch:
        """The connections that came to wait for their cluster since the last call, with every column.

        `poll` gives them again when they wait no more.
        """

    def flush(self) -> None:
        """Report the connections that have ended and still wait for their last packets: `poll` returns them."""

    def clear(self) -> None:
        """Forget every connection, live and ended."""

    def counters(self) -> dict[str, int]:
        """Counters of the whole engine, by name; all only grow but `connections` and `memory-bytes`."""

    def source_counters(self) -> list[dict[str, int | str]]:
        """Counters by source: `source`, `interface` (or file), `state`, packets, bytes, drops and each outcome."""

    def encrypted(self) -> list[dict[str, int | str]]:
        """Encrypted traffic by pair of nodes: `kind`, `node`, `peer`, and for each of the two what it sent."""

    def guesses(self) -> list[dict[str, int | str]]:
        """What UDP between nodes could be: `kind`, `port`, `vni`, `packets`, `last-time` and `samples`."""

    def last_packet_ns(self) -> int:
        """The time of the latest packet read; 0 before the first one."""

    def fail(self) -> None:
        """Panic in the middle of a change, as a fault of the core would: what follows is tried in tests."""

    def close(self) -> None:
        """Stop every source and its thread. The engine cannot be used afterwards."""

@final
class ReadSummary:
    """What reading captures came to."""

    @property
    def packets(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def errors(self) -> list[str]: ...
    @property
    def notes(self) -> list[str]: ...
    @property
    def tunnel_ports(self) -> list[int]: ...
