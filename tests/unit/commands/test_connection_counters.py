"""`connection-counters-show` has a row for each counter of the core that is no source's."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

from podwire.capture import Capture
from podwire.catalog.connection_counters import CONNECTION_COUNTERS, COUNTERS
from podwire.commands.connection_counters import ConnectionCountersHandler
from podwire.commands.query import Query
from podwire.engine.parts import Parts
from podwire.support.clock import FixedClock

CAPTURE = Path(__file__).parents[2] / "cases" / "pcap" / "handshake" / "capture.pcap"
OF_THE_TABLES = {"claims-forgotten", "endpoints-forgotten"}


def test_no_counter_of_the_core_is_left_out() -> None:
    with closing(Capture()) as capture:
        capture.read_files([str(CAPTURE)])
        shown_by_capture_show = set(capture.source_counters()[0])
        assert set(capture.counters()) - shown_by_capture_show == set(COUNTERS) - OF_THE_TABLES


def test_what_the_tables_forgot_is_counted_too() -> None:
    with closing(Capture()) as capture:
        parts = Parts(capture=capture, clock=FixedClock(0))
        parts.claims.forgotten, parts.endpoints.forgotten = 3, 4
        answer = asyncio.run(
            ConnectionCountersHandler(parts).show(Query(CONNECTION_COUNTERS, CONNECTION_COUNTERS.columns))
        )
    shown = {row["counter"]: row["value"] for row in answer.rows}
    assert list(shown) == list(COUNTERS)
    assert (shown["claims-forgotten"], shown["endpoints-forgotten"], shown["created"]) == (3, 4, 0)
