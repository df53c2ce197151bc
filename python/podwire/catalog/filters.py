"""Filters as data: what a person types behind a column's name, read once for the console and the switch.

`80`, `80,443` and `8000-8999` (numbers and quantities, open too: `1ms-`, `-1ms`, `>1ms`, `<=1ms`, `1..5`),
`10.10.0.0/16` (addresses), `https` (ports), `web-*` (text). A list may mix them: any of its parts lets a row pass.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from podwire.catalog.nouns import Column
from podwire.catalog.types import PORT, TIME, ValueType
from podwire.catalog.units import MOST
from podwire.support.errors import UsageError
from podwire.support.port_names import ports_called
from podwire.support.words import nearest, quoted

NOT = "not"
"""The word that turns the filter behind it round: `not dst-port 53`."""

PLAIN_OPERATORS = frozenset({"in", "range", "prefix"})
"""The operators that the packet core knows as well."""

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Term = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter on one column.

    `operator` says what `values` are: `in` (any of these), `range` (a closed range of two numbers), `prefix` (any of
    these networks), `pattern` (any of these texts, in any case, * for anything), or `any` (any of these conditions).
    """

    column: Column
    operator: str
    values: tuple[Any, ...]
    is_negated: bool = False

    def matches(self, row: Mapping[str, Any]) -> bool:
        """Say whether the row passes. What is unknown matches nothing, so that a negated filter lets it pass."""
        return self.accepts(row.get(self.column.name)) != self.is_negated

    def accepts(self, value: Any) -> bool:
        """Say whether a raw value is what the filter names, negation aside."""
        if value is None:
            return False
        if self.operator == "any":
            return any(condition.accepts(value) for condition in self.values)
        if self.operator == "range":
            low, high = self.values
            return bool(low <= value <= high)
        if self.operator == "prefix":
            address = _address(str(value))
            return address is not None and any(address in _network(network) for network in self.values)
        members = [str(value), *str(value).split(",")] if self.column.type.is_list else [value]
        if self.operator == "pattern":
            return any(_fits(wanted, str(member)) for wanted in self.values for member in members)
        return any(member in self.values for member in members)


def parse_condition(column: Column, text: str, *, is_negated: bool = False) -> Condition:
    """Read a filter's value. Raises UsageError that names the column and what it takes."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        msg = f"{column.name}: {quoted(text)} holds no value"
        raise UsageError(msg)
    terms = [_term(column, part) for part in parts]
    if len(parts) > 1 and not column.type.is_number and not column.type.choices and not column.type.is_address:
        terms.insert(0, ("in", (text,)))
    merged: list[_Term] = []
    for operator, values in terms:
        if operator != "range" and merged and merged[-1][0] == operator:
            merged[-1] = (operator, merged[-1][1] + values)
        else:
            merged.append((operator, values))
    if len(merged) == 1:
        return Condition(column, *merged[0], is_negated)
    return Condition(column, "any", tuple(Condition(column, *term) for term in merged), is_negated)


def _term(column: Column, text: str) -> _Term:
    value_type = column.type
    if value_type.is_number:
        return _numeric(column, text)
    if value_type.is_address and "/" in text:
        return "prefix", (str(_typed_network(column, text)),)
    if "*" in text and value_type.json_type == "string":
        return "pattern", (text,)
    return "in", (_value(column, text),)


def _numeric(column: Column, text: str) -> _Term:
    called = ports_called(text) if column.type is PORT else ()
    if called:
        return "in", called
    for sign, is_low, step in ((">=", True, 0), ("<=", False, 0), (">", True, 1), ("<", False, -1)):
        if text.startswith(sign):
            bound = _value(column, text.removeprefix(sign)) + step
            return "range", (bound, MOST) if is_low else (0, bound)
    # The hyphens of a date are no range.
    separator = ".." if ".." in text else "-" if column.type is not TIME else ""
    if not separator or separator not in text or text == separator:
        return _quantity(column, text)
    low_text, _, high_text = text.partition(separator)
    low = _value(column, low_text) if low_text else 0
    high = _value(column, high_text) if high_text else MOST
    if low > high:
        msg = f"{column.name}: {quoted(text)} ends before it begins"
        raise UsageError(msg)
    return "range", (low, high)


def _quantity(column: Column, text: str) -> _Term:
    """A scaled value stands for every value that is printed like it: `4.01s` for what rounds to 4.01 seconds."""
    value = _value(column, text)
    half = _half_step(column.type, text)
    if column.type is TIME and half:
        return "range", (value, value + 2 * half - 1)
    return ("range", (max(0, value - half), min(value + half - 1, MOST))) if half else ("in", (value,))


_LAST_PART = re.compile(r"(\d+)(?:\.(\d+))?([a-z]*)", re.IGNORECASE)


def _half_step(value_type: ValueType, text: str) -> int:
    """Return half of what one step of the last typed digit is worth in raw units; 0 where a value is exact."""
    if value_type is TIME:
        return 0 if "." in text else 500_000_000
    if not value_type.is_scaled:
        return 0
    parts = _LAST_PART.findall(text)
    if not parts:
        return 0
    _, decimals, unit = parts[-1]
    if not unit and not decimals and value_type.name not in ("duration", "latency"):
        return 0
    try:
        step = int(value_type.parse(f"1{unit}"))
    except ValueError:
        return 0
    return int(step // 10 ** len(decimals) // 2)


def _value(column: Column, text: str) -> Any:
    try:
        return column.type.parse(text)
    except ValueError as error:
        expected = column.type.word if ".." in column.type.word else str(error)
        near = nearest(text, column.type.choices)
        hint = f"; did you mean '{near}'?" if near else ""
        msg = f"{column.name}: {quoted(text)} is not {expected}{hint}"
        raise UsageError(msg) from None


def _typed_network(column: Column, text: str) -> _Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        msg = f"{column.name}: {quoted(text)} is not an address or a network such as 10.10.0.0/16"
        raise UsageError(msg) from None


@lru_cache(maxsize=256)
def _network(text: str) -> _Network:
    return ipaddress.ip_network(text)


@lru_cache(maxsize=4096)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _fits(pattern: str, text: str) -> bool:
    """Say whether `text` is `pattern` with anything for each *, in any case; the time it takes is the text's length."""
    text = text.casefold()
    first, *middle, last = pattern.casefold().split("*")
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
