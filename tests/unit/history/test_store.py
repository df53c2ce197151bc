"""The store: what was added is found once, wherever it is on its way, and after whatever end of the process."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from podwire.history import HistoryError, HistoryStore, Kind
from podwire.history.seal import write_parquet
from podwire.settings.history import HistoryLimits
from podwire.support.clock import FixedClock

from .conftest import NOW, SECOND, MakeStore, connections, ids


def test_a_record_is_found_while_it_waits_when_it_is_committed_and_when_it_is_sealed(make_store: MakeStore) -> None:
    store = make_store()
    store.add(Kind.CONNECTION, connections(0, 10))
    assert ids(store) == list(range(10))
    store.commit()
    store.add(Kind.CONNECTION, connections(10, 10))
    assert ids(store) == list(range(20))
    store.close()
    assert ids(store) == list(range(20))
    store.seal()
    found = store.files(Kind.CONNECTION)
    assert not found.batches
    assert [path.parts[-4:-1] for path in found.parquet] == [("switch=leaf%201", "date=2026-09-21", "hour=14")]
    assert ids(store) == list(range(20))


def test_what_was_committed_is_there_after_a_sudden_end(make_store: MakeStore) -> None:
    store = make_store()
    store.add(Kind.CONNECTION, connections(0, 10))
    store.commit()
    store.add(Kind.CONNECTION, connections(10, 10))
    again = make_store()
    assert ids(again) == list(range(10))
    again.seal()
    assert ids(again) == list(range(10))


def test_an_end_between_sealing_and_removing_the_journal_doubles_nothing(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    store.add(Kind.CONNECTION, connections(0, 10))
    store.commit()
    journal = next((tmp_path / "history" / "journal").iterdir())
    shutil.copy(journal, tmp_path / "kept")
    store.close()
    shutil.copy(tmp_path / "kept", journal)
    again = make_store()
    assert ids(again) == list(range(10))
    assert not journal.exists()


def test_half_a_parquet_file_is_removed(make_store: MakeStore, tmp_path: Path) -> None:
    store = make_store()
    store.add(Kind.CONNECTION, connections(0, 10))
    store.close()
    store.seal()
    half = store.files(Kind.CONNECTION).parquet[0].with_name("000000000009-000000000009.parquet.unfinished")
    half.write_bytes(b"PAR1")
    make_store()
    assert not half.exists()


def test_numbers_go_on_after_a_restart(make_store: MakeStore) -> None:
    for first in (0, 10, 20):
        store = make_store()
        store.add(Kind.CONNECTION, connections(first, 10))
        store.close()
        store.seal()
    assert len(store.files(Kind.CONNECTION).parquet) == 3
    assert ids(store) == list(range(30))


def test_a_journal_is_closed_by_age_by_rows_and_by_the_hour(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store(HistoryLimits(segment_rows=50))
    moments = [0, 1, 301, 302, 303, 2_800]
    for number, seconds in enumerate(moments):
        clock.set_ns(NOW + seconds * SECOND)
        store.add(Kind.CONNECTION, connections(number * 100, 60 if seconds == 302 else 1))
        store.commit()
    store.close()
    store.seal()
    rows = [pq.read_metadata(path).num_rows for path in store.files(Kind.CONNECTION).parquet]
    assert rows == [2, 61, 1, 1]


def test_a_window_takes_the_files_of_its_hours_and_of_the_records_that_follow(
    make_store: MakeStore, clock: FixedClock
) -> None:
    store = make_store()
    hour = 3_600 * SECOND
    for number in range(5):
        clock.set_ns(NOW + number * hour)
        store.add(Kind.CONNECTION, connections(number, 1))
        store.close()
    store.seal()
    taken = store.files(Kind.CONNECTION, NOW + hour, NOW + 2 * hour)
    assert [path.parent.name for path in taken.parquet] == ["hour=15", "hour=16"]
    assert len(store.files(Kind.CONNECTION, None, NOW + 2_700 * SECOND).parquet) == 2


def test_what_there_is_no_room_for_is_counted(make_store: MakeStore) -> None:
    store = make_store(HistoryLimits(queue_bytes=connections(0, 10).nbytes + 100))
    assert store.add(Kind.CONNECTION, connections(0, 10))
    assert not store.add(Kind.CONNECTION, connections(10, 10))
    store.commit()
    assert store.add(Kind.CONNECTION, connections(20, 10))
    state = next(each for each in store.states() if each.kind is Kind.CONNECTION)
    assert (state.dropped, state.written, state.queued) == (10, 10, 10)


def test_a_nearly_full_disk_stops_the_writing_and_room_resumes_it(make_store: MakeStore) -> None:
    store = make_store(HistoryLimits(least_free_bytes=1 << 60))
    store.add(Kind.CONNECTION, connections(0, 10))
    store.commit()
    assert store.fault.startswith("History is not written: the disk is nearly full (")
    store.limits = replace(store.limits, least_free_bytes=0)
    store.commit()
    assert (store.fault, ids(store)) == ("", list(range(10)))


def test_files_stay_as_long_as_they_are_read(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store()
    for number in range(3):
        store.add(Kind.CONNECTION, connections(number * 10, 10))
        store.close()
    found = store.files(Kind.CONNECTION)
    clock.set_ns(NOW + 3_600 * SECOND)
    store.tend()
    later = store.files(Kind.CONNECTION)
    assert (len(found.parquet), len(later.parquet)) == (3, 1)
    store.tend()
    assert all(path.exists() for path in found.parquet)
    found.close()
    store.tend()
    assert not any(path.exists() for path in found.parquet)
    assert ids(store) == list(range(30))


def test_an_end_between_merging_and_removing_doubles_nothing(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store()
    for number in range(3):
        store.add(Kind.CONNECTION, connections(number * 10, 10))
        store.close()
    # The reader keeps the merged files where they are, as a sudden end would.
    found = store.files(Kind.CONNECTION)
    clock.set_ns(NOW + 3_600 * SECOND)
    store.tend()
    assert all(path.exists() for path in found.parquet)
    again = make_store()
    assert ids(again) == list(range(30))
    assert len(again.files(Kind.CONNECTION).parquet) == 1


def test_files_are_merged_up_to_a_number_of_rows(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store(HistoryLimits(merge_rows=25))
    for number in range(5):
        store.add(Kind.CONNECTION, connections(number * 10, 10))
        store.close()
    store.tend()
    assert len(store.files(Kind.CONNECTION).parquet) == 5
    clock.set_ns(NOW + 3_600 * SECOND)
    store.tend()
    names = [path.stem for path in store.files(Kind.CONNECTION).parquet]
    assert names == [f"{first:012}-{last:012}" for first, last in ((1, 2), (3, 4), (5, 5))]
    assert ids(store) == list(range(50))


def test_what_is_old_and_what_is_too_much_goes_the_oldest_first(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store()
    hour = 3_600 * SECOND
    for number in range(6):
        clock.set_ns(NOW + number * hour)
        store.add(Kind.CONNECTION, connections(number, 1))
        store.close()
    size = next(each.bytes for each in store.states() if each.kind is Kind.CONNECTION)
    store.limits = replace(store.limits, most_age_ns=4 * hour)
    store.tend()
    assert ids(store) == [1, 2, 3, 4, 5]
    store.limits = replace(store.limits, most_bytes=size // 2)
    store.tend()
    assert ids(store) == [3, 4, 5]
    assert not list(store.folder.glob("connection/*/*/hour=14"))


def test_what_is_cleared_does_not_come_back(make_store: MakeStore) -> None:
    store = make_store()
    for number in range(3):
        store.add(Kind.CONNECTION, connections(number * 10, 10))
        store.commit()
        if number == 0:
            store.close()
    store.clear(Kind.CONNECTION)
    assert ids(store) == []
    store.add(Kind.CONNECTION, connections(100, 5))
    store.close()
    assert ids(store) == ids(make_store()) == list(range(100, 105))


def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "history").touch()
    with pytest.raises(HistoryError, match=r"^The history in .*/history cannot be used: .*\.$"):
        HistoryStore(tmp_path / "history", switch="s", clock=clock).open()


def test_rows_are_sorted_and_filters_are_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c" / "d" / "file.parquet"
    write_parquet(path, Kind.CONNECTION, [connections(0, 100), connections(100, 100, pod="api")])
    table = pq.read_table(path)
    pods = table.column("src-pod").to_pylist()
    assert pods == sorted(pods)
    metadata = pq.ParquetFile(path).metadata
    column = metadata.row_group(0).column(table.schema.get_field_index("src-pod"))
    assert (column.compression, column.is_stats_set) == ("ZSTD", True)


def test_files_of_another_version_are_read_and_merged(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store()
    for number in range(2):
        store.add(Kind.CONNECTION, connections(number * 10, 10))
        store.close()
    (first, _) = store.files(Kind.CONNECTION).parquet
    table = pq.read_table(first, partitioning=None).drop_columns(["src-workload", "reason", "latency"])
    pq.write_table(table.append_column("of-a-later-version", [[1] * 10]), first)
    assert all(row["src-workload"] is None for row in store.records(Kind.CONNECTION))
    clock.set_ns(NOW + 3_600 * SECOND)
    store.tend()
    assert len(store.files(Kind.CONNECTION).parquet) == 1
    assert ids(store) == list(range(20))
