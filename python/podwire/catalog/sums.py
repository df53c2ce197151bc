"""What the nouns that add connections up have in common: their filters on connections, and columns of sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from podwire.catalog.connection import CONNECTION
from podwire.catalog.nouns import Column
from podwire.catalog.types import BYTES, COUNT, DURATION, LATENCY, TIME

FIRST_TIME = Column("first-time", TIME, "When the first of the connections began.")
LAST_TIME = Column("last-time", TIME, "When the latest packet passed.")
SWITCH = Column("switch", CONNECTION.columns[0].type, "The switch that saw the connections.")
TIME_COLUMN = Column("time", TIME, "The start of the interval, with the option interval.", is_key=True)

CONNECTIONS = Column("connections", COUNT, "Connections.", is_default=True)
FAILURES = Column(
    "failures", COUNT, "TCP connections that never came about: refused, or given up without an answer.", is_default=True
)
STATES = tuple(
    Column(name, COUNT, f"Connections whose last state is {name}.", is_default=name in ("syn", "est", "fin"))
    for name in ("syn", "syn-ack", "est", "fin", "rst")
)
BYTES_COLUMNS = (
    Column("obytes", BYTES, "Stream bytes from the clients to the servers.", is_default=True),
    Column("ibytes", BYTES, "Stream bytes from the servers to the clients.", is_default=True),
    Column("total-bytes", BYTES, "Stream bytes both ways.", is_default=True),
)
RESENDS = Column("resends", COUNT, "SYNs, SYN-ACKs and data packets that were sent again.")
PERCENTILES = tuple(
    Column(f"latency-p{part}", LATENCY, f"The latency that {part} of 100 connections do not exceed.", is_default=True)
    for part in (50, 95, 99)
)
AVERAGES = (
    Column("avg-dur", LATENCY, "The average duration.", is_default=True),
    Column("avg-latency", LATENCY, "The average latency.", is_default=True),
)
LAST_SEEN = Column("last-seen-ago", DURATION, "Time since the latest packet.", is_default=True, is_volatile=True)
TIMES = (FIRST_TIME, LAST_TIME)

WINDOW = "Without a time option they are those of the last hour."


def beside(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Return the same columns, shown only where they are asked for."""
    return tuple(replace(column, is_default=False) for column in columns)


def connection_filters(own: Iterable[Column]) -> tuple[Column, ...]:
    """Return the columns of connections that leave connections out before they are added up."""
    names = {column.name for column in own}
    return tuple(column for column in CONNECTION.columns if column.name not in names)
