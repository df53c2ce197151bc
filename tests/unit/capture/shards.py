"""What one and several threads make of the same captures, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from podwire.capture import Capture

OWN = {"id", "memory-bytes", "claim-sweeps"}
"""What each number of threads has its own values of."""


def read(paths: Sequence[str], overlays: Sequence[Any], *, threads: int, **given: Any) -> dict[str, Any]:
    """Read captures; return all that can be told of them."""
    capture = Capture(threads=threads, **given)
    try:
        capture._engine.set_overlays([tuple(overlay) for overlay in overlays])
        summary = capture.read_files(paths)
        ended = capture.poll(1 << 20)
        columns = [name for name in ended.schema.names if name not in OWN]
        rows = capture.rows([], columns)
        assert sorted(capture.scan([], columns).to_pylist(), key=in_order) == sorted(rows, key=in_order)
        return {
            "packets": summary.packets,
            "errors": summary.errors,
            "rows": sorted(rows, key=in_order),
            "ended": sorted(ended.drop_columns(["id"]).to_pylist(), key=in_order),
            "order": [row["started-time"] for row in rows],
            "counters": {name: value for name, value in capture.counters().items() if name not in OWN},
            "sources": capture.source_counters(),
            "encrypted": sorted(capture.encrypted(), key=in_order),
            "last": capture.last_packet_ns(),
        }
    finally:
        capture.close()


def in_order(row: dict[str, Any]) -> str:
    """Tell a row's place among others, whatever the order of its columns."""
    return repr(sorted(row.items()))
