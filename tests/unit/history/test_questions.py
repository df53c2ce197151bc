"""Questions over live table, journal and files: each connection once, sums that are those of the rows."""

from __future__ import annotations

import ipaddress
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.history.questions import Found, Groups, Question, ask
from podwire.history.relation import Sources
from podwire.history.rollups import MEASURES, PERCENTILES, ROLE, SIDES, Rollup, end_key, key
from podwire.history.where import MACROS, Condition, literal, predicate
from podwire.support.errors import UsageError

from .records import ADDRESSES, SECOND, Record, batch, connections, file, live, record, sources

_IDS = ("id", "started-time")


def ids(found: Found) -> list[int]:
    return found.table.column("id").to_pylist()


def rows_of(found: Found) -> list[Record]:
    rows: list[Record] = found.table.to_pylist()
    return rows


def split(records: list[Record], places: list[str], folder: Path) -> tuple[Sources, list[Record]]:
    """Put each connection where its place says, with earlier updates of it; return the truth as well."""
    here, journal, sealed, truth = [], [], [], []
    for number, (each, place) in enumerate(zip(records, places, strict=True), start=1):
        last = each | {"id": number}
        early = last | {"record": "update", "obytes": 1, "ibytes": 0, "cur-state": "syn", "recorded-time": 1}
        if "live" in place:
            last |= {"record": "ended" if "lingers" in place else "live"}
            here.append(last)
            # A connection that has just ended is in the table and in the history at once.
            journal += [last] if "lingers" in place else []
        elif "lost" in place:
            last |= {"record": "update"}
            journal.append(last)
        else:
            (journal if "journal" in place else sealed).append(last)
        if "updates" in place:
            sealed.append(early)
            journal.append(early | {"recorded-time": 2, "obytes": 2})
        truth.append(last)
    found = sources(
        live=live(here),
        journal=[batch(journal)] if journal else [],
        parquet=[file(folder, sealed)] if sealed else [],
    )
    return found, truth


PLACES = ("live", "live updates", "live lingers", "live lingers updates", "journal", "journal updates", "sealed")
PLACES += ("sealed updates", "lost", "lost updates")


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Record], list[str]]:
    records = draw(st.lists(connections, min_size=1, max_size=30))
    return records, [draw(st.sampled_from(PLACES)) for _ in records]


@settings(max_examples=40, deadline=None)
@given(stories())
def test_every_connection_counts_once_with_its_last_values(story: tuple[list[Record], list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, truth = split(*story, Path(folder))
        answer = ask(Question(("id", "obytes", "cur-state", "switch"), sort=(("id", False),)), found)
    wanted = [(each["id"], each["obytes"], each["cur-state"]) for each in truth]
    assert [tuple(row.values())[:3] for row in rows_of(answer)] == wanted
    assert {row["switch"] for row in rows_of(answer)} == {found.switch}
    assert answer.count == len(truth)


def _failed(each: Record) -> bool:
    unanswered = each["cur-state"] in ("syn", "syn-ack") and each["record"] == "ended"
    refused = each["cur-state"] == "rst" and each["latency"] is None
    return each["proto"] == "tcp" and not each["joined"] and (unanswered or refused)


def _percentile(values: list[int], part: float) -> int | None:
    """The least value that at least this part of the values do not exceed."""
    ordered = sorted(values)
    return next((value for at, value in enumerate(ordered, 1) if at >= part * len(ordered)), None)


def _known_sum(values: Iterable[int | None]) -> int | None:
    """The sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


@settings(max_examples=40, deadline=None)
@given(stories())
def test_groups_are_the_sums_of_their_rows(story: tuple[list[Record], list[str]]) -> None:
    groups = Groups(("proto", "dst-port"), ("obytes", "retransmits"), "count")
    with tempfile.TemporaryDirectory() as folder:
        found, truth = split(*story, Path(folder))
        answer = rows_of(ask(Question(groups=groups), found))
    assert sum(row["count"] for row in answer) == len(truth)
    for row in answer:
        group = [each for each in truth if (each["proto"], each["dst-port"]) == (row["proto"], row["dst-port"])]
        assert row["count"] == len(group)
        assert row["obytes"] == _known_sum(each["obytes"] for each in group)
        assert row["retransmits"] == sum(each["retransmits"] for each in group)


@settings(max_examples=40, deadline=None)
@given(stories())
def test_roll_ups_are_the_sums_of_the_rows(story: tuple[list[Record], list[str]]) -> None:
    measures = ("connections", "failures", "obytes", "ibytes", "total-bytes", "resends", "est", *PERCENTILES)
    rollup = Rollup({"role": ROLE, "pod": end_key("pod"), "namespace": end_key("namespace")}, measures, SIDES)
    with tempfile.TemporaryDirectory() as folder:
        found, truth = split(*story, Path(folder))
        answer = rows_of(ask(Question(rollup=rollup), found))
    for role, side in (("client", "src"), ("server", "dst")):
        mine = [row for row in answer if row["role"] == role]
        assert sum(row["connections"] for row in mine) == len(truth)
        assert sum(row["failures"] for row in mine) == sum(map(_failed, truth))
        assert _known_sum(row["obytes"] for row in mine) == _known_sum(each["obytes"] for each in truth)
        for row in mine:
            group = [
                each
                for each in truth
                if each.get(f"{side}-pod") == row["pod"] and each.get(f"{side}-namespace") == row["namespace"]
            ]
            assert row["connections"] == len(group)
            both = [each[name] for each in group for name in ("obytes", "ibytes")]
            assert row["total-bytes"] == _known_sum(both)
            assert row["est"] == sum(each["cur-state"] == "est" for each in group)
            resends = ("retransmits", "syn-resends", "syn-ack-resends")
            assert row["resends"] == sum(each[name] for each in group for name in resends)
            values = [each["latency"] for each in group if each["latency"] is not None]
            for name, part in PERCENTILES.items():
                assert row[name] == _percentile(values, part)


@settings(max_examples=25, deadline=None)
@given(stories(), st.integers(0, 150 * SECOND), st.integers(0, 150 * SECOND))
def test_a_window_holds_what_was_there_at_any_time_of_it(
    story: tuple[list[Record], list[str]], start: int, end: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found, truth = split(*story, Path(folder))
        answer = ask(Question(("id",), start_ns=start, end_ns=end, sort=(("id", False),)), found)

    def is_there(each: Record) -> bool:
        goes_on = each["record"] == "live"
        return each["started-time"] <= end and (goes_on or each["started-time"] + each["dur"] >= start)

    assert ids(answer) == [each["id"] for each in truth if is_there(each)]


@settings(max_examples=25, deadline=None)
@given(stories(), st.integers(1, 30 * SECOND))
def test_intervals_share_the_connections_out(story: tuple[list[Record], list[str]], interval: int) -> None:
    rollup = Rollup({}, ("connections", "obytes"))
    with tempfile.TemporaryDirectory() as folder:
        found, truth = split(*story, Path(folder))
        try:
            answer = rows_of(ask(Question(rollup=rollup, start_ns=0, interval_ns=interval), found))
        except UsageError:
            return
    assert sum(row["connections"] for row in answer) == len(truth)
    assert _known_sum(row["obytes"] for row in answer) == _known_sum(each["obytes"] for each in truth)
    assert all(row["time"] % interval == 0 for row in answer)
    assert len({row["time"] for row in answer}) == len(answer)


def test_a_filter_looks_at_the_last_values_alone() -> None:
    """An earlier update that a filter would let pass does not speak for a connection that has moved on."""
    early = record(1, record="update", cur_state="est")
    now = record(1, record="live", cur_state="fin")
    est = Question(("id",), where=(Condition("cur-state", "in", ("est",)),))
    assert ids(ask(est, sources(live=live([now], shown=[]), journal=[batch([early])]))) == []
    assert ids(ask(est, sources(journal=[batch([early])]))) == [1]
    assert ids(ask(est, sources(journal=[batch([early, now | {"record": "ended"}])]))) == []


def test_numbers_of_another_run_are_other_connections() -> None:
    first, second = record(1, started_time=5), record(1, started_time=6)
    found = ask(Question(_IDS), sources(live=live([second]), journal=[batch([first])]))
    assert sorted(found.table.column("started-time").to_pylist()) == [5, 6]


def test_nothing_at_all_is_an_answer() -> None:
    assert ids(ask(Question(_IDS), sources())) == []
    assert rows_of(ask(Question(rollup=Rollup({"port": key("dst-port")}, tuple(MEASURES))), sources())) == []


def test_samples_of_a_connection() -> None:
    there = record(1, started_time=10 * SECOND, dur=25 * SECOND)
    question = Question(("id", "time"), start_ns=0, end_ns=30 * SECOND, interval_ns=10 * SECOND, now_ns=90 * SECOND)
    assert ask(question, sources(live=live([there]))).table.column("time").to_pylist() == [
        10 * SECOND,
        20 * SECOND,
        30 * SECOND,
    ]
    # What has not ended is there until now, however quiet it is.
    goes_on = record(1, record="live", started_time=10 * SECOND, dur=0)
    assert ask(question, sources(live=live([goes_on]))).table.column("time").to_pylist() == [
        10 * SECOND,
        20 * SECOND,
        30 * SECOND,
    ]
    with pytest.raises(UsageError, match="more than 100000 samples"):
        ask(Question(("id", "time"), interval_ns=1, now_ns=90 * SECOND), sources(live=live([there])))


def test_an_age_is_that_of_now_whenever_the_record_was_written() -> None:
    there = record(1, started_time=10 * SECOND, dur=SECOND)
    found = ask(Question(("age",), now_ns=90 * SECOND), sources(journal=[batch([there])]))
    assert found.table.column("age").to_pylist() == [80 * SECOND]


def test_a_limit_counts_what_it_leaves_out() -> None:
    many = [record(number, latency=number) for number in range(1, 20)]
    found = ask(Question(("id",), sort=(("latency", True),), limit=3), sources(live=live(many)))
    assert (ids(found), found.count) == ([19, 18, 17], 19)


def test_addresses_are_ordered_by_their_numbers_and_what_is_missing_comes_first() -> None:
    given_order = ["10.10.10.1", None, "fd00::2", "10.10.2.1", "::ffff:9.9.9.9", "fd00:0:0:1::"]
    records = [record(number, src_ip=address) for number, address in enumerate(given_order)]
    question = Question(("src-ip",), sort=(("src-ip", False),), addresses=frozenset({"src-ip"}))
    found = ask(question, sources(live=live(records))).table.column("src-ip").to_pylist()
    assert found == [None, "10.10.2.1", "10.10.10.1", "::ffff:9.9.9.9", "fd00::2", "fd00:0:0:1::"]


# --- conditions -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def holds() -> Callable[[Condition, Any], bool]:
    database = duckdb.connect(":memory:")
    for macro in MACROS:
        database.execute(macro)

    def check(condition: Condition, value: Any) -> bool:
        found = database.sql(f"SELECT {predicate(condition)} FROM (SELECT {literal(value)} AS x)").fetchall()[0][0]
        assert found is not None
        return bool(found)

    return check


@settings(deadline=None, max_examples=300)
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_a_value_and_nothing_but_a_value(text: str, holds: Callable[[Condition, Any], bool]) -> None:
    assert holds(Condition("x", "in", (text,)), text)
    assert holds(Condition("x", "in", (text,)), text + "'") is False
    assert holds(Condition("x", "in", ("other", text), is_list=True), text)
    assert holds(Condition("x", "any", (Condition("x", "in", ("?",)), Condition("x", "in", (text,)))), text)
    plain = text.replace("*", "")
    assert holds(Condition("x", "pattern", (plain + "*",)), plain + "and more")


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [("in", "b", True), ("in", "c", False), ("in", "a,b", True), ("pattern", "b*", True), ("pattern", "*b", True)],
)
def test_a_list_is_asked_for_as_a_whole_or_by_its_members(
    operator: str, value: str, expected: bool, holds: Callable[[Condition, Any], bool]
) -> None:
    assert holds(Condition("x", operator, (value,), is_list=True), "a,b") is expected


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_no_column_can_hold_matches_nothing(text: str, holds: Callable[[Condition, Any], bool]) -> None:
    assert holds(Condition("x", "in", (text,)), "a") is False


addresses = st.ip_addresses() | st.sampled_from([ipaddress.ip_address(each) for each in ADDRESSES])
networks = st.builds(
    lambda address, bits: ipaddress.ip_network((address, min(bits, address.max_prefixlen)), strict=False),
    addresses,
    st.integers(0, 128),
)


@settings(deadline=None, max_examples=150)
@given(address=addresses, network=networks, data=st.data())
def test_networks_hold_their_addresses(
    address: Any, network: Any, data: st.DataObject, holds: Callable[[Condition, Any], bool]
) -> None:
    inside = network[data.draw(st.integers(0, network.num_addresses - 1))]
    for each in (address, inside):
        assert holds(Condition("x", "prefix", (str(network),)), str(each)) == (each in network)
        assert holds(Condition("x", "prefix", (str(network),), is_negated=True), str(each)) != (each in network)


@pytest.mark.parametrize(
    ("operator", "values"), [("in", (1,)), ("range", (0, 9)), ("range", (None, 9)), ("range", (None, None))]
)
def test_what_is_missing_matches_nothing(
    operator: str, values: tuple[Any, ...], holds: Callable[[Condition, Any], bool]
) -> None:
    assert holds(Condition("x", operator, values), None) is False
    assert holds(Condition("x", operator, values, is_negated=True), None) is True
    assert holds(Condition("x", operator, values), 1) is True
