"""Records of the packet core's rows: every number has become the word that the book has for it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.history import KINDS, EndpointWords, Kind, connection_batch


class Book:
    """Three endpoints of two clusters; each number is asked for once a batch and side."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def endpoint(self, number: int) -> EndpointWords | None:
        self.asked.append(number)
        if number in (0, 9):
            return None
        return EndpointWords(f"pod{number}", f"ns{number % 2}", None, "node1", f"cluster{number % 2}")

    def cluster(self, number: int) -> str | None:
        return f"of-tunnel{number}" if number else None

    def reason(self, code: str, words: EndpointWords | None) -> str | None:
        return None if words else f"it is {code}"


SIDES = st.fixed_dictionaries(
    {
        "src-endpoint": st.sampled_from([0, 1, 2, 3, 9]),
        "dst-endpoint": st.sampled_from([0, 1, 2, 3, 9]),
        "src-reason": st.sampled_from(["named", "ended", "none-claims"]),
        "dst-reason": st.sampled_from(["named", "ended"]),
        "cluster": st.sampled_from([0, 1]),
        "vlan": st.sampled_from([0, 1, 77]),
        "src-ip": st.sampled_from(["10.0.0.1", "fd00::1"]),
    }
)


def wanted(row: dict[str, Any]) -> dict[str, Any]:
    """The same, a row at a time."""
    book = Book()
    ends = {side: book.endpoint(row[f"{side}-endpoint"]) for side in ("src", "dst")}
    made: dict[str, Any] = {"vlan": row["vlan"] or 5, "src-ip": row["src-ip"]}
    for side, end in ends.items():
        for name in ("pod", "namespace", "node"):
            made[f"{side}-{name}"] = getattr(end, name) if end else None
    clusters = [end.cluster for end in ends.values() if end] + [book.cluster(row["cluster"])]
    made["cluster-name"] = next((name for name in clusters if name), None)
    reasons = [f"{side}: it is {row[f'{side}-reason']}" for side, end in ends.items() if not end]
    made["reason"] = "; ".join(reasons) or None
    return made


@given(st.lists(SIDES, max_size=30))
@settings(deadline=None)
def test_every_row_gets_its_words(rows: list[dict[str, Any]]) -> None:
    types = {"src-endpoint": pa.int64(), "dst-endpoint": pa.int64(), "cluster": pa.int64(), "vlan": pa.int64()}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in (*types, "src-reason", "dst-reason")])
    core = pa.RecordBatch.from_pylist(rows, schema.append(pa.field("src-ip", pa.string())))
    book = Book()
    batch = connection_batch(core, book, record="ended", recorded_ns=7, native_vlan=5)
    batch.validate(full=True)
    assert batch.schema == KINDS[Kind.CONNECTION]
    assert [{name: row[name] for name in wanted(rows[0])} for row in batch.to_pylist()] == list(map(wanted, rows))
    assert all(row["recorded-time"] == 7 and row["record"] == "ended" for row in batch.to_pylist())
    assert len(book.asked) == len({row["src-endpoint"] for row in rows}) + len({row["dst-endpoint"] for row in rows})
