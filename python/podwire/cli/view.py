"""How a show command's rows are printed: what the console makes of the options that it keeps to itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from podwire.catalog import Noun
from podwire.catalog.show_options import CSV_SWITCH, FORBIDDEN_WITH, JSON_SWITCH, PARQUET_SWITCH
from podwire.catalog.units import NS_PER_SECOND, parse_duration
from podwire.cli.keywords import Keyword
from podwire.settings.paths import is_session
from podwire.support.errors import UsageError

STANDARD_OUTPUT = "-"
"""In place of a file's name: standard output."""

SHORTEST_INTERVAL_NS = NS_PER_SECOND // 10
"""The shortest show-interval: a console that asks more often reads nothing new and keeps the switch busy."""


@dataclass(frozen=True, slots=True)
class View:
    """How rows are printed, and how often they are asked for."""

    is_vertical: bool = False
    delimiter: str | None = None
    """What separates the values of parsable output; None for a table."""
    has_headers: bool | None = None
    """None where it was not said: a table has them, parsable output has not."""
    has_count: bool = False
    is_unscaled: bool = False
    has_raw_integers: bool = False
    is_json: bool = False
    is_csv: bool = False
    parquet: str = ""
    """The file that the rows go to; empty for none."""
    interval_ns: int | None = None
    """After which time to ask again; None for one answer."""
    is_following: bool = False

    @property
    def export_kind(self) -> str:
        """The form in which the switch itself writes the rows: `json`, `csv`, `parquet`; empty for the console's."""
        if self.is_json or self.is_csv:
            return "json" if self.is_json else "csv"
        return "parquet" if self.parquet else ""

    @property
    def is_endless(self) -> bool:
        """True where the command ends only when it is interrupted."""
        return self.is_following or self.interval_ns is not None


def read_view(noun: Noun, given: Mapping[str, tuple[Keyword, str]]) -> View:
    """Make a View of the words of a show command. Raises UsageError where they contradict each other."""
    _check_together(given)

    def says(name: str) -> bool | None:
        return given[name][0].says if name in given else None

    layout = given["layout"][1] if "layout" in given else "vertical" if noun.is_singleton else "horizontal"
    return View(
        is_vertical=layout == "vertical",
        delimiter=_delimiter(given["parsable-delim"][1]) if "parsable-delim" in given else None,
        has_headers=says("show-headers") if noun.has_headers or "show-headers" in given else False,
        has_count=says("count-output") is True,
        is_unscaled=says("unscaled") is True or says("raw-int-values") is True,
        has_raw_integers=says("raw-int-values") is True,
        is_json=JSON_SWITCH in given,
        is_csv=CSV_SWITCH in given,
        parquet=_target(given[PARQUET_SWITCH][1]) if PARQUET_SWITCH in given else "",
        interval_ns=_interval(given["show-interval"][1]) if "show-interval" in given else None,
        is_following=says("follow") is True,
    )


def _check_together(given: Mapping[str, tuple[Keyword, str]]) -> None:
    for word, others in FORBIDDEN_WITH.items():
        if word not in given or (given[word][0].text != word and not word.startswith("--")):
            continue
        other = next((given[name][0].text for name in others if name in given), None)
        if other is not None:
            msg = f"{word} and {other} exclude each other"
            raise UsageError(msg)


def _delimiter(text: str) -> str:
    delimiter = text.replace("\\t", "\t")
    if "\\" in delimiter or "\n" in delimiter or "\r" in delimiter:
        msg = "parsable-delim: a backslash marks a delimiter within a value, and a line end a row; choose another text"
        raise UsageError(msg)
    return delimiter


def _interval(text: str) -> int:
    interval_ns = parse_duration(text)
    if interval_ns < SHORTEST_INTERVAL_NS:
        msg = "show-interval: it must be 100ms or longer"
        raise UsageError(msg)
    return interval_ns


def _target(text: str) -> str:
    """Return the absolute path of the file to write, or `-`. Raises UsageError where files are not the person's."""
    if text == STANDARD_OUTPUT:
        return text
    if is_session():
        msg = f"{PARQUET_SWITCH}: over SSH no file is written on the switch; send {PARQUET_SWITCH} - to one of yours"
        raise UsageError(msg)
    return str(Path(text).expanduser().absolute())
