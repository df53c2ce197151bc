"""Records of the packet core's rows: every number has become the word that the book has for it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.history import KINDS, EndpointWords, Kind, connection_batch
from podwire.history.services import NEEDED, Server, service_column


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


class Shops:
    """Services at two addresses; it says what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Server] = []

    def may_serve(self, endpoint: int, address: str) -> bool:
        return endpoint == 5 or address == "10.0.0.9"

    def services(self, server: Server) -> str | None:
        self.asked.append(server)
        return f"shop/{server.endpoint}-{server.port}-{server.proto}" if server.port else None


SERVERS = st.fixed_dictionaries(
    {
        "dst-endpoint": st.sampled_from([0, 5, 6]),
        "dst-ip": st.sampled_from(["10.0.0.9", "10.0.0.8", "fd00::1"]),
        "dst-port": st.sampled_from([0, 80, 443]),
        "proto": st.sampled_from([None, "tcp", "udp"]),
        "overlay-cluster": st.sampled_from([0, 1]),
        "dst-reason": st.sampled_from(["named", "none-claims"]),
    }
)


@given(st.lists(SERVERS, max_size=30))
@settings(deadline=None)
def test_every_server_gets_its_services(rows: list[dict[str, Any]]) -> None:
    types = {"dst-endpoint": pa.int64(), "dst-port": pa.int64(), "overlay-cluster": pa.int64()}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in NEEDED])
    book = Shops()
    column = service_column(pa.RecordBatch.from_pylist(rows, schema=schema), book)
    assert column is not None
    asked = list(book.asked)
    expected = [
        book.services(Server(*(row[name] for name in NEEDED)))
        if book.may_serve(row["dst-endpoint"], row["dst-ip"])
        else None
        for row in rows
    ]
    assert column.to_pylist() == expected
    assert len(asked) == len(set(asked))
