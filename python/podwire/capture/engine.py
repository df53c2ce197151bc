"""The packet core as the rest of podwire uses it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from podwire.capture._core import Engine
from podwire.capture.overlays import CoreOverlay, LeftOff, for_core, refusal
from podwire.capture.query import Claim, Filter, Progress, ReadSummary, Scope
from podwire.model.overlays import Overlay

if TYPE_CHECKING:
    import pyarrow as pa


class Capture:
    """Packet sources and the connection table that they fill. Every method may be called from any thread.

    Raises CaptureError where a source cannot be read, and after `close`; CoreFailedError once the core has failed.
    """

    def __init__(
        self, *, mode: str = "full", max_memory_bytes: int = 1 << 30, keeps_ended: bool = False, threads: int = 1
    ) -> None:
        """`max_memory_bytes` bounds the connection table; `keeps_ended` lets what has ended stay as long as it fits.

        Connections are spread over `threads` (1–64) that read and count side by side, each with a part of the memory.
        """
        self._engine = Engine(mode=mode, max_memory_bytes=max_memory_bytes, keeps_ended=keeps_ended, threads=threads)
        self.mode = mode
        """`full` or `control`."""

    def open_interface(self, name: str, *, ring_bytes: int = 64 << 20, snap_bytes: int = 256) -> int:
        """Start reading an interface; return its source number. It is promiscuous as long as it is read.

        An interface that goes down or away later is no error: it is counted and taken up again when it returns.
        """
        return self._engine.open_interface(name, ring_bytes, snap_bytes)

    def close_source(self, source: int) -> None:
        """Stop reading one source; its connections stay."""
        self._engine.close_source(source)

    def read_files(self, paths: Sequence[str]) -> ReadSummary:
        """Read capture files to their end, merged by time. Blocks; Ctrl-C ends it.

        pcap and pcapng, also packed with gzip or Zstandard; a path may name a pipe, and `-` is standard input. Raises
        CaptureError, before anything is read, where one of them cannot be opened or none of them is a capture.
        """
        summary = self._engine.read_files(list(paths))
        errors, notes, ports = tuple(summary.errors), tuple(summary.notes), tuple(summary.tunnel_ports)
        return ReadSummary(summary.packets, summary.seconds, errors, notes, ports)

    def progress(self) -> Progress:
        """Return how far `read_files` has come; for another thread than the one that reads."""
        return Progress(*self._engine.progress())

    def set_collecting(self, collecting: bool) -> None:
        """Start or stop making connections of packets; while stopped they are only counted."""
        self._engine.set_collecting(collecting)

    def set_max_memory(self, max_bytes: int) -> None:
        """Change the memory that the connection table may take, bytes, at least 1 MiB.

        Where that is less than it takes, what is worth least is pushed out step by step; its memory is kept for others.
        """
        self._engine.set_max_memory(max_bytes)

    def set_overlays(self, overlays: Iterable[tuple[Overlay, int]]) -> list[LeftOff]:
        """Look into these tunnels from now on, each of a cluster (0: of none); return those that cannot be."""
        known: list[tuple[Overlay, int]] = []
        told: list[CoreOverlay] = []
        left: list[LeftOff] = []
        for overlay, cluster in overlays:
            words = for_core(overlay, cluster)
            if words is None:
                left.append(LeftOff(overlay, cluster, ""))
            else:
                known.append((overlay, cluster))
                told.append(words)
        refused = [known[at] for at in self._engine.set_overlays(told)]
        return left + [LeftOff(overlay, cluster, refusal(overlay, known)) for overlay, cluster in refused]

    def set_nodes(self, nodes: Sequence[tuple[str, int]]) -> None:
        """Say which cluster each outer (node) address belongs to."""
        self._engine.set_nodes(list(nodes))

    def set_claims(self, claims: Sequence[Claim]) -> None:
        """Put each claim in place of what its cluster told of the same place before.

        A connection is judged by the time of its first packet whenever it is shown, with all that was told by then.
        """
        self._engine.set_claims(list(claims))

    def set_holding(self, is_holding: bool) -> None:
        """Let ended connections whose cluster is away wait for its return, at most 65,536 of them; or no more."""
        self._engine.set_holding(is_holding)

    def set_away(self, away: Sequence[tuple[int, int]]) -> None:
        """Say since when (nanoseconds) which clusters tell nothing; none of their claims names what began after."""
        self._engine.set_away(list(away))

    def set_scopes(self, scopes: Sequence[Scope]) -> None:
        """Say where clusters are seen that no tunnel tells apart; the narrowest scope counts.

        A cluster with scopes is seen nowhere else; where no scope is, those without one may be.
        """
        self._engine.set_scopes(list(scopes))

    def snapshot(self, filters: Sequence[Filter], columns: Sequence[str], limit: int = 0) -> pa.RecordBatch:
        """Return the connections that pass all filters, newest first, at most `limit` of them (0: all).

        Raises ValueError for a column that does not exist or a filter that it does not take.
        """
        import pyarrow as pa  # noqa: PLC0415 - takes longer to import than a command takes

        return pa.record_batch(self._engine.snapshot(_for_core(filters), list(columns), limit))

    def scan(self, filters: Sequence[Filter], columns: Sequence[str]) -> pa.RecordBatch:
        """Return all connections that pass all filters, in no order: the way for millions of them.

        Texts are dictionaries of the different ones. Raises ValueError as `snapshot` does.
        """
        import pyarrow as pa  # noqa: PLC0415 - takes longer to import than a command takes

        return pa.record_batch(self._engine.scan(_for_core(filters), list(columns)))

    def rows(self, filters: Sequence[Filter], columns: Sequence[str], limit: int = 0) -> list[dict[str, Any]]:
        """Return the same as `snapshot`, a dictionary a connection."""
        return self._engine.snapshot(_for_core(filters), list(columns), limit).to_rows()

    def poll(self, limit: int) -> pa.RecordBatch:
        """Return and forget the connections that ended since the last call, oldest first, with every column."""
        import pyarrow as pa  # noqa: PLC0415 - takes longer to import than a command takes

        return pa.record_batch(self._engine.poll(limit))

    def poll_held(self, limit: int) -> pa.RecordBatch:
        """Return the connections that came to wait for their cluster since the last call; `poll` gives them again."""
        import pyarrow as pa  # noqa: PLC0415 - takes longer to import than a command takes

        return pa.record_batch(self._engine.poll_held(limit))

    def flush(self) -> None:
        """Have `poll` return the ended connections that still wait for their last packets: before the end."""
        self._engine.flush()

    def clear(self) -> None:
        """Forget every connection, live and ended."""
        self._engine.clear()

    def counters(self) -> dict[str, int]:
        """Return the counters of the whole core; all only grow but `connections`, `memory-bytes`,
        `claims` and `overlays-refused`.
        """
        return self._engine.counters()

    def source_counters(self) -> list[dict[str, Any]]:
        """Return a dictionary a source, in the order of their opening.

        `source`, `interface` (or file), `state` (up, down, gone, closed, read, or a sentence that says what stands
        against it), `packets`, `bytes`, `kernel-drops`, `ring-full`, `outages`, `filtered`, `evicted` and `not-entered`
        (connections, not packets), `not-collected`, and one
        count for each outcome of a packet; the outcomes and `not-collected` add up to `packets`.
        """
        return self._engine.source_counters()

    def encrypted(self) -> list[dict[str, Any]]:
        """Return a dictionary for each pair of nodes with encrypted traffic (WireGuard, ESP), which makes no rows.

        `kind`, the two addresses `node` and `peer`, what each of them sent (`node-packets`, `node-bytes`,
        `peer-packets`, `peer-bytes`), and `started-time` and `last-time` in nanoseconds since the epoch.
        """
        return self._engine.encrypted()

    def guesses(self) -> list[dict[str, Any]]:
        """Return what UDP between known nodes, behind no tunnel that is looked into, could be: at most a few dozen.

        `kind`, `port`, `vni`, `packets`, `last-time` in nanoseconds, and `samples`: some packets' addresses (outer
        sender and receiver, inner sender and receiver, with blanks between), set apart by commas.
        """
        return self._engine.guesses()

    def last_packet_ns(self) -> int:
        """Return the time of the latest packet in nanoseconds since the epoch; 0 before the first."""
        return self._engine.last_packet_ns()

    def close(self) -> None:
        """Stop every source. Nothing else may be called afterwards; closing twice is allowed."""
        self._engine.close()


def _for_core(filters: Sequence[Filter]) -> list[tuple[str, str, list[Any], bool]]:
    return [(each.column, each.operator, list(each.values), each.is_negated) for each in filters]
