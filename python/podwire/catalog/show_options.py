"""The options that every show command takes, beside its columns as filters."""

from __future__ import annotations

from dataclasses import dataclass

from podwire.catalog.nouns import Column, Flag, Option, Parameter
from podwire.catalog.types import COUNT, DURATION, NUMBER, PATH, STRING, TIME, choice

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
    Parameter(
        "parsable-delim",
        STRING,
        "Separate the values by this text, without padding and header; within a value, a backslash precedes it.",
    ),
    Flag("show-headers", "show-headers", "no-show-headers", "Print the line of column names, or leave it out."),
    Parameter("sort-asc", STRING, "Sort by these columns, lowest first."),
    Parameter("sort-desc", STRING, "Sort by these columns, highest first."),
    Flag("show-dups", "show-dups", "no-show-dups", "Show rows that are equal in every column as often as they come."),
    Parameter("limit-output", NUMBER, "Show at most this many rows; 0 is no limit."),
    Flag(
        "count-output",
        "count-output",
        "no-count-output",
        "Print the number of rows after them, and how many match where a limit cut them.",
    ),
    Flag(
        "count-output-sum",
        "count-output-sum",
        "no-count-output-sum",
        "Print the sums of the counts and sizes of all matching rows after them.",
    ),
    Parameter(
        "sum-by",
        STRING,
        "Make one row of all that are equal in these columns: their number, and the sums of counts and sizes.",
    ),
    Flag("unscaled", "unscaled", "scaled", "Print full numbers instead of scaled ones."),
    Flag("raw-int-values", "raw-int-values", "no-raw-int-values", "As unscaled, and print yes and no as 1 and 0."),
    Parameter("show-interval", DURATION, "Ask again at this interval until interrupted, in place on a terminal."),
    Flag("follow", "follow", "no-follow", "Go on with rows that are new or have changed, until interrupted."),
)
"""How rows are chosen, ordered and printed: for every noun."""

COUNT_COLUMN = Column("count", COUNT, "How many rows were added up.")
"""The column that sums have beside those of their noun."""

FORBIDDEN_WITH = {
    "port-names": ("sum-by", "--json", "--csv", "--parquet"),
    "follow": ("limit-output", "sort-asc", "sort-desc", "sum-by", "count-output", "count-output-sum", "--parquet"),
    "show-interval": ("--parquet",),
    "--json": ("layout", "parsable-delim", "show-headers", "count-output", "count-output-sum", "--csv", "--parquet"),
    "--csv": ("layout", "parsable-delim", "count-output", "count-output-sum", "--parquet"),
    "--parquet": ("layout", "parsable-delim", "show-headers", "count-output", "count-output-sum"),
}
"""Options that contradict each other, by the one that the error names first."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A word in the manner of Unix programs that chooses another form of output."""

    word: str
    help: str
    type_word: str = ""
    """How its value is written in help; empty where it takes none."""


JSON_SWITCH = "--json"
CSV_SWITCH = "--csv"
PARQUET_SWITCH = "--parquet"

SWITCHES: tuple[Switch, ...] = (
    Switch(JSON_SWITCH, "Print one object a line, with all columns and raw numbers (nanoseconds, bytes)."),
    Switch(CSV_SWITCH, "Print comma-separated values with a header, all columns and raw numbers (RFC 4180)."),
    Switch(
        PARQUET_SWITCH,
        "Write the rows, all columns and raw numbers, to this Parquet file; - for the output.",
        "FILE",
    ),
)
"""Whole rows for programs: raw values, all columns unless `format` names some."""
SWITCH_TYPE = PATH
