"""Records of connections for tests: plain dictionaries, and the tables that are made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from podwire.history.relation import KEY_COLUMNS, Live, Sources
from podwire.history.schema import KINDS, Kind

SCHEMA = KINDS[Kind.CONNECTION]
SWITCH = "leaf 1/a"
SECOND = 1_000_000_000

Record = dict[str, Any]


def record(number: int, **values: Any) -> Record:
    """A connection as it ended, with these values."""
    plain: Record = {
        "id": number,
        "record": "ended",
        "recorded-time": values.get("started-time", 0) + values.get("dur", 0) + SECOND,
        "vlan": 1,
        "proto": "tcp",
        "src-ip": "10.0.0.1",
        "src-port": 40_000,
        "dst-ip": "10.0.0.2",
        "dst-port": 80,
        "cur-state": "fin",
        "end": "fin",
        "latency": None,
        "obytes": 0,
        "ibytes": 0,
        "syn-resends": 0,
        "syn-ack-resends": 0,
        "retransmits": 0,
        "started-time": 0,
        "dur": 0,
        "joined": False,
        "one-way": False,
    }
    return plain | {name.replace("_", "-"): value for name, value in values.items()}


def batch(records: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
    """The records as the journal holds them."""
    return pa.RecordBatch.from_pylist([dict(each) for each in records], schema=SCHEMA)


def live(records: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]] | None = None) -> Live:
    """A live table of these records; `shown` are those of them that a question's filters let pass."""
    keys = [
        {name: each.get(name) for name in KEY_COLUMNS}
        | {"transition-state": "ended" if each["record"] == "ended" else "started"}
        for each in records
    ]
    types = {"transition-state": pa.string()}
    schema = pa.schema([(name, types.get(name, pa.int64())) for name in KEY_COLUMNS])
    rows = pa.Table.from_batches([batch(records if shown is None else shown)])
    return Live(rows, pa.Table.from_pylist(keys, schema=schema))


def file(folder: Path, records: Sequence[Mapping[str, Any]], *, hour: int = 0) -> Path:
    """A sealed file of these records, where the history puts it."""
    path = folder / f"switch={SWITCH.replace(' ', '%20').replace('/', '%2F')}" / "date=2026-01-01" / f"hour={hour:02}"
    path.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_batches([batch(records)]), path / "0.parquet", store_schema=False)
    return path / "0.parquet"


def sources(**given: Any) -> Sources:
    """Sources of this switch."""
    return Sources(SWITCH, **given)


ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.0.1.9", "10.20.30.40", "fd00::1", "fd00:0:0:1::", "::ffff:10.0.0.1")

connections = st.builds(
    record,
    st.just(0),
    src_ip=st.sampled_from(ADDRESSES),
    dst_ip=st.sampled_from(ADDRESSES),
    dst_port=st.sampled_from((53, 80, 443)),
    proto=st.sampled_from(("tcp", "tcp", "udp")),
    cur_state=st.sampled_from(("syn", "syn-ack", "est", "fin", "rst")),
    latency=st.none() | st.integers(0, 10 * SECOND),
    obytes=st.none() | st.integers(0, 1 << 40),
    ibytes=st.none() | st.integers(0, 1 << 40),
    retransmits=st.integers(0, 9),
    syn_resends=st.integers(0, 9),
    syn_ack_resends=st.integers(0, 9),
    src_pod=st.sampled_from((None, "pod-A", "pod-B")),
    dst_pod=st.sampled_from((None, "pod-A", "pod-C")),
    src_namespace=st.sampled_from((None, "default")),
    started_time=st.integers(0, 100 * SECOND),
    dur=st.integers(0, 50 * SECOND),
    joined=st.booleans(),
)
"""Connections without a number, as they ended."""
