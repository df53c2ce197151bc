"""The page of charts about the connections of a capture."""

from __future__ import annotations

import time
from pathlib import Path

from podwire.catalog.traffic import TRAFFIC
from podwire.catalog.units import NS_PER_SECOND
from podwire.inprocess import InProcessTransport
from podwire.report import write_report
from podwire.report.facts import Span
from podwire.support.clock import Clock

TITLE = "Connections of the capture"


def write(transport: InProcessTransport, clock: Clock, path: Path) -> None:
    """Write it. The capture's present is what `clock` says."""
    write_report(transport, _span(transport, clock), path, title=TITLE, made_ns=time.time_ns())


def _span(transport: InProcessTransport, clock: Clock) -> Span:
    """Return the time from the first connection to the last packet, of a second at least."""
    rows = transport.show(TRAFFIC, [("format", "first-time")]).rows
    end_ns = clock.now_ns()
    starts = [row["first-time"] for row in rows if row["first-time"] is not None]
    return Span(min([*starts, max(0, end_ns - NS_PER_SECOND)]), end_ns)
