"""Files that hold something else than they should: they are set aside, and everything else goes on."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from podwire.history import HistoryStore, Kind
from podwire.history.files import DAMAGED, NS_PER_HOUR
from podwire.settings.history import HistoryLimits
from podwire.support.clock import FixedClock

from .conftest import MakeStore, connections, ids

Damage = Callable[[bytes], bytes]
NOISE = random.Random(5).randbytes(4096)  # noqa: S311 - damage is no secret
DAMAGES: dict[str, Damage] = {
    "noise": lambda _: NOISE,
    "empty": lambda _: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "footer": lambda whole: whole[:-40] + NOISE[:32] + whole[-8:],
    "body": lambda whole: whole[:4] + NOISE[: len(whole) // 2] + whole[4 + len(whole) // 2 :],
}


@pytest.fixture(params=DAMAGES)
def damage(request: pytest.FixtureRequest) -> Damage:
    return DAMAGES[request.param]


def fill(store: HistoryStore) -> list[Path]:
    """Write three sealed files of ten connections each; return them, oldest first."""
    for number in range(3):
        store.add(Kind.CONNECTION, connections(number * 10, 10))
        store.close()
    found = store.files(Kind.CONNECTION)
    return sorted(found.parquet)


def hurt(path: Path, damage: Damage) -> None:
    path.write_bytes(damage(path.read_bytes()))


def set_aside(store: HistoryStore) -> int:
    return len(list(store.folder.rglob(f"*{DAMAGED}")))


def read(store: HistoryStore) -> list[int]:
    return sorted(record["id"] for record in store.records(Kind.CONNECTION))


def test_a_damaged_file_of_an_earlier_run_is_left_out(make_store: MakeStore, damage: Damage) -> None:
    hurt(fill(make_store())[1], damage)
    store = make_store()
    assert read(store) == [*range(10), *range(20, 30)]
    assert set_aside(store) == 1
    assert {each.kind: each.damaged for each in store.states()}[Kind.CONNECTION] == 1


def test_merging_goes_on_without_it(make_store: MakeStore, clock: FixedClock, damage: Damage) -> None:
    store = make_store()
    hurt(fill(store)[0], damage)
    clock.set_ns(clock.now_ns() + 2 * NS_PER_HOUR)
    for _ in range(2):
        store.tend()
    assert set_aside(store) == 1
    assert ids(store) == list(range(10, 30))
    assert len(store.files(Kind.CONNECTION).parquet) == 1


def test_other_kinds_are_tended_too(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store()
    hurt(fill(store)[0], DAMAGES["noise"])
    clock.set_ns(clock.now_ns() + 2 * NS_PER_HOUR)
    store.tend()
    assert store.set_damaged_aside(Kind.CONNECTION) == 0, "it is out of the way"


def test_damage_that_a_question_meets_is_met_once(make_store: MakeStore, damage: Damage) -> None:
    store = make_store()
    hurt(fill(store)[2], damage)
    assert store.set_damaged_aside(Kind.CONNECTION) == 1
    assert store.set_damaged_aside(Kind.CONNECTION) == 0
    assert ids(store) == list(range(20))


def test_a_damaged_journal_stops_no_other_from_being_sealed(make_store: MakeStore, clock: FixedClock) -> None:
    store = make_store(HistoryLimits(segment_rows=5))
    for number in range(3):
        store.add(Kind.CONNECTION, connections(number * 10, 10))
        store.commit()
    closed = sorted(store.folder.glob("journal/*.arrows"))[0]
    # In place: a journal that is mapped stays mapped.
    with closed.open("r+b") as file:
        file.write(NOISE[: closed.stat().st_size])
    store.tend()
    assert set_aside(store) == 1
    assert ids(store) == list(range(10, 30))
