"""Turns the packet core's rows into records: endpoint numbers and reason codes become words, a column at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from podwire.history.schema import KINDS, TEXT, Kind
from podwire.history.services import ServiceBook, service_column


class EndpointWords(NamedTuple):
    """What is told of one end of a connection; None where there is nothing to tell."""

    pod: str | None = None
    namespace: str | None = None
    workload: str | None = None
    node: str | None = None
    cluster: str | None = None


_NOBODY = EndpointWords()
_FIELDS = ("pod", "namespace", "workload", "node")

NAMES = frozenset({f"{side}-{name}" for side in ("src", "dst") for name in _FIELDS} | {"cluster-name", "reason"})
"""Columns that are made of the core's stamps."""


class NameBook(Protocol):
    """Knows the words behind the core's numbers. It is asked once for each number of a batch."""

    def endpoint(self, number: int) -> EndpointWords | None:
        """Return the words of an endpoint, None where there is none (0) or it is forgotten."""
        ...

    def cluster(self, number: int) -> str | None:
        """Return the name of a cluster; None for 0 and for one that is not known."""
        ...

    def reason(self, code: str, words: EndpointWords | None) -> str | None:
        """Say why an end has no name; None where it has one."""
        ...


class _Coded:
    """A column of numbers or words as codes into its distinct values."""

    def __init__(self, column: pa.Array) -> None:
        encoded = column.dictionary_encode()
        self.codes: pa.Array = encoded.indices
        self.values: list[Any] = encoded.dictionary.to_pylist()

    def words(self, wanted: Sequence[str | None]) -> pa.DictionaryArray:
        """Put a word in the place of each value."""
        distinct = pa.array(wanted, pa.string()).dictionary_encode()
        return pa.DictionaryArray.from_arrays(distinct.indices.take(self.codes), distinct.dictionary)


def connection_batch(
    core: pa.RecordBatch,
    book: NameBook,
    *,
    record: str,
    recorded_ns: int,
    native_vlan: int,
    services: ServiceBook | None = None,
) -> pa.RecordBatch:
    """Make records of the rows that the core handed over, which must have its columns and its stamps.

    `record` is `ended` or `update`; `native_vlan` is what untagged packets (VLAN 0) are told to be on.
    """
    schema = KINDS[Kind.CONNECTION]
    made = {
        "recorded-time": pa.repeat(pa.scalar(recorded_ns, pa.int64()), len(core)),
        "record": pa.repeat(pa.scalar(record), len(core)).dictionary_encode(),
        **made_columns(core, book, frozenset(schema.names), native_vlan=native_vlan, services=services),
    }
    arrays = [_column(field, made, core) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def made_columns(
    core: pa.RecordBatch,
    book: NameBook,
    wanted: frozenset[str],
    *,
    native_vlan: int,
    services: ServiceBook | None = None,
) -> dict[str, pa.Array]:
    """Return those of the `wanted` columns that are made of others: names, their reasons, and VLANs."""
    made = _names(core, book, wanted) if wanted & NAMES else {}
    found = service_column(core, services) if services is not None and "service" in wanted else None
    if found is not None:
        made["service"] = found
    if "vlan" in wanted and "vlan" in core.schema.names:
        made["vlan"] = _native(core.column("vlan"), native_vlan)
    return made


def _column(field: pa.Field, made: dict[str, pa.Array], core: pa.RecordBatch) -> pa.Array:
    array = made.get(field.name)
    if array is None:
        if field.name not in core.schema.names:
            return pa.nulls(len(core), field.type)
        array = core.column(field.name)
    if array.type == field.type:
        return array
    return array.dictionary_encode() if field.type == TEXT and array.type == pa.string() else array.cast(field.type)


def _native(vlans: pa.Array, native_vlan: int) -> pa.Array:
    return pc.if_else(pc.equal(vlans, 0), pa.scalar(native_vlan, vlans.type), vlans)


def _names(core: pa.RecordBatch, book: NameBook, wanted: frozenset[str]) -> dict[str, pa.Array]:
    made: dict[str, pa.Array] = {}
    told, reasons = [], []
    for side in ("src", "dst"):
        ends = _Coded(core.column(f"{side}-endpoint"))
        words = [book.endpoint(number) for number in ends.values]
        for name in _FIELDS:
            if f"{side}-{name}" in wanted:
                made[f"{side}-{name}"] = ends.words([getattr(each or _NOBODY, name) for each in words])
        if "cluster-name" in wanted:
            told.append(ends.words([(each or _NOBODY).cluster for each in words]))
        if "reason" in wanted:
            reasons.append(_reasons(side, ends, words, _Coded(core.column(f"{side}-reason")), book.reason))
    if told:
        clusters = _Coded(core.column("cluster"))
        made["cluster-name"] = _first_known(*told, clusters.words([book.cluster(each) for each in clusters.values]))
    if reasons:
        made["reason"] = _joined(*reasons)
    return made


def _reasons(
    side: str,
    ends: _Coded,
    words: Sequence[EndpointWords | None],
    codes: _Coded,
    reason: Callable[[str, EndpointWords | None], str | None],
) -> pa.Array:
    """Return the reasons of one side, as text: each pair of an endpoint and a code is asked for once."""
    width = max(1, len(codes.values))
    pairs = _Coded(pc.add(pc.multiply(ends.codes.cast(pa.int64()), width), codes.codes.cast(pa.int64())))
    found = [reason(codes.values[pair % width], words[pair // width]) for pair in pairs.values]
    return pairs.words([f"{side}: {text}" if text else None for text in found])


def _first_known(*columns: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return for each row the first text there is."""
    if any(column.null_count == 0 for column in columns[:1]):
        return columns[0]
    return pc.coalesce(*(column.cast(pa.string()) for column in columns)).dictionary_encode()


def _joined(first: pa.DictionaryArray, second: pa.DictionaryArray) -> pa.DictionaryArray:
    """Join the reasons of both sides; distinct pairs are few, so that only those are joined as text."""
    if first.null_count == len(first):
        return second
    if second.null_count == len(second):
        return first
    ours, theirs = _filled(first), _filled(second)
    width = len(theirs.dictionary)
    pairs = _Coded(pc.add(pc.multiply(ours.indices.cast(pa.int64()), width), theirs.indices.cast(pa.int64())))
    firsts, seconds = ours.dictionary.to_pylist(), theirs.dictionary.to_pylist()
    texts = ["; ".join(filter(None, (firsts[pair // width], seconds[pair % width]))) for pair in pairs.values]
    return pairs.words([text or None for text in texts])


def _filled(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Give what is null the code of an empty word."""
    words = [*column.dictionary.to_pylist(), ""]
    codes = pc.fill_null(column.indices, len(words) - 1)
    return pa.DictionaryArray.from_arrays(codes, pa.array(words, pa.string()))
