"""The show engine: words become a query, a query picks rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwire.catalog.connection import CONNECTION
from podwire.catalog.encrypted import ENCRYPTED
from podwire.catalog.k8s_cni import K8S_CNI
from podwire.catalog.vport import VPORT
from podwire.commands.answer import Row
from podwire.commands.query import Window, parse_query
from podwire.commands.show import answer_rows
from podwire.support.errors import UsageError

NOW = 1_000_000_000_000
SECOND = 1_000_000_000

ROWS: list[Row] = [
    {"ip": "10.10.2.1", "entity": "pod-A", "vlan": 4090, "portgroup": "app:hello,tier:web"},
    {"ip": "10.10.10.1", "entity": "pod-B", "vlan": 4090, "portgroup": ""},
    {"ip": "fd00::1", "entity": "pod-C", "vlan": 7, "portgroup": "app:hello"},
]


def shown(*params: tuple[str, str]) -> list[str]:
    query = parse_query(VPORT, [("format", "entity"), *params], now_ns=NOW)
    return [row["entity"] for row in answer_rows(query, ROWS, now_ns=NOW).rows]


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("ip", "10.10.2.1", ["pod-A"]),
        ("ip", "10.10.2.1,fd00:0::1", ["pod-A", "pod-C"]),
        ("ip", "10.10.0.0/16", ["pod-A", "pod-B"]),
        ("ip", "10.10.9.9/16,fd00::/8", ["pod-A", "pod-B", "pod-C"]),
        ("vlan", "4090", ["pod-A", "pod-B"]),
        ("vlan", "1..100", ["pod-C"]),
        ("portgroup", "app:hello", ["pod-A", "pod-C"]),
        ("portgroup", "app:hello,tier:web", ["pod-A", "pod-C"]),
        ("entity", "pod-X", []),
        ("uid", "none", []),
    ],
)
def test_every_column_is_a_filter(column: str, text: str, expected: list[str]) -> None:
    assert shown((column, text)) == expected


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        ([("ip", "10.10.2")], "ip: '10.10.2' is not an IPv4 or IPv6 address"),
        ([("ip", "10.10.2.1/40")], "ip: '10.10.2.1/40' is not an address or a network"),
        ([("vlan", "5000")], "vlan: '5000' is not 0..4095"),
        ([("format", "nme")], "there is no column 'nme'"),
        ([("sort-asc", "nme")], "there is no column 'nme'"),
        ([("limit-output", "-1")], "limit-output: '-1' is not"),
        ([("within-last", "1h")], "unknown option 'within-last'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(params: list[tuple[str, str]], fault: str) -> None:
    with pytest.raises(UsageError, match=fault.replace("(", r"\(")):
        parse_query(VPORT, params, now_ns=NOW)


def test_addresses_sort_by_number_and_missing_values_come_first() -> None:
    rows: list[Row] = [*ROWS, {"ip": None, "entity": "none"}]
    query = parse_query(VPORT, [("sort-asc", "ip")], now_ns=NOW)
    assert [row["ip"] for row in answer_rows(query, rows, now_ns=NOW).rows] == [
        None,
        "10.10.2.1",
        "10.10.10.1",
        "fd00::1",
    ]
    assert shown(("sort-desc", "vlan"), ("sort-asc", "entity"))[-1] == "pod-C"


def test_a_limit_cuts_and_the_count_tells_how_many_there_were() -> None:
    query = parse_query(VPORT, [("limit-output", "2")], now_ns=NOW)
    answer = answer_rows(query, ROWS, now_ns=NOW)
    assert (len(answer.rows), answer.count) == (2, 3)
    assert len(answer_rows(parse_query(VPORT, [("limit-output", "0")], now_ns=NOW), ROWS, now_ns=NOW).rows) == 3


@pytest.mark.parametrize(
    ("params", "start", "end"),
    [
        ([("within-last", "1m")], NOW - 60 * SECOND, None),
        ([("older-than", "1m")], None, NOW - 60 * SECOND),
        ([("duration", "10s")], NOW - 10 * SECOND, None),
        ([("start-time", "1970-01-01T00:05:00Z"), ("duration", "10s")], 300 * SECOND, 310 * SECOND),
        ([("end-time", "1970-01-01T00:05:00Z"), ("duration", "10s")], 290 * SECOND, 300 * SECOND),
        ([("since-start", "true")], 0, None),
        ([("within-last", "1m"), ("start-time", "1970-01-01T00:00:01Z")], NOW - 60 * SECOND, None),
    ],
)
def test_the_time_options_make_a_window(params: list[tuple[str, str]], start: int | None, end: int | None) -> None:
    window = parse_query(CONNECTION, params, now_ns=NOW).window
    assert (window.start_ns, window.end_ns) == (start, end)


def test_interval_samples_what_was_there() -> None:
    rows: list[Row] = [
        {"cni-plugin": "a", "first-seen": 5 * SECOND, "last-seen": 25 * SECOND},
        {"cni-plugin": "b", "first-seen": 25 * SECOND, "last-seen": 60 * SECOND},
    ]
    params = [("interval", "10s"), ("start-time", "1970-01-01T00:00:00Z"), ("end-time", "1970-01-01T00:00:40Z")]
    answer = answer_rows(parse_query(K8S_CNI, params, now_ns=NOW), rows, now_ns=NOW)
    assert [(row["cni-plugin"], row["time"] // SECOND) for row in answer.rows] == [
        ("a", 10),
        ("a", 20),
        ("b", 30),
        ("b", 40),
    ]


def test_interval_is_refused_where_there_are_no_samples() -> None:
    with pytest.raises(UsageError, match="has no samples"):
        parse_query(ENCRYPTED, [("interval", "10s")], now_ns=NOW)


def test_interval_is_bounded() -> None:
    rows: list[Row] = [{"first-seen": 0, "last-seen": NOW}]
    with pytest.raises(UsageError, match="choose a longer interval"):
        answer_rows(parse_query(K8S_CNI, [("interval", "1us")], now_ns=NOW), rows, now_ns=NOW)
    with pytest.raises(UsageError, match="longer than 0"):
        parse_query(K8S_CNI, [("interval", "0s")], now_ns=NOW)


@given(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
def test_a_window_keeps_exactly_what_overlaps_it(start: int, length: int, first: int, lasting: int) -> None:
    window = Window(start, start + length)
    overlaps = any(start <= tick <= start + length for tick in range(first, first + lasting + 1))
    assert window.overlaps(first, first + lasting) == overlaps


@given(st.lists(st.tuples(st.sampled_from([c.name for c in VPORT.columns] + ["format", "zz"]), st.text())))
def test_no_words_raise_anything_but_a_sentence(params: list[tuple[str, str]]) -> None:
    try:
        answer_rows(parse_query(VPORT, params, now_ns=NOW), ROWS, now_ns=NOW)
    except UsageError as error:
        assert str(error)
