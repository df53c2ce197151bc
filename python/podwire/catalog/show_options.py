"""The options that every show command takes, beside its columns as filters."""

from __future__ import annotations

from podwire.catalog.nouns import Flag, Option, Parameter
from podwire.catalog.types import DURATION, NUMBER, STRING, TIME, choice

TIME_OPTIONS: tuple[Option, ...] = (
    Parameter("start-time", TIME, "The start time of statistics collection."),
    Parameter("end-time", TIME, "The end time of statistics collection."),
    Parameter("duration", DURATION, "The duration of statistics collection."),
    Parameter("interval", DURATION, "The interval between statistic collection."),
    Flag("since-start", "since-start", "no-since-start", "Statistics collected since start time."),
    Parameter("older-than", DURATION, "Display statistics older than the specified duration."),
    Parameter("within-last", DURATION, "Display statistics within the last specified duration."),
)
"""The time window: for nouns whose rows have a first and a last time."""

OUTPUT_OPTIONS: tuple[Option, ...] = (
    Parameter("format", STRING, "The columns to show, separated by commas, or all."),
    Parameter("layout", choice("horizontal", "vertical"), "Show rows as a table, or one value a line."),
    Parameter("parsable-delim", STRING, "Separate the values by this text, without padding and header."),
    Flag("show-headers", "show-headers", "no-show-headers", "Print the line of column names, or leave it out."),
    Parameter("sort-asc", STRING, "Sort by these columns, lowest first."),
    Parameter("sort-desc", STRING, "Sort by these columns, highest first."),
    Parameter("limit-output", NUMBER, "Show at most this many rows; 0 is no limit."),
    Flag("count-output", "count-output", "no-count-output", "Print the number of rows after them."),
    Flag("unscaled", "unscaled", "scaled", "Print full numbers instead of scaled ones."),
)
"""How rows are chosen, ordered and printed: for every noun."""

JSON_SWITCH = "--json"
"""One object a line, column names as keys, raw numbers: nanoseconds and bytes."""
JSON_HELP = "Print one object a line, with all columns and raw numbers (nanoseconds, bytes)."
