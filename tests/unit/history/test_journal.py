"""The journal: plain Arrow for every reader, and whatever a power cut leaves, whole commits come out of it."""

from __future__ import annotations

import functools
import random
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.history.journal import Journal, read_journal, recover_journal
from podwire.history.schema import KINDS, Kind

from .conftest import connections

SCHEMA = KINDS[Kind.CONNECTION]


@functools.cache
def written() -> tuple[bytes, list[int]]:
    """A journal of five commits, and where each ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.arrows"
        journal, ends = Journal(path, SCHEMA), [0]
        for number in range(5):
            journal.commit([connections(number * 100, 30, pod=f"pod{number}"), connections(number * 100 + 30, 20)])
            ends.append(journal.committed)
        journal.close()
        return path.read_bytes(), ends


def rows_of(batches: list[pa.RecordBatch]) -> list[int]:
    return [number for batch in batches for number in batch.column("id").to_pylist()]


def expected(commits: int) -> list[int]:
    return [number * 100 + row for number in range(commits) for row in range(50)]


def test_any_reader_of_arrow_streams_reads_it() -> None:
    table = pa.ipc.open_stream(pa.py_buffer(written()[0])).read_all()
    assert table.column("id").to_pylist() == expected(5)


def test_a_reader_sees_the_commits_that_it_is_told_of(tmp_path: Path) -> None:
    content, ends = written()
    path = tmp_path / "journal.arrows"
    path.write_bytes(content)
    for commits, end in enumerate(ends):
        assert rows_of(read_journal(path, SCHEMA, end)) == expected(commits)


@given(share=st.floats(0, 1), tail=st.binary(max_size=200), zeros=st.integers(0, 9000))
@settings(max_examples=150, deadline=None)
def test_a_torn_tail_is_cut_off(
    tmp_path_factory: pytest.TempPathFactory,
    share: float,
    tail: bytes,
    zeros: int,
) -> None:
    content, ends = written()
    cut = int(share * len(content))
    tail += bytes(zeros)
    path = tmp_path_factory.mktemp("torn") / "journal.arrows"
    torn = content[:cut] + tail
    path.write_bytes(torn)
    found = recover_journal(path, SCHEMA)
    whole = max(number for number, end in enumerate(ends) if torn[:end] == content[:end])
    # A commit counts as soon as its rows and the text of its mark are whole, be the rest of the mark as it may.
    assert rows_of(found.batches) in (expected(whole), expected(whole + 1))
    assert found.good_bytes >= ends[whole]
    assert found.good_bytes + found.torn_bytes == len(torn)


def test_a_changed_byte_ends_what_is_believed(tmp_path: Path) -> None:
    content, ends = written()
    path = tmp_path / "journal.arrows"
    for place in random.Random(1).sample(range(len(content)), 200):  # noqa: S311
        changed = bytearray(content)
        changed[place] ^= 0x20
        path.write_bytes(changed)
        whole = max(number for number, end in enumerate(ends) if end <= place)
        # A mark is under the checksum of the next commit: a changed byte of it leaves its own commit whole.
        assert rows_of(recover_journal(path, SCHEMA).batches) in (expected(whole), expected(whole + 1))


def test_a_journal_of_an_earlier_version_has_nulls_where_a_column_is_new(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.arrows", pa.schema([pa.field("id", pa.int64()), pa.field("gone", pa.int8())]))
    journal.commit([pa.record_batch({"id": pa.array([1, 2]), "gone": pa.array([3, 4], pa.int8())})])
    journal.close()
    (batch,) = recover_journal(journal.path, SCHEMA).batches
    assert batch.schema == SCHEMA
    assert batch.column("id").to_pylist() == [1, 2]
    assert batch.column("src-pod").null_count == 2
