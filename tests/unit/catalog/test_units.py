"""Quantities are printed as NetVisor prints them, and what is printed can be typed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podwire.catalog import units

US, MS, S = units.NS_PER_US, units.NS_PER_MS, units.NS_PER_SECOND
DAY = 86_400 * S


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0ns"),
        (999, "999ns"),
        (1_000, "1.00us"),
        (74_800, "74.8us"),
        (149_400, "149us"),
        (999_400, "999us"),
        (999_600, "1.00ms"),
        (4_010 * MS, "4.01s"),
        (59_990 * MS, "60.0s"),
        (59_995 * MS, "1m"),
        (131 * S, "2m11s"),
        (-74_800, "-74.8us"),
    ],
)
def test_latencies(nanoseconds: int, text: str) -> None:
    assert units.show_latency(nanoseconds) == text


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (-5 * S, "0s"),
        (9 * S, "9s"),
        (300 * S, "5m"),
        (7_881 * S, "2h11m21s"),
        (162 * DAY + 2 * 3_600 * S + 42 * 60 * S + 54 * S, "162d2h42m54s"),
    ],
)
def test_durations(nanoseconds: int, text: str) -> None:
    assert units.show_duration(nanoseconds) == text
    assert units.parse_duration(text) == max(nanoseconds, 0)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.00K"),
        (3_820, "3.82K"),
        (27_400_000, "27.4M"),
        (1_640_000_000, "1.64G"),
        (999_499, "999K"),
        (999_500, "1.00M"),
        (5_550_000_000_000, "5.55T"),
        (3 * 10**15, "3.00P"),
        (units.MOST, "9.22E"),
    ],
)
def test_counts(count: int, text: str) -> None:
    assert units.show_count(count) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (149, "149"),
        (460, "460"),
        (1023, "1023"),
        (1024, "1.00K"),
        (64 << 30, "64.0G"),
        (1_032_768, "0.985M"),
        (1_048_575, "1.00M"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert units.show_size(size) == text


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("90", 90 * S),
        ("90s", 90 * S),
        ("1.5s", 1_500 * MS),
        ("20ms", 20 * MS),
        ("74.8us", 74_800),
        ("7ns", 7),
        ("1d2h3m4s", DAY + 7_384 * S),
        (" 5M ", 300 * S),
        ("0", 0),
    ],
)
def test_durations_as_typed(text: str, nanoseconds: int) -> None:
    assert units.parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text", ["", " ", "s", "5x", "-5s", "1s1m", "1e9", "9" * 30, "9" * 5000 + "s", "300000d", "٣s m"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="a duration such as"):
        units.parse_duration(text)


@pytest.mark.parametrize("text", ["", "-1", "1.5.2", "K", "9" * 400, "9" * 400 + "K", "9.3E", "1e5", "inf", "nan"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="a size such as"):
        units.parse_size(text)
    with pytest.raises(ValueError, match="a number such as"):
        units.parse_count(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01",
        "2026-02-30T00:00:00",
        "0001-01-01",
        "1969-12-30",
        "9999-12-31T23:59:59",
        "2026-01-01ZZ",
        "2026-01-01T25:00",
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="a time such as"):
        units.parse_time(text)


def test_times_are_local_unless_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        noon = 1_767_268_800 * S
        assert units.show_time(noon) == "2026-01-01T14:00:00"
        assert units.parse_time("2026-01-01T14:00:00") == noon
        assert units.parse_time("2026-01-01T12:00:00Z") == noon
        assert units.parse_time("2026-01-01,14:00:00") == noon
        assert units.parse_time("2026-01-01T14:00") == noon
        assert units.parse_time("2026-01-01T14:00:00.250") == noon + 250 * MS
        assert units.parse_time("2026-01-01") == noon - 14 * 3_600 * S
    finally:
        monkeypatch.undo()
        time.tzset()


quantities = st.integers(0, units.MOST // 1024)


@settings(deadline=None)
@given(quantities)
def test_what_is_printed_can_be_typed(raw: int) -> None:
    assert abs(units.parse_count(units.show_count(raw)) - raw) <= raw * 0.005
    assert abs(units.parse_size(units.show_size(raw)) - raw) <= raw * 0.005
    assert abs(units.parse_duration(units.show_duration(raw)) - raw) <= S / 2
    assert abs(units.parse_duration(units.show_latency(raw)) - raw) <= max(raw * 0.005, S / 2 if raw > 59 * S else 1)


@settings(deadline=None)
@given(st.integers(1, 4_000_000_000))
def test_times_round_trip(seconds: int) -> None:
    # An hour that the clock repeats in autumn has two meanings.
    assert units.parse_time(units.show_time(seconds * S)) - seconds * S in (0, 3_600 * S, -3_600 * S)


def test_a_time_that_nobody_knows_is_empty() -> None:
    assert not units.show_time(0)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_a_value_error(text: str) -> None:
    for parse in (units.parse_size, units.parse_count, units.parse_duration, units.parse_time):
        try:
            raw = parse(text)
        except ValueError as error:
            assert str(error).startswith("a ")
        else:
            assert isinstance(raw, int)
            assert raw <= units.MOST
