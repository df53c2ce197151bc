"""Counters over time: what was counted in a window, across restarts, is neither lost nor counted twice."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podwire.commands.capture_over_time import grown

MINUTE = 60_000_000_000


def sample(minute: int, packets: int, *, interface: str = "eth0", state: str = "up") -> dict[str, Any]:
    return {
        "recorded-time": minute * MINUTE,
        "interface": interface,
        "state": state,
        "mode": "full",
        "packets": packets,
        "bytes": packets * 100,
    }


def packets_of(rows: list[dict[str, Any]]) -> list[tuple[int | None, int]]:
    return [(None if row["time"] is None else row["time"] // MINUTE, row["packets"]) for row in rows]


def test_a_window_counts_what_was_counted_in_it() -> None:
    samples = [sample(minute, minute * 10) for minute in range(10)]
    rows = grown(samples, start_ns=3 * MINUTE, end_ns=6 * MINUTE, interval_ns=None)
    assert packets_of(rows) == [(None, 40)]
    assert (rows[0]["from-time"], rows[0]["until-time"]) == (2 * MINUTE, 6 * MINUTE)
    assert rows[0]["bytes"] == 4_000


def test_a_restart_begins_anew() -> None:
    samples = [sample(1, 100), sample(2, 150), sample(3, 20, state="down"), sample(4, 30)]
    (row,) = grown(samples, start_ns=2 * MINUTE, end_ns=None, interval_ns=None)
    assert (row["packets"], row["state"]) == (50 + 20 + 10, "up")


def test_each_interval_and_each_interface_has_its_row() -> None:
    samples = [sample(minute, minute * 10, interface=name) for minute in range(5) for name in ("a", "b")]
    rows = grown(samples, start_ns=MINUTE, end_ns=None, interval_ns=2 * MINUTE)
    assert [(row["interface"], *pair) for row, pair in zip(rows, packets_of(rows), strict=True)] == [
        ("a", 1, 20),
        ("b", 1, 20),
        ("a", 3, 20),
        ("b", 3, 20),
    ]


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=30), st.integers(1, 7))
def test_intervals_add_up_to_all_that_was_ever_counted(steps: list[tuple[int, bool]], minutes: int) -> None:
    samples, count, total = [], 0, 0
    for minute, (more, is_restart) in enumerate(steps):
        # Fewer than before shows that counting began anew.
        if is_restart and more < count:
            count = 0
        count += more
        total += more
        samples.append(sample(minute, count))
    whole = grown(samples, start_ns=None, end_ns=None, interval_ns=None)
    parts = grown(samples, start_ns=None, end_ns=None, interval_ns=minutes * MINUTE)
    assert sum(row["packets"] for row in whole) == sum(row["packets"] for row in parts) == total
